import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveSnapshotRequests } from '@weir/cluster';
import type { SnapshotAnswer } from '@weir/cluster';
import { FakeNats } from '@weir/cluster/testing';
import { realTime } from '@weir/time';
import type { LogAccess } from './log-access.ts';
import { askForSnapshot } from './save.ts';

/** A log with one app that answers with these, one after the other, the last for ever. */
function answering(...answers: SnapshotAnswer[]): { access: LogAccess; asked: (number | undefined)[] } {
  const nats = new FakeNats();
  const asked: (number | undefined)[] = [];
  serveSnapshotRequests(nats.handle(), 'c', 'l', async (seq) => {
    asked.push(seq);
    return answers[Math.min(asked.length, answers.length) - 1];
  });
  const access = {
    location: { natsUrl: '', cluster: 'c', logId: 'l' },
    link: nats.handle(),
    log: { state: async () => ({ lastSeq: 10 + asked.length }) },
    membership: { others: () => [] },
  };
  return { access: access as unknown as LogAccess, asked };
}

const lost: SnapshotAnswer = { ok: false, error: 'this replication app stopped being the active one', again: true };

test('a snapshot whose app loses its lease is asked for again, for the same sequence', async () => {
  const { access, asked } = answering(lost, lost, { ok: true, id: 's', seq: 10 });
  assert.equal(await askForSnapshot(access, () => true), null);
  assert.deepEqual(asked, [10, 10, 10]);
});

test('a snapshot that failed is not asked for again', async () => {
  const { access, asked } = answering({ ok: false, error: 'the disk is full' });
  assert.equal(await askForSnapshot(access, () => true), 'the disk is full');
  assert.equal(asked.length, 1);
});

test('apps that lose their lease for ever are not asked for ever, and less often each time', async () => {
  const { access, asked } = answering(lost);
  const pauses: number[] = [];
  const error = await askForSnapshot(access, () => true, {
    ...realTime,
    sleep: async (ms) => void pauses.push(ms),
  });
  assert.equal(error, lost.error);
  assert.equal(pauses.length, asked.length - 1);
  assert.ok(pauses.length > 5 && pauses.at(-1)! > pauses[0], pauses.join());
});
