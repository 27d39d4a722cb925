// Values of all types against real servers: Redis 7.0, which reads all forms that are older than it, and Valkey 8.0 for the two that
// Redis 7.2 has added.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { DumpEncoder, parsePayload, verifyPayload } from './dump.ts';
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
import type { Stream, StreamEntry } from './old-formats.testing.ts';
import { RdbReader } from './reader.ts';
import { collectedStream, findValkeyServer, realContent, realStream, startRedis } from './real-redis.testing.ts';
import type { RealRedis } from './real-redis.testing.ts';
import {
  bytes,
  CollectingSink,
  contentOf,
  CopyingSink,
  latin1,
  putParts,
  putValue,
  writeFile,
  writtenType,
} from './testing.ts';
import type { CollectedValue } from './testing.ts';
import { RdbWriter } from './writer.ts';

async function withServer(
  options: string[],
  prepare: (dir: string) => void,
  use: (redis: RealRedis) => Promise<void>,
  program?: string,
): Promise<void> {
  const redis = await startRedis(options, prepare, program);
  try {
    await use(redis);
  } finally {
    await redis.stop();
  }
}

const nothing = (): void => {};
const DEBUG = ['--enable-debug-command', 'yes'];
/** So that everything is encoded as large collections are. */
const ALL_LARGE = [
  ...['--hash-max-listpack-entries', '0', '--zset-max-listpack-entries', '0', '--set-max-intset-entries', '0'],
  ...['--list-max-listpack-size', '2', '--stream-node-max-entries', '3'],
];
const ALL_SMALL = ['--hash-max-listpack-value', '100000', '--zset-max-listpack-value', '100000'];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.integer({ min: -70000, max: 70000 }).map(String) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((data) => latin1(data)) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 126, 127, 128, 300, 5000, 17000).map((n) => 'xyz'.repeat(n / 3)) },
);
const texts = fc.array(text, { minLength: 1, maxLength: 30 });
const distinct = fc.uniqueArray(text, { minLength: 1, maxLength: 30 });
const score = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(Infinity, -Infinity, -0, 0.1, 1e17, 2 ** 52, -(2 ** 53)),
);

function parse(payload: Uint8Array): CollectedValue | undefined {
  const sink = new CollectingSink();
  if (verifyPayload(payload, 0, payload.length) !== 'ok') return undefined;
  const result = parsePayload(payload, 0, payload.length, sink, 0, bytes('key'), 0, 3, -1, -1, -1);
  return result === 'ok' ? sink.values[0] : undefined;
}

async function dump(client: Redis, key: string): Promise<Uint8Array> {
  return new Uint8Array((await client.dumpBuffer(key))!);
}

async function restore(client: Redis, key: string, payload: Uint8Array): Promise<string> {
  return (await client
    .call('RESTORE', key, 0, Buffer.from(payload), 'REPLACE')
    .catch((error: Error) => error.message)) as string;
}

function copied(file: Uint8Array): Uint8Array {
  const parts: Buffer[] = [];
  const writer = new RdbWriter({ flush: (chunk) => parts.push(Buffer.from(chunk)) });
  const reader = new RdbReader(new CopyingSink(writer));
  reader.push(file);
  reader.end();
  return new Uint8Array(Buffer.concat(parts));
}

async function fill(client: Redis, seed: number): Promise<void> {
  const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] => fc.sample(arbitrary, { seed, numRuns });
  const commands = client.pipeline();
  const buffers = (list: string[]): Buffer[] => list.map((item) => Buffer.from(item, 'latin1'));
  sample(texts, 25).forEach((list, i) => {
    commands.rpush(`list:${i}`, ...buffers(list));
    commands.xadd(`stream:${i % 5}`, '*', ...buffers(list.flatMap((item) => [item, item])));
  });
  sample(distinct, 25).forEach((set, i) => {
    commands.sadd(`set:${i}`, ...buffers(set));
    commands.hset(`hash:${i}`, ...buffers(set.flatMap((item, j) => [item, set[set.length - 1 - j]])));
    commands.zadd(
      `zset:${i}`,
      ...set.flatMap((item, j) => [zaddScore(sample(score, 100)[j]), Buffer.from(item, 'latin1')]),
    );
  });
  sample(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 700 }), 5).forEach((set, i) =>
    commands.sadd(`ints:${i}`, ...set),
  );
  for (let i = 0; i < 5; i++) {
    const key = `stream:${i}`;
    commands.xtrim(key, 'MAXLEN', 4);
    commands.xgroup('CREATE', key, 'g', '0');
    if (i > 1) commands.xreadgroup('GROUP', 'g', 'c1', 'COUNT', 2, 'STREAMS', key, '>');
    if (i > 2) commands.xreadgroup('GROUP', 'g', 'c2', 'COUNT', 1, 'STREAMS', key, '>');
    commands.expire(key, 100000);
  }
  await commands.exec();
}

const zaddScore = (value: number): string => String(value).replace('Infinity', 'inf');

async function checkAgainst(client: Redis, sink: CollectingSink): Promise<void> {
  assert.equal(sink.values.length, await client.dbsize());
  for (const value of sink.values) {
    const key = Buffer.from(value.key, 'latin1');
    assert.deepEqual(contentOf(value), await realContent(client, key), value.key);
    assert.equal(value.expireAtMs, await client.call('PEXPIRETIME', key));
    if (value.object === 6) assert.deepEqual(collectedStream(value), await realStream(client, key), value.key);
  }
}

for (const [what, options] of [
  ['default thresholds', []],
  ['everything large', ALL_LARGE],
  ['everything small', ALL_SMALL],
] as const) {
  test(`what a real redis-server saves with ${what} is read as it answers, and written again to the byte`, async () => {
    await withServer([...options, ...DEBUG], nothing, async ({ client, dir }) => {
      const seed = process.env['CI'] === undefined ? Date.now() % 1_000_000 : 1;
      await fill(client, seed);
      await client.save();
      const file = new Uint8Array(readFileSync(join(dir, 'dump.rdb')));
      const sink = new CollectingSink();
      const reader = new RdbReader(sink);
      for (let at = 0; at < file.length; at += 1000) reader.push(file.slice(at, at + 1000));
      reader.end();
      try {
        await checkAgainst(client, sink);
        assert.deepEqual(copied(file), file);
        const encoder = new DumpEncoder();
        for (const value of sink.values) {
          putParts(encoder.begin(writtenType(value)), value);
          assert.deepEqual(encoder.finish(), await dump(client, value.key), `DUMP ${value.key}`);
        }
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    });
  });
}

test('what Valkey 8 saves, with small sets and times of consumers that Redis 7.0 does not know, is read as it answers', async () => {
  const large = [...ALL_LARGE, '--set-max-listpack-entries', '0'];
  for (const options of [[], ['--set-max-listpack-value', '100000'], large]) {
    const use = async ({ client, dir }: RealRedis): Promise<void> => {
      await fill(client, 7);
      await client.save();
      const sink = new CollectingSink();
      const reader = new RdbReader(sink);
      reader.push(readFileSync(join(dir, 'dump.rdb')));
      reader.end();
      assert.equal(sink.version, 11);
      await checkAgainst(client, sink);
      const kinds = new Set(sink.values.map(({ object, parts }) => `${object} ${parts[0].kind}`));
      assert.equal(kinds.has('2 listpack'), options !== large);
      assert.ok(
        sink.values.some(({ groups }) => groups.some((group) => group.consumers.some((c) => c.activeTimeMs > 0))),
      );
    };
    await withServer(options, nothing, use, findValkeyServer());
  }
});

/** Values as our writer is given them, beside what they hold. */
function ownValues(): CollectedValue[] {
  const base = {
    db: 0,
    sizeHint: 0,
    expireAtMs: -1,
    lruIdleSeconds: -1,
    lfuFreq: -1,
    meta: undefined,
    groups: [],
    ended: true,
  };
  const part = (elements: string[]): CollectedValue['parts'][number] => {
    return { kind: 'listpack', bytes: listpack(elements), count: elements.length };
  };
  const element = (value: string): CollectedValue['parts'][number] => ({ kind: 'element', value });
  const many = Array.from({ length: 2000 }, (_, i) => `element ${i}`);
  const node = streamNode(
    ['f', 'g'],
    [
      { ms: 0, seq: 0, values: ['1', 'one'] },
      { ms: 0, seq: 7, values: ['2', 'two'], deleted: true },
      { ms: 9, seq: -3, fields: ['f'], values: ['three'] },
    ],
  );
  const id = (ms: number, seq: number): object => ({ MsHi: 0, MsLo: ms, SeqHi: 0, SeqLo: seq });
  const named = (name: string, parts: object): object =>
    Object.fromEntries(Object.entries(parts).map(([key, half]) => [name + key, half as number]));
  const meta = {
    length: 2,
    entriesAddedHi: 0,
    entriesAddedLo: 3,
    ...named('last', id(20, 0)),
    ...named('first', id(5, 5)),
    ...named('maxDeleted', id(5, 12)),
  };
  return [
    {
      ...base,
      key: 'list',
      object: 1,
      parts: [part(['a', '1', '']), element('b'.repeat(70000)), part(['c'])],
      expireAtMs: 4102444800123,
    },
    { ...base, key: 'list:long', object: 1, parts: many.map((name) => part([name, '7'])) },
    { ...base, key: 'set', object: 2, parts: many.map(element) },
    { ...base, key: 'intset', object: 2, parts: [{ kind: 'intset', bytes: intset([-5n, 0n, 2n ** 50n], 8) }] },
    { ...base, key: 'hash', object: 4, parts: [part(['f', 'v', '1', '-70000'])] },
    { ...base, key: 'hash:large', object: 4, parts: many.map((value, i) => ({ kind: 'pair', field: `${i}`, value })) },
    { ...base, key: 'zset', object: 3, parts: [part(['a', '-inf', 'b', '1', 'c', '1', 'd', '2.5'])] },
    {
      ...base,
      key: 'zset:large',
      object: 3,
      parts: many.map((value, i) => ({ kind: 'member', value, score: 2000.25 - i })),
    },
    {
      ...base,
      key: 'stream',
      object: 6,
      parts: [{ kind: 'node', id: '5-5', bytes: node }],
      meta: meta as NonNullable<CollectedValue['meta']>,
      groups: [
        {
          name: 'g',
          lastId: '5-5',
          entriesRead: 1n,
          pending: [{ id: '5-5', deliveryTimeMs: 1700000000000, deliveryCount: 3n }],
          consumers: [{ name: 'c', seenTimeMs: 1700000000001, activeTimeMs: 1700000000001, pending: ['5-5'] }],
        },
        { name: 'unknown', lastId: '18446744073709551615-3', entriesRead: -1n, pending: [], consumers: [] },
      ],
    },
  ];
}

test('redis-check-rdb and a real redis-server load the file that we write, and hold what we wrote', async () => {
  const values = ownValues();
  for (const options of [{}, { compress: false, checksum: false, chunkBytes: 64 }]) {
    const file = writeFile((writer) => {
      writer.selectDb(0);
      writer.resizeDb(values.length, 1);
      for (const value of values) putValue(writer, value);
    }, options);
    const put = (dir: string): void => {
      writeFileSync(join(dir, 'dump.rdb'), file);
      assert.match(execFileSync('redis-check-rdb', [join(dir, 'dump.rdb')], { encoding: 'utf8' }), /RDB looks OK!/);
    };
    await withServer(['--sanitize-dump-payload', 'yes', ...DEBUG], put, async ({ client }) => {
      const sink = new CollectingSink();
      sink.values.push(...values);
      await checkAgainst(client, sink);
      const digest = await client.call('DEBUG', 'DIGEST');
      await client.call('DEBUG', 'RELOAD');
      assert.equal(await client.call('DEBUG', 'DIGEST'), digest);
    });
  }
});

const scored = fc.uniqueArray(fc.tuple(text, score), { minLength: 1, maxLength: 20, selector: ([member]) => member });

/** As listpacks and ziplists hold them: ascending, by bytes where scores are equal. */
function inOrder(pairs: [string, number][]): string[] {
  return pairs
    .toSorted(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x - y))
    .flatMap(([member, value]) => [member, zaddScore(value)]);
}

const entry = fc.record({
  seq: fc.nat(100),
  fields: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
  value: text,
  deleted: fc.boolean(),
});
const oldStream = fc
  .record({
    master: fc.array(text, { maxLength: 3 }),
    entries: fc.array(entry, { minLength: 1, maxLength: 8 }),
    groups: fc.constantFrom('0-0', '1000-0', '1003-5', '5000-0'),
  })
  .map(({ master, entries, groups: lastId }): Stream => {
    const node: StreamEntry[] = entries.map(({ seq, fields, value, deleted }, i) => {
      const names = fields ?? master;
      const base = { ms: i, seq, values: names.map(() => value), deleted: deleted && i > 0 };
      return fields === undefined ? base : { ...base, fields };
    });
    const live = node.filter((item) => item.deleted !== true);
    const firstLive = `${1000 + live[0].ms}-${live[0].seq}`;
    return {
      nodes: [['1000-0', streamNode(master, node)]],
      length: live.length,
      lastId: '5000-0',
      groups: [
        { name: 'g', lastId, pending: [], consumers: [] },
        {
          name: 'h',
          lastId: firstLive,
          pending: [{ id: firstLive, time: 1000, count: 1 }],
          consumers: [{ name: 'c', seen: 5, pending: [firstLive] }],
        },
      ],
    };
  });

const flatten = (pairs: [string, string][]): string[] => pairs.flat();
const pairs = fc
  .uniqueArray(fc.tuple(text, text), { minLength: 1, maxLength: 15, selector: ([field]) => field })
  .map(flatten);

/** A type and a value in one of the forms that Redis no longer writes. */
const old = fc.oneof(
  texts.map((all): [number, string] => [1, length(all.length) + all.map(string).join('')]),
  texts.map((all): [number, string] => [10, string(ziplist(all))]),
  fc.array(texts, { minLength: 1, maxLength: 4 }).map((nodes): [number, string] => {
    return [14, length(nodes.length) + nodes.map((node) => string(ziplist(node, node.length % 2 === 0))).join('')];
  }),
  distinct.map((all): [number, string] => [2, length(all.length) + all.map(string).join('')]),
  scored.map((all): [number, string] => [
    3,
    length(all.length) + all.map(([member, value]) => string(member) + textDouble(value)).join(''),
  ]),
  scored.map((all): [number, string] => [
    5,
    length(all.length) + all.map(([member, value]) => string(member) + binaryDouble(value)).join(''),
  ]),
  pairs.map((all): [number, string] => [4, length(all.length / 2) + all.map(string).join('')]),
  fc.tuple(pairs, fc.nat(3)).map(([all, unused]): [number, string] => [9, string(zipmap(all, unused))]),
  pairs.map((all): [number, string] => [13, string(ziplist(all))]),
  scored.map((all): [number, string] => [12, string(ziplist(inOrder(all)))]),
  oldStream.map((value): [number, string] => [15, stream(1, value)]),
);

test('the forms that Redis no longer writes are read as Redis reads them', async () => {
  await withServer(ALL_SMALL, nothing, async ({ client }) => {
    await fc.assert(
      fc.asyncProperty(old, async ([type, value]) => {
        const payload = signed(String.fromCharCode(type) + value, 6);
        const ours = parse(payload)!;
        assert.equal(await restore(client, 'k', payload), 'OK');
        assert.deepEqual(contentOf(ours), await realContent(client, Buffer.from('k')));
        const theirs = parse(await dump(client, 'k'))!;
        assert.equal(theirs.object, ours.object);
        // What Redis makes a listpack of when it loads it, we do, with the same bytes.
        if (type === 9 || type >= 12) assert.deepEqual(ours.parts, theirs.parts);
        if (type === 15) {
          const { firstId, ...counters } = collectedStream(ours);
          const { firstId: _, ...real } = await realStream(client, Buffer.from('k'));
          assert.deepEqual(counters, real);
          assert.equal(firstId, collectedStream(theirs).firstId);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

const changes = fc.array(
  fc.record({ at: fc.nat(100_000), byte: fc.nat(255), kind: fc.constantFrom('set', 'add', 'cut') }),
  { minLength: 1, maxLength: 2 },
);
const current = fc.oneof(
  old,
  pairs.map((all): [number, string] => [16, string(listpack(all))]),
  scored.map((all): [number, string] => [17, string(listpack(inOrder(all)))]),
  fc.array(texts, { minLength: 1, maxLength: 3 }).map((nodes): [number, string] => {
    return [18, length(nodes.length) + nodes.map((node) => `\x02${string(listpack(node))}`).join('')];
  }),
  fc
    .uniqueArray(fc.bigInt({ min: -(2n ** 15n), max: 2n ** 15n - 1n }), { minLength: 1, maxLength: 20 })
    .map((all): [number, string] => [
      11,
      string(
        intset(
          all.toSorted((a, b) => (a < b ? -1 : 1)),
          2,
        ),
      ),
    ]),
);

/** What only who builds the value can see: equal members or fields, and owners of pending entries. */
function isConsistent(value: CollectedValue): boolean {
  const content = contentOf(value) as string[][];
  if (value.object === 6) {
    return value.groups.every(({ pending, consumers }) => {
      const owned = consumers.flatMap((consumer) => consumer.pending);
      const ids = pending.map(({ id }) => id);
      return [...new Set(owned)].sort().join() === [...ids].sort().join() && owned.length === ids.length;
    });
  }
  if (value.object === 1) return true;
  const keys = value.object === 2 ? content.map(String) : content.map(([key]) => key);
  return new Set(keys).size === keys.length;
}

const recent = fc.oneof(
  distinct.map((all): [number, string] => [20, string(listpack(all))]),
  oldStream.map((value): [number, string] => {
    const groups = value.groups.map((group) => {
      return { ...group, entriesRead: 1n, consumers: group.consumers.map((consumer) => ({ ...consumer, active: 4 })) };
    });
    return [21, stream(3, { ...value, firstId: '0-0', maxDeletedId: '0-0', entriesAdded: value.length, groups })];
  }),
);

for (const [name, values] of [
  ['redis-server', current],
  ['valkey-server', recent],
] as const) {
  test(`no damaged value is accepted that a real ${name} refuses`, async () => {
    const program = name === 'redis-server' ? name : findValkeyServer();
    const options = ['--sanitize-dump-payload', 'yes', ...ALL_SMALL];
    await withServer(options, nothing, async ({ client }) => await acceptNoMore(client, values), program);
  });
}

async function acceptNoMore(client: Redis, values: fc.Arbitrary<[number, string]>): Promise<void> {
  let accepted = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(values, changes, async ([type, value], list) => {
      let body = value;
      for (const { at, byte, kind } of list) {
        const pos = at % body.length;
        const cut = kind === 'add' ? 0 : 1;
        body = body.slice(0, pos) + (kind === 'cut' ? '' : String.fromCharCode(byte)) + body.slice(pos + cut);
      }
      const payload = signed(String.fromCharCode(type) + body);
      const ours = parse(payload);
      if (ours === undefined) {
        refused++;
        return;
      }
      if (!isConsistent(ours)) return;
      accepted++;
      assert.equal(await restore(client, 'k', payload), 'OK');
      assert.deepEqual(contentOf(ours), await realContent(client, Buffer.from('k')));
    }),
    { numRuns: 4000 },
  );
  assert.ok(accepted > 500 && refused > 500, `${accepted} accepted, ${refused} refused`);
}
