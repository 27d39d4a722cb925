/** A data set out of a log that cannot be followed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from '@weir/log';
import type { SnapshotManifest } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { LogFeeder, newTestKeyspace } from '@weir/replica/testing';
import { realTime } from '@weir/time';
import { rescue } from './rescue.ts';

class CountingLog extends FakeLog {
  reads: number[] = [];

  override async read(seq: number): Promise<Uint8Array | null> {
    this.reads.push(seq);
    return super.read(seq);
  }
}

/** Its records 2 to n + 1 set the keys 0 to n − 1. */
async function filled(n: number): Promise<CountingLog> {
  const log = new CountingLog();
  const feeder = await LogFeeder.open(log);
  for (let i = 0; i < n; i++) {
    feeder.call('SET', `key:${i}`, 'value');
    await feeder.flush();
  }
  log.reads = [];
  return log;
}

const common = { source: null, time: realTime, newKeyspace: newTestKeyspace };

test('a stream of snapshots that is gone does not keep the log from being rescued', async () => {
  const log = await filled(5);
  const snapshots = new (class extends FakeSnapshots {
    override async list(): Promise<SnapshotManifest[]> {
      throw new LogError('log-missing', 'stream not found');
    }
  })();
  for (const mode of ['cut', 'skip'] as const) {
    const { keyspace, snapshot, damagedCount } = await rescue({ ...common, log, snapshots, mode });
    assert.deepEqual([keyspace.size, snapshot, damagedCount], [5, null, 0], mode);
  }
});

test('records that were trimmed are told as one and never asked for; CUT keeps nothing behind them, SKIP all', async () => {
  const log = await filled(100);
  await log.purgeTo(60);
  const snapshots = new FakeSnapshots();
  const cut = await rescue({ ...common, log, snapshots, mode: 'cut' });
  assert.deepEqual([cut.keyspace.size, cut.to], [0, 0]);
  assert.deepEqual(log.reads, []);
  const { firstSeq, lastSeq } = await log.state();
  const skip = await rescue({ ...common, log, snapshots, mode: 'skip' });
  assert.equal(skip.keyspace.size, lastSeq - firstSeq + 1);
  assert.deepEqual(skip.damaged, [{ seq: 1, why: `records 1 to ${firstSeq - 1} are not there` }]);
  assert.equal(skip.damagedCount, firstSeq - 1);
  assert.equal(Math.min(...log.reads), firstSeq);
});

test('a damaged record ends a CUT and is passed over by SKIP', async () => {
  const log = await filled(9);
  log.corrupt(5, 60);
  const snapshots = new FakeSnapshots();
  const cut = await rescue({ ...common, log, snapshots, mode: 'cut' });
  assert.deepEqual([cut.keyspace.size, cut.to, cut.damaged[0]?.seq], [3, 4, 5]);
  const skip = await rescue({ ...common, log, snapshots, mode: 'skip' });
  assert.deepEqual([skip.keyspace.size, skip.damagedCount, skip.to], [8, 1, skip.end]);
});
