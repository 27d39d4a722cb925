import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { differences } from '../differential/differences.ts';
import { compatibilityPage, redisCommands, statusOf, weirCommands } from './page.ts';
import { absentCommands, absentGroups, differing } from './table.ts';

const root = new URL('../../../../', import.meta.url);

// When commands come or go, write the page anew:
// node -e "import('./libs/testkit/src/compatibility/page.ts').then((t) => process.stdout.write(t.compatibilityPage()))" > docs/compatibility.md
test('docs/compatibility.md is what the commands and the table say', () => {
  const [page, expected] = [readFileSync(new URL('docs/compatibility.md', root), 'utf8'), compatibilityPage()];
  const different = expected.split('\n').filter((line) => !page.includes(line));
  assert.ok(page === expected, `write it anew; lines that it lacks:\n${different.slice(0, 10).join('\n')}`);
});

test('every absent command has a reason, and every line of the table a command that it is about', () => {
  const statuses = new Map(redisCommands.map((command) => [command.name, statusOf(command)]));
  const differ = Object.keys(differing).filter((name) => statuses.get(name)?.kind !== 'differs');
  assert.deepEqual(differ, [], 'differing: not there, or unknown to Redis 7.2');
  const isAbsent = (name: string): boolean => statuses.get(name)?.kind === 'absent';
  assert.deepEqual(
    Object.keys(absentCommands).filter((name) => !isAbsent(name)),
    [],
    'absentCommands: there, or unknown to Redis 7.2',
  );
  const groups = new Set(redisCommands.filter(({ name }) => isAbsent(name)).map(({ group }) => group));
  assert.deepEqual(
    Object.keys(absentGroups).filter((group) => !groups.has(group)),
    [],
    'absentGroups: nothing is absent in it',
  );
});

test('what the differential test lets pass of a command, the page tells', () => {
  const told = new Set(Object.keys(differing).flatMap((name) => [name, name.split('|')[0]]));
  const untold = differences
    .filter(({ oracle, explains }) => oracle === undefined && explains !== undefined)
    .flatMap(({ commands }) => commands)
    .filter((name) => !told.has(name));
  assert.deepEqual([...new Set(untold)], []);
});

test('Redis 7.2 has 241 commands, and Weir none by another name', () => {
  const names = new Set(redisCommands.map(({ name }) => name.split('|')[0]));
  assert.equal(names.size, 241);
  assert.equal(new Set(redisCommands.map(({ name }) => name)).size, redisCommands.length);
  const own = [...weirCommands].filter((name) => !names.has(name.split('|')[0]));
  assert.deepEqual(
    own.filter((name) => !name.startsWith('weir')),
    [],
  );
});
