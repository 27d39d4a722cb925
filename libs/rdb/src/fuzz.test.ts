// Valid files with bytes changed, cut out, doubled and put elsewhere: they are read or refused with an RdbError, the same however they
// are cut into chunks, and what they tell is bounded by what they hold.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { RdbError } from './errors.ts';
import { LZF_EXPANSION_MAX } from './lzf.ts';
import { RdbReader } from './reader.ts';
import { bytes, CollectingSink, putEntry, writeFile } from './testing.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '..', 'fixtures', `${name}.rdb`)));

const small = writeFile((writer) => {
  writer.aux('weir-seq', '17');
  writer.selectDb(1);
  writer.resizeDb(3, 2);
  putEntry(writer, { db: 1, key: 'a', value: '1000', expireAtMs: 1e12, lruIdleSeconds: 100, lfuFreq: 5 });
  putEntry(writer, {
    db: 1,
    key: 'ab'.repeat(20),
    value: 'xyz'.repeat(100),
    expireAtMs: -1,
    lruIdleSeconds: -1,
    lfuFreq: -1,
  });
});
const withModule = bytes(
  'REDIS0011\xf7\x01\x02\x01\x05\x03abc\x04abcdefgh\x00\xfe\x00\xf4\x01\x01\x01\x00\x01a\x01b\xff' + '\x00'.repeat(8),
);
const FILES = [
  small,
  withModule,
  fixture('lru'),
  fixture('lfu'),
  fixture('functions'),
  fixture('types-plain'),
  fixture('strings'),
];

const mutation = fc.record({
  kind: fc.constantFrom('set', 'flip', 'cut', 'double', 'insert', 'truncate'),
  at: fc.nat(9999), // in ten thousandths of the file
  length: fc.integer({ min: 1, max: 12 }),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0x00, 0x31, 0x80, 0x81, 0xc0, 0xc3, 0xc4, 0xf6, 0xf7, 0xfc, 0xfe, 0xff)),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

function mutate(file: Uint8Array, mutations: Mutation[]): Uint8Array {
  let out = Buffer.from(file);
  for (const { kind, at, length, byte } of mutations) {
    const pos = Math.floor((at / 10_000) * out.length);
    const before = out.subarray(0, pos);
    const after = out.subarray(pos);
    if (kind === 'set')
      out = Buffer.concat([before, Buffer.alloc(Math.min(length, after.length), byte), after.subarray(length)]);
    else if (kind === 'flip') out = Buffer.concat([before, Buffer.from(after.map((b, i) => (i === 0 ? b ^ byte : b)))]);
    else if (kind === 'cut') out = Buffer.concat([before, after.subarray(length)]);
    else if (kind === 'double') out = Buffer.concat([before, after.subarray(0, length), after]);
    else if (kind === 'insert') out = Buffer.concat([before, Buffer.alloc(length, byte), after]);
    else out = before;
  }
  return new Uint8Array(out);
}

interface Outcome {
  readonly told: CollectingSink;
  readonly error: string;
}

function outcome(file: Uint8Array, verifyChecksum: boolean, step: number): Outcome {
  const told = new CollectingSink();
  const reader = new RdbReader(told, { verifyChecksum });
  try {
    for (let at = 0; at < file.length; at += step) reader.push(file.subarray(at, at + step));
    reader.end();
    return { told, error: '' };
  } catch (error) {
    assert.ok(error instanceof RdbError, String(error));
    return { told, error: `${error.code} ${error.message}` };
  }
}

const attempt = fc.record({
  original: fc.constantFrom(...FILES),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
  verifyChecksum: fc.boolean(),
  step: fc.integer({ min: 1, max: 200 }),
});

test('mutated files are read or refused with an RdbError, the same for all chunk sizes, telling no more than they hold', () => {
  fc.assert(
    fc.property(attempt, ({ original, mutations, verifyChecksum, step }) => {
      const file = mutate(original, mutations);
      const whole = outcome(file, verifyChecksum, Math.max(1, file.length));
      assert.deepEqual(outcome(file, verifyChecksum, step), whole);
      let told = 0;
      for (const { key, value } of whole.told.entries) told += key.length + value.length;
      assert.ok(told <= file.length * LZF_EXPANSION_MAX);
      assert.ok(whole.told.entries.length <= file.length);
    }),
    { numRuns: 3000 },
  );
});

test('the mutations reach what can go wrong, and success', () => {
  const seen = new Set<string>();
  for (const { original, mutations, verifyChecksum } of fc.sample(attempt, { seed: 1, numRuns: 5000 })) {
    const file = mutate(original, mutations);
    seen.add(outcome(file, verifyChecksum, Math.max(1, file.length)).error.split(' ')[0]);
  }
  const wanted = [
    '',
    'bad-magic',
    'unsupported-version',
    'truncated',
    'bad-length',
    'string-too-large',
    'bad-lzf',
    'bad-module-data',
  ];
  wanted.push('unknown-type', 'unsupported-type', 'unsupported-opcode', 'checksum', 'trailing-data');
  assert.deepEqual(
    wanted.filter((code) => !seen.has(code)),
    [],
  );
});

test('noise behind a good header is read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (noise, step) => {
      const file = new Uint8Array(Buffer.concat([Buffer.from('REDIS0010'), noise]));
      assert.deepEqual(outcome(file, false, step), outcome(file, false, file.length));
    }),
    { numRuns: 2000 },
  );
});

test('100 MB of garbage is refused at its first byte or waited out without growing', () => {
  const before = process.memoryUsage().arrayBuffers;
  const reader = new RdbReader(new CollectingSink());
  reader.push(bytes('REDIS0010\xf7\x01\x02\x01')); // module data: the opcode that may go on for ever
  const chunk = new Uint8Array(1_000_000).fill(0x01); // signed integer 1
  for (let i = 0; i < 100; i++) reader.push(chunk);
  assert.ok(process.memoryUsage().arrayBuffers - before < 16_000_000);
  assert.throws(() => reader.end(), { code: 'truncated' });
});
