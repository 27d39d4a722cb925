import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fragmentCount, RecordReader, splitRecord } from './fragments.ts';
import {
  checksumHi,
  checksumLo,
  decodeHeader,
  EMPTY_CHECKSUM,
  encodeHeader,
  HEADER_BYTES,
  RECORD_BYTES_MAX,
  RecordHeader,
  RecordKind,
} from './record.ts';
import type { LogPosition } from './types.ts';

const EMPTY: LogPosition = { seq: 0, offset: 0, epoch: 0, checksum: EMPTY_CHECKSUM };

/** A writer without a log: an array of messages, sequence = index + 1. */
class Scribe {
  readonly messages: Uint8Array[] = [];
  readonly header = new RecordHeader();
  offset = 0;
  epoch = 0;
  max: number;

  constructor(max = HEADER_BYTES + 10, writer = 7) {
    this.max = max;
    this.header.engineVersion = 5;
    this.header.writer.fill(writer);
  }

  write(payload: string | Uint8Array, kind: number = RecordKind.data, keep = Number.MAX_SAFE_INTEGER): void {
    const bytes = Buffer.from(payload as string);
    const buffer = new Uint8Array(HEADER_BYTES + bytes.length);
    buffer.set(bytes, HEADER_BYTES);
    const h = this.header;
    h.kind = kind;
    h.epoch = this.epoch;
    h.offset = this.offset;
    h.commandCount = 1;
    const before = this.messages.length;
    const max = kind === RecordKind.data ? this.max : HEADER_BYTES + 10_000;
    this.messages.push(...splitRecord(buffer, bytes.length, max, h));
    if (this.messages.length - before > keep) {
      this.messages.length = before + keep;
      const last = new DataView(this.messages.at(-1)!.slice().buffer);
      h.checksumLo = last.getUint32(72, true);
      h.checksumHi = last.getUint32(76, true);
    } else if (kind === RecordKind.data) this.offset += bytes.length;
  }

  lead(epoch: number, writer = 7): void {
    this.epoch = epoch;
    this.header.writer.fill(writer);
    this.write('{}', RecordKind.leadership);
  }
}

function readAll(
  messages: readonly Uint8Array[],
  position = EMPTY,
  engineVersion = 5,
): { records: string[]; reader: RecordReader } {
  const reader = new RecordReader({ position, engineVersion });
  const records: string[] = [];
  messages.forEach((message, i) => {
    const seq = position.seq + 1 + i;
    if (!reader.push(seq, message)) return;
    const r = reader.record;
    records.push(
      `${r.firstSeq}-${r.seq} e${r.epoch} ${r.offset}..${r.endOffset} k${r.kind} ${Buffer.from(r.payload).toString()}`,
    );
  });
  return { records, reader };
}

test('records come back whole, with their offsets, epochs and sequences', () => {
  const s = new Scribe();
  s.lead(1);
  s.write('hello');
  s.write('a longer one, in three');
  s.lead(2);
  s.write('x');
  assert.deepEqual(readAll(s.messages).records, [
    '1-1 e1 0..0 k2 {}',
    '2-2 e1 0..5 k1 hello',
    '3-5 e1 5..27 k1 a longer one, in three',
    '6-6 e2 27..27 k2 {}',
    '7-7 e2 27..28 k1 x',
  ]);
});

test('a record that fits into one message is not copied', () => {
  const buffer = new Uint8Array(HEADER_BYTES + 100);
  const [message] = splitRecord(buffer, 50, HEADER_BYTES + 50, new RecordHeader());
  assert.equal(message!.buffer, buffer.buffer);
  assert.equal(message!.byteLength, HEADER_BYTES + 50);
});

test('any payload survives any message size', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      (payloads, room) => {
        const s = new Scribe(HEADER_BYTES + room);
        for (const payload of payloads) s.write(payload);
        const reader = new RecordReader({ position: EMPTY, engineVersion: 5 });
        const back: Buffer[] = [];
        s.messages.forEach((m, i) => {
          if (reader.push(i + 1, m)) back.push(Buffer.from(reader.record.payload));
        });
        assert.deepEqual(
          back,
          payloads.map((p) => Buffer.from(p)),
        );
        assert.equal(reader.position().offset, s.offset);
      },
    ),
    { seed: 20261122 },
  );
});

test('an open group at the end of the log is not applied, and a leadership record voids it', () => {
  const s = new Scribe();
  s.lead(1);
  s.write('hello');
  s.write('a longer one, in three', RecordKind.data, 2);
  const half = readAll(s.messages);
  assert.deepEqual(half.records, ['1-1 e1 0..0 k2 {}', '2-2 e1 0..5 k1 hello']);
  assert.equal(half.reader.position().seq, 2);
  assert.equal(half.reader.tail().seq, 4);
  assert.equal(half.reader.tail().offset, 5);
  s.lead(2, 8);
  s.write('new');
  assert.deepEqual(readAll(s.messages).records.slice(2), ['5-5 e2 5..5 k2 {}', '6-6 e2 5..8 k1 new']);
});

test('reading again from the position after a whole record gives the same records, open groups included', () => {
  const s = new Scribe();
  s.lead(1);
  s.write('hello');
  s.write('a longer one, in three', RecordKind.data, 2);
  s.lead(2, 8);
  s.write('and another longer one');
  const all = readAll(s.messages).records;
  for (let cut = 0; cut <= s.messages.length; cut++) {
    const first = readAll(s.messages.slice(0, cut));
    const position = first.reader.position();
    const rest = readAll(s.messages.slice(position.seq), position);
    assert.deepEqual([...first.records, ...rest.records], all);
  }
});

test('nothing but a leadership record may stand behind an open group', () => {
  const s = new Scribe();
  s.write('a longer one, in three', RecordKind.data, 2);
  s.write('x');
  assert.throws(() => readAll(s.messages), { code: 'log-diverged' });
});

test('a fragment of another writer does not complete a group', () => {
  const a = new Scribe();
  a.write('a longer one, in three');
  const b = new Scribe(undefined, 8);
  b.write('a longer one, in three');
  const header = new RecordHeader();
  header.checksumHi = a.header.checksumHi;
  assert.throws(() => readAll([a.messages[0]!, b.messages[1]!]), { code: 'log-diverged' });
});

test('a missing, a repeated and a reordered message stop the reader', () => {
  const s = new Scribe();
  for (const p of ['one', 'two', 'three']) s.write(p);
  const [a, b, c] = s.messages as [Uint8Array, Uint8Array, Uint8Array];
  assert.throws(() => readAll([a, c]), { code: 'log-diverged' });
  assert.throws(() => readAll([a, a, b]), { code: 'log-diverged' });
  assert.throws(() => readAll([b, a, c]), { code: 'log-diverged' });
  const reader = new RecordReader({ position: EMPTY, engineVersion: 5 });
  assert.throws(() => reader.push(2, a), { code: 'log-diverged' });
});

test('a record of a newer engine stops the reader before it is applied', () => {
  const s = new Scribe();
  s.write('one');
  s.header.engineVersion = 6;
  s.write('two');
  assert.throws(() => readAll(s.messages), { code: 'log-newer' });
  assert.equal(readAll(s.messages, EMPTY, 6).records.length, 2);
});

test('epochs rise only through a leadership record, and only upwards', () => {
  const up = new Scribe();
  up.lead(2);
  up.epoch = 3;
  up.write('x');
  assert.throws(() => readAll(up.messages), { code: 'log-diverged' });
  const down = new Scribe();
  down.lead(2);
  down.lead(2);
  assert.throws(() => readAll(down.messages), { code: 'log-diverged' });
  const stale = new Scribe();
  stale.lead(2);
  stale.epoch = 1;
  stale.write('x');
  assert.throws(() => readAll(stale.messages), { code: 'log-diverged' });
});

test('a history which lost or gained payload bytes is noticed by its offset', () => {
  const s = new Scribe();
  s.write('one');
  s.offset += 1;
  s.write('two');
  assert.throws(() => readAll(s.messages), { code: 'log-diverged' });
});

test('the position continues the history of another reader', () => {
  const s = new Scribe();
  s.write('one');
  const { reader } = readAll(s.messages);
  const p = reader.position();
  assert.deepEqual(p, { seq: 1, offset: 3, epoch: 0, checksum: p.checksum });
  assert.equal(checksumHi(p.checksum), s.header.checksumHi);
  assert.equal(checksumLo(p.checksum), s.header.checksumLo);
});

test('a record that needs more fragments than there are numbers is refused', () => {
  assert.equal(fragmentCount(0, HEADER_BYTES + 1), 1);
  assert.equal(fragmentCount(0xffff, HEADER_BYTES + 1), 0xffff);
  assert.throws(() => fragmentCount(0x10000, HEADER_BYTES + 1), RangeError);
  assert.throws(() => fragmentCount(1, HEADER_BYTES), RangeError);
});

test('a record above what its readers can put together is neither written nor read', () => {
  assert.equal(fragmentCount(RECORD_BYTES_MAX, HEADER_BYTES + 100_000), 21475);
  assert.throws(() => fragmentCount(RECORD_BYTES_MAX + 1, HEADER_BYTES + 100_000), RangeError);
  const s = new Scribe();
  s.write('x'.repeat(25));
  const first = s.messages[0]!;
  const h = new RecordHeader();
  decodeHeader(first, h);
  h.recordLength = RECORD_BYTES_MAX + 1;
  encodeHeader(first, 0, h);
  assert.throws(() => readAll([first]), /a record of 2147483648 bytes/);
});

test('a stale record that does not continue the history is passed over, and so is one of this epoch right behind it', () => {
  const old = new Scribe(undefined, 1);
  old.lead(1);
  old.write('one');
  const next = new Scribe(undefined, 2);
  Object.assign(next, { offset: old.offset, epoch: 1 });
  next.header.checksumHi = old.header.checksumHi;
  next.header.checksumLo = old.header.checksumLo;
  old.write('rejected');
  old.write('stale');
  next.lead(2, 2);
  next.write('two');
  next.write('three');
  const [lead, two, three] = next.messages as [Uint8Array, Uint8Array, Uint8Array];
  const stale = old.messages[3]!;
  const history = old.messages.slice(0, 2);
  // 'three' was in flight when the stale record took the place of 'two'.
  const { records, reader } = readAll([...history, lead, stale, three, two, three]);
  assert.deepEqual(records.slice(2), ['3-3 e2 3..3 k2 {}', '6-6 e2 3..6 k1 two', '7-7 e2 6..11 k1 three']);
  assert.equal(reader.tail().seq, 7);
  assert.throws(() => readAll([...history, lead, three, two]), { code: 'log-diverged' }, 'not behind a void one');
});

test('a stale record behind a leadership record, and a fragment that it pushed aside, do not part the fragments', () => {
  const s = new Scribe();
  s.lead(2);
  s.write('a longer one, in three');
  const stale = new Scribe(undefined, 1);
  stale.lead(1);
  stale.write('x');
  const [lead, a, b, c] = s.messages as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const { records } = readAll([lead, stale.messages[1]!, b, a, b, c]);
  assert.deepEqual(records, ['1-1 e2 0..0 k2 {}', '4-6 e2 0..22 k1 a longer one, in three']);
});

test('stale records where no master can have left them end the reader: it follows another history than the log', () => {
  const s = new Scribe();
  s.lead(2);
  s.write('one');
  const stale = new Scribe(undefined, 1);
  stale.lead(1);
  stale.write('x');
  stale.write('y');
  const [lead, one] = s.messages as [Uint8Array, Uint8Array];
  const [, x, y] = stale.messages as [Uint8Array, Uint8Array, Uint8Array];
  assert.throws(() => readAll([lead, one, x]), { code: 'log-diverged' }, 'not behind the leadership record');
  assert.throws(() => readAll([lead, x, y]), { code: 'log-diverged' }, 'more than were in flight');
});
