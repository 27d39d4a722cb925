import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeSnapshots, FakeLog } from '@weir/log/testing';
import { provenSnapshots } from './beginning.ts';
import { LogFeeder, testLogger } from './testing.ts';

async function usable(
  snapshots: FakeSnapshots,
  id: string,
  seq: number,
  epoch: number,
  checksum: string,
): Promise<void> {
  const meta = { id, seq, offset: 0, epoch, checksum, digest: 'd', keys: 1, engineVersion: 1, createdAt: seq };
  const upload = await snapshots.create(meta);
  await upload.write(new Uint8Array(1));
  await upload.finish();
  await snapshots.markUsable(id);
}

test('only snapshots of the history that the log holds count, and one beyond its end only while nobody led since', async () => {
  const log = new FakeLog();
  const snapshots = new FakeSnapshots();
  const feeder = await LogFeeder.open(log);
  for (let i = 0; i < 5; i++) {
    feeder.call('SET', `key:${i}`, 'v');
    await feeder.flush();
  }
  const { committed } = feeder.writer;
  await usable(snapshots, 'ours', committed.seq, committed.epoch, committed.checksum);
  await usable(snapshots, 'another', committed.seq, committed.epoch, '0123456789abcdef');
  await usable(snapshots, 'beyond', committed.seq + 10, committed.epoch, '0123456789abcdef');
  await usable(snapshots, 'before-this-leader', committed.seq + 20, committed.epoch - 1, '0123456789abcdef');
  const { usable: proven } = await provenSnapshots(log, snapshots, testLogger());
  assert.deepEqual(
    proven.map(({ id }) => id),
    ['beyond', 'ours'],
  );
  feeder.stop();
});
