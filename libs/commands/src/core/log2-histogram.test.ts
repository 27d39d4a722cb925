import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Log2Histogram } from './log2-histogram.ts';

test('a number counts in the first bucket that is not smaller, and the lines are cumulative', () => {
  const histogram = new Log2Histogram();
  for (const value of [0, 1, 2, 3, 4, 5, 8, 9]) histogram.record(value);
  assert.equal(histogram.cumulative(), '1=2,2=3,4=5,8=7,16=8');
  assert.deepEqual([histogram.total, histogram.sum], [8, 32]);
});

test('the largest numbers have a bucket, and nothing has no line', () => {
  const histogram = new Log2Histogram();
  assert.equal(histogram.cumulative(), '');
  histogram.record(2 ** 31);
  histogram.record(2 ** 40);
  assert.ok(histogram.cumulative().endsWith(`${2 ** 31}=2`));
  histogram.reset();
  assert.deepEqual([histogram.total, histogram.sum, histogram.cumulative()], [0, 0, '']);
});
