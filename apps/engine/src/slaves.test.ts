import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '@weir/cluster';
import { goodSlaves, ownSlaves, slavesUpTo } from './slaves.ts';

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

test('WAIT and min-replicas-to-write count the slaves of slaves too, and nobody else', () => {
  assert.equal(slavesUpTo(seenBy('master'), 1), 4);
  assert.equal(goodSlaves(seenBy('master'), 0, 0), 4);
  assert.equal(slavesUpTo([], 0), 0);
});

test('a slave counts for an offset that it has applied', () => {
  const members = [
    { ...member('a', 'slave'), offset: 9 },
    { ...member('b', 'slave'), offset: 10 },
  ];
  assert.equal(slavesUpTo(members, 10), 1);
  assert.equal(slavesUpTo(members, 9), 2);
});

test('a slave is good while it is online and was heard of within the lag', () => {
  const members = [
    { ...member('near', 'slave'), receivedMs: 1000 },
    { ...member('far', 'slave'), receivedMs: 999 },
    { ...member('loading', 'slave'), state: 'loading' as const, receivedMs: 1000 },
  ];
  assert.equal(goodSlaves(members, 3000, 2000), 1);
  assert.equal(goodSlaves(members, 3000, 2001), 2);
});
