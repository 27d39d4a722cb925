import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogError } from './errors.ts';
import { HEADER_BYTES } from './record.ts';
import { LOG_START, LogReader, openLog } from './reader.ts';
import { FakeLog } from './testing.ts';
import type { AppendFault } from './testing.ts';
import type { AppendCallback, AppendOutcome, LogPosition, LogStore, WriterState } from './types.ts';
import { FakeTime } from '@weir/time/testing';
import { openWriter } from './open-writer.ts';
import { LogWriter } from './writer.ts';

const ENGINE = 1;

function id(n: number): Uint8Array {
  return new Uint8Array(16).fill(n);
}

interface Committed {
  readonly outcome: AppendOutcome;
  readonly seq: number;
  readonly endOffset: number;
}

function put(writer: LogWriter, text: string): Promise<Committed> {
  const bytes = Buffer.from(text);
  const buffer = new Uint8Array(HEADER_BYTES + bytes.length + 5);
  buffer.set(bytes, HEADER_BYTES);
  return new Promise((resolve) =>
    writer.append(buffer, bytes.length, 1, (outcome, seq, endOffset) => resolve({ outcome, seq, endOffset })),
  );
}

async function room(writer: LogWriter): Promise<void> {
  while (!writer.canAppend && writer.state !== 'fenced') await new Promise((resolve) => setImmediate(resolve));
}

/** Every whole record of the log, as text, checked from the beginning. */
function contents(log: FakeLog, position: LogPosition = LOG_START): Promise<{ texts: string[]; tail: LogPosition }> {
  return new Promise((resolve, reject) => {
    const texts: string[] = [];
    const reader = new LogReader({
      log,
      position,
      engineVersion: ENGINE,
      onRecord: (r) => void (r.kind === 1 && texts.push(Buffer.from(r.payload).toString())),
      onError: reject,
      onState: (state) => {
        if (state !== 'live') return;
        reader.stop();
        resolve({ texts, tail: reader.tail });
      },
    });
    reader.start();
  });
}

async function open(
  log: FakeLog,
  n = 1,
  more: { states?: WriterState[]; deadlineMs?: number } = {},
): Promise<LogWriter> {
  const { tail } = await openLog(log, ENGINE);
  return openWriter({
    log,
    tail,
    writerId: id(n),
    engineVersion: ENGINE,
    retryMinMs: 1,
    ...(more.deadlineMs !== undefined ? { deadlineMs: more.deadlineMs } : {}),
    onState: (state) => more.states?.push(state),
  });
}

test('records are committed in order and read back as they were', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  assert.equal(writer.epoch, 1);
  const results = await Promise.all([put(writer, 'one'), put(writer, 'two')]);
  assert.deepEqual(results, [
    { outcome: 'committed', seq: 2, endOffset: 3 },
    { outcome: 'committed', seq: 3, endOffset: 6 },
  ]);
  const { texts, tail } = await contents(log);
  assert.deepEqual(texts, ['one', 'two']);
  assert.deepEqual(writer.committed, tail);
  assert.deepEqual((await openLog(log, ENGINE)).tail, tail);
});

test('no more than two records are taken at a time', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  const a = put(writer, 'a');
  const b = put(writer, 'b');
  assert.equal(writer.canAppend, false);
  assert.throws(() => writer.append(new Uint8Array(200), 1, 1, () => {}), /under way/);
  await a;
  assert.equal(writer.canAppend, true);
  await b;
});

test('an append whose acknowledgement is lost is found in the log and committed once', async () => {
  const log = new FakeLog();
  const states: WriterState[] = [];
  const writer = await open(log, 1, { states });
  log.fail('lost-ack');
  const results = await Promise.all([put(writer, 'one'), put(writer, 'two')]);
  assert.deepEqual(
    results.map((r) => [r.outcome, r.seq]),
    [
      ['committed', 2],
      ['committed', 3],
    ],
  );
  assert.deepEqual((await contents(log)).texts, ['one', 'two']);
  assert.deepEqual(states, ['resolving', 'open']);
});

test('an append that never arrived is sent again, and so is the one behind it', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  log.fail('lost');
  const results = await Promise.all([put(writer, 'one'), put(writer, 'two')]);
  assert.deepEqual(
    results.map((r) => r.outcome),
    ['committed', 'committed'],
  );
  assert.deepEqual((await contents(log)).texts, ['one', 'two']);
  assert.equal(writer.state, 'open');
});

test('an append that arrives after it was sent again is stored once', async () => {
  for (const when of ['before the second try', 'after it']) {
    const log = new FakeLog({ delayMs: 5 });
    const writer = await open(log);
    log.fail('late');
    const one = put(writer, 'one');
    if (when === 'after it') await one;
    else {
      while (writer.state === 'open') await new Promise((resolve) => setImmediate(resolve));
      assert.equal(log.releaseLate(), 1);
    }
    assert.equal((await one).outcome, 'committed');
    assert.equal(log.releaseLate(), 0);
    assert.deepEqual((await contents(log)).texts, ['one'], when);
  }
});

test('a writer whose place was taken is fenced, with everything behind it', async () => {
  const log = new FakeLog();
  const states: WriterState[] = [];
  const old = await open(log, 1, { states });
  await put(old, 'one');
  const next = await open(log, 2);
  assert.equal(next.epoch, 2);
  const results = await Promise.all([put(old, 'lost'), put(old, 'lost too')]);
  assert.deepEqual(
    results.map((r) => r.outcome),
    ['fenced', 'fenced'],
  );
  assert.equal(old.state, 'fenced');
  assert.equal(old.canAppend, false);
  assert.deepEqual(states, ['resolving', 'fenced']);
  // The old master's second append expected the very sequence at which the leadership record stands: it is stored, and void.
  assert.equal(log.lastSeq, 4);
  const voided = await openLog(log, ENGINE);
  assert.deepEqual(voided.tail, (await contents(log)).tail);
  assert.equal(voided.tail.epoch, 2);
  assert.deepEqual(await Promise.all([put(next, 'two'), put(next, 'three')]), [
    // 'three' was stored at 5 before 'two' could be: void as well, and written again.
    { outcome: 'committed', seq: 6, endOffset: 6 },
    { outcome: 'committed', seq: 7, endOffset: 11 },
  ]);
  const { texts, tail } = await contents(log);
  assert.deepEqual(texts, ['one', 'two', 'three']);
  assert.deepEqual(tail, next.committed);
  assert.deepEqual((await openLog(log, ENGINE)).tail, tail);
});

test('equal bytes of another writer are not taken for our own', async () => {
  const log = new FakeLog();
  const a = await open(log, 1);
  const b = new LogWriter({ log, tail: a.committed, epoch: 1, writerId: id(2), engineVersion: ENGINE });
  assert.equal((await put(b, 'same')).outcome, 'committed');
  assert.equal((await put(a, 'same')).outcome, 'fenced');
});

test('only one of two that claim the same epoch gets it', async () => {
  const log = new FakeLog();
  const results = await Promise.allSettled([open(log, 1), open(log, 2)]);
  assert.deepEqual(results.map((r) => r.status).sort(), ['fulfilled', 'rejected']);
  const reasons = results.map((r) => (r.status === 'rejected' ? (r.reason as { code: string }).code : ''));
  assert.deepEqual(reasons.sort(), ['', 'log-fenced']);
});

test('a log that lost acknowledged records fences its writer', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  await put(writer, 'one');
  log.loseTail(1);
  assert.equal((await put(writer, 'two')).outcome, 'fenced');
  assert.match(writer.detail, /ends at 1/);
});

/** A broker that acknowledged before it synced comes back without the last record, and another node leads in its place: the log ends where it had ended. */
async function replaceTheEnd(log: FakeLog): Promise<LogWriter> {
  log.setConnected(false);
  log.loseTail(1);
  log.setConnected(true);
  return open(log, 2);
}

test('a log that lost its end and has as long a one of another master takes nothing more of the first', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  await put(writer, 'lost');
  const next = await replaceTheEnd(log);
  assert.equal((await put(writer, 'stale')).outcome, 'fenced');
  assert.equal((await put(next, 'next')).outcome, 'committed');
  assert.deepEqual((await contents(log)).texts, ['next']);
});

/** The same log over a connection that can be cut. */
function overConnection(log: FakeLog): { store: LogStore; cut: (isCut: boolean) => void } {
  let isCut = false;
  const reach = (): void => {
    if (isCut) throw new LogError('log-unavailable', 'cut');
  };
  const store: LogStore = {
    maxMessageBytes: log.maxMessageBytes,
    get connected() {
      return !isCut;
    },
    append: (message, expected) => log.append(message, expected),
    appendCb: (message, expected, callback) => {
      if (isCut) queueMicrotask(() => callback({ kind: 'refused', reason: 'disconnected', error: 'cut' }));
      else log.appendCb(message, expected, callback);
    },
    state: async () => (reach(), log.state()),
    read: async (seq) => (reach(), log.read(seq)),
    readLast: () => log.readLast(),
    consume: (from, handler, options) => log.consume(from, handler, options),
    purgeTo: (seq) => log.purgeTo(seq),
    ensureStream: () => log.ensureStream(),
    onConnection: (listener) => log.onConnection(listener),
  };
  return { store, cut: (cut) => void (isCut = cut) };
}

test('nor what it could not send while the broker was away', async () => {
  const log = new FakeLog();
  const { store, cut } = overConnection(log);
  const { tail } = await openLog(log, ENGINE);
  const writer = await openWriter({ log: store, tail, writerId: id(1), engineVersion: ENGINE, retryMinMs: 1 });
  await put(writer, 'lost');
  cut(true);
  const stale = put(writer, 'stale');
  const next = await replaceTheEnd(log);
  cut(false);
  assert.equal((await stale).outcome, 'fenced');
  assert.equal((await put(next, 'next')).outcome, 'committed');
  assert.deepEqual((await contents(log)).texts, ['next']);
});

test('a master without writes finds out by looking', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  await put(writer, 'lost');
  await replaceTheEnd(log);
  await writer.check();
  assert.equal(writer.state, 'fenced');
});

test('a record that is appended when another is committed waits for the look at the end, and each is committed once', async () => {
  const answers: (() => void)[] = [];
  let isHeld = false;
  const log = new FakeLog({ schedule: (fn) => void (isHeld ? answers.push(fn) : queueMicrotask(fn)) });
  const writer = await open(log);
  isHeld = true;
  const told: string[] = [];
  const append = (text: string, then: () => void = () => {}): void => {
    const buffer = new Uint8Array(HEADER_BYTES + text.length);
    buffer.set(Buffer.from(text), HEADER_BYTES);
    writer.append(buffer, text.length, 1, (outcome) => {
      told.push(`${text} ${outcome}`);
      then();
    });
  };
  append('one', () => append('three'));
  append('two');
  log.setConnected(false);
  log.setConnected(true);
  isHeld = false;
  for (const answer of answers.reverse()) answer(); // that of the second comes first
  await writer.drained();
  assert.deepEqual(told, ['one committed', 'two committed', 'three committed']);
  assert.deepEqual((await contents(log)).texts, ['one', 'two', 'three']);
});

test('a full disk blocks the writer without losing a record, and it goes on by itself', async () => {
  const log = new FakeLog();
  const states: WriterState[] = [];
  const writer = await open(log, 1, { states });
  log.refusing = 'no-space';
  const both = Promise.all([put(writer, 'one'), put(writer, 'two')]);
  for (let i = 0; i < 2000 && writer.state !== 'blocked'; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(writer.state, 'blocked');
  assert.match(writer.detail, /no-space/);
  assert.equal(writer.refused, 'no-space');
  log.refusing = null;
  assert.deepEqual(
    (await both).map((r) => r.outcome),
    ['committed', 'committed'],
  );
  assert.equal(writer.state, 'open');
  assert.equal(writer.refused, null);
  assert.deepEqual((await contents(log)).texts, ['one', 'two']);
  assert.equal(states.at(-1), 'open');
});

test('a broken connection blocks the writer until it is back, at once when it is', async () => {
  const log = new FakeLog();
  const writer = await open(log);
  log.setConnected(false);
  const both = Promise.all([put(writer, 'one'), put(writer, 'two')]);
  for (let i = 0; i < 2000 && writer.state !== 'blocked'; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(writer.state, 'blocked');
  log.setConnected(true);
  assert.deepEqual(
    (await both).map((r) => r.outcome),
    ['committed', 'committed'],
  );
});

test('a deadline ends what cannot be resolved as stopped', async () => {
  const log = new FakeLog();
  const writer = await open(log, 1, { deadlineMs: 60 });
  log.setConnected(false);
  assert.equal((await put(writer, 'one')).outcome, 'stopped');
  assert.equal(writer.state, 'stopped');
});

test('stopping ends what is under way, once', async () => {
  const log = new FakeLog({ delayMs: 10 });
  const writer = await open(log);
  const one = put(writer, 'one');
  writer.stop();
  writer.stop();
  assert.equal((await one).outcome, 'stopped');
  await writer.drained();
  assert.equal(writer.state, 'stopped');
});

test('a large record travels in fragments and is committed as one', async () => {
  const log = new FakeLog({ maxMessageBytes: HEADER_BYTES + 100 });
  const writer = await open(log);
  await put(writer, '');
  assert.equal(writer.fragmentStoredMs, 0, 'a record of one message has no fragments');
  const text = 'x'.repeat(750);
  const results = await Promise.all([put(writer, text), put(writer, 'small')]);
  assert.ok(writer.fragmentStoredMs > 0, 'that the log works on is known before the record is whole');
  assert.deepEqual(results, [
    { outcome: 'committed', seq: 10, endOffset: 750 },
    { outcome: 'committed', seq: 11, endOffset: 755 },
  ]);
  assert.deepEqual((await contents(log)).texts, ['', text, 'small']);
});

test('a master that died between fragments leaves nothing behind but their sequence numbers', async () => {
  const log = new FakeLog({ maxMessageBytes: HEADER_BYTES + 100 });
  const first = await open(log);
  await put(first, 'kept');
  log.fail(null, null, null, ...Array.from({ length: 50 }, (): AppendFault => 'refuse-unavailable'));
  const dying = put(first, 'x'.repeat(950));
  while (log.lastSeq < 5) await new Promise((resolve) => setImmediate(resolve));
  first.stop();
  assert.equal((await dying).outcome, 'stopped');
  const opened = await openLog(log, ENGINE);
  assert.equal(opened.tail.offset, 4);
  assert.equal(opened.tail.seq, 5);
  const { texts, tail } = await contents(log);
  assert.deepEqual(texts, ['kept']);
  assert.deepEqual(tail, opened.tail);
  log.fail();
  const next = await openWriter({ log: stripFaults(log), tail, writerId: id(2), engineVersion: ENGINE });
  assert.equal((await put(next, 'after')).endOffset, 9);
  assert.deepEqual((await contents(log)).texts, ['kept', 'after']);
});

function stripFaults(log: FakeLog): FakeLog {
  // What is left of the injected faults belongs to the dead writer.
  while (log.dropFault()) continue;
  return log;
}

test('an acknowledged record is in the log, whatever happens to the appends', async () => {
  const fault = fc.constantFrom<AppendFault | null>(
    null,
    null,
    null,
    'lost',
    'lost-ack',
    'late',
    'refuse-no-space',
    'refuse-unavailable',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 12 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      async (faults, records, takeOver) => {
        const log = new FakeLog({ maxMessageBytes: HEADER_BYTES + 45 });
        const writer = await open(log);
        log.fail(...faults);
        const acknowledged: string[] = [];
        const all: Promise<unknown>[] = [];
        for (let i = 0; i < records; i++) {
          await room(writer);
          if (writer.state === 'fenced') break;
          const text = `${i}:${'y'.repeat((i * 31) % 150)};`;
          all.push(put(writer, text).then((r) => r.outcome === 'committed' && acknowledged.push(text)));
          log.releaseLate();
        }
        await Promise.all(all);
        assert.equal(acknowledged.length, records);
        if (takeOver) {
          stripFaults(log);
          const next = await open(log, 2);
          await put(next, 'next');
          log.releaseLate();
          if (writer.canAppend) assert.equal((await put(writer, 'stale')).outcome, 'fenced');
          acknowledged.push('next');
        }
        log.releaseLate();
        assert.deepEqual((await contents(log)).texts, acknowledged);
      },
    ),
    { seed: 20261122, numRuns: 60 },
  );
});

test('masters that depose each other with records in flight leave one history that holds all that was acknowledged', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ op: fc.constant('put' as const), writer: fc.nat(2), size: fc.nat(120) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('claim' as const), writer: fc.nat(2) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('fault' as const),
        fault: fc.constantFrom<AppendFault>('lost', 'lost-ack', 'late', 'late', 'refuse-unavailable'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('late' as const) }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('wait' as const), turns: fc.nat(4) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const log = new FakeLog({ maxMessageBytes: HEADER_BYTES + 60 });
      const writers: (LogWriter | null)[] = [null, null, null];
      const acknowledged: string[] = [];
      const running: Promise<unknown>[] = [];
      let n = 0;
      let claims = 0;
      for (const s of steps) {
        if (s.op === 'put') {
          const writer = writers[s.writer];
          if (!writer?.canAppend) continue;
          const text = `${n++}${'z'.repeat(s.size)};`;
          running.push(put(writer, text).then((r) => r.outcome === 'committed' && acknowledged.push(text)));
        } else if (s.op === 'claim') {
          // Not waited for: the old masters go on meanwhile.
          running.push(
            open(log, ++claims).then(
              (writer) => void (writers[s.writer] = writer),
              (error: unknown) => assert.equal((error as { code: string }).code, 'log-fenced'),
            ),
          );
        } else if (s.op === 'fault') log.fail(s.fault);
        else if (s.op === 'late') log.releaseLate();
        else for (let i = 0; i < s.turns; i++) await Promise.resolve();
      }
      stripFaults(log);
      await Promise.all(running);
      log.releaseLate();
      const { texts, tail } = await contents(log);
      assert.deepEqual(
        texts.filter((t) => acknowledged.includes(t)),
        acknowledged,
      );
      assert.equal(new Set(texts).size, texts.length);
      assert.deepEqual((await openLog(log, ENGINE)).tail, tail);
    }),
    { seed: 20261122, numRuns: 6000 },
  );
});

test('a lease counts from when the append that was stored was sent first, whatever its answer took', async () => {
  const time = new FakeTime();
  const log = new FakeLog();
  const answers: (() => void)[] = [];
  const slow: LogStore = new Proxy<LogStore>(log, {
    get(target, name) {
      if (name === 'appendCb')
        return (message: Uint8Array, expected: number, callback: AppendCallback) =>
          log.appendCb(message, expected, (result) => answers.push(() => callback(result)));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
  const answer = async (): Promise<void> => {
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    answers.shift()!();
  };
  await time.advance(100);
  const opening = openWriter({ log: slow, tail: LOG_START, engineVersion: ENGINE, time, retryMinMs: 1 });
  await time.advance(40);
  await answer();
  const writer = await opening;
  assert.deepEqual([writer.renewedMs, writer.sentMs], [100, 100]);

  await time.advance(60); // 200
  const first = put(writer, 'a');
  await time.advance(10); // 210
  const second = put(writer, 'b');
  await time.advance(500);
  assert.deepEqual([writer.renewedMs, writer.sentMs], [100, 210], 'nothing is known of either');
  await answer();
  await first;
  assert.equal(writer.renewedMs, 200);
  await answer();
  await second;
  assert.equal(writer.renewedMs, 210);

  // The first try is stored and its answer lost; what is found later counts from that try.
  log.fail('lost-ack');
  const third = put(writer, 'c'); // at 710
  const sentMs = time.monotonicMs();
  await time.advance(300);
  await answer();
  while (writer.pending > 0) await time.advance(1);
  assert.equal((await third).outcome, 'committed');
  assert.equal(writer.renewedMs, sentMs);
});
