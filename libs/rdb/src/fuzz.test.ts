// Valid files with bytes changed, cut out, doubled and put elsewhere: they are read or refused with an RdbError, the same however they
// are cut into chunks, and what they tell is bounded by what they hold.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePayload } from './dump.ts';
import { RdbError } from './errors.ts';
import { OBJECT_STREAM } from './format.ts';
import { LZF_EXPANSION_MAX } from './lzf.ts';
import {
  binaryDouble,
  intset,
  listpack,
  signed,
  stream,
  streamNode,
  string,
  textDouble,
  ziplist,
  zipmap,
} from './old-formats.testing.ts';
import { RdbReader } from './reader.ts';
import { bytes, CollectingSink, contentOf, latin1, putEntry, writeFile } from './testing.ts';

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
const withModule = bytes('REDIS0011\xf7\x01\x02\x01\x00\xfe\x00\xf4\x01\x01\x01\x00\x01a\x01b\xff' + '\x00'.repeat(8));
const SCORED = ['a', '1', 'b', '2.5', '17', 'inf'];
/** Every type in every form, small. */
const VALUES: [type: number, value: string][] = [
  [1, '\x03\x01a\xc0\x05\x00'],
  [2, '\x02\x01a\x01b'],
  [3, `\x03\x01a\xff\x01b${textDouble(-1.5)}\x01c\xfe`],
  [4, `\x02\x01a\x01b\x01c${string('d'.repeat(70))}`],
  [5, `\x02\x01a${binaryDouble(1)}\x01b${binaryDouble(-0.5)}`],
  [9, string(zipmap(['f', 'v', 'x'.repeat(300), '5'], 2))],
  [10, string(ziplist(['a', '5', '-70000', 'x'.repeat(300), '9223372036854775807']))],
  [11, string(intset([-5n, 3n, 300n], 2))],
  [11, string(intset([-5n, 2n ** 40n], 8))],
  [12, string(ziplist(SCORED))],
  [13, string(ziplist(['f', 'v', '1', '2'], true))],
  [14, `\x02${string(ziplist(['a', 'b']))}${string(ziplist(['c']))}`],
  [16, string(listpack(['f', 'v', '1', '-70000', '128', '2147483648']))],
  [17, string(listpack(SCORED))],
  [18, `\x03\x02${string(listpack(['a', '7']))}\x01\x03xyz\x02${string(listpack(['b', '5000']))}`],
  [20, string(listpack(['a', 'b', '7']))],
  ...[15, 19, 21].map((type, i): [number, string] => [type, smallStream((i + 1) as 1 | 2 | 3)]),
];
const values = fileOfValues();

function fileOfValues(): Uint8Array {
  const body = VALUES.map(([type, value], i) => `${String.fromCharCode(type)}${string(`key ${i}`)}${value}`).join('');
  return bytes(`REDIS0012\xfe\x00${body}\xff${'\x00'.repeat(8)}`);
}

function smallStream(version: 1 | 2 | 3): string {
  const node = streamNode(
    ['f'],
    [
      { ms: 0, seq: 0, values: ['1'], deleted: true },
      { ms: 0, seq: 1, values: ['v'] },
      { ms: 3, seq: 0, fields: ['g'], values: ['w'] },
    ],
  );
  const pending = [{ id: '5-2', time: 1000, count: 1 }];
  const consumers = [{ name: 'c', seen: 1000, active: 999, pending: ['5-2'] }];
  return stream(version, {
    nodes: [['5-1', node]],
    length: 2,
    lastId: '8-0',
    firstId: '5-2',
    maxDeletedId: '5-1',
    entriesAdded: 3,
    groups: [{ name: 'g', lastId: '5-2', entriesRead: 2n, pending, consumers }],
  });
}

// The one with values often, since there is much in it.
const FILES = [
  values,
  values,
  values,
  values,
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
      // What was told whole holds together: it can be taken apart again.
      for (const value of whole.told.values) {
        if (value.ended) assert.ok(value.object === OBJECT_STREAM || contentOf(value).length > 0);
      }
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
    'unsupported-module',
    'unsupported-function',
    'bad-value',
  ];
  wanted.push('unknown-type', 'unsupported-type', 'checksum', 'trailing-data');
  assert.deepEqual(
    wanted.filter((code) => !seen.has(code)),
    [],
  );
});

test('mutated values are refused or told whole, as a payload too', () => {
  const payload = fc.record({
    original: fc.constantFrom(...VALUES),
    mutations: fc.array(mutation, { minLength: 0, maxLength: 3 }),
  });
  fc.assert(
    fc.property(payload, ({ original: [type, value], mutations }) => {
      const body = signed(String.fromCharCode(type) + latin1(mutate(bytes(value), mutations)));
      const sink = new CollectingSink();
      const result = parsePayload(body, 0, body.length, sink, 0, body, 0, 1, -1, -1, -1);
      assert.ok(result === 'ok' || result === 'bad-format');
      assert.equal(sink.values.length === 1 && sink.values[0].ended, result === 'ok');
    }),
    { numRuns: 3000 },
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
  reader.push(bytes('REDIS0010')); // the opcode of an idle time, which may go on for ever
  const chunk = new Uint8Array(1_000_000).fill(0xf8).map((byte, i) => (i % 2 === 0 ? byte : 1));
  for (let i = 0; i < 100; i++) reader.push(chunk);
  assert.ok(process.memoryUsage().arrayBuffers - before < 16_000_000);
  assert.throws(() => reader.end(), { code: 'truncated' });
});
