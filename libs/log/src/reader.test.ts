import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from './errors.ts';
import { HEADER_BYTES } from './record.ts';
import { LOG_START, LogReader } from './reader.ts';
import { FakeLog } from './testing.ts';
import type { LogPosition } from './types.ts';
import { openWriter } from './open-writer.ts';
import type { LogWriter } from './writer.ts';

const ENGINE = 1;

function writerOf(log: FakeLog): Promise<LogWriter> {
  return openWriter({ log, tail: LOG_START, writerId: new Uint8Array(16).fill(1), engineVersion: ENGINE });
}

async function put(writer: LogWriter, text: string): Promise<void> {
  const buffer = new Uint8Array(HEADER_BYTES + text.length);
  buffer.set(Buffer.from(text), HEADER_BYTES);
  await new Promise((resolve) => writer.append(buffer, text.length, 1, resolve));
}

interface Seen {
  readonly reader: LogReader;
  readonly texts: string[];
  readonly messages: number[];
  /** Resolves with the error that stopped it. */
  readonly error: Promise<unknown>;
}

function read(log: FakeLog, position: LogPosition = LOG_START, stopAt = Infinity): Seen {
  const { promise: error, resolve: onError } = Promise.withResolvers<unknown>();
  const texts: string[] = [];
  const messages: number[] = [];
  const reader: LogReader = new LogReader({
    log,
    position,
    engineVersion: ENGINE,
    onRecord: (r) => void (r.kind === 1 && texts.push(Buffer.from(r.payload).toString())),
    onMessage: (seq) => {
      messages.push(seq);
      if (seq === stopAt) reader.stop();
    },
    onError,
  });
  return { reader, texts, messages, error };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a reader stopped inside a group of fragments goes on there, and reports every message once', async () => {
  const log = new FakeLog({ maxMessageBytes: HEADER_BYTES + 200 });
  const writer = await writerOf(log);
  await put(writer, 'small');
  await put(writer, 'x'.repeat(500)); // three fragments
  const { reader, texts, messages } = read(log, LOG_START, 4);
  reader.start();
  await settle();
  assert.deepEqual([texts, messages], [['small'], [1, 2, 3, 4]]);
  assert.deepEqual([reader.seq, reader.position.seq, reader.tail.seq], [4, 2, 4]);
  reader.start();
  reader.start();
  await settle();
  assert.deepEqual([texts.length, messages], [2, [1, 2, 3, 4, 5]]);
  assert.deepEqual(reader.position, writer.committed);
  reader.stop();
});

test('a reader that begins at a position is given what stands behind it', async () => {
  const log = new FakeLog();
  const writer = await writerOf(log);
  await put(writer, 'a');
  const position = writer.committed;
  await put(writer, 'b');
  const { reader, texts } = read(log, position);
  reader.start();
  await settle();
  reader.stop();
  assert.deepEqual(texts, ['b']);
  assert.deepEqual(reader.position, writer.committed);
});

test('a log trimmed past the position, one that ends before it, and a changed message each end a reader with their error', async () => {
  const log = new FakeLog();
  const writer = await writerOf(log);
  for (let i = 0; i < 40; i++) await put(writer, `${i}`);
  const { committed } = writer;
  await log.purgeTo(20);
  const trimmed = read(log);
  trimmed.reader.start();
  assert.ok(isLogError(await trimmed.error, 'log-missing'));
  assert.deepEqual(trimmed.messages, []);

  log.loseTail(2);
  const ahead = read(log, committed);
  ahead.reader.start();
  assert.ok(isLogError(await ahead.error, 'log-lost'));
  assert.deepEqual(ahead.reader.position, committed);

  const changed = new FakeLog();
  const another = await writerOf(changed);
  await put(another, 'a');
  await put(another, 'b');
  changed.corrupt(3, HEADER_BYTES);
  const corrupt = read(changed);
  corrupt.reader.start();
  assert.ok(isLogError(await corrupt.error, 'log-corrupt'));
  assert.deepEqual([corrupt.texts, corrupt.messages, corrupt.reader.position.seq], [['a'], [1, 2], 2]);
});

test('a record that takes its time does not count before it is done with, keeps its bytes, and holds back what follows', async () => {
  for (const maxMessageBytes of [HEADER_BYTES + 200, 1024 * 1024]) {
    const log = new FakeLog({ maxMessageBytes });
    const writer = await writerOf(log);
    await put(writer, 'first');
    const before = writer.committed;
    const text = 'slow '.repeat(100); // three messages, or one
    await put(writer, text);
    const after = writer.committed;
    await put(writer, 'last');
    const began: string[] = [];
    const messages: number[] = [];
    const done = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    const reader = new LogReader({
      log,
      position: LOG_START,
      engineVersion: ENGINE,
      onRecord: (record) => {
        if (record.kind !== 1) return;
        began.push(Buffer.from(record.payload).toString());
        if (began.length === 2) return done.promise.then(() => void began.push(Buffer.from(record.payload).toString()));
      },
      onMessage: (seq) => {
        messages.push(seq);
        if (seq === after.seq) return rest.promise;
      },
      onError: (error) => assert.fail(String(error)),
    });
    reader.start();
    await settle();
    assert.deepEqual(began, ['first', text]);
    assert.deepEqual(reader.position, before);
    assert.deepEqual([reader.seq, reader.tail.seq], [after.seq - 1, after.seq - 1]);
    assert.equal(messages.at(-1), after.seq - 1);
    done.resolve();
    await settle();
    assert.deepEqual(began, ['first', text, text]);
    assert.deepEqual([reader.position, reader.tail, reader.seq], [after, after, after.seq]);
    assert.equal(messages.at(-1), after.seq);
    rest.resolve();
    await settle();
    assert.deepEqual(began, ['first', text, text, 'last']);
    assert.deepEqual(reader.position, writer.committed);
    reader.stop();
  }
});

test('a reader ends with what a record that took its time failed of', async () => {
  const log = new FakeLog();
  const writer = await writerOf(log);
  await put(writer, 'a');
  await put(writer, 'b');
  const { promise: error, resolve: onError } = Promise.withResolvers<unknown>();
  let records = 0;
  const reader = new LogReader({
    log,
    position: LOG_START,
    engineVersion: ENGINE,
    onRecord: (record) => (record.kind === 1 && ++records > 0 ? Promise.reject(new Error('too much')) : undefined),
    onError,
  });
  reader.start();
  assert.match(String(await error), /too much/);
  await settle();
  assert.deepEqual([records, reader.seq], [1, 1]);
});
