import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fingerprint } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { uploadSnapshot } from '@weir/dataset';
import { Follower, restoreKeyspace, restoreToFile } from './index.ts';
import type { RestoreOptions, RestorePoint } from './index.ts';
import { LogFeeder, newTestKeyspace, testLogger } from './testing.ts';

const START_MS = 1_700_000_000_000;

/** A log with a record a second, what the data set was behind each, and two snapshots on the way. */
async function bench(maxMessageBytes = 1024 * 1024) {
  const log = new FakeLog({ maxMessageBytes });
  const snapshots = new FakeSnapshots();
  const feeder = await LogFeeder.open(log);
  const was = new Map<number, { fingerprint: string; size: number }>();
  const remember = (): void => {
    const { keyspace } = feeder.engine.ctx;
    was.set(log.lastSeq, { fingerprint: String(fingerprint(keyspace)), size: keyspace.size });
  };
  const write = async (i: number): Promise<void> => {
    feeder.call('SET', `key:${i}`, `value ${i}`);
    feeder.call('RPUSH', 'list', String(i));
    if (i % 3 === 0) feeder.call('DEL', `key:${i - 1}`);
    await feeder.flush();
    remember();
  };
  const save = async (id: string): Promise<void> => {
    const follower = new Follower({
      log,
      snapshots,
      newKeyspace: newTestKeyspace,
      logger: testLogger(),
      now: Date.now,
    });
    await follower.bootstrap();
    follower.start();
    await follower.reached(log.lastSeq);
    follower.stop();
    const meta = { id, engineVersion: 1, nowMs: START_MS, redisVersion: '7.0.15' };
    await uploadSnapshot(snapshots, follower.keyspace, follower.position, meta);
    await snapshots.markUsable(id);
  };
  remember();
  for (let i = 1; i <= 10; i++) await write(i);
  await save('first');
  for (let i = 11; i <= 20; i++) await write(i);
  await save('second');
  for (let i = 21; i <= 25; i++) await write(i);
  const readStored = async (seq: number) => {
    const message = await log.read(seq);
    return message === null ? null : { storedMs: START_MS + 1000 * seq };
  };
  const options = (point: RestorePoint): RestoreOptions => ({
    log: Object.assign(log, { readStored }),
    snapshots,
    point,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    nowMs: START_MS,
  });
  return { log, snapshots, feeder, was, options };
}

const shape = (keyspace: Keyspace) => ({ fingerprint: String(fingerprint(keyspace)), size: keyspace.size });

test('every sequence of the log is restored as the data set was behind it, from the nearest snapshot in front', async () => {
  const { log, was, options } = await bench();
  for (let seq = 1; seq <= log.lastSeq; seq++) {
    const { keyspace, position, base } = await restoreKeyspace(options({ kind: 'sequence', seq }));
    assert.deepEqual(shape(keyspace), was.get(seq), `sequence ${seq}`);
    assert.equal(position.seq, seq);
    assert.equal(base?.id ?? null, seq >= 21 ? 'second' : seq >= 11 ? 'first' : null);
  }
});

test('a time is the last message stored by then, and a snapshot is itself', async () => {
  const { was, options } = await bench();
  const restored = async (point: RestorePoint) => {
    const { keyspace, position } = await restoreKeyspace(options(point));
    assert.deepEqual(shape(keyspace), was.get(position.seq));
    return position.seq;
  };
  assert.equal(await restored({ kind: 'time', ms: START_MS + 15_000 }), 15);
  assert.equal(await restored({ kind: 'time', ms: START_MS + 15_999 }), 15);
  assert.equal(await restored({ kind: 'time', ms: START_MS + 1e9 }), 26);
  assert.equal(await restored({ kind: 'snapshot', id: 'first' }), 11);
});

test('a sequence inside of a record means the one before it: nobody gets half of one', async () => {
  const { log, feeder, was, options } = await bench(1024);
  const before = log.lastSeq;
  feeder.call('SET', 'large', 'x'.repeat(5000));
  await feeder.flush();
  assert.ok(log.lastSeq > before + 2, 'it has fragments');
  for (let seq = before; seq < log.lastSeq; seq++) {
    const { keyspace, position } = await restoreKeyspace(options({ kind: 'sequence', seq }));
    assert.deepEqual([shape(keyspace), position.seq], [was.get(before), before], `sequence ${seq}`);
  }
  const { keyspace } = await restoreKeyspace(options({ kind: 'sequence', seq: log.lastSeq }));
  assert.deepEqual(shape(keyspace), shape(feeder.engine.ctx.keyspace));
});

test('a point that cannot be reached is refused with the reason, and with what can', async () => {
  const { log, feeder, options } = await bench();
  for (let i = 0; i < 20; i++) {
    feeder.call('SET', 'more', String(i));
    await feeder.flush();
  }
  await log.purgeTo(15);
  const refused = async (point: RestorePoint): Promise<string> =>
    restoreKeyspace(options(point)).then(
      () => 'restored',
      (error: Error) => error.message,
    );
  assert.match(
    await refused({ kind: 'sequence', seq: 18 }),
    /^sequence 18 cannot be restored: .*the earliest that can be restored is 21$/,
  );
  assert.match(await refused({ kind: 'sequence', seq: 99 }), /not written yet: the log ends at 46/);
  assert.match(await refused({ kind: 'snapshot', id: 'none' }), /no usable snapshot none/);
  assert.match(await refused({ kind: 'time', ms: START_MS }), /does not reach back to 2023-11-14T22:13:20.000Z/);
  assert.equal(await refused({ kind: 'sequence', seq: 22 }), 'restored');
});

test('the file of a restore is a snapshot that a new node begins with, and a failed one leaves no file', async () => {
  const { was, options } = await bench();
  const folder = mkdtempSync(join(tmpdir(), 'weir-restore-'));
  try {
    const path = join(folder, 'dump.rdb');
    const phases = new Set<string>();
    const onProgress = ({ phase }: { phase: string }): void => void phases.add(phase);
    const { seq, keys, bytes, snapshot } = await restoreToFile(path, {
      ...options({ kind: 'sequence', seq: 15 }),
      onProgress,
    });
    assert.deepEqual([seq, keys, bytes, snapshot], [15, was.get(15)!.size, readFileSync(path).length, 'first']);
    assert.deepEqual([...phases], ['loading', 'applying', 'writing']);
    const ending = new AbortController();
    const cut = restoreToFile(`${path}.2`, {
      ...options({ kind: 'sequence', seq: 15 }),
      signal: ending.signal,
      onProgress: () => ending.abort(new Error('enough')),
    });
    await assert.rejects(cut, /enough/);
    assert.deepEqual(readdirSync(folder), ['dump.rdb']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
