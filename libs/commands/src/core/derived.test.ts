/** What a command's object leaves out because it follows from the rest. All commands: server/command-docs.e2e.test.ts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aclCategories } from './categories.ts';
import type { Command } from './command.ts';
import { keyAt, legacyRange, oneKey } from './key-specs.ts';

const docs = { summary: '', since: '', group: 'list' };
const command: Command = { name: 'one', arity: 1, flags: [], docs };
const spec = (index: number, last: number, step: number): NonNullable<Command['keySpecs']>[number] => ({
  flags: ['RO'],
  begin: { index },
  find: { last, step, limit: 0 },
});

test('the flags and the group say the ACL categories, in Redis’s order', () => {
  assert.deepEqual(aclCategories({ ...command, flags: ['blocking', 'write'] }), ['write', 'list', 'slow', 'blocking']);
  assert.deepEqual(aclCategories({ ...command, flags: ['fast', 'admin'] }), ['list', 'admin', 'fast', 'dangerous']);
});

test('ACL categories that are written stand in place of the group’s', () => {
  assert.deepEqual(aclCategories({ ...command, flags: ['readonly'], acl: ['dangerous', 'set'] }), [
    'read',
    'set',
    'slow',
    'dangerous',
  ]);
  assert.deepEqual(aclCategories({ ...command, acl: [] }), ['slow']);
});

test('a script that only reads is no read', () => {
  const script: Command = { ...command, flags: ['readonly'], docs: { ...docs, group: 'scripting' } };
  assert.deepEqual(aclCategories(script), ['slow', 'scripting']);
});

test('a container and a command of a group without a category have only what the flags say', () => {
  assert.deepEqual(aclCategories({ ...command, subcommands: [command] }), ['slow']);
  assert.deepEqual(aclCategories({ ...command, docs: { ...docs, group: 'server' } }), ['slow']);
});

test('the legacy range of keys joins key specifications that follow on each other, and skips the others', () => {
  const rangeOf = (...keySpecs: NonNullable<Command['keySpecs']>): readonly number[] =>
    legacyRange({ ...command, keySpecs });
  assert.deepEqual(legacyRange(command), [0, 0, 0]);
  assert.deepEqual(rangeOf(), [0, 0, 0]);
  assert.deepEqual(rangeOf(oneKey('RO')), [1, 1, 1]);
  assert.deepEqual(rangeOf(spec(1, -1, 2)), [1, -1, 2]);
  assert.deepEqual(rangeOf(oneKey('RO'), keyAt(2, 'RW')), [1, 2, 1]);
  assert.deepEqual(rangeOf(oneKey('RO'), spec(2, -1, 1)), [1, -1, 1]);
  assert.deepEqual(rangeOf(oneKey('RO'), keyAt(3, 'RW')), [1, 1, 1]);
  assert.deepEqual(rangeOf(spec(1, -1, 2), keyAt(2, 'RW')), [2, 2, 1]);
  assert.deepEqual(rangeOf({ flags: [], begin: 'unknown', find: 'unknown' }), [0, 0, 0]);
  assert.deepEqual(rangeOf({ flags: [], begin: 'unknown', find: 'unknown' }, keyAt(3, 'RW')), [3, 3, 1]);
});
