// Each type in each form, with what is told of it, however the file is cut; and what is wrong with values that are refused.
// That Redis reads these very bytes as the same values is what values.e2e.test.ts shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePayload } from './dump.ts';
import { RdbError } from './errors.ts';
import {
  binaryDouble,
  intset,
  length,
  listpack,
  signed,
  stream,
  streamNode,
  string,
  textDouble,
  ziplist,
  zipmap,
} from './old-formats.testing.ts';
import type { Stream } from './old-formats.testing.ts';
import { RdbReader } from './reader.ts';
import { bytes, CollectingSink, contentOf, listpackElements } from './testing.ts';
import type { CollectedValue } from './testing.ts';

const fileOf = (body: string): Uint8Array => bytes(`REDIS0012${body}\xff${'\x00'.repeat(8)}`);
const typed = (type: number, value: string): string => `${String.fromCharCode(type)}\x03key${value}`;

function read(body: string, step = Infinity): CollectingSink {
  const file = fileOf(body);
  const sink = new CollectingSink();
  const reader = new RdbReader(sink);
  for (let at = 0; at < file.length; at += step) reader.push(file.slice(at, Math.min(file.length, at + step)));
  reader.end();
  return sink;
}

function readValue(type: number, value: string): CollectedValue {
  const body = `\xfc${'\x01'.repeat(8)}\xf9\x07${typed(type, value)}\x00\x01s\x01v`;
  const sink = read(body);
  assert.equal(sink.values.length, 1);
  assert.deepEqual(read(body, 1), sink, 'byte by byte');
  assert.deepEqual(read(body, 7), sink, 'in steps of seven');
  const told = sink.values[0];
  assert.ok(told.ended);
  assert.deepEqual([told.key, told.expireAtMs, told.lfuFreq], ['key', 2 ** 53 - 1, 7]);
  assert.deepEqual([sink.entries[0].key, sink.entries[0].expireAtMs, sink.entries[0].lfuFreq], ['s', -1, -1]);

  const restored = new CollectingSink();
  const payload = signed(String.fromCharCode(type) + value);
  const result = parsePayload(payload, 0, payload.length, restored, 0, bytes('key'), 0, 3, 2 ** 53 - 1, -1, 7);
  assert.equal(result, 'ok');
  assert.deepEqual(restored.values, sink.values, 'the same from a DUMP payload');
  return told;
}

const SOME = ['a', '', '0', '12', '13', '-1', '127', '128', '-128', '-129', '32768', '8388608', '2147483648'];
SOME.push('9223372036854775807', '-9223372036854775808', 'x'.repeat(63), 'y'.repeat(64), 'z'.repeat(300), '007');
SOME.push('w'.repeat(16384), 'end');
const byBytes = (elements: readonly string[]): string[] => elements.toSorted();

test('a list is told element by element, or node by node', () => {
  const elements = readValue(1, length(SOME.length) + SOME.map(string).join(''));
  assert.equal(elements.object, 1);
  assert.equal(elements.sizeHint, SOME.length);
  assert.deepEqual(
    elements.parts.map((part) => part.kind),
    SOME.map(() => 'element'),
  );
  assert.deepEqual(contentOf(elements), SOME);

  const one = readValue(10, string(ziplist(SOME)));
  assert.deepEqual(one.parts, [{ kind: 'listpack', bytes: listpack(SOME), count: SOME.length }]);
  assert.deepEqual(contentOf(readValue(10, string(ziplist(SOME, true)))), SOME);

  const nodes = `\x04${string(ziplist(SOME))}${string(ziplist([]))}${string(ziplist(['b', 'c']))}${string(ziplist([]))}`;
  const quick = readValue(14, nodes);
  assert.deepEqual(
    quick.parts.map((part) => part.kind),
    ['listpack', 'listpack'],
  );
  assert.deepEqual(contentOf(quick), [...SOME, 'b', 'c']);

  const two = readValue(18, `\x04\x02${string(listpack([]))}\x01\x02xy\x02${string(listpack(SOME))}\x01\x01z`);
  assert.deepEqual(
    two.parts.map((part) => part.kind),
    ['element', 'listpack', 'element'],
  );
  assert.deepEqual(contentOf(two), ['xy', ...SOME, 'z']);
});

test('a set is told element by element, as an intset or as a listpack', () => {
  const elements = readValue(2, length(SOME.length) + SOME.map(string).join(''));
  assert.equal(elements.object, 2);
  assert.deepEqual(contentOf(elements), byBytes(SOME));
  for (const width of [2, 4, 8] as const) {
    const top = 2n ** BigInt(8 * width - 1);
    const values = [-top, -300n, -1n, 0n, 5n, 256n, top - 1n];
    const told = readValue(11, string(intset(values, width)));
    assert.deepEqual(told.parts, [{ kind: 'intset', bytes: intset(values, width) }]);
    assert.equal(told.sizeHint, 7);
    assert.deepEqual(contentOf(told), byBytes(values.map(String)));
  }
  const small = readValue(20, string(listpack(SOME)));
  assert.deepEqual(small.parts, [{ kind: 'listpack', bytes: listpack(SOME), count: SOME.length }]);
  assert.equal(small.object, 2);
});

test('a hash is told pair by pair or as a listpack, whatever small form it has', () => {
  const flat = SOME.slice(0, 20);
  const pairs = Array.from({ length: 10 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const large = readValue(4, `\x0a${flat.map(string).join('')}`);
  assert.deepEqual([large.object, large.sizeHint, large.parts.length], [4, 10, 10]);
  assert.deepEqual(contentOf(large), pairs);
  for (const [type, blob] of [
    [9, zipmap(flat)],
    [9, zipmap(flat, 3)],
    [13, ziplist(flat)],
    [16, listpack(flat)],
  ] as const) {
    const small = readValue(type, string(blob));
    assert.deepEqual(small.parts, [{ kind: 'listpack', bytes: listpack(flat), count: 20 }]);
    assert.equal(small.sizeHint, 10);
    assert.deepEqual(contentOf(small), pairs);
  }
  const many = Array.from({ length: 600 }, (_, i) => `${i}`);
  assert.equal(listpackElements((readValue(9, string(zipmap(many))).parts[0] as { bytes: string }).bytes).length, 600);
});

test('a sorted set is told member by member or as a listpack', () => {
  const scores = [-Infinity, -2.5, -0, 1e-300, 0.1, 3, 17, 2251799813685248.5, 1e300, Infinity];
  const members = scores.map((_, i) => SOME[i]);
  const wanted = members.map((member, i) => [member, String(scores[i])]);
  const each = (score: (score: number) => string): string =>
    length(scores.length) + scores.map((value, i) => string(members[i]) + score(value)).join('');
  for (const told of [readValue(3, each(textDouble)), readValue(5, each(binaryDouble))]) {
    assert.deepEqual([told.object, told.sizeHint, told.parts.length], [3, 10, 10]);
    assert.deepEqual(contentOf(told), wanted);
  }
  const flat = members.flatMap((member, i) => [member, String(scores[i]).replace('Infinity', 'inf')]);
  for (const blob of [ziplist(flat), listpack(flat)]) {
    const small = readValue(blob === listpack(flat) ? 17 : 12, string(blob));
    assert.deepEqual(small.parts, [{ kind: 'listpack', bytes: listpack(flat), count: 20 }]);
    assert.deepEqual(contentOf(small), wanted);
  }
  // Equal scores, in order of bytes; integers count as their digits.
  readValue(17, string(listpack(['', '1', '-5', '1', '10', '1', '9', '1', '9a', '1', '\xff', '1.0'])));
});

test('members and fields that are encoded longer than Redis would are told as Redis encodes them', () => {
  const long = '\x0f\x00\x00\x00\x02\x00\x8217\x03\xf1\x05\x00\x03\xff'.replace('\x0f', String.fromCharCode(15));
  const told = readValue(16, string(long));
  assert.deepEqual(told.parts, [{ kind: 'listpack', bytes: listpack(['17', '5']), count: 2 }]);
});

const NODE_1 = streamNode(
  ['a', 'b'],
  [
    { ms: 0, seq: 0, values: ['1', '2'], deleted: true },
    { ms: 0, seq: 1, values: ['3', '4'] },
    { ms: 5, seq: -2, fields: ['other'], values: ['x'.repeat(200)] },
  ],
);
const NODE_2 = streamNode(
  [],
  [
    { ms: 0, seq: 0, values: [] },
    { ms: 1, seq: -7, fields: [], values: [] },
  ],
);
const STREAM: Stream = {
  nodes: [
    ['1700000000000-3', NODE_1],
    ['18446744073709551614-18446744073709551615', NODE_2],
  ],
  length: 4,
  lastId: '18446744073709551615-18446744073709551615',
  firstId: '1700000000000-4',
  maxDeletedId: '1700000000000-3',
  entriesAdded: 2n ** 63n - 2n,
  groups: [
    {
      name: 'g',
      lastId: '1700000000005-1',
      entriesRead: 3n,
      pending: [
        { id: '1700000000000-4', time: 1700000001000, count: 1 },
        { id: '1700000000005-1', time: 0, count: 70000 },
      ],
      consumers: [
        { name: 'c1', seen: 1700000001000, active: 1700000000999, pending: ['1700000000005-1', '1700000000000-4'] },
        { name: '', seen: 5, active: -1, pending: [] },
      ],
    },
    { name: 'empty', lastId: '0-0', entriesRead: 2n ** 64n - 1n, pending: [], consumers: [] },
  ],
};

test('a stream is told node by node, with its groups, from each of the three versions', () => {
  const items = [
    { id: '1700000000000-4', fields: ['a', '3', 'b', '4'] },
    { id: '1700000000005-1', fields: ['other', 'x'.repeat(200)] },
    { id: '18446744073709551614-18446744073709551615', fields: [] },
    { id: '18446744073709551615-18446744073709551608', fields: [] },
  ];
  for (const version of [1, 2, 3] as const) {
    const told = readValue([0, 15, 19, 21][version], stream(version, STREAM));
    assert.deepEqual([told.object, told.sizeHint], [6, 2]);
    assert.deepEqual(contentOf(told), items);
    assert.deepEqual(told.parts, [
      { kind: 'node', id: '1700000000000-3', bytes: NODE_1 },
      { kind: 'node', id: '18446744073709551614-18446744073709551615', bytes: NODE_2 },
    ]);
    const meta = told.meta!;
    assert.equal(meta.length, 4);
    assert.deepEqual([meta.lastMsHi, meta.lastMsLo, meta.lastSeqHi, meta.lastSeqLo], Array(4).fill(0xffffffff));
    assert.deepEqual([meta.firstMsHi * 2 ** 32 + meta.firstMsLo, meta.firstSeqHi, meta.firstSeqLo], [1.7e12, 0, 4]);
    assert.equal(meta.maxDeletedSeqLo, version === 1 ? 0 : 3);
    assert.deepEqual([meta.entriesAddedHi, meta.entriesAddedLo], version === 1 ? [0, 4] : [0x7fffffff, 0xfffffffe]);
    const pending = STREAM.groups[0].pending.map(({ id, time, count }) => ({
      id,
      deliveryTimeMs: time,
      deliveryCount: BigInt(count),
    }));
    assert.deepEqual(told.groups, [
      {
        name: 'g',
        lastId: '1700000000005-1',
        entriesRead: version === 1 ? -1n : 3n,
        pending,
        consumers: [
          {
            name: 'c1',
            seenTimeMs: 1700000001000,
            activeTimeMs: version === 3 ? 1700000000999 : 1700000001000,
            pending: ['1700000000005-1', '1700000000000-4'],
          },
          { name: '', seenTimeMs: 5, activeTimeMs: version === 3 ? -1 : 5, pending: [] },
        ],
      },
      { name: 'empty', lastId: '0-0', entriesRead: version === 1 ? 0n : -1n, pending: [], consumers: [] },
    ]);
  }
});

test('a stream may be empty, and has the length of its entries whatever the file claims', () => {
  const empty = readValue(19, stream(2, { ...STREAM, nodes: [], length: 0, groups: [] }));
  assert.deepEqual([empty.meta!.length, empty.meta!.entriesAddedLo, empty.parts.length], [0, 0xfffffffe, 0]);
  assert.equal(readValue(19, stream(2, { ...STREAM, length: 77 })).meta!.length, 4);
  const dead = streamNode(['a'], [{ ms: 0, seq: 0, values: ['1'], deleted: true }]);
  const told = readValue(15, stream(1, { ...STREAM, nodes: [['7-0', dead], ...STREAM.nodes] }));
  assert.equal(told.parts.length, 2, 'a node without live entries is not told');
});

test('a group of a stream of Redis 5 gets the counter that Redis 7 would estimate', () => {
  const entriesRead = (lastId: string, nodes = STREAM.nodes, claimed = 4): bigint => {
    const groups = [{ name: 'g', lastId, pending: [], consumers: [] }];
    return readValue(15, stream(1, { ...STREAM, nodes, length: claimed, groups })).groups[0].entriesRead;
  };
  assert.equal(entriesRead('0-0'), 0n);
  assert.equal(entriesRead('1700000000000-4'), 1n);
  assert.equal(entriesRead('1700000000005-1'), -1n);
  assert.equal(entriesRead(STREAM.lastId), 4n);
  assert.equal(entriesRead('5-5', [], 0), 0n);
});

const EMPTY_VALUES: [string, number, string][] = [
  ['list', 1, '\x00'],
  ['set', 2, '\x00'],
  ['zset', 3, '\x00'],
  ['hash', 4, '\x00'],
  ['zset-2', 5, '\x00'],
  ['list-ziplist', 10, string(ziplist([]))],
  ['zset-ziplist', 12, string(ziplist([]))],
  ['hash-ziplist', 13, string(ziplist([]))],
  ['list-quicklist', 14, '\x00'],
  ['list-quicklist of empty nodes', 14, `\x02${string(ziplist([]))}${string(ziplist([]))}`],
  ['hash-listpack', 16, string(listpack([]))],
  ['zset-listpack', 17, string(listpack([]))],
  ['list-quicklist-2', 18, '\x00'],
  ['list-quicklist-2 of an empty node', 18, `\x01\x02${string(listpack([]))}`],
  ['set-listpack', 20, string(listpack([]))],
];

test('empty collections are skipped in a file and a bad format as a payload', () => {
  for (const [name, type, value] of EMPTY_VALUES) {
    const body = `${typed(type, value)}\x00\x01s\x01v`;
    const sink = read(body);
    assert.deepEqual(sink.values, [], name);
    assert.equal(sink.entries.length, 1, name);
    assert.deepEqual(read(body, 1), sink, name);
    const payload = signed(String.fromCharCode(type) + value);
    const result = parsePayload(payload, 0, payload.length, sink, 0, bytes('key'), 0, 3, -1, -1, -1);
    assert.equal(result, 'bad-format', name);
    assert.deepEqual(sink.values, [], name);
  }
});

const id = (text: string): string => string(text);
const BAD: [why: RegExp, type: number, value: string][] = [
  [/listpack is broken/, 16, string('xx')],
  [/listpack is broken/, 16, string(`${listpack(['a', 'b'])}\xff`)],
  [/3 elements, which make no pairs/, 16, string(listpack(['a', 'b', 'c']))],
  [/1 elements, which make no pairs/, 13, string(ziplist(['a']))],
  [/ziplist is broken/, 13, string(listpack(['a', 'b']))],
  [/ziplist is broken/, 10, string(ziplist(['a', 'b']).slice(0, -1))],
  [/ziplist is broken/, 10, string(ziplist(['a', 'b']).replace('\x0d', '\x0b'))], // the tail
  [/ziplist is broken/, 14, `\x01${string(ziplist(['a', 'b']).replace('\x02\x00\x00\x01a', '\x03\x00\x00\x01a'))}`],
  [/ziplist is broken/, 12, string(ziplist(['a', 'x'.repeat(70)]).replace('\x40\x46', '\x40\x47'))],
  [/zipmap is broken/, 9, string('\x01\x01a\x01')],
  [/zipmap is broken/, 9, string('\x02\x01a\x01\x00b\xff')],
  [/zipmap is broken/, 9, string('\x01\xfe\xff\xff\xff\xffa\x01\x00b\xff')],
  [/zipmap is broken/, 9, string('\x01\x01a\xff')],
  [/zipmap is broken/, 9, string('\x00\xff')], // Redis refuses an empty one, unlike an empty ziplist
  [/zipmap is broken/, 9, string('\xff\x01a\x01\x00b\xff')], // 254 alone means that the count is not known
  [/intset is no ascending row/, 11, string(intset([], 2))],
  [/intset is no ascending row/, 11, string(intset([1n, 1n], 2))],
  [/intset is no ascending row/, 11, string(intset([2n, 1n], 4))],
  [/intset is no ascending row/, 11, string(intset([2n ** 40n, 2n ** 40n], 8))],
  [/intset is no ascending row/, 11, string(intset([1n, 2n], 2).replace('\x02', '\x03'))],
  [/intset is no ascending row/, 11, string(`${intset([1n, 2n], 2)}x`)],
  [/a score is not a number/, 3, '\x01\x01a\xfd'],
  [/a score is not a number/, 3, '\x01\x01a\x041.5x'],
  [/a score is not a number/, 3, '\x01\x01a\x00'],
  [/a score is not a number/, 5, `\x01\x01a${binaryDouble(NaN)}`],
  [/a score is not a number/, 17, string(listpack(['a', 'nan']))],
  [/a score is not a number/, 17, string(listpack(['a', '']))],
  [/a score is not a number/, 12, string(ziplist(['a', '0x10']))],
  [/members are not in order/, 17, string(listpack(['a', '2', 'b', '1']))],
  [/members are not in order/, 17, string(listpack(['b', '1', 'a', '1']))],
  [/members are not in order/, 17, string(listpack(['a', '1', 'a', '1']))],
  [/members are not in order/, 17, string(listpack(['9', '1', '10', '1']))],
  [/a plain node is empty/, 18, '\x01\x01\x00'],
  [/container 3 of a node/, 18, '\x01\x03\x01a'],
  [/the ID of a node has 3 bytes/, 19, `\x01${id('abc')}\x00`],
  [/a node is broken/, 15, stream(1, { ...STREAM, nodes: [['1-1', listpack([])]] })],
  [/a node is broken/, 15, stream(1, { ...STREAM, nodes: [['1-1', listpack(['1', '0', '0', '1'])]] })],
  [/a node is broken/, 15, stream(1, { ...STREAM, nodes: [['1-1', listpack(['1', '0', '0', '0'])]] })],
  [/a node is broken/, 15, stream(1, { ...STREAM, nodes: [['1-1', listpack(['x', '0', '0', '0'])]] })],
  // One live entry that is marked as deleted; a count of elements that is wrong; entries behind the last one.
  [
    /a node is broken/,
    15,
    stream(1, { ...STREAM, nodes: [['1-1', listpack(['1', '0', '0', '0', '3', '0', '0', '3'])]] }),
  ],
  [
    /a node is broken/,
    15,
    stream(1, { ...STREAM, nodes: [['1-1', listpack(['1', '0', '0', '0', '2', '0', '0', '4'])]] }),
  ],
  [
    /a node is broken/,
    15,
    stream(1, { ...STREAM, nodes: [['1-1', listpack(['1', '0', '0', '0', '2', '0', '0', '3', '1'])]] }),
  ],
  [/a node is broken/, 15, stream(1, { ...STREAM, nodes: [['1-1', listpack(['1', '0', '99999999999', 'a'])]] })],
  [
    /a node is broken/, // IDs that do not ascend
    15,
    stream(1, {
      ...STREAM,
      nodes: [
        [
          '1-1',
          streamNode(
            ['a'],
            [
              { ms: 0, seq: 5, values: ['1'] },
              { ms: 0, seq: 5, values: ['1'] },
            ],
          ),
        ],
      ],
    }),
  ],
  [/claims entries and has no node/, 19, stream(2, { ...STREAM, nodes: [] })],
  [/its nodes are not in order/, 19, stream(2, { ...STREAM, nodes: STREAM.nodes.toReversed() })],
  [/entries behind its last ID/, 19, stream(2, { ...STREAM, lastId: '1700000000005-0' })],
];

test('damaged values are refused with what is wrong and the key, and never told whole', () => {
  for (const [why, type, value] of BAD) {
    for (const step of [Infinity, 1]) {
      const sink = new CollectingSink();
      const reader = new RdbReader(sink);
      const file = fileOf(typed(type, value));
      assert.throws(
        () => {
          for (let at = 0; at < file.length; at += step) reader.push(file.slice(at, Math.min(file.length, at + step)));
        },
        (error) => {
          assert.ok(error instanceof RdbError, String(error));
          assert.equal(error.code, 'bad-value', error.message);
          assert.match(error.message, why);
          assert.match(error.message, /at key "key"/);
          return true;
        },
        `${type} ${JSON.stringify(value)}`,
      );
      assert.ok(!sink.values.some((told) => told.ended));
    }
    const payload = signed(String.fromCharCode(type) + value);
    const sink = new CollectingSink();
    assert.equal(parsePayload(payload, 0, payload.length, sink, 0, bytes('k'), 0, 1, -1, -1, -1), 'bad-format');
    assert.ok(!sink.values.some((told) => told.ended));
  }
});

test('a value that ends too early as a payload is a bad format, wherever it ends', () => {
  const values: [number, string][] = [
    [1, '\x02\x01a\x01b'],
    [4, '\x01\x01a\x01b'],
    [5, `\x01\x01a${binaryDouble(1)}`],
    [18, `\x01\x02${string(listpack(['a']))}`],
    [19, stream(2, STREAM)],
    [21, stream(3, STREAM)],
  ];
  for (const [type, value] of values) {
    for (let end = 0; end < value.length; end++) {
      const payload = signed(String.fromCharCode(type) + value.slice(0, end));
      const sink = new CollectingSink();
      assert.equal(parsePayload(payload, 0, payload.length, sink, 0, bytes('k'), 0, 1, -1, -1, -1), 'bad-format');
      assert.ok(!sink.values.some((told) => told.ended));
    }
  }
});

test('billions of claimed elements cost no memory', () => {
  const huge = '\x81\x7f\xff\xff\xff\xff\xff\xff\xff';
  const before = process.memoryUsage().arrayBuffers;
  for (const type of [1, 2, 3, 4, 5, 14, 15, 18, 19, 21]) {
    const reader = new RdbReader(new CollectingSink());
    reader.push(fileOf(typed(type, huge)).slice(0, -9));
    assert.throws(() => reader.end(), { code: 'truncated' });
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
});

test('a large value is told while it arrives, and only its incomplete part is kept', () => {
  const count = 100_000;
  const sink = new CollectingSink();
  let elements = 0;
  let largest = 0;
  sink.element = (buf) => {
    elements++;
    largest = Math.max(largest, buf.buffer.byteLength);
  };
  const reader = new RdbReader(sink);
  reader.push(fileOf(typed(1, length(count))).slice(0, -9));
  const chunk = bytes(string('x'.repeat(100)).repeat(100)).slice(0, -1);
  for (let i = 0; i < count / 100; i++) {
    reader.push(chunk);
    assert.equal(elements, i * 100 + 99);
    reader.push(bytes('x'));
  }
  assert.ok(largest <= 70_000, `${largest}`);
  assert.ok(sink.values[0].ended);
});
