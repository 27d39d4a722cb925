import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineRate } from './line-rate.ts';

test('a line is logged once an interval, and the next one tells how many were left out', () => {
  const rate = new LineRate(1000);
  const logged: number[] = [];
  const log = (leftOut: number) => void logged.push(leftOut);
  for (const nowMs of [5000, 5001, 5999, 6000, 6500, 9000]) rate.line(log, nowMs);
  assert.deepEqual(logged, [0, 2, 1]);
});
