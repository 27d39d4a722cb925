import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { scanBlock } from './block-file.ts';
import type { BlockScan } from './block-file.ts';
import { blockRecord as record, messagesFrom, STREAM } from './block-file.testing.ts';
import { HighwayHash } from './highway-hash.ts';

const PAYLOADS = ['', 'SET k v', 'x'.repeat(45), 'last'];
const MESSAGES = messagesFrom(1, PAYLOADS);
const RECORDS = MESSAGES.map((message, i) => record(i + 1, message));
const FILE = Buffer.concat(RECORDS);
const STARTS = RECORDS.map((_, i) => Buffer.concat(RECORDS.slice(0, i)).length);

function given(scan: BlockScan, file: Buffer): Map<number, Buffer> {
  return new Map(scan.messages.map(({ seq, start, end }) => [seq, file.subarray(start, end)]));
}

function recordAt(offset: number): number {
  return STARTS.findLastIndex((start) => start <= offset);
}

test('the hash is the published one', () => {
  // Google's first, second and fourth test vector: nothing, 00, 00 01 02 under the key 00 … 1f.
  const hash = new HighwayHash(Uint8Array.from({ length: 32 }, (_, i) => i));
  const vectors = ['907a56de22c26e53', '7eab43aac7cddd78', 'b8d0569ab0b53d62', '5c6befab8a463d80'];
  for (const [length, expected] of vectors.entries()) {
    hash.reset();
    hash.write(
      Uint8Array.from({ length }, (_, i) => i),
      0,
      length,
    );
    hash.finish();
    assert.equal(hash.hi.toString(16).padStart(8, '0') + hash.lo.toString(16).padStart(8, '0'), expected);
  }
});

test('a whole file gives every message of the log and its sequence', () => {
  const scan = scanBlock(FILE, STREAM, 1);
  assert.equal(scan.damage, null);
  assert.deepEqual(
    [...given(scan, FILE)],
    MESSAGES.map((message, i) => [i + 1, message]),
  );
  assert.deepEqual(scanBlock(Buffer.alloc(0), STREAM, 1), { messages: [], damage: null });
});

test('a file under another name is damaged from its first record on, and its messages are whole all the same', () => {
  const scan = scanBlock(FILE, STREAM, 2);
  assert.deepEqual([scan.damage?.seq, scan.damage?.at], [1, 0]);
  assert.equal(scan.messages.length, MESSAGES.length);
});

test('tombstones, and what others have put into the stream, are passed over', () => {
  const tombstone = record(2 ** 53, Buffer.alloc(0));
  tombstone[11] = 0x40;
  const foreign = record(5, Buffer.from('25 bytes that are no record'));
  const sealed = scanBlock(Buffer.concat([FILE, foreign]), STREAM, 1);
  assert.deepEqual([sealed.damage, sealed.messages.length], [null, MESSAGES.length]);
  assert.doesNotThrow(() => scanBlock(Buffer.concat([FILE, tombstone]), STREAM, 1));
});

test('every single bit that flips is found, no other record is lost by it, and it is never called a torn write', () => {
  for (let bit = 0; bit < FILE.length * 8; bit++) {
    const file = Buffer.from(FILE);
    file[bit >> 3]! ^= 1 << (bit & 7);
    const hit = recordAt(bit >> 3);
    const scan = scanBlock(file, STREAM, 1);
    const at = `bit ${bit}, in record ${hit + 1}`;
    const offset = (bit >> 3) - STARTS[hit]!;
    assert.deepEqual([scan.damage?.seq, scan.damage?.at, scan.damage?.torn], [hit + 1, STARTS[hit], false], at);
    assert.equal(
      scan.damage!.unseen,
      offset >= 34 && offset < 38,
      `${at}: only the length of the headers is under no hash`,
    );
    const messages = given(scan, file);
    for (const [i, message] of MESSAGES.entries()) {
      const got = messages.get(i + 1);
      if (i !== hit) assert.deepEqual(got, message, `${at}: message ${i + 1}`);
      else if (got !== undefined) assert.deepEqual(got, message, at);
    }
    const envelope = RECORDS[hit]!.length - 8 - MESSAGES[hit]!.length;
    const isEnvelope = offset < envelope || offset >= RECORDS[hit]!.length - 8;
    assert.equal(messages.has(hit + 1), isEnvelope, `${at}: a message is whole unless the bit is in it`);
  }
});

test('a file that ends anywhere within a record has the records before that, and a torn write at most', () => {
  for (let length = 0; length < FILE.length; length++) {
    const scan = scanBlock(FILE.subarray(0, length), STREAM, 1);
    const whole = STARTS.filter((start, i) => start + RECORDS[i]!.length <= length).length;
    const messages = scan.messages.map(({ seq }) => seq);
    if (STARTS.includes(length)) assert.equal(scan.damage, null);
    else assert.equal(scan.damage!.at, STARTS[whole]);
    // The last bytes are the hash: without them the message may be whole already.
    const isWhole = scan.damage !== null && length >= STARTS[whole]! + RECORDS[whole]!.length - 8;
    assert.deepEqual(messages, PAYLOADS.map((_, i) => i + 1).slice(0, isWhole ? whole + 1 : whole), `${length} bytes`);
    if (scan.damage !== null) assert.equal(scan.damage.torn, !isWhole, `${length} bytes`);
  }
});

test('a last record that ends in pages of zeros is torn; one with fewer zeros, or with records behind it, is damaged', () => {
  const long = messagesFrom(1, ['a', 'y'.repeat(9000), 'b']);
  const records = long.map((message, i) => record(i + 1, message));
  const torn = Buffer.concat(records.slice(0, 2));
  torn.fill(0, 4096 * 2);
  assert.deepEqual(scanBlock(torn, STREAM, 1).damage?.torn, true);
  // Nothing of it was written but the size of the file.
  const empty = Buffer.concat([records[0]!, Buffer.alloc(600)]);
  assert.deepEqual(scanBlock(empty, STREAM, 1).damage?.torn, true);
  const few = Buffer.concat(records.slice(0, 2));
  few.fill(0, few.length - 100);
  assert.deepEqual(scanBlock(few, STREAM, 1).damage?.torn, false);
  const behind = Buffer.concat([torn, records[2]!]);
  const { damage, messages } = scanBlock(behind, STREAM, 1);
  assert.deepEqual([damage?.seq, damage?.torn, messages.map(({ seq }) => seq)], [2, false, [1, 3]]);
});

test('the only record of a file gets its sequence from the file before', () => {
  const [, , third, fourth] = MESSAGES as [Buffer, Buffer, Buffer, Buffer];
  const before = scanBlock(FILE.subarray(0, STARTS[3]), STREAM, 1).messages.at(-1)!;
  assert.equal(before.seq, 3);
  assert.equal(third.length, before.end - before.start);
  const alone = record(4, fourth, 2);
  alone[5]! ^= 1; // its sequence
  assert.deepEqual(
    scanBlock(alone, STREAM, 2, before).messages.map(({ seq }) => seq),
    [4],
  );
  const { messages, damage } = scanBlock(alone, STREAM, 2);
  assert.deepEqual([messages, damage?.torn], [[], false]);
});

test('bytes of any kind are read to their end without an exception', () => {
  const seed = createHash('sha256');
  for (let round = 0; round < 200; round++) {
    const noise = Buffer.concat(Array.from({ length: 20 }, (_, i) => seed.copy().update(`${round}.${i}`).digest()));
    for (let i = 0; i < noise.length - 4; i += 97) noise.write('WLR\x01', i, 'latin1');
    scanBlock(noise, STREAM, 1);
    const mixed = Buffer.concat([RECORDS[0]!, noise, RECORDS[1]!]);
    assert.deepEqual(
      scanBlock(mixed, STREAM, 1).messages.map(({ seq }) => seq),
      [1, 2],
    );
  }
});
