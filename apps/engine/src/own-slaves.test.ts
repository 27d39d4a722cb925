import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '@weir/cluster';
import { ownSlaves } from './own-slaves.ts';

function member(id: string, role: Member['role'], follows?: string): Member {
  const base = {
    id,
    role,
    ip: '127.0.0.1',
    port: 1,
    epoch: 1,
    seq: 1,
    offset: 1,
    state: 'online',
    receivedMs: 0,
  } as const;
  return follows === undefined ? base : { ...base, follows };
}

const ids = (members: readonly Member[]): string[] => members.map(({ id }) => id);
const all = [
  member('master', 'master'),
  member('app', 'replication'),
  member('a', 'slave', 'master'),
  member('b', 'slave', 'a'),
  member('c', 'slave', 'a'),
  member('d', 'slave', 'c'),
];
const seenBy = (id: string): Member[] => all.filter((one) => one.id !== id);

test('each node of a tree shows the slaves that were told to follow it, and no others', () => {
  assert.deepEqual(ids(ownSlaves(seenBy('master'), 'master', true)), ['a']);
  assert.deepEqual(ids(ownSlaves(seenBy('a'), 'a', false)), ['b', 'c']);
  assert.deepEqual(ids(ownSlaves(seenBy('c'), 'c', false)), ['d']);
  assert.deepEqual(ids(ownSlaves(seenBy('d'), 'd', false)), []);
});

test('the master shows whose node is away and who does not say whom it follows, a slave shows neither', () => {
  const members = [member('b', 'slave', 'gone'), member('old', 'slave')];
  assert.deepEqual(ids(ownSlaves(members, 'master', true)), ['b', 'old']);
  assert.deepEqual(ids(ownSlaves(members, 'a', false)), []);
});
