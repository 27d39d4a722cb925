import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '@weir/cluster';
import { MasterLink } from './master-link.ts';

function member(id: string, receivedMs: number, role: Member['role'] = 'slave'): Member {
  return { id, role, ip: '127.0.0.1', port: 6379, epoch: 1, seq: 1, offset: 1, state: 'online', receivedMs };
}

function connected(now: number): MasterLink {
  const link = new MasterLink();
  link.begin(now);
  link.connected(now);
  return link;
}

test('a link is down at once when the node that is followed left its log, and up when it is back', () => {
  const link = connected(1000);
  assert.equal(link.watch('live', [member('other', 2000)], 'middle', 2000), false);
  assert.ok(link.up, 'not heard of yet');
  link.watch('live', [member('other', 3000), member('middle', 2500)], 'middle', 3000);
  assert.ok(link.up);
  assert.equal(link.watch('live', [member('other', 3100)], 'middle', 3100), true);
  assert.deepEqual([link.up, link.downSinceMs], [false, 3100]);
  assert.equal(link.watch('live', [member('other', 3200)], 'middle', 3200), false);
  assert.ok(link.mayHaveMoved(6200));
  assert.equal(link.watch('live', [member('middle', 6300)], 'middle', 6300), true);
  assert.ok(link.up);
});

test('a master that leaves is missed at once where whoever is master is followed', () => {
  const link = connected(0);
  link.watch('live', [member('m', 10, 'master'), member('s', 10)], undefined, 10);
  assert.ok(link.up);
  link.watch('live', [member('s', 20)], undefined, 20);
  assert.ok(!link.up);
});

test('one that is silent for seconds is not up, though nobody said that it left', () => {
  const link = connected(0);
  link.watch('live', [member('middle', 1000)], 'middle', 5900);
  assert.ok(link.up);
  link.watch('live', [member('middle', 1000)], 'middle', 6100);
  assert.ok(!link.up);
});

test('with a new data set the node that is followed need not have been heard of', () => {
  const link = connected(0);
  link.watch('live', [member('middle', 10)], 'middle', 10);
  link.begin(20);
  link.connected(30);
  link.watch('live', [], 'middle', 40);
  assert.ok(link.up);
});
