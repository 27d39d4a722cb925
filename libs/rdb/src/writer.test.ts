import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RdbReader } from './reader.ts';
import { bytes, CollectingSink, latin1, putEntry, writeFile } from './testing.ts';
import type { CollectedEntry } from './testing.ts';
import { RdbWriter } from './writer.ts';

const HEADER = 'REDIS0010';

function body(file: Uint8Array): string {
  assert.equal(latin1(file, 0, 9), HEADER);
  return latin1(file, 9, file.length - 9 - 9);
}

function valueBytes(value: string, compress = true): string {
  const data = bytes(value);
  return body(writeFile((writer) => writer.valueString(data, 0, data.length), { compress }));
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((data) => latin1(data)),
  fc.integer().map(String),
  fc.constantFrom('', 'x'.repeat(63), 'x'.repeat(64), 'ab'.repeat(150), 'q'.repeat(16383), 'q'.repeat(16384)),
);
const anyEntry: fc.Arbitrary<CollectedEntry> = fc.record(
  {
    db: fc.constant(0),
    key: anyBytes,
    value: anyBytes,
    expireAtMs: fc.oneof(fc.constant(-1), fc.maxSafeNat()),
    lruIdleSeconds: fc.oneof(fc.constant(-1), fc.nat(0xffffff)),
    lfuFreq: fc.oneof(fc.constant(-1), fc.nat(255)),
  },
  { noNullPrototype: true },
);

test('an empty file is a header, the end and the checksum', () => {
  // The checksum is what redis-check-rdb of 7.0.15 accepts for this file.
  const file = writeFile(() => {});
  assert.equal(latin1(file, 0, 10), HEADER + '\xff');
  assert.equal(file.length, 18);
  assert.notEqual(latin1(file, 10), '\0'.repeat(8));
});

test('without checksum, zeros stand in its place', () => {
  const file = writeFile((writer) => writer.selectDb(3), { checksum: false });
  assert.equal(latin1(file), HEADER + '\xfe\x03\xff' + '\0'.repeat(8));
});

test('an entry is expiry, idle time, frequency, type, key, value', () => {
  const entry = { db: 0, key: 'k', value: 'v', expireAtMs: 0x1122334455667, lruIdleSeconds: 300, lfuFreq: 200 };
  assert.equal(
    body(writeFile((writer) => putEntry(writer, entry))),
    '\xfc\x67\x56\x45\x34\x23\x12\x01\x00' + '\xf8\x41\x2c' + '\xf9\xc8' + '\x00\x01k\x01v',
  );
});

test('lengths take one, two, five or nine bytes', () => {
  const sizes = body(
    writeFile((writer) => [63, 64, 16383, 16384, 0xffffffff, 0x100000000].forEach((n) => writer.resizeDb(n, 0))),
  );
  assert.equal(
    sizes,
    '\xfb\x3f\0' +
      '\xfb\x40\x40\0' +
      '\xfb\x7f\xff\0' +
      '\xfb\x80\0\0\x40\0\0' +
      '\xfb\x80\xff\xff\xff\xff\0' +
      '\xfb\x81\0\0\0\x01\0\0\0\0\0',
  );
});

test('canonical 32-bit integers are stored as integers of one, two or four bytes, all else as text', () => {
  assert.equal(valueBytes('-128'), '\xc0\x80');
  assert.equal(valueBytes('128'), '\xc1\x80\x00');
  assert.equal(valueBytes('-32769'), '\xc2\xff\x7f\xff\xff');
  assert.equal(valueBytes('2147483648'), '\x0a2147483648');
  assert.equal(valueBytes('007'), '\x03007');
});

test('only strings above 20 bytes that shrink by more than four are compressed, and none without rdbcompression', () => {
  assert.equal(valueBytes('x'.repeat(20)), '\x14' + 'x'.repeat(20));
  assert.equal(valueBytes('x'.repeat(21))[0], '\xc3');
  assert.equal(valueBytes('x'.repeat(21), false), '\x15' + 'x'.repeat(21));
  assert.equal(valueBytes('abcdefghijklmnopqrstu'), '\x15abcdefghijklmnopqrstu');
});

test('auxiliary fields are strings like any other', () => {
  const aux = body(writeFile((writer) => writer.aux('redis-bits', '64')));
  assert.equal(aux, '\xfa\x0aredis-bits\xc0\x40');
  assert.equal(body(writeFile((writer) => writer.aux(bytes('\xff'), bytes('\x00')))), '\xfa\x01\xff\x01\x00');
});

test('no chunk is larger than the buffer, and chunks of any size make the same file', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 20 }), fc.integer({ min: 64, max: 300 }), (entries, chunkBytes) => {
      const write = (writer: RdbWriter): void => entries.forEach((entry) => putEntry(writer, entry));
      const parts: Buffer[] = [];
      const writer = new RdbWriter({ chunkBytes, flush: (chunk) => parts.push(Buffer.from(chunk)) });
      writer.header();
      write(writer);
      writer.end();
      assert.ok(parts.every((part) => part.length > 0 && part.length <= chunkBytes));
      assert.deepEqual(new Uint8Array(Buffer.concat(parts)), writeFile(write));
    }),
  );
});

test('a writer may write one file after the other', () => {
  const parts: string[] = [];
  const writer = new RdbWriter({ flush: (chunk) => parts.push(latin1(chunk)) });
  for (let i = 0; i < 2; i++) {
    writer.header();
    writer.selectDb(0);
    writer.end();
    parts.push('|');
  }
  const [first, second] = parts.join('').split('|');
  assert.equal(first, second);
});

test('a buffer that cannot hold the longest piece is refused', () => {
  assert.throws(() => new RdbWriter({ flush: () => {}, chunkBytes: 63 }), RangeError);
});

test('what is written is read again, whatever the chunks', () => {
  const options = fc.record({ compress: fc.boolean(), checksum: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 20 }),
      options,
      fc.integer({ min: 1, max: 500 }),
      (entries, how, step) => {
        const file = writeFile((writer) => entries.forEach((entry) => putEntry(writer, entry)), how);
        const sink = new CollectingSink();
        const reader = new RdbReader(sink);
        for (let at = 0; at < file.length; at += step) reader.push(file.subarray(at, at + step));
        reader.end();
        assert.deepEqual(sink.entries, entries);
        assert.ok(sink.ended && reader.finished);
      },
    ),
  );
});

test('a string beyond what is compressed passes through the small buffer and comes back', () => {
  const value = new Uint8Array(17 * 1024 * 1024);
  for (let i = 0; i < value.length; i += 1000) value[i] = i / 1000;
  const key = bytes('large');
  const file = writeFile((writer) => writer.stringEntry(key, 0, key.length, value, 0, value.length, -1, -1, -1));
  assert.ok(file.length > value.length);
  let same = false;
  const sink = new CollectingSink();
  sink.string = (_db, _keyBuf, _keyOff, _keyLen, valBuf, valOff, valLen) => {
    same = Buffer.compare(Buffer.from(valBuf.buffer, valBuf.byteOffset + valOff, valLen), value) === 0;
  };
  const reader = new RdbReader(sink);
  for (let at = 0; at < file.length; at += 60_000) reader.push(file.subarray(at, at + 60_000));
  reader.end();
  assert.ok(same);
});
