/* What every LogStore and SnapshotStore must do: run against the fakes and against a real nats-server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from './errors.ts';
import { TAIL_KEPT } from './fragments.ts';
import { HEADER_BYTES } from './record.ts';
import { LOG_START, LogReader, openLog } from './reader.ts';
import type { ConsumeState, LogStore, SnapshotManifest, SnapshotMeta, SnapshotStore } from './types.ts';
import { until } from './until.testing.ts';
import { openWriter } from './open-writer.ts';
import type { LogWriter } from './writer.ts';

export interface Harness {
  /** An empty log, with its stream. */
  log(): Promise<LogStore>;
  snapshots(): Promise<SnapshotStore>;
  /** The broker dies and comes back with what it had stored. Resolves while it is away, or when it is back. */
  outage(log: LogStore): Promise<void>;
  /** From now on the log's storage is full; the function makes room again. */
  fill(log: LogStore): Promise<() => Promise<void>>;
  damage(snapshots: SnapshotStore, manifest: SnapshotManifest): Promise<void>;
}

const ENGINE = 1;
const NEVER = { onGap: fail, onAhead: fail, onError: fail };

function fail(what: unknown): void {
  throw what instanceof Error ? what : new Error(JSON.stringify(what));
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** Collects texts until `count` are there. */
function collect(log: LogStore, from: number, count: number): Promise<string[]> {
  const texts: string[] = [];
  return new Promise((resolve, reject) => {
    const sub = log.consume(
      from,
      (seq, message) => {
        assert.equal(seq, from + texts.length);
        texts.push(Buffer.from(message).toString());
        if (texts.length < count) return;
        sub.stop();
        resolve(texts);
      },
      { onGap: reject, onAhead: reject, onError: reject },
    );
  });
}

async function append(log: LogStore, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    const { lastSeq } = await log.state();
    assert.deepEqual(await log.append(bytes(text), lastSeq), { kind: 'stored', seq: lastSeq + 1 });
  }
}

function put(writer: LogWriter, payload: Uint8Array): Promise<string> {
  const buffer = new Uint8Array(HEADER_BYTES + payload.length);
  buffer.set(payload, HEADER_BYTES);
  return new Promise((resolve) => writer.append(buffer, payload.length, 1, (outcome) => resolve(outcome)));
}

async function putAll(writer: LogWriter, texts: readonly string[]): Promise<string[]> {
  const outcomes: Promise<string>[] = [];
  for (const text of texts) {
    await until('the writer has room', () => writer.canAppend);
    outcomes.push(put(writer, bytes(text)));
  }
  return Promise.all(outcomes);
}

export function storeContract(name: string, harness: Harness): void {
  const it = (title: string, body: () => Promise<void>): void =>
    void test(`${name}: ${title}`, { timeout: 90_000 }, body);

  it('an empty log says so', async () => {
    const log = await harness.log();
    const state = await log.state();
    assert.equal(state.lastSeq, 0);
    assert.equal(state.firstSeq, 1);
    assert.equal(state.messages, 0);
    assert.equal(await log.readLast(), null);
    assert.equal(await log.read(1), null);
    assert.deepEqual((await openLog(log, ENGINE)).tail, LOG_START);
  });

  it('an append is stored when it expects the last sequence, and only then', async () => {
    const log = await harness.log();
    assert.deepEqual(await log.append(bytes('a'), 0), { kind: 'stored', seq: 1 });
    assert.deepEqual(await log.append(bytes('b'), 1), { kind: 'stored', seq: 2 });
    assert.deepEqual(await log.append(bytes('c'), 1), { kind: 'rejected', lastSeq: 2 });
    assert.deepEqual(await log.append(bytes('c'), 3), { kind: 'rejected', lastSeq: 2 });
    assert.deepEqual(await log.read(2), bytes('b'));
    assert.deepEqual(await log.readLast(), { seq: 2, message: bytes('b') });
    assert.equal(await log.read(3), null);
  });

  it('of two in flight that expect the same sequence one is stored', async () => {
    const log = await harness.log();
    const results = await Promise.all([log.append(bytes('a'), 0), log.append(bytes('b'), 0)]);
    assert.deepEqual(results, [
      { kind: 'stored', seq: 1 },
      { kind: 'rejected', lastSeq: 1 },
    ]);
  });

  it('appends in flight behind a rejected one are rejected too', async () => {
    const log = await harness.log();
    await append(log, 'other');
    const results = await Promise.all([
      log.append(bytes('a'), 0),
      log.append(bytes('b'), 2),
      log.append(bytes('c'), 3),
    ]);
    assert.deepEqual(
      results.map((r) => r.kind),
      ['rejected', 'rejected', 'rejected'],
    );
  });

  it('a message above the limit is refused, the largest is stored', async () => {
    const log = await harness.log();
    const result = await log.append(new Uint8Array(log.maxMessageBytes + 1), 0);
    assert.equal(result.kind === 'refused' && result.reason, 'too-large');
    assert.equal((await log.append(new Uint8Array(log.maxMessageBytes), 0)).kind, 'stored');
    assert.equal((await log.read(1))?.byteLength, log.maxMessageBytes);
  });

  it('the stream may be ensured again and keeps its messages', async () => {
    const log = await harness.log();
    await append(log, 'a');
    await log.ensureStream();
    await log.ensureStream({ maxBytes: 1 << 30 });
    assert.equal((await log.state()).lastSeq, 1);
  });

  it('a consumer starts anywhere and goes on with what is appended later', async () => {
    const log = await harness.log();
    await append(log, 'a', 'b', 'c');
    assert.deepEqual(await collect(log, 1, 3), ['a', 'b', 'c']);
    assert.deepEqual(await collect(log, 3, 1), ['c']);
    const live = collect(log, 3, 3);
    await append(log, 'd', 'e');
    assert.deepEqual(await live, ['c', 'd', 'e']);
  });

  it('a consumer says when it is live', async () => {
    const log = await harness.log();
    await append(log, 'a', 'b');
    const states: ConsumeState[] = [];
    let seen = 0;
    const sub = log.consume(1, (seq) => void (seen = seq), { ...NEVER, onState: (s) => void states.push(s) });
    await until('live', () => states.includes('live'));
    assert.equal(seen, 2);
    assert.equal(sub.nextSeq, 3);
    assert.equal(sub.state, 'live');
    sub.stop();
    assert.equal(sub.state, 'stopped');
  });

  it('a promise from the handler and a pause hold back what follows', async () => {
    const log = await harness.log();
    await append(log, ...'abcdef');
    const seen: number[] = [];
    let release = (): void => {};
    const sub = log.consume(
      1,
      (seq) => {
        seen.push(seq);
        if (seq === 2) return new Promise<void>((resolve) => (release = resolve));
        if (seq === 4) sub.pause();
        return undefined;
      },
      NEVER,
    );
    await until('the second is handed over', () => seen.length === 2);
    await append(log, 'g');
    assert.deepEqual(seen, [1, 2]);
    release();
    await until('the fourth is handed over', () => seen.length === 4);
    await append(log, 'h');
    assert.deepEqual(seen, [1, 2, 3, 4]);
    sub.resume();
    await until('all are handed over', () => seen.length === 8);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
    sub.stop();
  });

  it('a handler that throws stops its consumer and nothing else', async () => {
    const log = await harness.log();
    await append(log, 'a', 'b');
    const other = collect(log, 1, 3);
    for (const asynchronous of [false, true]) {
      const boom = new Error('boom');
      let calls = 0;
      const error = await new Promise((resolve) => {
        log.consume(1, () => {
          calls++;
          if (asynchronous) return Promise.reject(boom);
          throw boom;
        }, { ...NEVER, onError: resolve }); // prettier-ignore
      });
      assert.equal(error, boom);
      assert.equal(calls, 1);
    }
    await append(log, 'c');
    assert.deepEqual(await other, ['a', 'b', 'c']);
  });

  it('what was trimmed is reported as a gap', async () => {
    const log = await harness.log();
    await append(log, ...Array.from({ length: TAIL_KEPT + 10 }, (_, i) => `m${i + 1}`));
    await log.purgeTo(9);
    const state = await log.state();
    assert.equal(state.firstSeq, 9);
    assert.equal(state.messages, TAIL_KEPT + 2);
    assert.equal(await log.read(8), null);
    const gap = await new Promise((resolve) => log.consume(8, fail, { ...NEVER, onGap: resolve }));
    assert.deepEqual(gap, { expected: 8, first: 9 });
    assert.deepEqual(await collect(log, 9, 1), ['m9']);
  });

  it('the newest messages survive any purge', async () => {
    const log = await harness.log();
    await append(log, ...Array.from({ length: TAIL_KEPT + 3 }, (_, i) => `m${i}`));
    await log.purgeTo(1_000_000);
    assert.equal((await log.state()).messages, TAIL_KEPT);
    assert.equal((await log.append(bytes('x'), TAIL_KEPT + 3)).kind, 'stored');
    const small = await harness.log();
    await append(small, 'a');
    await small.purgeTo(1_000_000);
    assert.equal((await small.state()).firstSeq, 1);
  });

  it('a consumer that wants what is not there yet by more than one is told', async () => {
    const log = await harness.log();
    await append(log, 'a');
    const ahead = await new Promise((resolve) => log.consume(5, fail, { ...NEVER, onAhead: resolve }));
    assert.deepEqual(ahead, { expected: 5, last: 1 });
  });

  it('consumer and writer survive an outage, and nothing acknowledged is lost', async () => {
    const log = await harness.log();
    const writer = await openWriter({
      log,
      tail: LOG_START,
      writerId: new Uint8Array(16).fill(1),
      engineVersion: ENGINE,
    });
    const seen: string[] = [];
    const reader = new LogReader({
      log,
      position: LOG_START,
      engineVersion: ENGINE,
      onRecord: (r) => void (r.kind === 1 && seen.push(Buffer.from(r.payload).toString())),
      onError: fail,
    });
    reader.start();
    const texts = Array.from({ length: 400 }, (_, i) => `record ${i}`);
    assert.ok((await putAll(writer, texts.slice(0, 100))).every((o) => o === 'committed'));
    const rest = putAll(writer, texts.slice(100));
    await harness.outage(log);
    assert.ok((await rest).every((o) => o === 'committed'));
    await until('the reader has caught up', () => seen.length >= texts.length);
    assert.deepEqual(seen, texts);
    assert.deepEqual(reader.position, writer.committed);
    assert.deepEqual((await openLog(log, ENGINE)).tail, writer.committed);
    reader.stop();
    writer.stop();
  });

  it('a deposed writer with two records in flight is fenced, and what it left in the log counts nothing', async () => {
    const log = await harness.log();
    const old = await openWriter({
      log,
      tail: LOG_START,
      writerId: new Uint8Array(16).fill(1),
      engineVersion: ENGINE,
    });
    await putAll(old, ['one']);
    const next = await openWriter({
      log,
      tail: old.committed,
      writerId: new Uint8Array(16).fill(2),
      engineVersion: ENGINE,
    });
    assert.deepEqual(await Promise.all([put(old, bytes('lost')), put(old, bytes('void'))]), ['fenced', 'fenced']);
    assert.equal((await log.state()).lastSeq, 4);
    assert.deepEqual(await Promise.all([put(next, bytes('two')), put(next, bytes('three'))]), [
      'committed',
      'committed',
    ]);
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const reader = new LogReader({
        log,
        position: LOG_START,
        engineVersion: ENGINE,
        onRecord: (r) => {
          if (r.kind === 1) seen.push(Buffer.from(r.payload).toString());
          if (seen.length < 3) return;
          reader.stop();
          resolve();
        },
        onError: reject,
      });
      reader.start();
    });
    assert.deepEqual(seen, ['one', 'two', 'three']);
    assert.deepEqual((await openLog(log, ENGINE)).tail, next.committed);
    old.stop();
    next.stop();
  });

  it('a record above the largest message is stored in fragments and comes back whole', async () => {
    const log = await harness.log();
    const writer = await openWriter({
      log,
      tail: LOG_START,
      writerId: new Uint8Array(16).fill(1),
      engineVersion: ENGINE,
    });
    const large = new Uint8Array(3 * log.maxMessageBytes + 12345);
    for (let i = 0; i < large.length; i++) large[i] = (i * 31) ^ (i >> 11);
    assert.deepEqual(await Promise.all([put(writer, large), put(writer, bytes('small'))]), ['committed', 'committed']);
    assert.equal((await log.state()).lastSeq, 1 + 4 + 1);
    const sizes: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const reader = new LogReader({
        log,
        position: LOG_START,
        engineVersion: ENGINE,
        onRecord: (r) => {
          sizes.push(r.payload.length);
          if (r.payload.length === large.length) assert.equal(Buffer.compare(r.payload, large), 0);
          if (sizes.length < 3) return;
          reader.stop();
          resolve();
        },
        onError: reject,
      });
      reader.start();
    });
    assert.deepEqual(sizes.slice(1), [large.length, 5]);
    writer.stop();
  });

  it('a full store refuses definitely, reads go on, and the writer goes on by itself when there is room', async () => {
    const log = await harness.log();
    const writer = await openWriter({
      log,
      tail: LOG_START,
      writerId: new Uint8Array(16).fill(1),
      engineVersion: ENGINE,
    });
    await putAll(writer, ['before']);
    const makeRoom = await harness.fill(log);
    const { lastSeq } = await log.state();
    const result = await log.append(new Uint8Array(1000), lastSeq);
    assert.equal(result.kind === 'refused' && result.reason, 'no-space', JSON.stringify(result));
    const held = Promise.all([put(writer, new Uint8Array(1000)), put(writer, new Uint8Array(1000))]);
    await until('the writer is blocked', () => writer.state === 'blocked');
    assert.match(writer.detail, /no-space/);
    assert.equal((await collect(log, 1, 2)).length, 2);
    await makeRoom();
    assert.deepEqual(await held, ['committed', 'committed']);
    assert.equal(writer.state, 'open');
    writer.stop();
  });

  // ------------------------------------------------------------------------------------------------ snapshots

  const meta = (id: string, seq: number): SnapshotMeta => ({
    id, seq, offset: seq * 100, epoch: 2, checksum: '0123456789abcdef', digest: '', keys: 0, engineVersion: ENGINE, createdAt: 1_700_000_000_000 + seq,
  }); // prettier-ignore

  async function upload(snapshots: SnapshotStore, id: string, seq: number, size: number): Promise<SnapshotManifest> {
    const up = await snapshots.create(meta(id, seq));
    const chunk = new Uint8Array(100_000);
    for (let at = 0; at < size; at += chunk.length) {
      const length = Math.min(chunk.length, size - at);
      for (let i = 0; i < length; i++) chunk[i] = pattern(at + i);
      await up.write(chunk.subarray(0, length));
      chunk.fill(0xee);
    }
    return up.finish({ keys: 7, digest: 'd1' });
  }

  const pattern = (i: number): number => ((i * 2654435761) >>> 13) & 0xff;

  it('a snapshot of 50 MB comes back as it was', async () => {
    const snapshots = await harness.snapshots();
    const size = 50 * 1024 * 1024 + 17;
    const manifest = await upload(snapshots, 'big', 5, size);
    assert.equal(manifest.bytes, size);
    assert.equal(manifest.keys, 7);
    assert.equal(manifest.digest, 'd1');
    assert.deepEqual(await snapshots.list(), [manifest]);
    let at = 0;
    for await (const chunk of snapshots.read(manifest)) {
      for (let i = 0; i < chunk.length; i++) if (chunk[i] !== pattern(at + i)) assert.fail(`byte ${at + i}`);
      at += chunk.length;
    }
    assert.equal(at, size);
  });

  it('snapshots are listed newest first, and only a verified one is usable', async () => {
    const snapshots = await harness.snapshots();
    assert.equal(await snapshots.newestUsable(), null);
    for (const seq of [2, 9, 5]) await upload(snapshots, `s${seq}`, seq, 1000);
    assert.deepEqual(
      (await snapshots.list()).map((m) => [m.id, m.state]),
      [
        ['s9', 'uploaded'],
        ['s5', 'uploaded'],
        ['s2', 'uploaded'],
      ],
    );
    assert.equal(await snapshots.newestUsable(), null);
    assert.equal((await snapshots.markUsable('s5')).state, 'usable');
    assert.equal((await snapshots.markUsable('s5')).state, 'usable');
    await snapshots.markUsable('s2');
    assert.equal((await snapshots.newestUsable())?.id, 's5');
    await snapshots.remove('s5');
    assert.equal((await snapshots.newestUsable())?.id, 's2');
    await assert.rejects(snapshots.markUsable('s5'), { code: 'snapshot-missing' });
    const ghost = { ...(await snapshots.list())[0]!, id: 's5' };
    await assert.rejects(async () => { for await (const _ of snapshots.read(ghost)) continue; }, { code: 'snapshot-missing' }); // prettier-ignore
  });

  it('a list made while the only usable snapshot gives way to a newer one is not without both', async () => {
    const snapshots = await harness.snapshots();
    // So many that the list is still under way when the last of them by name is removed.
    for (let i = 0; i < 60; i++) await (await snapshots.create(meta(`a${i}`, 1))).finish();
    await upload(snapshots, 'zz', 2, 10);
    await snapshots.markUsable('zz');
    const found = snapshots.newestUsable();
    await upload(snapshots, 'new', 3, 10);
    await snapshots.markUsable('new');
    await snapshots.remove('zz');
    assert.notEqual(await found, null);
    assert.equal((await snapshots.newestUsable())?.id, 'new');
  });

  it('a snapshot may be empty', async () => {
    const snapshots = await harness.snapshots();
    const manifest = await (await snapshots.create(meta('empty', 1))).finish();
    assert.equal(manifest.bytes, 0);
    for await (const chunk of snapshots.read(manifest)) assert.equal(chunk.length, 0);
  });

  it('a damaged part is found out before its last byte is handed over', async () => {
    const snapshots = await harness.snapshots();
    const manifest = await upload(snapshots, 'bad', 5, 3 * 1024 * 1024);
    await harness.damage(snapshots, manifest);
    let got = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of snapshots.read(manifest)) got += chunk.length;
      },
      (error) => error instanceof LogError && error.code === 'snapshot-damaged',
    );
    assert.ok(got < manifest.bytes);
  });

  it('half an upload is no snapshot, and is cleaned up when it is old', async () => {
    const snapshots = await harness.snapshots();
    await upload(snapshots, 'whole', 1, 1000);
    const half = await snapshots.create(meta('half', 5));
    for (let i = 0; i < 12; i++) await half.write(new Uint8Array(100_000));
    await until('something was written', async () => (await snapshots.removeAbandoned(3_600_000)).length === 0);
    assert.deepEqual(
      (await snapshots.list()).map((m) => m.id),
      ['whole'],
    );
    assert.deepEqual(await snapshots.removeAbandoned(0, 'other-'), []);
    await until('it is removed', async () => (await snapshots.removeAbandoned(0)).includes('half'));
    assert.deepEqual(
      (await snapshots.list()).map((m) => m.id),
      ['whole'],
    );
    const aborted = await snapshots.create(meta('aborted', 6));
    await aborted.write(new Uint8Array(2_000_000));
    await aborted.abort();
    assert.deepEqual(await snapshots.removeAbandoned(0), []);
    await assert.rejects(aborted.write(new Uint8Array(1)));
    await (await snapshots.create(meta('aborted', 6))).finish();
    await assert.rejects(snapshots.create(meta('whole', 9)), TypeError);
  });
}
