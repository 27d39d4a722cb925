import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '@weir/cluster';
import { MasterLink } from './master-link.ts';
import type { NamedNode } from './master-link.ts';

function member(id: string, receivedMs: number, role: Member['role'] = 'slave'): Member {
  return { id, role, ip: '127.0.0.1', port: 6379, epoch: 1, seq: 1, offset: 1, state: 'online', receivedMs };
}

const MIDDLE: NamedNode = { node: 'middle', isMaster: false };
const NOBODY: NamedNode = { node: null, isMaster: false };

function connected(now: number): MasterLink {
  const link = new MasterLink();
  link.begin(now);
  link.connected(now);
  return link;
}

test('a link is down at once when the node that is followed left its log, and up when it is back', () => {
  const link = connected(1000);
  assert.equal(link.watch('live', [member('other', 2000)], MIDDLE, 2000), false);
  assert.ok(link.up, 'not heard of yet');
  link.watch('live', [member('other', 3000), member('middle', 2500)], MIDDLE, 3000);
  assert.ok(link.up);
  assert.equal(link.watch('live', [member('other', 3100)], MIDDLE, 3100), true);
  assert.deepEqual([link.up, link.downSinceMs], [false, 3100]);
  assert.equal(link.watch('live', [member('other', 3200)], MIDDLE, 3200), false);
  assert.ok(link.mayHaveMoved(6200));
  assert.equal(link.watch('live', [member('middle', 6300)], MIDDLE, 6300), true);
  assert.ok(link.up);
});

test('a master that leaves is missed at once where whoever is master is followed', () => {
  const link = connected(0);
  link.watch('live', [member('m', 10, 'master'), member('s', 10)], NOBODY, 10);
  assert.ok(link.up);
  link.watch('live', [member('s', 20)], NOBODY, 20);
  assert.ok(!link.up);
});

test('one that is silent for seconds is not up, though nobody said that it left', () => {
  const link = connected(0);
  link.watch('live', [member('middle', 1000)], MIDDLE, 5900);
  assert.ok(link.up);
  link.watch('live', [member('middle', 1000)], MIDDLE, 6100);
  assert.ok(!link.up);
});

test('with a new data set the node that is followed need not have been heard of', () => {
  const link = connected(0);
  link.watch('live', [member('middle', 10)], MIDDLE, 10);
  link.begin(20);
  link.connected(30);
  link.watch('live', [], MIDDLE, 40);
  assert.ok(link.up);
});

test('a log whose named master was deposed is followed on, and the new leader is shown', () => {
  const named: NamedNode = { node: 'old', isMaster: true };
  const link = connected(0);
  const at = (now: number, ...members: Member[]): void => void link.watch('live', members, named, now);
  at(10, member('old', 10, 'master'));
  assert.deepEqual([link.up, link.leader], [true, null]);
  const leader = { ...member('new', 20, 'master'), epoch: 2, port: 7000 };
  at(20, member('old', 20), leader);
  assert.deepEqual([link.up, link.leader], [true, { host: '127.0.0.1', port: 7000 }], 'it is a slave as well now');
  at(4000, { ...leader, receivedMs: 4000 });
  assert.deepEqual([link.up, link.leader], [true, { host: '127.0.0.1', port: 7000 }], 'it is gone');
  assert.ok(link.mayHaveMoved(4000), 'and may have another log now');
  at(5000);
  assert.ok(!link.up, 'nobody leads');
  assert.equal(link.leader, null);
});

test('a slave of a slave shows that slave, not the master behind it, as long as it is there', () => {
  const link = connected(0);
  link.watch('live', [member('middle', 10), member('top', 10, 'master')], MIDDLE, 10);
  assert.deepEqual([link.up, link.leader], [true, null]);
  link.watch('live', [member('top', 20, 'master')], MIDDLE, 20);
  assert.deepEqual([link.up, link.leader], [true, { host: '127.0.0.1', port: 6379 }]);
});
