import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_CHECKSUM } from './record.ts';
import { expendableSnapshots, trimTarget } from './retention.ts';
import type { RetentionInput } from './retention.ts';
import type { SnapshotManifest, SnapshotState } from './types.ts';

function snapshot(seq: number, state: SnapshotState = 'usable', id = `s${seq}`): SnapshotManifest {
  return {
    format: 1, id, seq, state, offset: seq * 10, epoch: 1, checksum: EMPTY_CHECKSUM, digest: '', keys: 0, engineVersion: 1, createdAt: seq, bytes: 1, parts: [],
  }; // prettier-ignore
}

const BASE: RetentionInput = {
  log: { firstSeq: 1, lastSeq: 1000, bytes: 100_000, messages: 1000 },
  snapshots: [snapshot(400), snapshot(800), snapshot(600)],
  keepBytes: 0,
  readers: [],
  readerSilentMsMax: 10_000,
  readerBytesMax: 50_000,
};

test('the log is trimmed behind the snapshot before the newest', () => {
  assert.equal(trimTarget(BASE), 601);
  assert.equal(trimTarget({ ...BASE, snapshotsKept: 3 }), 401);
  assert.equal(trimTarget({ ...BASE, snapshotsKept: 1 }), 801);
});

test('with fewer usable snapshots than are to be kept nothing is trimmed', () => {
  assert.equal(trimTarget({ ...BASE, snapshots: [snapshot(800)] }), 1);
  assert.equal(trimTarget({ ...BASE, snapshots: [snapshot(800), snapshot(600, 'uploaded')] }), 1);
  assert.equal(trimTarget({ ...BASE, snapshots: [] }), 1);
});

test('the newest bytes stay whatever the snapshots say', () => {
  assert.equal(trimTarget({ ...BASE, keepBytes: 70_000 }), 301);
  assert.equal(trimTarget({ ...BASE, keepBytes: 1e12 }), 1);
});

test('a slave that is catching up holds the log back, within a bound', () => {
  const reader = (seq: number, silentMs = 0): RetentionInput => ({ ...BASE, readers: [{ seq, silentMs }] });
  assert.equal(trimTarget(reader(900)), 601);
  assert.equal(trimTarget(reader(550)), 551);
  assert.equal(trimTarget(reader(100)), 501, 'no more than readerBytesMax');
  assert.equal(trimTarget(reader(550, 10_001)), 601, 'one that is silent does not count');
});

test('a reader that has lost its place already does not hold the log back', () => {
  const log = { firstSeq: 590, lastSeq: 1000, bytes: 41_100, messages: 411 };
  assert.equal(trimTarget({ ...BASE, log, readers: [{ seq: 500, silentMs: 0 }] }), 601);
  assert.equal(trimTarget({ ...BASE, log, readers: [{ seq: 589, silentMs: 0 }] }), 590);
});

test('the last messages and what is gone already are never a target', () => {
  assert.equal(trimTarget({ ...BASE, snapshots: [snapshot(1000), snapshot(1000, 'usable', 'b')] }), 985);
  assert.equal(trimTarget({ ...BASE, log: { ...BASE.log, firstSeq: 700, messages: 301 } }), 700);
  assert.equal(trimTarget({ ...BASE, log: { firstSeq: 1, lastSeq: 0, bytes: 0, messages: 0 } }), 1);
});

test('old snapshots are expendable, and half-verified ones behind the newest usable', () => {
  const all = [snapshot(400), snapshot(800), snapshot(600), snapshot(700, 'uploaded'), snapshot(900, 'uploaded')];
  assert.deepEqual(
    expendableSnapshots(all).map((m) => m.id),
    ['s400', 's700'],
  );
  assert.deepEqual(expendableSnapshots([snapshot(1, 'uploaded')]), []);
});
