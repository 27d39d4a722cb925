import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeSort, partialSort } from './order.ts';

const SEED = 20261122;
/** Few different weights, so that many are equal. */
const weights = fc.oneof(
  fc.array(fc.nat(5), { maxLength: 60 }),
  fc.array(fc.nat(1000), { maxLength: 300 }),
  fc.nat(200).map((n) => Array.from({ length: n }, (_, i) => i)),
  fc.nat(200).map((n) => Array.from({ length: n }, (_, i) => -i)),
);

const indexes = (n: number): Uint32Array => Uint32Array.from({ length: n }, (_, i) => i);

test('the merge sort leaves what is equal in its order', () => {
  fc.assert(
    fc.property(weights, (weight) => {
      const items = indexes(weight.length);
      mergeSort(items, (a, b) => weight[a] - weight[b]);
      const expected = [...weight.keys()].sort((a, b) => weight[a] - weight[b] || a - b);
      assert.deepEqual([...items], expected);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('the partial sort brings those to the range that a whole sort would, and loses none', () => {
  fc.assert(
    fc.property(weights, fc.nat(), fc.nat(), (weight, at, length) => {
      const n = weight.length;
      if (n === 0) return;
      const first = at % n;
      const last = Math.min(n - 1, first + (length % 20));
      const items = indexes(n);
      partialSort(items, (a, b) => weight[a] - weight[b], first, last);
      const expected = weight.toSorted((a, b) => a - b).slice(first, last + 1);
      assert.deepEqual(
        [...items.subarray(first, last + 1)].map((i) => weight[i]),
        expected,
      );
      assert.deepEqual(
        [...items].sort((a, b) => a - b),
        [...indexes(n)],
      );
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test('a partial sort looks at less than a whole one', () => {
  const weight = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_007);
  const comparisons = (sort: (items: Uint32Array, compare: (a: number, b: number) => number) => void): number => {
    let n = 0;
    sort(indexes(weight.length), (a, b) => {
      n++;
      return weight[a] - weight[b];
    });
    return n;
  };
  const whole = comparisons(mergeSort);
  assert.ok(comparisons((items, compare) => partialSort(items, compare, 10, 20)) < whole / 2);
});
