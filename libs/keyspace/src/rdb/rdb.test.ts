import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '@weir/memory';
import { RdbReader, RdbWriter } from '@weir/rdb';
import fc from 'fast-check';
import { ENC_EMBSTR, ENC_INT, ENC_RAW, encodingOf, lruOf, setLru } from '../entry.ts';
import { Fingerprint, fingerprint, fingerprintSteps } from '../fingerprint.ts';
import { Keyspace } from '../keyspace.ts';
import { KeyspaceLoader } from './keyspace-loader.ts';
import { saveKeyspace } from './save.ts';
import { verifyKeyspace } from '../testing.ts';

const NOW = 1_700_000_000_000;

interface Item {
  db: number;
  key: string;
  value: string;
  expireMs: number;
}

function make(seed = 1): Keyspace {
  return new Keyspace({
    databases: 4,
    arena: new Arena({ reserveBytes: 256 * 1024 * 1024, debug: true }),
    seed: { k0: seed * 77, k1: seed * 99 },
    randomSeed: seed,
  });
}

function put(keyspace: Keyspace, { db, key, value, expireMs }: Item): void {
  const keyBytes = Buffer.from(key, 'latin1');
  const valueBytes = Buffer.from(value, 'latin1');
  const database = keyspace.dbs[db];
  const hash = keyspace.hash(keyBytes, 0, keyBytes.length);
  const old = database.keys.find(hash, keyBytes, 0, keyBytes.length);
  const { length } = valueBytes;
  let ref = keyspace.setString(
    keyspace.key(database, hash, keyBytes, 0, key.length),
    old,
    valueBytes,
    0,
    length,
    ENC_RAW,
    false,
    NOW,
  );
  if (expireMs >= 0) ref = keyspace.setExpire(database, hash, ref, expireMs);
}

function filled(items: readonly Item[], seed = 1): Keyspace {
  const keyspace = make(seed);
  for (const item of items) put(keyspace, item);
  return keyspace;
}

function save(keyspace: Keyspace, more: (writer: RdbWriter) => void = () => {}): Buffer {
  const chunks: Buffer[] = [];
  const writer = new RdbWriter({ flush: (chunk) => chunks.push(Buffer.from(chunk)) });
  writer.header();
  for (const _ of saveKeyspace(keyspace, writer, NOW));
  more(writer);
  writer.end();
  return Buffer.concat(chunks);
}

function load(file: Buffer, keyspace: Keyspace, dropExpired = false, nowMs = NOW): KeyspaceLoader {
  const loader = new KeyspaceLoader(keyspace, { nowMs, ...(dropExpired ? { expiredAtMs: nowMs } : {}) });
  const reader = new RdbReader(loader);
  reader.push(file);
  reader.end();
  return loader;
}

const item: fc.Arbitrary<Item> = fc.record({
  db: fc.nat(3),
  key: fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  value: fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 100 }),
    fc.integer().map(String),
    fc.nat(4000).map((len) => 'pattern'.repeat(len / 7)),
  ),
  expireMs: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 * NOW })),
});

test('what is saved and loaded has the same fingerprint, in a keyspace with another hash seed', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 100 }), (items) => {
      const from = filled(items);
      const to = make(2);
      const loader = load(save(from), to);
      assert.equal(loader.entries, from.size);
      assert.equal(fingerprint(to), fingerprint(from));
      verifyKeyspace(to);
      to.flushAll();
      assert.equal(to.arena.usedBytes, 0);
    }),
    { numRuns: 60 },
  );
});

test('strings are saved in steps by their bytes, a very long one in parts, and their fingerprint is taken in steps', () => {
  const key = { db: 0, expireMs: -1 };
  const long = { ...key, key: 'long', value: 'long string '.repeat(1_500_000), expireMs: NOW + 5 };
  const items = Array.from({ length: 30 }, (_, i) => ({ ...key, key: `${i}`, value: `${i} `.repeat(100_000) }));
  const from = filled([long, ...items]);
  const whole = save(from);
  for (const compress of [true, false]) {
    const chunks: Buffer[] = [];
    let sinceYield = 0;
    let largest = 0;
    const flush = (chunk: Uint8Array): void => {
      chunks.push(Buffer.from(chunk));
      sinceYield += chunk.length;
    };
    const writer = new RdbWriter({ compress, flush });
    writer.header();
    for (const _ of saveKeyspace(from, writer, NOW)) {
      largest = Math.max(largest, sinceYield);
      sinceYield = 0;
    }
    writer.end();
    // The end of one step and a whole one.
    assert.ok(largest < 2_300_000, `${largest}`);
    const file = Buffer.concat(chunks);
    if (compress) assert.deepEqual(file, whole);
    else assert.ok(file.length > 25_000_000);
    const to = make(2);
    load(file, to);
    assert.equal(fingerprint(to), fingerprint(from));
  }
  let steps = 0;
  const walk = fingerprintSteps(from);
  let step = walk.next();
  for (; step.done !== true; step = walk.next()) steps++;
  // 18 MB of the long one, by half a megabyte.
  assert.ok(steps >= 34, `${steps}`);
  const sum = new Fingerprint(from);
  for (const db of from.dbs) db.keys.forEach((ref) => sum.add(db.index, ref));
  assert.equal(step.value, sum.toString());
});

test('loading chooses the encodings that SET chooses', () => {
  const to = make();
  const items = ['12', '-9223372036854775808', '012', 'x'.repeat(44), 'x'.repeat(45)].map((value, i) => ({
    db: 0,
    key: `k${i}`,
    value,
    expireMs: -1,
  }));
  load(save(filled(items)), to);
  const encodings = items.map(({ key }) => {
    const bytes = Buffer.from(key);
    return encodingOf(to.arena, to.dbs[0].keys.find(to.hash(bytes, 0, bytes.length), bytes, 0, bytes.length));
  });
  assert.deepEqual(encodings, [ENC_INT, ENC_INT, ENC_EMBSTR, ENC_EMBSTR, ENC_RAW]);
});

test('a snapshot keeps expired keys; a foreign dump loses them where that is asked for', () => {
  const items = [
    { db: 0, key: 'gone', value: 'v', expireMs: NOW },
    { db: 0, key: 'soon', value: 'v', expireMs: NOW + 1 },
    { db: 1, key: 'never', value: 'v', expireMs: -1 },
  ];
  const file = save(filled(items));
  const kept = make();
  assert.equal(load(file, kept).entries, 3);
  const dropped = make();
  const loader = load(file, dropped, true);
  assert.equal(loader.entries, 2);
  assert.equal(loader.expired, 1);
  assert.equal(fingerprint(dropped), fingerprint(filled(items.slice(1))));
});

test('the fingerprint of what is loaded is also that of the entries one by one, those left out not among them', () => {
  const long = { db: 2, key: 'long', value: 'long string '.repeat(100_000), expireMs: NOW + 5 };
  fc.assert(
    fc.property(
      fc.uniqueArray(item, { maxLength: 50, selector: (i) => `${i.db} ${i.key}` }),
      fc.integer({ min: 1, max: 3000 }),
      (items, step) => {
        const file = save(filled([...items, long]));
        const to = make(2);
        const sum = new Fingerprint(to);
        const loader = new KeyspaceLoader(to, { nowMs: NOW, expiredAtMs: NOW, sum });
        const reader = new RdbReader(loader);
        let steps = 0;
        // One buffer for all: what was told ahead of one piece must not be taken for what stands there in the next.
        const piece = new Uint8Array(step);
        for (let at = 0; at < file.length; at += step) {
          piece.set(file.subarray(at, at + step));
          reader.push(at + step <= file.length ? piece : piece.subarray(0, file.length - at));
          for (const _ of loader.sumLong()) steps++;
        }
        reader.end();
        verifyKeyspace(to);
        assert.equal(sum.toString(), fingerprint(to));
        assert.equal(
          sum.toString(),
          fingerprint(filled([...items, long].filter(({ expireMs }) => expireMs < 0 || expireMs > NOW))),
        );
        assert.equal(steps, 2, 'half a megabyte at a time');
      },
    ),
    { numRuns: 40 },
  );
});

test('the fingerprint of a data set never changes: snapshots of earlier versions are proven by it', () => {
  const items: Item[] = [
    { db: 0, key: 'key', value: 'value', expireMs: -1 },
    { db: 1, key: '', value: '', expireMs: NOW },
    { db: 3, key: 'a longer key', value: 'x'.repeat(5000), expireMs: 2 ** 40 + 1 },
  ];
  assert.equal(fingerprint(filled(items)), 'f47bdc1a1513a61d6fa3a602c3b1b4e7');
});

test('idle time and LFU counters survive, each under its own policy', () => {
  for (const lfu of [false, true]) {
    const from = filled([{ db: 0, key: 'k', value: 'v', expireMs: -1 }]);
    from.recency.lfu = lfu;
    from.dbs[0].keys.forEach((ref) => {
      setLru(from.arena, ref, lfu ? from.recency.fromFrequency(77, NOW) : from.recency.fromIdle(1234, NOW));
    });
    const to = make();
    to.recency.lfu = lfu;
    load(save(from), to);
    to.dbs[0].keys.forEach((ref) => {
      const field = lruOf(to.arena, ref);
      assert.equal(lfu ? to.recency.lfuCounter(field, NOW) : to.recency.idleSeconds(field, NOW), lfu ? 77 : 1234);
    });
  }
});

test('a file with a key twice is refused', () => {
  const key = Buffer.from('twice');
  const file = save(make(), (writer) => {
    writer.selectDb(1);
    for (let i = 0; i < 2; i++) writer.stringEntry(key, 0, 5, key, 0, 5, -1, -1, -1);
  });
  assert.throws(() => load(file, make()), {
    code: 'duplicate-key',
    message: /^key ".*" stands twice in database \d+ \(at offset \d+\)$/,
  });
  // The same key in two databases is none of that.
  const both = save(make(), (writer) => {
    for (const db of [1, 2]) {
      writer.selectDb(db);
      writer.stringEntry(key, 0, 5, key, 0, 5, -1, -1, -1);
    }
  });
  assert.equal(load(both, make()).entries, 2);
});

test('a file with more databases than configured is refused', () => {
  const file = save(make(), (writer) => writer.selectDb(4));
  assert.throws(() => load(file, make()), /the file has a database 4, and there are 4/);
});

test('sizes that a file claims cost little and nothing that stays', () => {
  const key = Buffer.from('k');
  const file = save(make(), (writer) => {
    for (let db = 0; db < 4; db++) {
      writer.selectDb(db);
      writer.resizeDb(2 ** 32 - 1, 2 ** 32 - 1);
    }
    writer.stringEntry(key, 0, 1, key, 0, 1, NOW, -1, -1);
  });
  const to = make();
  load(file, to);
  while (to.dbs[3].keys.rehashStep());
  while (to.dbs[3].expires.rehashStep());
  assert.ok(to.arena.usedBytes < 1000, `${to.arena.usedBytes} bytes`);
  verifyKeyspace(to);
});

test('the fingerprint does not depend on the order of insertion, the hash seed or the encoding', () => {
  fc.assert(
    fc.property(fc.uniqueArray(item, { maxLength: 60, selector: (i) => `${i.db} ${i.key}` }), (items) => {
      const print = fingerprint(filled(items));
      const other = filled([...items].reverse(), 3);
      for (const { db, key } of items.slice(0, 5)) put(other, { db, key: `${key} passing`, value: '', expireMs: 1 });
      for (const { db, key } of items.slice(0, 5)) {
        const bytes = Buffer.from(`${key} passing`, 'latin1');
        const hash = other.hash(bytes, 0, bytes.length);
        const passing = other.dbs[db].keys.find(hash, bytes, 0, bytes.length);
        if (passing !== 0 && !items.some((i) => i.db === db && i.key === `${key} passing`)) {
          other.remove(other.dbs[db], hash, passing);
        }
      }
      if (items.every((i) => !i.key.endsWith(' passing'))) assert.equal(fingerprint(other), print);
    }),
    { numRuns: 60 },
  );
});

test('the fingerprint tells apart databases, keys, values and expire times', () => {
  const base: Item = { db: 0, key: 'key', value: 'value', expireMs: NOW };
  const variants: Item[] = [
    base,
    { ...base, db: 1 },
    { ...base, db: 2 },
    { ...base, key: 'kex' },
    { ...base, key: 'keyv', value: 'alue' },
    { ...base, key: 'value', value: 'key' },
    { ...base, value: 'valuf' },
    { ...base, value: '' },
    { ...base, value: 'value\0' },
    { ...base, expireMs: -1 },
    { ...base, expireMs: 0 },
    { ...base, expireMs: NOW + 1 },
    { ...base, expireMs: NOW + 2 ** 32 },
    { ...base, expireMs: 2 ** 32 - 1 },
  ];
  const prints = variants.map((variant) => fingerprint(filled([{ ...base, db: 3 }, variant])));
  assert.equal(new Set(prints).size, variants.length);
  // In each of its four parts.
  for (let lane = 0; lane < 4; lane++) {
    assert.equal(new Set(prints.map((print) => print.slice(lane * 8, lane * 8 + 8))).size, variants.length);
  }
  assert.equal(fingerprint(make()), '0'.repeat(32));
});
