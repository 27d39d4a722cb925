import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandTable, allCommands } from '@weir/commands';
import { linkCommands } from './link-commands.ts';

const table = linkCommands(
  new CommandTable(
    allCommands,
    new Map([
      ['get', 'fetch'],
      ['flushall', ''],
    ]),
  ),
);
const named = (name: string) => table.find((command) => command.name === name);

test('an ingress is told name, arity, flags and key positions of each command, and the way to keys that no range tells', () => {
  assert.deepEqual(named('mset')?.keys, [1, -1, 2]);
  assert.ok(named('mset')?.flags.includes('write'));
  assert.equal(named('mset')?.arity, -3);
  assert.deepEqual(named('zunion')?.specs?.[0].find, { keynumIndex: 0, first: 1, step: 1 });
  assert.ok(named('config')?.subcommands?.some(({ name, arity }) => name === 'get' && arity === -3));
});

test('it is told the names that clients use here', () => {
  assert.equal(named('get'), undefined);
  assert.deepEqual(named('fetch')?.keys, [1, 1, 1]);
  assert.equal(named('flushall'), undefined);
});

test('every command with a key says where it is, by range, by specification, or by being movable', () => {
  const withKey = allCommands.filter(({ docs }) => docs.arguments?.some(({ type }) => type === 'key'));
  assert.ok(withKey.length > 100);
  for (const { name } of withKey) {
    if (name === 'get') continue;
    const { keys, specs, flags } = named(name)!;
    assert.ok(keys[0] > 0 || (specs?.length ?? 0) > 0 || flags.includes('movablekeys'), name);
  }
});
