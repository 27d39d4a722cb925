import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import fc from 'fast-check';
import { newId } from './id.ts';
import type { StreamId } from './id.ts';
import * as tree from './tree.ts';

const idOf = (n: bigint): StreamId =>
  newId(
    Number(n >> 96n) >>> 0,
    Number((n >> 64n) & 0xffffffffn),
    Number((n >> 32n) & 0xffffffffn),
    Number(n & 0xffffffffn),
  );
const numberOf = (id: ArrayLike<number>): bigint =>
  (BigInt(id[0]) << 96n) | (BigInt(id[1]) << 64n) | (BigInt(id[2]) << 32n) | BigInt(id[3]);

/** A handle in a block of its own. */
function emptyTree(arena: Arena): number {
  return arena.allocZeroed(16) * 4;
}

function keys(arena: Arena, at: number, reverse = false): bigint[] {
  const cursor = new tree.TreeCursor();
  const all: bigint[] = [];
  (reverse ? tree.seekLast : tree.seekFirst)(arena, at, cursor);
  while (cursor.node !== 0) {
    const word = tree.keyWord(cursor);
    all.push(numberOf(arena.u32.subarray(word, word + 4)));
    (reverse ? tree.back : tree.forward)(arena, cursor);
  }
  return all;
}

const byValue = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

// Keys that differ in each of the four words.
const key = fc
  .tuple(fc.nat(3), fc.nat(40))
  .map(([word, n]) => BigInt(n) << BigInt(32 * word))
  .chain((n) => fc.constantFrom(n, n + (1n << 127n), (1n << 128n) - 1n - n));

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('run' as const), key, count: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('removeRun' as const), key, count: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('thin' as const), key, count: fc.integer({ min: 2, max: 40 }) }),
  },
);

test('a tree holds what a sorted map holds, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), key, (steps, probe) => {
      const arena = new Arena({ debug: true, reserveBytes: 1 << 24 });
      const at = emptyTree(arena);
      const start = arena.usedBytes;
      const model = new Map<bigint, number>();
      let stamp = 0;
      const insert = (k: bigint): void => {
        const value = ++stamp;
        assert.equal(tree.insert(arena, at, idOf(k), value), !model.has(k));
        if (!model.has(k)) model.set(k, value);
      };
      const remove = (k: bigint): void => {
        assert.equal(tree.remove(arena, at, idOf(k)), model.get(k) ?? 0);
        model.delete(k);
      };
      for (const s of steps) {
        const sorted = [...model.keys()].sort(byValue);
        if (s.kind === 'insert') insert(s.key);
        else if (s.kind === 'remove') remove(sorted.length > 0 ? sorted[Number(s.key % BigInt(sorted.length))] : s.key);
        else if (s.kind === 'run') for (let i = 0; i < s.count; i++) insert((s.key + BigInt(i)) % (1n << 128n));
        else if (s.kind === 'removeRun') {
          const from = sorted.length > 0 ? Number(s.key % BigInt(sorted.length)) : 0;
          for (const k of sorted.slice(from, from + s.count)) remove(k);
        } else sorted.forEach((k, i) => i % s.count === 0 || remove(k));
        tree.verify(arena, at);
        assert.equal(tree.size(arena, at), model.size);
      }
      const sorted = [...model.keys()].sort(byValue);
      assert.deepEqual(keys(arena, at), sorted);
      assert.deepEqual(keys(arena, at, true), sorted.toReversed());
      for (const k of [probe, ...sorted.slice(0, 20)].flatMap((k) => [k, k > 0n ? k - 1n : k, k + 1n])) {
        if (k >> 128n !== 0n) continue;
        assert.equal(tree.find(arena, at, idOf(k)), model.get(k) ?? 0);
        const cursor = new tree.TreeCursor();
        const found = (): bigint | undefined => {
          if (cursor.node === 0) return undefined;
          const word = tree.keyWord(cursor);
          return numberOf(arena.u32.subarray(word, word + 4));
        };
        tree.seekAtLeast(arena, at, idOf(k), cursor);
        assert.equal(
          found(),
          sorted.find((other) => other >= k),
        );
        tree.seekAtMost(arena, at, idOf(k), cursor);
        assert.equal(
          found(),
          sorted.findLast((other) => other <= k),
        );
      }
      tree.clear(arena, at);
      arena.verify();
      assert.equal(arena.usedBytes, start);
    }),
    { numRuns: 150 },
  );
});

test('keys that come in order leave no air in the nodes, and go from the front without moving what stays', () => {
  const arena = new Arena({ reserveBytes: 1 << 26 });
  const at = emptyTree(arena);
  const count = 100_000;
  for (let i = 1; i <= count; i++) tree.insert(arena, at, idOf(BigInt(i)), i);
  assert.ok(tree.bytes(arena, at) < count * 21, `${tree.bytes(arena, at)} bytes`);
  for (let i = 1; i < count; i++) assert.equal(tree.remove(arena, at, idOf(BigInt(i))), i);
  tree.verify(arena, at);
  assert.equal(tree.nodes(arena, at), 1);
});

test('a full arena refuses a key and leaves the tree as it was', () => {
  const arena = new Arena({ debug: true, reserveBytes: 1 << 20 });
  const at = emptyTree(arena);
  let key = 1n;
  assert.throws(() => {
    for (; ; key += 2n) tree.insert(arena, at, idOf((key * 7919n) % 1000003n), 7);
  }, ArenaFullError);
  tree.verify(arena, at);
  assert.equal(BigInt(tree.size(arena, at)), (key - 1n) / 2n);
  assert.equal(tree.find(arena, at, idOf((key * 7919n) % 1000003n)), 0);
  arena.verify();
});
