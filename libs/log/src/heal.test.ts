import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from './errors.ts';
import { healTail } from './heal.ts';
import { LOG_START } from './reader.ts';
import { RecentMessages } from './recent.ts';
import { HEADER_BYTES } from './record.ts';
import { FakeLog } from './testing.ts';
import { openWriter } from './open-writer.ts';
import type { LogWriter } from './writer.ts';

async function put(writer: LogWriter, text: string): Promise<string> {
  while (!writer.canAppend) await new Promise((resolve) => setImmediate(resolve));
  const buffer = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from(text)]);
  return new Promise((done) => writer.append(buffer, text.length, 1, (outcome) => done(outcome)));
}

async function filled(count: number): Promise<{ log: FakeLog; recent: RecentMessages; writer: LogWriter }> {
  const log = new FakeLog();
  const recent = new RecentMessages();
  const writer = await openWriter({ log, tail: LOG_START, engineVersion: 1, recent, retryMinMs: 1 });
  for (let i = 0; i < count; i++) await put(writer, `record ${i}`);
  return { log, recent, writer };
}

async function messages(log: FakeLog): Promise<string[]> {
  const all: string[] = [];
  for (let seq = 1; seq <= log.lastSeq; seq++) all.push(Buffer.from((await log.read(seq))!).toString('hex'));
  return all;
}

test('a log that lost its end gets the very same messages back', async () => {
  const { log, recent } = await filled(10);
  const before = await messages(log);
  assert.deepEqual(await healTail(log, recent), { kind: 'whole', appended: 0, lastSeq: 11 });
  for (const lost of [1, 5, 11]) {
    log.loseTail(lost);
    assert.deepEqual(await healTail(log, recent), { kind: 'whole', appended: lost, lastSeq: 11 });
    assert.deepEqual(await messages(log), before);
  }
});

test('acknowledgements that get lost, and another who gives back the same, change nothing', async () => {
  const { log, recent } = await filled(10);
  const before = await messages(log);
  log.loseTail(6);
  log.fail('lost-ack', null, 'lost', 'lost-ack');
  const results = await Promise.all([healTail(log, recent), healTail(log, recent)]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['whole', 'whole'],
  );
  assert.deepEqual(await messages(log), before);
});

test('a log that went on with another message keeps that', async () => {
  const { log, recent, writer } = await filled(10);
  const { committed } = writer;
  log.loseTail(3);
  const other = await openWriter({ log, tail: { ...committed, seq: 8 }, engineVersion: 1 });
  await put(other, 'another');
  const before = await messages(log);
  assert.deepEqual(await healTail(log, recent), { kind: 'other', seq: 10 });
  assert.deepEqual(await messages(log), before);
});

test('messages that do not reach back to the end of the log are not given to it', async () => {
  const { log } = await filled(10);
  const late = new RecentMessages();
  for (let seq = 9; seq <= 11; seq++) late.push(seq, (await log.read(seq))!);
  log.loseTail(3);
  assert.equal((await healTail(log, late)).kind, 'whole', 'the first of them continues what is there');
  log.loseTail(4);
  assert.deepEqual(await healTail(log, late), { kind: 'short', lastSeq: 7 });
  assert.equal(log.lastSeq, 7);
  assert.deepEqual(await healTail(log, new RecentMessages()), { kind: 'short', lastSeq: 7 });
});

test('a source that lacks the last message of the log, and has what follows it, still gives that back', async () => {
  const { log } = await filled(10);
  const holed = new RecentMessages();
  for (let seq = 1; seq <= 11; seq++) if (seq !== 8) holed.push(seq, (await log.read(seq))!);
  log.loseTail(3); // it ends with 8, which somebody else had
  assert.deepEqual(await healTail(log, holed), { kind: 'whole', appended: 3, lastSeq: 11 });
});

test('a source whose messages were all trimmed lacks nothing', async () => {
  const { log, recent, writer } = await filled(5);
  const old = new RecentMessages();
  for (let seq = 1; seq <= 3; seq++) old.push(seq, (await log.read(seq))!);
  for (let i = 0; i < 40; i++) await put(writer, 'more');
  await log.purgeTo(20);
  assert.deepEqual(await healTail(log, old), { kind: 'whole', appended: 0, lastSeq: recent.lastSeq });
});

test('a message that is damaged in memory is not given to the log', async () => {
  const { log, recent } = await filled(3);
  const damaged = (await log.read(4))!;
  damaged[HEADER_BYTES]! ^= 1;
  log.loseTail(1);
  recent.cut(4);
  recent.push(4, damaged);
  await assert.rejects(healTail(log, recent), { code: 'log-corrupt' });
  assert.equal(log.lastSeq, 3);
});

test('a writer gives its log the lost end back, with its next append or when it looks, and nobody is fenced', async () => {
  const { log, writer } = await filled(10);
  const before = await messages(log);
  log.loseTail(4);
  assert.equal(await put(writer, 'more'), 'committed');
  assert.deepEqual((await messages(log)).slice(0, 11), before);
  log.loseTail(2);
  await writer.check();
  assert.equal(log.lastSeq, 12);
  assert.equal(await put(writer, 'last'), 'committed');
  assert.equal(writer.state, 'open');
});

test('a writer that cannot give the lost end back now goes on when the log answers again', async () => {
  const { log, writer } = await filled(5);
  log.loseTail(2);
  const { state } = log;
  let asked = 0;
  // The first look finds the loss; then the broker is away.
  log.state = async () => {
    if (++asked === 2) throw new LogError('log-unavailable', 'away');
    return state.call(log);
  };
  await assert.rejects(writer.check(), { code: 'log-unavailable' });
  assert.equal(await put(writer, 'more'), 'committed');
  assert.equal(log.lastSeq, 7);
});

test('a writer without the lost messages is fenced, and says that the log lost them', async () => {
  const log = new FakeLog();
  const writer = await openWriter({ log, tail: LOG_START, engineVersion: 1, retryMinMs: 1 });
  for (let i = 0; i < 5; i++) await put(writer, 'x');
  log.loseTail(2);
  await writer.check();
  assert.deepEqual([writer.state, writer.fencedBy], ['fenced', 'log-lost']);
});

test('a writer that looks finds out that another leads; one that is busy, or whose log is as it should be, finds nothing', async () => {
  const { log, writer } = await filled(3);
  await writer.check();
  assert.equal(writer.state, 'open');
  const next = await openWriter({ log, tail: writer.committed, engineVersion: 1, retryMinMs: 1 });
  await writer.check();
  assert.deepEqual([writer.state, writer.fencedBy], ['fenced', 'log-fenced']);
  await next.check();
  assert.equal(next.state, 'open');
});
