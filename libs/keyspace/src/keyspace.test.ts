import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { ENC_EMBSTR, ENC_RAW, INLINE_BYTES_MAX, expireOf, lruOf, setLru } from './entry.ts';
import { fingerprint } from './fingerprint.ts';
import { Keyspace } from './keyspace.ts';
import type { Database } from './database.ts';
import { textOf, verifyKeyspace } from './testing.ts';

const NOW = 1_700_000_000_000;

interface Held {
  value: string;
  expireMs: number;
}

/** A keyspace beside one Map per database; each operation changes both, or throws ArenaFullError and changes neither. */
class Both {
  readonly keyspace: Keyspace;
  readonly models: Map<string, Held>[] = [];

  constructor(reserveBytes = 64 * 1024 * 1024, databases = 3) {
    const arena = new Arena({ reserveBytes, debug: true });
    this.keyspace = new Keyspace({ databases, arena, seed: { k0: 11, k1: 22 }, randomSeed: 5 });
    for (let i = 0; i < databases; i++) this.models.push(new Map());
  }

  get arena(): Arena {
    return this.keyspace.arena;
  }

  locate(db: number, key: string): { database: Database; bytes: Buffer; hash: number; ref: Ref } {
    const bytes = Buffer.from(key, 'latin1');
    const database = this.keyspace.dbs[db];
    const hash = this.keyspace.hash(bytes, 0, bytes.length);
    return { database, bytes, hash, ref: database.keys.find(hash, bytes, 0, bytes.length) };
  }

  set(db: number, key: string, value: string, keepExpire: boolean): void {
    const { database, bytes, hash, ref } = this.locate(db, key);
    const from = Buffer.from(`<${value}>`, 'latin1');
    const { keyspace } = this;
    keyspace.setString(
      keyspace.key(database, hash, bytes, 0, bytes.length),
      ref,
      from,
      1,
      value.length,
      ENC_RAW,
      keepExpire,
      NOW,
    );
    const held = this.models[db].get(key);
    this.models[db].set(key, { value, expireMs: keepExpire && held !== undefined ? held.expireMs : -1 });
  }

  setExpiring(db: number, key: string, value: string, expireMs: number): void {
    const { database, bytes, hash, ref } = this.locate(db, key);
    const from = Buffer.from(value, 'latin1');
    const { keyspace } = this;
    const len = value.length;
    keyspace.setExpiringString(
      keyspace.key(database, hash, bytes, 0, bytes.length),
      ref,
      from,
      0,
      len,
      ENC_RAW,
      expireMs,
      NOW,
    );
    this.models[db].set(key, { value, expireMs });
  }

  resize(db: number, key: string, len: number): void {
    const { database, hash, ref } = this.locate(db, key);
    if (ref === 0) return;
    this.keyspace.resizeString(database, hash, ref, len, ENC_RAW, NOW);
    const held = this.models[db].get(key)!;
    held.value = held.value.slice(0, len).padEnd(len, '\0');
  }

  expire(db: number, key: string, whenMs: number): void {
    const { database, hash, ref } = this.locate(db, key);
    if (ref === 0) return;
    this.keyspace.setExpire(database, hash, ref, whenMs);
    this.models[db].get(key)!.expireMs = whenMs;
  }

  persist(db: number, key: string): void {
    const { database, hash, ref } = this.locate(db, key);
    if (ref === 0 || expireOf(this.arena, ref) < 0) return;
    this.keyspace.clearExpire(database, hash, ref);
    this.models[db].get(key)!.expireMs = -1;
  }

  remove(db: number, key: string): void {
    const { database, hash, ref } = this.locate(db, key);
    if (ref === 0) return;
    this.keyspace.remove(database, hash, ref);
    this.models[db].delete(key);
  }

  rename(db: number, key: string, toDb: number, toKey: string): void {
    const from = this.locate(db, key);
    const to = this.locate(toDb, toKey);
    if (from.ref === 0 || (db === toDb && key === toKey)) return;
    const { bytes } = to;
    this.keyspace.rename(
      from.database,
      from.hash,
      from.ref,
      this.keyspace.key(to.database, to.hash, bytes, 0, bytes.length),
      to.ref,
    );
    this.models[toDb].set(toKey, this.models[db].get(key)!);
    this.models[db].delete(key);
  }

  copy(db: number, key: string, toDb: number, toKey: string): void {
    const from = this.locate(db, key);
    const to = this.locate(toDb, toKey);
    if (from.ref === 0 || (db === toDb && key === toKey)) return;
    this.keyspace.copy(from.ref, this.keyspace.key(to.database, to.hash, to.bytes, 0, to.bytes.length), to.ref);
    this.models[toDb].set(toKey, { ...this.models[db].get(key)! });
  }

  swap(a: number, b: number): void {
    this.keyspace.swap(a, b);
    [this.models[a], this.models[b]] = [this.models[b], this.models[a]];
  }

  flush(db: number): void {
    this.keyspace.flush(this.keyspace.dbs[db]);
    this.models[db].clear();
  }

  check(): void {
    verifyKeyspace(this.keyspace);
    this.models.forEach((model, db) => {
      const database = this.keyspace.dbs[db];
      assert.equal(database.index, db);
      assert.equal(database.keys.size, model.size);
      for (const [key, { value, expireMs }] of model) {
        const { ref } = this.locate(db, key);
        assert.notEqual(ref, 0, `db${db} ${key}`);
        assert.deepEqual(textOf(this.arena, ref), { key, value, expireMs });
      }
    });
  }

  end(): void {
    for (let db = 0; db < this.models.length; db++) {
      this.flush(db);
      this.check();
    }
    assert.equal(this.arena.usedBytes, 0);
    assert.equal(this.arena.blocks, 0);
  }
}

type Operation = (both: Both) => void;

const db = fc.nat(2);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40).map((i) => `key:${i}`) },
  { weight: 1, arbitrary: fc.nat(3).map((i) => 'long'.repeat(200 + i)) },
  { weight: 1, arbitrary: fc.constant('') },
);
/** Around each border: class sizes, inline and external, small and large blocks. */
const length = fc.oneof(
  fc.nat(130),
  fc.integer({ min: INLINE_BYTES_MAX - 40, max: INLINE_BYTES_MAX + 40 }),
  fc.integer({ min: 1000, max: 6000 }),
  fc.integer({ min: 16_300, max: 40_000 }),
);
const value = fc.tuple(length, fc.integer({ min: 33, max: 126 })).map(([len, code]) => {
  const pattern = String.fromCharCode(code) + 'abcdefghijk';
  return pattern.repeat(Math.ceil(len / pattern.length)).slice(0, len);
});
const when = fc.integer({ min: 0, max: 2 * NOW });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(db, key, value, fc.boolean()).map(
    ([d, k, v, keep]): Operation =>
      (both) =>
        both.set(d, k, v, keep),
  ),
  fc.tuple(db, key, value, when).map(
    ([d, k, v, at]): Operation =>
      (both) =>
        both.setExpiring(d, k, v, at),
  ),
  fc.tuple(db, key, length).map(
    ([d, k, len]): Operation =>
      (both) =>
        both.resize(d, k, len),
  ),
  fc.tuple(db, key, when).map(
    ([d, k, at]): Operation =>
      (both) =>
        both.expire(d, k, at),
  ),
  fc.tuple(db, key).map(
    ([d, k]): Operation =>
      (both) =>
        both.persist(d, k),
  ),
  fc.tuple(db, key).map(
    ([d, k]): Operation =>
      (both) =>
        both.remove(d, k),
  ),
  fc.tuple(db, key, db, key).map(
    ([d, k, e, l]): Operation =>
      (both) =>
        both.rename(d, k, e, l),
  ),
  fc.tuple(db, key, db, key).map(
    ([d, k, e, l]): Operation =>
      (both) =>
        both.copy(d, k, e, l),
  ),
  fc.tuple(db, db, fc.nat(9)).map(
    ([a, b, rare]): Operation =>
      (both) =>
        rare === 0 && both.swap(a, b),
  ),
  fc.tuple(db, fc.nat(9)).map(
    ([d, rare]): Operation =>
      (both) =>
        rare === 0 && both.flush(d),
  ),
);

test('a keyspace does what Maps of values and expire times do, and gives all memory back', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 150 }), (operations) => {
      const both = new Both();
      operations.forEach((run, i) => {
        run(both);
        if (i % 10 === 0) both.check();
      });
      both.check();
      both.end();
    }),
    { numRuns: 300 },
  );
});

test('when the arena is full an operation throws, changes nothing and leaks nothing', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(operation, { minLength: 60, maxLength: 200 }), fc.nat(400), (operations, spareBytes) => {
      const both = new Both(1024 * 1024, 4);
      // Most of the megabyte is taken. A key that stays keeps a flush from resetting the arena with these blocks.
      both.set(3, 'stays', '', false);
      const hog: Ref[] = [];
      for (let kept = 0; kept < 620_000 + spareBytes * 400; kept += 16_384) hog.push(both.arena.alloc(16_384));
      for (const run of operations) {
        const before = fingerprint(both.keyspace);
        const { usedBytes } = both.arena;
        try {
          run(both);
        } catch (error) {
          assert.ok(error instanceof ArenaFullError, String(error));
          refused++;
          assert.equal(fingerprint(both.keyspace), before);
          // Steps of a rehash may have come and gone meanwhile, entries and values not.
          assert.ok(Math.abs(both.arena.usedBytes - usedBytes) < 4096);
          both.check();
        }
      }
      both.check();
      for (const ref of hog) both.arena.free(ref);
      both.end();
    }),
    { numRuns: 60 },
  );
  assert.ok(refused > 100, `${refused} refused`);
});

test('each single allocation of an operation may be the one that is refused', () => {
  const big = 'b'.repeat(INLINE_BYTES_MAX + 500);
  const small = 's'.repeat(100);
  const cases: [string, Operation][] = [
    ['new short', (both) => both.set(0, 'new', small, false)],
    ['new long', (both) => both.set(0, 'new', big, false)],
    ['new with an expire time', (both) => both.setExpiring(0, 'new', big, NOW)],
    ['first of its database', (both) => both.setExpiring(2, 'new', big, NOW)],
    ['copy as the first of its database', (both) => both.copy(0, 'passing', 2, 'other')],
    ['rename as the first of its database', (both) => both.rename(0, 'passing', 2, 'other')],
    ['short to long', (both) => both.set(0, 'short', big, true)],
    ['long to short', (both) => both.set(0, 'long', small, true)],
    ['with an expire time', (both) => both.setExpiring(0, 'short', small, NOW)],
    ['growing to long', (both) => both.resize(0, 'short', 5000)],
    ['growing long', (both) => both.resize(0, 'long', 20_000)],
    ['cut', (both) => both.resize(0, 'long', 10)],
    ['expire', (both) => both.expire(0, 'long', NOW)],
    ['persist', (both) => both.persist(0, 'passing')],
    ['rename', (both) => both.rename(0, 'passing', 1, 'other')],
    ['rename over another', (both) => both.rename(0, 'long', 0, 'passing')],
    ['copy', (both) => both.copy(0, 'passing', 1, 'other')],
    ['copy over another', (both) => both.copy(0, 'long', 0, 'short')],
  ];
  for (const [name, run] of cases) {
    let done = false;
    for (let allowed = 0; !done; allowed++) {
      assert.ok(allowed < 20, name);
      const both = new Both();
      both.set(0, 'short', small, false);
      both.set(0, 'long', big, false);
      both.setExpiring(0, 'passing', big, NOW + 5);
      for (let i = 0; i < 12; i++) both.setExpiring(1, `more${i}`, small, NOW + i);
      const { usedBytes, blocks } = both.arena;
      let left = allowed;
      const alloc = both.arena.alloc;
      both.arena.alloc = (bytes) => {
        if (left-- === 0) throw new ArenaFullError('injected');
        return alloc.call(both.arena, bytes);
      };
      try {
        run(both);
        done = left >= 0;
      } catch (error) {
        assert.ok(error instanceof ArenaFullError, `${name}: ${String(error)}`);
        assert.equal(both.arena.usedBytes, usedBytes, `${name}, allocation ${allowed}`);
        assert.equal(both.arena.blocks, blocks);
      }
      both.arena.alloc = alloc;
      both.check();
      both.end();
    }
  }
});

test('a value of the same block size is written in place, another one moves', () => {
  const both = new Both();
  both.set(0, 'k', 'x'.repeat(20), false);
  const { ref } = both.locate(0, 'k');
  both.set(0, 'k', 'y'.repeat(25), false);
  assert.equal(both.locate(0, 'k').ref, ref);
  both.set(0, 'k', 'z'.repeat(300), false);
  assert.notEqual(both.locate(0, 'k').ref, ref);
  both.end();
});

test('a long value is not copied by EXPIRE, PERSIST and RENAME', () => {
  const both = new Both();
  both.set(0, 'k', 'x'.repeat(5000), false);
  const place = (key: string): number => {
    const { ref } = both.locate(0, key);
    return both.arena.u32[Math.ceil((ref * 16 + 16 + (expireOf(both.arena, ref) < 0 ? 0 : 8) + key.length) / 4)];
  };
  const at = place('k');
  both.expire(0, 'k', NOW);
  assert.equal(place('k'), at);
  both.rename(0, 'k', 0, 'longer key');
  assert.equal(place('longer key'), at);
  both.persist(0, 'longer key');
  assert.equal(place('longer key'), at);
  both.check();
  both.end();
});

test('appending again and again moves a long value a logarithmic number of times', () => {
  const both = new Both();
  both.set(0, 'k', 'x'.repeat(2000), false);
  let moves = 0;
  let last = 0;
  for (let len = 2001; len < 60_000; len += 16) {
    both.resize(0, 'k', len);
    const { ref } = both.locate(0, 'k');
    const place = both.arena.u32[Math.ceil((ref * 16 + 17) / 4)];
    if (place !== last) moves++;
    last = place;
  }
  assert.ok(moves < 10, `${moves} moves`);
  both.check();
  both.end();
});

test('a long value grows without room ahead when the arena has no more', () => {
  const both = new Both(1024 * 1024);
  both.set(0, 'before', 'x', false);
  both.set(0, 'k', 'x'.repeat(300_000), false);
  both.resize(0, 'k', 400_000);
  both.resize(0, 'k', 900_000);
  both.check();
  assert.throws(() => both.resize(0, 'k', 1_100_000), ArenaFullError);
  both.check();
  both.end();
});

test("a value may be set from the arena, from the key's own old value too", () => {
  const both = new Both();
  for (const len of [10, 60, 900, 3000]) {
    both.set(0, 'k', 'abcdefghij'.repeat(len / 10), false);
    const { database, bytes, hash, ref } = both.locate(0, 'k');
    const { keyspace, arena } = both;
    const old = textOf(arena, ref).value;
    const at = len <= INLINE_BYTES_MAX ? ref * 16 + 17 : arena.u32[Math.ceil((ref * 16 + 17) / 4)] * 16;
    const next = keyspace.setString(
      keyspace.key(database, hash, bytes, 0, 1),
      ref,
      arena.u8,
      at + 2,
      len / 2,
      ENC_EMBSTR,
      false,
      NOW,
    );
    assert.equal(textOf(arena, next).value, old.slice(2, 2 + len / 2));
    // Expire time given in the same step: another block, in which the key comes from the arena.
    const key = next * 16 + 16;
    const from = at === ref * 16 + 17 && next === ref ? at : key + 1;
    const value = textOf(arena, next).value;
    const moved =
      len / 2 <= INLINE_BYTES_MAX
        ? keyspace.setExpiringString(
            keyspace.key(database, hash, arena.u8, key, 1),
            next,
            arena.u8,
            from,
            len / 2,
            0,
            NOW,
            NOW,
          )
        : next;
    assert.equal(textOf(arena, moved).value, value);
    assert.equal(textOf(arena, moved).key, 'k');
    verifyKeyspace(keyspace);
    keyspace.flushAll();
  }
});

test('overwriting, resizing, renaming and expiring keep the recency of a key', () => {
  const both = new Both();
  both.set(0, 'k', 'v', false);
  setLru(both.arena, both.locate(0, 'k').ref, 12345);
  const stillThere = (key: string): void => assert.equal(lruOf(both.arena, both.locate(0, key).ref), 12345);
  both.set(0, 'k', 'v'.repeat(500), false);
  stillThere('k');
  both.resize(0, 'k', 3000);
  stillThere('k');
  both.expire(0, 'k', NOW);
  stillThere('k');
  both.rename(0, 'k', 1, 'l');
  both.swap(0, 1);
  stillThere('l');
  both.end();
});

test('flushing the last database that has keys resets the arena; others are left alone', () => {
  const both = new Both();
  for (let i = 0; i < 500; i++) {
    both.setExpiring(0, `a${i}`, 'x'.repeat(i * 5), NOW);
    both.set(1, `b${i}`, 'y', false);
  }
  both.flush(0);
  both.check();
  assert.equal(both.keyspace.size, 500);
  both.flush(1);
  assert.equal(both.arena.usedBytes, 0);
  for (let i = 0; i < 100; i++) both.setExpiring(2, `c${i}`, 'z'.repeat(i * 20), NOW);
  both.check();
  both.keyspace.flushAll();
  both.models[2].clear();
  both.check();
  both.end();
});

test('the benchmarks run', () => {
  const bench = fileURLToPath(new URL('./keyspace.bench.ts', import.meta.url));
  assert.match(execFileSync(process.execPath, [bench, '--quick'], { encoding: 'utf8' }), /find, hit.* ns\n/);
});
