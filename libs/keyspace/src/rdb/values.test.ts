import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import { DumpEncoder, RdbError, RdbReader, RdbWriter, parsePayload } from '@weir/rdb';
import {
  CollectingSink,
  bytes,
  contentOf,
  intset,
  listpack,
  putValue,
  stream,
  streamNode,
  string,
  ziplist,
} from '@weir/rdb/testing';
import type { CollectedGroup, CollectedPart, CollectedValue, StreamEntry } from '@weir/rdb/testing';
import fc from 'fast-check';
import { datasetDigest } from '../digest.ts';
import {
  ENC_HASHTABLE,
  ENC_INTSET,
  ENC_LISTPACK,
  ENC_QUICKLIST,
  ENC_SKIPLIST,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
  encodingOf,
  typeOf,
} from '../entry.ts';
import { fingerprint } from '../fingerprint.ts';
import { Keyspace } from '../keyspace.ts';
import { DEFAULT_LIMITS } from '../space.ts';
import type { EncodingLimits } from '../space.ts';
import { verifyKeyspace } from '../testing.ts';
import { opsOf } from '../values.ts';
import { KeyspaceLoader } from './keyspace-loader.ts';
import { dumpValue, saveKeyspace } from './save.ts';
import { ValueWriter, rdbType } from './value-writer.ts';

const NOW = 1_700_000_000_000;

function make(limits: Partial<EncodingLimits> = {}, seed = 1, reserveBytes = 64 * 1024 * 1024): Keyspace {
  return new Keyspace({
    databases: 4,
    arena: new Arena({ reserveBytes, debug: true }),
    seed: { k0: seed * 77, k1: seed * 99 },
    randomSeed: seed,
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
}

/** Everything in a table, and everything in one listpack. */
const LARGE: Partial<EncodingLimits> = {
  hashMaxListpackEntries: 0,
  zsetMaxListpackEntries: 0,
  setMaxIntsetEntries: 0,
  setMaxListpackEntries: 0,
  listMaxListpackSize: 2,
};
const SMALL: Partial<EncodingLimits> = {
  hashMaxListpackValue: 1e6,
  zsetMaxListpackValue: 1e6,
  setMaxListpackValue: 1e6,
  listMaxListpackSize: -5,
};

function fileOf(values: readonly CollectedValue[]): Uint8Array {
  const parts: Buffer[] = [];
  const writer = new RdbWriter({ flush: (chunk) => parts.push(Buffer.from(chunk)) });
  writer.header();
  writer.selectDb(1);
  for (const value of values) putValue(writer, value);
  writer.end();
  return new Uint8Array(Buffer.concat(parts));
}

function load(file: Uint8Array, keyspace: Keyspace, step = file.length, dropExpired = false): KeyspaceLoader {
  const loader = new KeyspaceLoader(keyspace, { nowMs: NOW, ...(dropExpired ? { expiredAtMs: NOW } : {}) });
  const reader = new RdbReader(loader);
  for (let at = 0; at < file.length; at += step) reader.push(file.subarray(at, at + step));
  reader.end();
  verifyAll(keyspace);
  return loader;
}

function save(keyspace: Keyspace): Uint8Array {
  const parts: Buffer[] = [];
  const writer = new RdbWriter({ flush: (chunk) => parts.push(Buffer.from(chunk)) });
  writer.header();
  for (const _ of saveKeyspace(keyspace, writer, NOW));
  writer.end();
  return new Uint8Array(Buffer.concat(parts));
}

function verifyAll(keyspace: Keyspace): void {
  verifyKeyspace(keyspace);
  for (const db of keyspace.dbs) {
    db.keys.forEach((ref) => {
      if (typeOf(keyspace.arena, ref) !== TYPE_STRING) opsOf(keyspace.space, ref).verify(keyspace.space, ref);
    });
  }
}

function collect(file: Uint8Array): CollectingSink {
  const sink = new CollectingSink();
  const reader = new RdbReader(sink);
  reader.push(file);
  reader.end();
  return sink;
}

function refOf(keyspace: Keyspace, key: string, db = 1): number {
  const data = bytes(key);
  return keyspace.dbs[db].keys.find(keyspace.hash(data, 0, data.length), data, 0, data.length);
}

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.integer({ min: -70000, max: 70000 }).map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom(63, 64, 65, 300, 9000).map((length) => 'x'.repeat(length)),
);
const texts = fc.array(text, { minLength: 1, maxLength: 20 });
const distinct = fc.uniqueArray(text, { minLength: 1, maxLength: 20 });
const score = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Infinity, -Infinity),
);
const scoreText = (value: number): string => String(value).replace('Infinity', 'inf');

type Content = Pick<CollectedValue, 'object' | 'parts' | 'meta' | 'groups'>;
const content = (object: number, parts: CollectedPart[]): Content => ({ object, parts, meta: undefined, groups: [] });
const packed = (elements: readonly string[]): CollectedPart => {
  return { kind: 'listpack', bytes: listpack(elements), count: elements.length };
};
const element = (value: string): CollectedPart => ({ kind: 'element', value });

const aList = fc
  .array(fc.oneof(texts.map(packed), text.filter((value) => value !== '').map(element)), { minLength: 1, maxLength: 5 })
  .map((parts) => content(TYPE_LIST, parts));
const aSet = fc.oneof(
  distinct.map((members) => content(TYPE_SET, members.map(element))),
  fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 20 }).map((members) => {
    const sorted = members.map(BigInt).sort((a, b) => (a < b ? -1 : 1));
    return content(TYPE_SET, [{ kind: 'intset', bytes: intset(sorted, 4) }]);
  }),
);
const aHash = fc
  .tuple(
    fc.uniqueArray(fc.tuple(text, text), { minLength: 1, maxLength: 15, selector: ([field]) => field }),
    fc.boolean(),
  )
  .map(([pairs, small]) =>
    content(
      TYPE_HASH,
      small ? [packed(pairs.flat())] : pairs.map(([field, value]) => ({ kind: 'pair', field, value })),
    ),
  );
const aZset = fc
  .tuple(
    fc.uniqueArray(fc.tuple(text, score), { minLength: 1, maxLength: 15, selector: ([member]) => member }),
    fc.boolean(),
  )
  .map(([members, small]) => {
    const ascending = members.toSorted(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x - y));
    const parts = small
      ? [packed(ascending.flatMap(([member, value]) => [member, scoreText(value)]))]
      : members.map(([value, number]): CollectedPart => ({ kind: 'member', value, score: number }));
    return content(TYPE_ZSET, parts);
  });

const any64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const aStream = fc
  .record({
    nodes: fc.array(
      fc.array(fc.record({ fields: fc.option(texts, { nil: undefined }), value: text, deleted: fc.boolean() }), {
        minLength: 1,
        maxLength: 5,
      }),
      { maxLength: 4 },
    ),
    added: any64,
    groups: fc.uniqueArray(
      fc.record({
        name: text,
        read: any64,
        owners: fc.array(fc.nat(2), { maxLength: 6 }),
        times: fc.nat(),
        count: any64,
      }),
      { maxLength: 3, selector: ({ name }) => name },
    ),
  })
  .map(({ nodes, added, groups }): Content => {
    let length = 0;
    let first = 0;
    const parts = nodes.map((entries, i): CollectedPart => {
      const list = entries.map(({ fields, value, deleted }, j): StreamEntry => {
        const base = { ms: j, seq: 3, values: (fields ?? ['f']).map(() => value), deleted: deleted && j > 0 };
        if (!base.deleted) length++;
        return fields === undefined ? base : { ...base, fields };
      });
      if (i === 0) first = 1000;
      return { kind: 'node', id: `${1000 * (i + 1)}-7`, bytes: streamNode(['f'], list) };
    });
    return {
      object: TYPE_STREAM,
      parts,
      meta: {
        length,
        lastMsHi: 5,
        lastMsLo: 6,
        lastSeqHi: 7,
        lastSeqLo: 8,
        firstMsHi: 0,
        firstMsLo: first,
        firstSeqHi: 0,
        firstSeqLo: first === 0 ? 0 : 10,
        maxDeletedMsHi: 1,
        maxDeletedMsLo: 2,
        maxDeletedSeqHi: 3,
        maxDeletedSeqLo: 4,
        entriesAddedHi: Number(added >> 32n),
        entriesAddedLo: Number(added & 0xffffffffn),
      },
      // In the order of their names, as both servers keep them.
      groups: groups
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, read, owners, times, count }): CollectedGroup => {
          const ids = owners.map((_, i) => `${i + 1}-${i}`);
          return {
            name,
            lastId: '77-8',
            entriesRead: BigInt.asIntN(64, read),
            pending: ids.map((id) => ({ id, deliveryTimeMs: times, deliveryCount: count })),
            consumers: ['', 'a', 'b'].map((consumer, n) => ({
              name: consumer,
              seenTimeMs: times,
              activeTimeMs: times,
              pending: ids.filter((_, i) => owners[i] === n),
            })),
          };
        }),
    };
  });

const aValue = fc.oneof(aList, aSet, aHash, aZset, aStream);
const dataSet = fc
  .array(fc.tuple(aValue, fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 2 * NOW }))), { maxLength: 12 })
  .map((list) =>
    list.map(([value, expireAtMs], i): CollectedValue => {
      const key = { db: 1, key: `key ${i}`, expireAtMs, lruIdleSeconds: -1, lfuFreq: -1 };
      return { ...key, ...value, sizeHint: 0, ended: true };
    }),
  );

test('what a file holds is what is saved again, whatever the encodings and the seeds of the tables', () => {
  fc.assert(
    fc.property(dataSet, fc.integer({ min: 1, max: 500 }), (values, step) => {
      const keyspaces = [{}, LARGE, SMALL].map((limits, i) => make(limits, i + 1));
      let file = fileOf(values);
      const digests: string[] = [];
      const fingerprints: string[] = [];
      for (const keyspace of keyspaces) {
        const loader = load(file, keyspace, step);
        assert.equal(loader.entries, values.length);
        digests.push(Buffer.from(datasetDigest(keyspace)).toString('hex'));
        fingerprints.push(fingerprint(keyspace));
        file = save(keyspace);
        const saved = new Map(collect(file).values.map((value) => [value.key, value]));
        assert.equal(saved.size, values.length);
        for (const value of values) {
          const found = saved.get(value.key)!;
          assert.deepEqual(contentOf(found), contentOf(value));
          assert.deepEqual(found.groups, value.groups);
          assert.deepEqual(found.meta, value.meta);
          assert.equal(found.expireAtMs, value.expireAtMs);
        }
      }
      assert.equal(new Set(digests).size, 1);
      assert.equal(new Set(fingerprints).size, 1);
      for (const keyspace of keyspaces) {
        for (const db of keyspace.dbs) keyspace.flush(db);
        assert.equal(keyspace.arena.usedBytes, 0);
      }
    }),
    { numRuns: 150 },
  );
});

test('a DUMP payload is the value as a file has it', () => {
  const encoder = new DumpEncoder();
  fc.assert(
    fc.property(aValue, (value) => {
      const keyspace = make();
      const key = { db: 1, key: 'key', expireAtMs: -1, lruIdleSeconds: -1, lfuFreq: -1 };
      load(fileOf([{ ...key, ...value, sizeHint: 0, ended: true }]), keyspace);
      const payload = dumpValue(keyspace, refOf(keyspace, 'key'), encoder);
      const sink = new CollectingSink();
      assert.equal(parsePayload(payload, 0, payload.length, sink, 1, bytes('key'), 0, 3, -1, 0, -1), 'ok');
      assert.deepEqual(sink.values, collect(save(keyspace)).values);
    }),
    { numRuns: 200 },
  );
});

function typed(type: number, value: string): Uint8Array {
  return bytes(`REDIS0011\xfe\x01${String.fromCharCode(type)}\x03key${value}\xff${'\x00'.repeat(8)}`);
}

test('loading chooses the encoding by the limits, as Redis does', () => {
  const strings = (...elements: string[]): string =>
    String.fromCharCode(elements.length) + elements.map(string).join('');
  const node = (...elements: string[]): string => `\x02${string(listpack(elements))}`;
  const cases: [type: number, value: string, limits: Partial<EncodingLimits>, encoding: number][] = [
    [2, strings('1', '2', '3'), {}, ENC_INTSET],
    [2, strings('1', '2', '3'), { setMaxIntsetEntries: 2 }, ENC_HASHTABLE],
    [2, strings('1', '2', 'x'), {}, ENC_LISTPACK],
    [2, strings('1', '2', 'x'), { setMaxListpackEntries: 2 }, ENC_HASHTABLE],
    [2, strings('x', '1', 'y'), {}, ENC_LISTPACK],
    [2, strings('x', '1', 'y'), { setMaxIntsetEntries: 2 }, ENC_HASHTABLE],
    [2, strings('x', '1', 'y'), { setMaxListpackEntries: 2 }, ENC_HASHTABLE],
    [2, strings('x', '1', 'yz'), { setMaxListpackValue: 1 }, ENC_HASHTABLE],
    [2, strings('xy', '1', 'z'), { setMaxListpackValue: 1 }, ENC_HASHTABLE],
    [2, strings(...['a', 'b', 'c'].map((c) => c.repeat(40_000))), { setMaxListpackValue: 1e6 }, ENC_LISTPACK],
    [2, strings('1', '2', 'xy'), { setMaxListpackValue: 1 }, ENC_HASHTABLE],
    [11, string(intset([1n, 2n], 2)), {}, ENC_INTSET],
    [11, string(intset([1n, 2n], 2)), { setMaxIntsetEntries: 1 }, ENC_HASHTABLE],
    [20, string(listpack(['a', 'b'])), {}, ENC_LISTPACK],
    [20, string(listpack(['a', 'b'])), { setMaxListpackEntries: 1 }, ENC_HASHTABLE],
    [4, '\x01\x01f\x01v', {}, ENC_LISTPACK],
    [4, '\x02\x01f\x01v\x01g\x01v', { hashMaxListpackEntries: 1 }, ENC_HASHTABLE],
    [4, '\x02\x01f\x01v\x01g\x02vv', { hashMaxListpackValue: 1 }, ENC_HASHTABLE],
    [16, string(listpack(['f', 'v'])), {}, ENC_LISTPACK],
    [16, string(listpack(['f', 'v', 'g', 'v'])), { hashMaxListpackEntries: 1 }, ENC_HASHTABLE],
    [13, string(ziplist(['f', 'v'])), {}, ENC_LISTPACK],
    [3, '\x02\x01a\x011\x01b\x012', {}, ENC_LISTPACK],
    [3, '\x02\x01a\x011\x01b\x012', { zsetMaxListpackEntries: 1 }, ENC_SKIPLIST],
    [3, '\x02\x01a\x011\x02bb\x012', { zsetMaxListpackValue: 1 }, ENC_SKIPLIST],
    [17, string(listpack(['a', '1'])), {}, ENC_LISTPACK],
    [17, string(listpack(['a', '1', 'b', '1'])), { zsetMaxListpackEntries: 1 }, ENC_SKIPLIST],
    [1, strings('a', 'b'), {}, ENC_LISTPACK],
    [1, strings('a', 'b', 'c'), { listMaxListpackSize: 2 }, ENC_QUICKLIST],
    [18, `\x01${node('a', 'b')}`, {}, ENC_LISTPACK],
    [18, `\x01${node('a', 'b', 'c')}`, { listMaxListpackSize: 2 }, ENC_QUICKLIST],
    [18, `\x02${node('a')}${node('b')}`, {}, ENC_QUICKLIST],
    [14, `\x01${string(ziplist(['a', 'b']))}`, {}, ENC_LISTPACK],
  ];
  for (const [type, value, limits, encoding] of cases) {
    const keyspace = make(limits);
    load(typed(type, value), keyspace);
    const why = `${type} ${JSON.stringify(value)} ${JSON.stringify(limits)}`;
    assert.equal(encodingOf(keyspace.arena, refOf(keyspace, 'key')), encoding, why);
  }
});

const pending = { id: '1-1', time: 5, count: 1 };
const consumer = (name: string, ...ids: string[]): object => ({ name, seen: 1, pending: ids });

function aStreamWith(groups: object[]): string {
  return stream(2, {
    nodes: [['1-1', streamNode(['f'], [{ ms: 0, seq: 0, values: ['v'] }])]],
    length: 1,
    lastId: '9-9',
    firstId: '1-1',
    maxDeletedId: '0-0',
    entriesAdded: 1,
    groups: groups as never,
  });
}

const group = (...[name, list, consumers]: [string, object[], object[]]): object => {
  return { name, lastId: '1-1', entriesRead: 1n, pending: list, consumers };
};

const BAD: [why: RegExp, type: number, value: string][] = [
  [/a member comes twice/, 2, '\x03\x01a\x01b\x01a'],
  [/a member comes twice/, 2, '\x02\x011\x011'],
  [/a member comes twice/, 2, `\x03\x01a\x40\x64${'b'.repeat(100)}\x01a`],
  [/a member comes twice/, 20, string(listpack(['a', 'b', 'a']))],
  [/a member comes twice/, 20, string(listpack([...Array(100).keys(), 'x', 99].map(String)))],
  [/a field comes twice/, 4, '\x02\x01a\x01b\x01a\x01c'],
  [/a field comes twice/, 16, string(listpack(['a', '1', 'b', '2', 'a', '3']))],
  [/a field comes twice/, 13, string(ziplist(['5', '1', '5', '2']))],
  [/a member comes twice/, 5, `\x02\x01a${'\x00'.repeat(8)}\x01a${'\x00'.repeat(6)}\xf0\x3f`],
  [/a member comes twice/, 17, string(listpack(['a', '1', 'b', '2', 'a', '3']))],
  [
    /a member comes twice/,
    17,
    string(
      listpack(
        [...Array(100).keys()]
          .flatMap((i) => [i, i])
          .concat([7, 100])
          .map(String),
      ),
    ),
  ],
  [/two groups of one name/, 19, aStreamWith([group('g', [], []), group('g', [], [])])],
  [/two consumers of one name/, 19, aStreamWith([group('g', [], [consumer('c'), consumer('c')])])],
  [/pending twice/, 19, aStreamWith([group('g', [pending, pending], [consumer('c', '1-1')])])],
  [/its group does not have/, 19, aStreamWith([group('g', [], [consumer('c', '1-1')])])],
  [/pending at two consumers/, 19, aStreamWith([group('g', [pending], [consumer('c', '1-1'), consumer('d', '1-1')])])],
  [/has no consumer/, 19, aStreamWith([group('g', [pending], [consumer('c')])])],
];

test('what only who builds a value can see is refused with what is wrong and the key', () => {
  for (const [why, type, value] of BAD) {
    for (const limits of [{}, LARGE]) {
      const keyspace = make(limits);
      assert.throws(
        () => load(typed(type, value), keyspace),
        (error) =>
          error instanceof RdbError &&
          error.code === 'bad-value' &&
          why.test(error.message) &&
          /key "key"/.test(error.message),
        `${type} ${JSON.stringify(value)}`,
      );
      keyspace.flushAll();
      assert.equal(keyspace.arena.usedBytes, 0);
    }
  }
});

test('an arena that is full ends the loading, wherever it is, with an ArenaFullError', () => {
  const values = fc.sample(aValue, { seed: 7, numRuns: 300 });
  const key = (i: number): object => ({ db: 1, key: `k${i}`, expireAtMs: NOW, lruIdleSeconds: -1, lfuFreq: -1 });
  const file = fileOf(values.map((value, i) => ({ ...key(i), ...value, sizeHint: 0, ended: true }) as CollectedValue));
  const room = make();
  load(file, room);
  const { usedBytes } = room.arena;
  let full = 0;
  for (let part = 1; part < 20; part++) {
    const keyspace = make({}, 1, Math.floor((usedBytes * part) / 20));
    try {
      load(file, keyspace);
    } catch (error) {
      assert.ok(error instanceof ArenaFullError, String(error));
      keyspace.arena.verify();
      full++;
    }
  }
  assert.ok(full > 10, `${full} of ${usedBytes} bytes`);
});

test('values whose time has come are left out when that is wanted, whatever their type', () => {
  const values = [NOW - 1, NOW, NOW + 1, -1].flatMap((expireAtMs) =>
    fc.sample(aValue, { seed: 3, numRuns: 30 }).map((value, i) => {
      const key = { db: 1, key: `${expireAtMs} ${i}`, expireAtMs, lruIdleSeconds: -1, lfuFreq: -1 };
      return { ...key, ...value, sizeHint: 0, ended: true };
    }),
  );
  const keyspace = make();
  const loader = load(fileOf(values), keyspace, 1000, true);
  assert.deepEqual([loader.entries, loader.expired, keyspace.size], [60, 60, 60]);
});

test('idle times and frequencies of all types survive', () => {
  for (const lfu of [false, true]) {
    const keyspace = make();
    const again = make();
    keyspace.recency.lfu = again.recency.lfu = lfu;
    const values = fc.sample(aValue, { seed: 3, numRuns: 20 }).map((value, i) => {
      const key = {
        db: 1,
        key: `${i}`,
        expireAtMs: -1,
        lruIdleSeconds: lfu ? -1 : 100 * i,
        lfuFreq: lfu ? 10 + i : -1,
      };
      return { ...key, ...value, sizeHint: 0, ended: true };
    });
    load(fileOf(values), keyspace);
    load(save(keyspace), again);
    for (const told of collect(save(again)).values) {
      const i = Number(told.key);
      assert.deepEqual([told.lruIdleSeconds, told.lfuFreq], lfu ? [-1, 10 + i] : [100 * i, -1]);
    }
  }
});

test('a large value is written in steps, and little is written between two of them', () => {
  const many = Array.from({ length: 25_000 }, (_, i) => `element ${i} ${'x'.repeat(50)}`);
  const key = { db: 1, expireAtMs: -1, lruIdleSeconds: -1, lfuFreq: -1, sizeHint: 0, ended: true };
  const nodes = Array.from({ length: 5_000 }, (_, i): CollectedPart => {
    return { kind: 'node', id: `${i + 1}-0`, bytes: streamNode(['f'], [{ ms: 0, seq: 0, values: ['x'.repeat(300)] }]) };
  });
  const meta = { ...fc.sample(aStream, 1)[0].meta!, length: nodes.length, firstMsLo: 1, firstSeqLo: 0 };
  const values: CollectedValue[] = [
    { ...key, key: 'list', ...content(TYPE_LIST, many.map(element)) },
    { ...key, key: 'set', ...content(TYPE_SET, many.map(element)) },
    {
      ...key,
      key: 'hash',
      ...content(
        TYPE_HASH,
        many.map((field, i) => ({ kind: 'pair', field, value: `${i}` })),
      ),
    },
    {
      ...key,
      key: 'zset',
      ...content(
        TYPE_ZSET,
        many.map((value, i) => ({ kind: 'member', value, score: i })),
      ),
    },
    { ...key, key: 'stream', object: TYPE_STREAM, parts: nodes, meta, groups: [] },
  ];
  const file = fileOf(values);
  const keyspace = make({}, 1, 256 * 1024 * 1024);
  load(file, keyspace);
  const { written, largest, steps } = savedInSteps(keyspace);
  assert.ok(written > 6_000_000 && steps >= 6, `${written} bytes in ${steps} steps`);
  // The end of one value and a step of the next.
  assert.ok(largest < 2_300_000, `${largest}`);
});

test('groups of a stream are written in steps: a step ends anywhere, and what was written is the same', () => {
  const { keyspace, ref } = streamWithGroups(3, 40, 5);
  const whole = dumpValue(keyspace, ref, new DumpEncoder());
  for (const bytes of [1, 17, 100, 1000, 100_000]) {
    const encoder = new DumpEncoder();
    const values = new ValueWriter();
    values.begin(keyspace.space, ref, encoder.begin(rdbType(keyspace.space, ref)));
    let steps = 1;
    while (!values.more(bytes)) steps++;
    assert.deepEqual(encoder.finish(), whole, `in steps of ${bytes}`);
    assert.ok(bytes > 10_000 ? steps === 1 : steps >= Math.min(150, 4_000 / bytes), `${steps} steps of ${bytes}`);
  }
});

test('a stream with very many pending entries is written in steps, and little is written between two of them', () => {
  const { keyspace } = streamWithGroups(2, 60_000, 3);
  const { written, largest, steps } = savedInSteps(keyspace);
  assert.ok(written > 4_500_000 && steps >= 4, `${written} bytes in ${steps} steps`);
  assert.ok(largest < 1_300_000, `${largest}`);
});

/** Saves all of it: bytes altogether, the most between two steps, and steps. */
function savedInSteps(keyspace: Keyspace): { written: number; largest: number; steps: number } {
  let written = 0;
  let sinceYield = 0;
  let largest = 0;
  let steps = 0;
  const writer = new RdbWriter({
    compress: false,
    flush: (chunk) => {
      written += chunk.length;
      sinceYield += chunk.length;
    },
  });
  writer.header();
  for (const _ of saveKeyspace(keyspace, writer, NOW)) {
    largest = Math.max(largest, sinceYield);
    sinceYield = 0;
    steps++;
  }
  writer.end();
  return { written, largest, steps };
}

/** A stream with an entry, and groups with that many pending entries each, in turn of one of the consumers. */
function streamWithGroups(groups: number, pending: number, consumers: number): { keyspace: Keyspace; ref: Ref } {
  const keyspace = make({}, 1, 256 * 1024 * 1024);
  const meta = { ...fc.sample(aStream, { seed: 1, numRuns: 1 })[0].meta!, length: 1, firstMsLo: 1, firstSeqLo: 0 };
  const node: CollectedPart = {
    kind: 'node',
    id: '1-0',
    bytes: streamNode(['f'], [{ ms: 0, seq: 0, values: ['v'] }]),
  };
  const key = { db: 1, key: 'stream', expireAtMs: -1, lruIdleSeconds: -1, lfuFreq: -1, sizeHint: 0, ended: true };
  const made = Array.from({ length: groups }, (_, n): CollectedGroup => {
    const ids = Array.from({ length: pending }, (_, i) => `${i + 1}-${n}`);
    return {
      name: `group ${n}`,
      lastId: '77-8',
      entriesRead: 5n,
      pending: ids.map((id, i) => ({ id, deliveryTimeMs: NOW - i, deliveryCount: BigInt(i) })),
      consumers: Array.from({ length: consumers }, (_, c) => ({
        name: `consumer ${c}`,
        seenTimeMs: NOW,
        activeTimeMs: NOW,
        pending: ids.filter((_, i) => i % consumers === c),
      })),
    };
  });
  load(fileOf([{ ...key, object: TYPE_STREAM, parts: [node], meta, groups: made }]), keyspace);
  let ref: Ref = 0;
  for (const db of keyspace.dbs) db.keys.forEach((entry) => (ref = entry));
  return { keyspace, ref };
}

test('a listpack of a value is Redis’s own, to the byte', () => {
  const flat = ['f', 'v', '1', '-70000', 'x'.repeat(64), '9223372036854775807'];
  const keyspace = make();
  load(typed(4, `\x03${flat.map(string).join('')}`), keyspace);
  const told = collect(save(keyspace)).values[0];
  assert.deepEqual(told.parts, [packed(flat)]);
});
