import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkCommand } from '@weir/link';
import { Request } from '@weir/resp';
import { ANYWHERE, CONSISTENCY, CommandKinds, OTHER, READ, READONLY, READWRITE, TOKEN } from './command-kinds.ts';

function command(name: string, flags: string[], more: Partial<LinkCommand> = {}): LinkCommand {
  return { name, arity: -1, flags, keys: [0, 0, 0], ...more };
}

const kinds = new CommandKinds([
  command('get', ['readonly', 'fast']),
  command('set', ['write']),
  command('ping', ['fast']),
  command('scan', ['readonly']),
  command('xread', ['readonly', 'blocking']),
  command('object', [], { subcommands: [command('encoding', ['readonly']), command('help', [])] }),
  command('weir', [], { subcommands: [command('consistency', []), command('token', []), command('digest', [])] }),
  command('auswahl', ['readonly'], { own: 'hscan' }),
  command('hole', ['readonly'], { own: 'hget' }),
]);

function kindOf(...words: string[]): number {
  return kinds.of(new Request().setFromStrings(...words));
}

test('what reads the data and nothing else may be answered by a slave, in whatever case it is written', () => {
  for (const words of [
    ['GET', 'k'],
    ['gEt', 'k'],
    ['OBJECT', 'ENCODING', 'k'],
    ['object', 'encoding', 'k'],
  ])
    assert.equal(kindOf(...words), READ, words.join(' '));
});

test('what writes, waits, holds a place in one engine, or is not known is for the master', () => {
  for (const words of [
    ['SET', 'k', 'v'],
    ['XREAD', 'STREAMS', 's', '0'],
    ['SCAN', '0'],
    ['OBJECT', 'HELP'],
    ['OBJECT'],
    ['OBJECT', 'NONSENSE'],
    ['GETS', 'k'],
    ['GE', 'k'],
    [''],
    ['WEIR', 'DIGEST'],
    ['g'.repeat(100), 'k'],
  ])
    assert.equal(kindOf(...words), OTHER, words.join(' '));
});

test('a renamed command is what it is, by the name that clients use', () => {
  assert.equal(kindOf('AUSWAHL', 'k', '0'), OTHER, 'HSCAN by another name');
  assert.equal(kindOf('hole', 'k', 'f'), READ);
  assert.equal(kindOf('HGET', 'k', 'f'), OTHER, 'nobody is known by that name');
});

test('what the ingress answers itself is told apart, and READONLY is known whether the engines have it or not', () => {
  assert.equal(kindOf('PING'), ANYWHERE);
  assert.equal(kindOf('WEIR', 'consistency'), CONSISTENCY);
  assert.equal(kindOf('weir', 'TOKEN', 'x'), TOKEN);
  assert.equal(kindOf('READONLY'), READONLY);
  assert.equal(kindOf('readwrite'), READWRITE);
});
