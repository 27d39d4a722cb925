import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { HEADER_BYTES } from './entry.ts';
import { hashBytes } from './hash.ts';
import { Random } from './random.ts';
import { KeyTable } from './table.ts';

const K0 = 0x12345678;
const K1 = 0x0badcafe;

/** A table beside a Map, both changed together. */
class Both {
  readonly arena: Arena;
  readonly table: KeyTable;
  readonly model = new Map<string, Ref>();

  constructor(reserveBytes = 64 * 1024 * 1024, softBytes = Infinity) {
    this.arena = new Arena({ reserveBytes, debug: true });
    this.table = new KeyTable(this.arena, K0, K1, { softBytes });
  }

  hash(key: string): number {
    const bytes = Buffer.from(key);
    return hashBytes(bytes, 0, bytes.length, K0, K1);
  }

  find(key: string): Ref {
    const bytes = Buffer.from(`-${key}-`);
    return this.table.find(this.hash(key), bytes, 1, bytes.length - 2);
  }

  entry(key: string): Ref {
    const bytes = Buffer.from(key);
    const ref = this.arena.alloc(HEADER_BYTES + bytes.length);
    this.arena.u8.fill(0, ref * 16, ref * 16 + HEADER_BYTES);
    this.arena.u32[ref * 4 + 1] = bytes.length;
    this.arena.u8.set(bytes, ref * 16 + HEADER_BYTES);
    return ref;
  }

  add(key: string): void {
    if (this.model.has(key)) return;
    const ref = this.entry(key);
    try {
      this.table.insert(this.hash(key), ref);
    } catch (error) {
      this.arena.free(ref);
      throw error;
    }
    this.model.set(key, ref);
  }

  remove(key: string): void {
    const ref = this.model.get(key);
    if (ref === undefined) return;
    this.table.remove(this.hash(key), ref);
    this.model.delete(key);
    this.arena.free(ref);
  }

  replace(key: string): void {
    const ref = this.model.get(key);
    if (ref === undefined) return;
    const next = this.entry(key);
    this.table.replace(this.hash(key), ref, next);
    this.model.set(key, next);
    this.arena.free(ref);
  }

  clear(): void {
    this.table.clear();
    for (const ref of this.model.values()) this.arena.free(ref);
    this.model.clear();
  }

  settle(): void {
    while (this.table.rehashStep());
  }

  check(): void {
    this.table.verify();
    this.arena.verify();
    assert.equal(this.table.size, this.model.size);
    for (const [key, ref] of this.model) {
      assert.equal(this.find(key), ref);
      assert.equal(this.arena.u32[this.table.slot], ref);
      assert.ok(this.table.holds(this.hash(key), ref));
    }
    const seen = new Set<Ref>();
    this.table.forEach((ref) => seen.add(ref));
    assert.deepEqual(seen, new Set(this.model.values()));
  }

  end(): void {
    this.clear();
    assert.equal(this.arena.usedBytes, 0);
    this.arena.verify();
  }
}

/** Keys that fall into one bucket as long as the table has at most `buckets` of them. */
function colliding(count: number, buckets: number, at = 1): string[] {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) {
    const bytes = Buffer.from(`c${i}`);
    if ((hashBytes(bytes, 0, bytes.length, K0, K1) & (buckets - 1)) === at) keys.push(`c${i}`);
  }
  return keys;
}

type Step = readonly [kind: 'add' | 'remove' | 'replace' | 'rehash' | 'clear', from: number, count: number];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('add' as const), fc.nat(700), fc.integer({ min: 1, max: 200 })) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('remove' as const), fc.nat(700), fc.integer({ min: 1, max: 300 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('replace' as const), fc.nat(700), fc.integer({ min: 1, max: 20 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('rehash' as const), fc.constant(0), fc.integer({ min: 1, max: 40 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('clear' as const), fc.constant(0), fc.constant(0)) },
);

function walk(both: Both, steps: readonly Step[], nameOf: (i: number) => string): void {
  for (const [kind, from, count] of steps) {
    if (kind === 'clear') both.clear();
    for (let i = from; i < from + count; i++) {
      if (kind === 'add') both.add(nameOf(i));
      else if (kind === 'remove') both.remove(nameOf(i));
      else if (kind === 'replace') both.replace(nameOf(i));
      else if (kind === 'rehash') both.table.rehashStep();
    }
    both.check();
    for (let i = 0; i < 20; i++) assert.equal(both.find(`absent${i}`), 0);
  }
  both.end();
}

test('a table does what a Map does through growth, shrinking and every step of a rehash', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      walk(new Both(), steps, (i) => `key${i}`);
    }),
    { numRuns: 60 },
  );
});

test('a table of colliding keys does what a Map does: chains come and go', () => {
  const keys = colliding(1000, 8);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      walk(new Both(), steps, (i) => keys[i % keys.length]);
    }),
    { numRuns: 40 },
  );
});

test('a table is checked after every single insertion and removal', () => {
  const both = new Both();
  for (let i = 0; i < 300; i++) {
    both.add(`k${i}`);
    both.check();
  }
  for (let i = 0; i < 300; i++) {
    both.remove(`k${(i * 7) % 300}`);
    both.check();
  }
  assert.equal(both.arena.usedBytes, 0);
});

test('long chains are found, taken apart in any order, moved and cleared', () => {
  const keys = colliding(60, 1 << 12);
  const filler = Array.from({ length: 400 }, (_, i) => `filler${i}`);
  for (const order of ['first', 'last', 'middle']) {
    const both = new Both();
    for (const key of keys) both.add(key);
    both.settle();
    both.check();
    const left = [...keys];
    while (left.length > 0) {
      const at = order === 'first' ? 0 : order === 'last' ? left.length - 1 : left.length >> 1;
      both.remove(left.splice(at, 1)[0]);
      both.check();
    }
    assert.equal(both.arena.usedBytes, 0);
  }
  const both = new Both();
  for (const key of keys) both.add(key);
  for (const key of filler) {
    both.add(key);
    both.check();
  }
  for (const key of filler) {
    both.remove(key);
    both.check();
  }
  both.end();
});

/** A table is being made whose buckets do not count yet: with both counted, the sum is no power of two. */
function zeroing(table: KeyTable): boolean {
  return table.rehashing && Number.isInteger(Math.log2(table.slots / 12));
}

test('a large table is zeroed piece by piece in memory that was used before', () => {
  const both = new Both(256 * 1024 * 1024);
  // Dirty pages, held by a block behind them.
  const dirty = both.arena.alloc(8_000_000);
  const pin = both.arena.alloc(20_000);
  both.arena.u8.fill(0xff, dirty * 16, dirty * 16 + 8_000_000);
  both.arena.free(dirty);
  let stepsOfZeroing = 0;
  for (let i = 0; i < 12_000; i++) {
    both.add(`key${i}`);
    if (zeroing(both.table)) stepsOfZeroing++;
    if (i % 1500 === 0) both.check();
  }
  assert.ok(stepsOfZeroing > 3, `${stepsOfZeroing} steps`);
  both.check();
  // Cleared in the middle of the zeroing, nothing leaks.
  for (let i = 12_000; !zeroing(both.table); i++) {
    both.add(`key${i}`);
  }
  both.clear();
  both.arena.free(pin);
  both.end();
});

test('SCAN reports every key that is there all the time, whatever comes and goes between its calls', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const both = new Both(32 * 1024 * 1024);
    const keys = colliding(200, 4, 2);
    const nameOf = (i: number): string => (seed % 3 === 0 && i < keys.length ? keys[i] : `k${i}`);
    const stay = new Set<string>();
    const staying = 1 + (random.u32() % 300);
    for (let i = 0; i < staying; i++) stay.add(nameOf(i));
    for (const key of stay) both.add(key);
    const most = 1 << (4 + (random.u32() % 9));
    let next = 10_000;
    const passing: string[] = [];
    const refs: Ref[] = [];
    const seen = new Set<Ref>();
    let cursor = 0;
    let calls = 0;
    do {
      cursor = both.table.scan(cursor, refs);
      for (const ref of refs) seen.add(ref);
      refs.length = 0;
      calls++;
      // In waves, so that the table grows and shrinks several times during one scan.
      const grow = random.u32() % 2 === 0;
      const count = random.u32() % (most / 2);
      for (let i = 0; i < count; i++) {
        if (grow && passing.length < most) {
          passing.push(nameOf(next++));
          both.add(passing[passing.length - 1]);
        } else if (!grow && passing.length > 0) both.remove(passing.splice(random.u32() % passing.length, 1)[0]);
      }
      if (random.u32() % 4 === 0) both.settle();
    } while (cursor !== 0 && calls < 20_000);
    assert.equal(cursor, 0, `seed ${seed}: the scan ends`);
    for (const key of stay) assert.ok(seen.has(both.model.get(key)!), `seed ${seed}: ${key} was missed`);
    both.check();
    both.end();
  }
});

test('SCAN of a table that does not change reports every entry exactly once, in the middle of a rehash too', () => {
  const both = new Both();
  const check = (): void => {
    const refs: Ref[] = [];
    let cursor = 0;
    do cursor = both.table.scan(cursor, refs);
    while (cursor !== 0);
    assert.equal(refs.length, both.model.size);
    assert.deepEqual(new Set(refs), new Set(both.model.values()));
  };
  for (let i = 0; i < 1000 || !both.table.rehashing; i++) both.add(`k${i}`);
  for (; both.table.rehashing; both.table.rehashStep()) check();
  for (let i = 0; !both.table.rehashing; i++) both.remove(`k${i}`);
  for (; both.table.rehashing; both.table.rehashStep()) check();
  check();
});

for (const state of ['settled', 'growing', 'shrinking', 'chained'] as const) {
  test(`random entries are spread evenly over a ${state} table`, () => {
    const both = new Both();
    if (state === 'chained') for (const key of colliding(30, 1 << 10)) both.add(key);
    else for (let i = 0; i < 300; i++) both.add(`k${i}`);
    both.settle();
    for (let i = 300; state === 'growing' && !both.table.rehashing; i++) both.add(`k${i}`);
    for (let i = 0; state === 'shrinking' && !both.table.rehashing; i++) both.remove(`k${i}`);
    if (state === 'growing') for (let i = 0; i < 20; i++) both.table.rehashStep();
    const random = new Random(42);
    const hits = new Map<Ref, number>();
    const draws = both.table.size * 400;
    for (let i = 0; i < draws; i++) {
      const ref = both.table.random(random.u32);
      hits.set(ref, (hits.get(ref) ?? 0) + 1);
    }
    assert.equal(hits.size, both.table.size);
    // 400 expected of each, standard deviation 20. Those in long chains are a little less likely, and the others more.
    const [least, most] = state === 'chained' ? [150, 1100] : [300, 500];
    for (const count of hits.values()) assert.ok(count > least && count < most, `${count} hits`);
  });
}

test('a sample has no more entries than asked for, each once, and over time all are in it', () => {
  const both = new Both();
  const random = new Random(7);
  const out: Ref[] = [];
  both.table.sample(5, random.u32, out);
  assert.equal(out.length, 0);
  assert.equal(both.table.random(random.u32), 0);
  for (let i = 0; i < 300; i++) both.add(`k${i}`);
  const all = new Set<Ref>();
  for (let i = 0; i < 2000; i++) {
    out.length = 1;
    out[0] = 0 as Ref;
    both.table.sample(5, random.u32, out);
    assert.equal(out.length, 6);
    assert.equal(new Set(out).size, 6);
    for (const ref of out) all.add(ref);
  }
  assert.equal(all.size, 301);
});

test('reserve makes room at once in an empty table and is a hint in all other cases', () => {
  const both = new Both();
  both.table.reserve(5000);
  const slots = both.table.slots;
  assert.ok(slots >= 5000);
  for (let i = 0; i < 5000; i++) both.add(`k${i}`);
  assert.equal(both.table.slots, slots);
  both.table.reserve(1_000_000);
  assert.equal(both.table.slots, slots);
  both.check();
  both.clear();
  both.table.reserve(100);
  both.table.reserve(10);
  both.add('k');
  both.check();
  both.end();
  const tiny = new Both(1024 * 1024);
  tiny.table.reserve(10_000_000);
  tiny.add('k');
  tiny.check();
  tiny.end();
});

test('a full arena refuses insertions, never removals, and loses no entry even in the middle of a rehash', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    const both = new Both(1024 * 1024);
    const keys = colliding(300, 16, 3);
    let refused = 0;
    // Eats the arena but for a little, so that child buckets and tables are what fails.
    const hog: Ref[] = [];
    for (let i = 0; i < 100; i++) both.add(keys[i]);
    for (const bytes of [16000, 2048, 256, 64]) {
      try {
        for (;;) hog.push(both.arena.alloc(bytes));
      } catch (error) {
        assert.ok(error instanceof ArenaFullError);
      }
    }
    for (let i = 0; i < 600; i++) {
      const action = random.u32() % 4;
      const key = random.u32() % 2 === 0 ? keys[random.u32() % keys.length] : `k${random.u32() % 2000}`;
      try {
        if (action === 0) both.remove(key);
        else both.add(key);
      } catch (error) {
        assert.ok(error instanceof ArenaFullError);
        refused++;
      }
      // Gives a few small blocks back and takes them again, so that there is room now and then.
      if (random.u32() % 3 === 0) {
        for (let n = random.u32() % 3; n > 0; n--) both.arena.free(hog.pop()!);
      } else {
        try {
          for (;;) hog.push(both.arena.alloc(64));
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
        }
      }
      if (i % 20 === 0) both.check();
    }
    assert.ok(refused > 0, `seed ${seed} refused nothing`);
    for (const ref of hog) both.arena.free(ref);
    both.settle();
    both.check();
    both.end();
  }
});

test('a table waits with growing while that would exceed the soft limit, and grows when it is crowded', () => {
  const both = new Both(64 * 1024 * 1024, 1);
  for (let i = 0; i < 15; i++) both.add(`k${i}`);
  assert.equal(both.table.slots, 12);
  for (let i = 15; i < 40; i++) both.add(`k${i}`);
  assert.ok(both.table.slots > 12);
  both.check();
  both.end();
});

test('removing or replacing an entry that is not in the table is an error of the program', () => {
  const both = new Both();
  both.add('a');
  const other = both.entry('b');
  assert.throws(() => both.table.remove(both.hash('b'), other), /not in the table/);
  assert.throws(() => both.table.replace(both.hash('b'), other, other), /not in the table/);
  assert.throws(() => new Both().table.remove(1, other), /not in the table/);
});

test('an entry is replaced where it stands, also when a rehash moved it since it was looked up', () => {
  // Two equal tables in the middle of a rehash: the first one shows which key the next step moves.
  const [shows, both] = [new Both(), new Both()];
  for (const either of [shows, both]) {
    for (let i = 0; i < 200 || !either.table.rehashing; i++) either.add(`key:${i}`);
  }
  const place = (key: string): number => {
    shows.find(key);
    return shows.table.slot;
  };
  let moved = 0;
  while (shows.table.rehashing) {
    const before = new Map([...shows.model.keys()].map((key) => [key, place(key)]));
    shows.table.rehashStep();
    const key = [...shows.model.keys()].find((other) => place(other) !== before.get(other));
    const ref = key === undefined ? 0 : both.find(key);
    const { slot } = both.table;
    both.table.rehashStep();
    // Only where its old place still looks like it, something is shown.
    if (key === undefined || both.arena.u32[slot] !== ref) continue;
    both.replace(key);
    assert.equal(both.find(key), both.model.get(key));
    moved++;
  }
  assert.ok(moved > 0);
  both.table.verify();
});

test('a chain whose move stops in the middle, as the arena is full, is moved on later with nothing lost', () => {
  const both = new Both(1024 * 1024);
  const keys = colliding(40, 1 << 10, 15);
  for (let i = 0; i < 110; i++) both.add(`k${i}`);
  for (let i = 0; i < 30; i++) both.add(keys[i]);
  both.settle();
  for (let i = 110; !both.table.rehashing; i++) both.add(`k${i}`);
  // These enter the new table, where the chain will find less room than it takes.
  for (let i = 30; i < 36; i++) both.add(keys[i]);
  both.check();
  const hog: Ref[] = [];
  for (const bytes of [16000, 2048, 256, 64]) {
    try {
      for (;;) hog.push(both.arena.alloc(bytes));
    } catch (error) {
      assert.ok(error instanceof ArenaFullError);
    }
  }
  both.settle();
  assert.ok(both.table.rehashing);
  both.check();
  for (let i = 0; i < 36; i += 5) {
    both.remove(keys[i]);
    both.check();
  }
  for (const ref of hog) both.arena.free(ref);
  both.settle();
  assert.ok(!both.table.rehashing);
  both.check();
  both.end();
});
