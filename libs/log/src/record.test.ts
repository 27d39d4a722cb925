import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogError } from './errors.ts';
import {
  checksumHex,
  checksumHi,
  checksumLo,
  decodeHeader,
  encodeHeader,
  FORMAT_VERSION,
  HEADER_BYTES,
  RecordHeader,
  RecordKind,
  sameMessage,
} from './record.ts';

function sample(payload: Uint8Array): { message: Uint8Array; header: RecordHeader } {
  const header = new RecordHeader();
  header.kind = RecordKind.data;
  header.fragmentIndex = 1;
  header.fragmentCount = 3;
  header.commandCount = 0x01020304;
  header.epoch = 0x1_0000_0007;
  header.offset = 0x12_3456_789a_bcd;
  header.payloadLength = payload.length;
  header.recordLength = 4000;
  header.fragmentStart = 1000;
  header.engineVersion = 0x00010203;
  header.writer.set(Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i));
  header.previousHi = 0xdeadbeef;
  header.previousLo = 0x8badf00d;
  const message = new Uint8Array(HEADER_BYTES + payload.length);
  message.set(payload, HEADER_BYTES);
  encodeHeader(message, 0, header);
  return { message, header };
}

const SET = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n');

test('the numbers that reach a log never change', () => {
  // When this fails the format has changed: old logs become unreadable. Raise FORMAT_VERSION, keep reading the old one, add a new golden.
  assert.equal(FORMAT_VERSION, 1);
  assert.equal(HEADER_BYTES, 80);
  assert.deepEqual(RecordKind, { data: 1, leadership: 2, noop: 3, heartbeat: 4, handover: 5 });
  const golden =
    '574c5201' + // WLR, format
    '01' + // kind
    '00' + // flags
    '5000' + // header length
    '0100' + // fragment index
    '0300' + // fragment count
    '04030201' + // command count
    '0700000001000000' + // epoch
    'cdab896745230100' + // offset
    '1f000000' + // payload length
    'a00f0000' + // record length
    'e8030000' + // fragment start
    '03020100' + // engine version
    'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf' + // writer
    '0df0ad8befbeadde' + // previous
    '1c58f06cc20d0fca'; // checksum
  const { message } = sample(SET);
  assert.equal(Buffer.from(message.subarray(0, HEADER_BYTES)).toString('hex'), golden);
});

test('every field comes back, wherever in a buffer the message lies', () => {
  const { message, header } = sample(SET);
  for (let shift = 0; shift < 9; shift++) {
    const buffer = new Uint8Array(message.length + 16);
    buffer.set(message, shift);
    const read = new RecordHeader();
    decodeHeader(buffer.subarray(shift, shift + message.length), read);
    assert.deepEqual(read, header);
  }
});

test('encoding at a place inside a larger buffer gives the same bytes', () => {
  const { message, header } = sample(SET);
  const buffer = new Uint8Array(500).fill(0xee);
  buffer.set(SET, 37 + HEADER_BYTES);
  encodeHeader(buffer, 37, header);
  assert.deepEqual(buffer.subarray(37, 37 + message.length), message);
  assert.equal(buffer[36], 0xee);
  assert.equal(buffer[37 + message.length], 0xee);
});

test('each single bit that flips anywhere in a message is noticed', () => {
  for (const length of [0, 1, 15, 16, 17, 31, 64, 300]) {
    const { message } = sample(Uint8Array.from({ length }, (_, i) => (i * 37) & 0xff));
    const read = new RecordHeader();
    for (let bit = 0; bit < message.length * 8; bit++) {
      message[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => decodeHeader(message, read), LogError, `bit ${bit} of ${message.length} bytes`);
      message[bit >> 3]! ^= 1 << (bit & 7);
    }
    decodeHeader(message, read);
  }
});

test('each single byte that changes to anything else is noticed', () => {
  const { message } = sample(SET);
  const read = new RecordHeader();
  for (let at = 0; at < message.length; at++) {
    const was = message[at]!;
    for (let value = 0; value < 256; value++) {
      if (value === was) continue;
      message[at] = value;
      assert.throws(() => decodeHeader(message, read), LogError);
    }
    message[at] = was;
  }
});

test('every truncation and every extension is noticed', () => {
  const { message } = sample(SET);
  const read = new RecordHeader();
  for (let length = 0; length < message.length; length++) {
    assert.throws(() => decodeHeader(message.subarray(0, length), read), LogError);
  }
  const longer = new Uint8Array(message.length + 1);
  longer.set(message);
  assert.throws(() => decodeHeader(longer, read), LogError);
});

test('a newer format and an unknown kind are told apart from damage', () => {
  const { message, header } = sample(SET);
  const newer = message.slice();
  newer[3] = FORMAT_VERSION + 1;
  assert.throws(() => decodeHeader(newer, new RecordHeader()), { code: 'log-newer' });
  header.kind = 6;
  encodeHeader(message, 0, header);
  assert.throws(() => decodeHeader(message, new RecordHeader()), { code: 'log-newer' });
  message[HEADER_BYTES]! ^= 1;
  assert.throws(() => decodeHeader(message, new RecordHeader()), { code: 'log-corrupt' });
});

test('the checksum depends on the one before, so equal records of different histories differ', () => {
  const a = sample(SET);
  const b = sample(SET);
  assert.ok(sameMessage(a.message, b.message));
  b.header.previousLo ^= 1;
  encodeHeader(b.message, 0, b.header);
  assert.notEqual(
    checksumHex(a.header.checksumHi, a.header.checksumLo),
    checksumHex(b.header.checksumHi, b.header.checksumLo),
  );
  assert.ok(!sameMessage(a.message, b.message));
});

test('swapped words, shifted and zero-padded payloads change the checksum', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), fc.nat(), (payload, i, j) => {
      const a = sample(payload).header;
      const other = payload.slice();
      const x = i % payload.length;
      const y = j % payload.length;
      [other[x], other[y]] = [other[y]!, other[x]!];
      const b = sample(other).header;
      const equal = a.checksumHi === b.checksumHi && a.checksumLo === b.checksumLo;
      assert.equal(equal, Buffer.compare(payload, other) === 0);
      const padded = new Uint8Array(payload.length + 1);
      padded.set(payload);
      const c = sample(padded).header;
      assert.ok(a.checksumHi !== c.checksumHi || a.checksumLo !== c.checksumLo);
    }),
    { seed: 20261122, numRuns: 500 },
  );
});

test('checksums survive their way through hex', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff }), (hi, lo) => {
      const hex = checksumHex(hi, lo);
      assert.equal(hex.length, 16);
      assert.equal(checksumHi(hex), hi);
      assert.equal(checksumLo(hex), lo);
    }),
  );
  assert.throws(() => checksumHi('xyz'), TypeError);
});

test('random bytes are never taken for a record', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(() => decodeHeader(bytes, new RecordHeader()), LogError);
      if (bytes.length < HEADER_BYTES) return;
      bytes.set(Buffer.from('WLR\x01'));
      new DataView(bytes.buffer, bytes.byteOffset).setUint16(6, HEADER_BYTES, true);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(32, bytes.length - HEADER_BYTES, true);
      assert.throws(() => decodeHeader(bytes, new RecordHeader()), { code: 'log-corrupt' });
    }),
  );
});
