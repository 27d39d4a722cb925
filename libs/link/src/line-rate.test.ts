import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineRate } from './line-rate.ts';

test('a line is logged ten times in ten seconds, and the next one tells how many were left out', () => {
  const rate = new LineRate();
  const logged: number[] = [];
  const log = (leftOut: number) => void logged.push(leftOut);
  for (let i = 0; i < 1000; i++) rate.line(log, 5000 + i);
  assert.deepEqual(logged.splice(0), new Array(10).fill(0));
  rate.line(log, 15_000);
  rate.line(log, 15_001);
  assert.deepEqual(logged, [990, 0]);
});
