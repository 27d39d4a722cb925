import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zsetBench } from './zset.bench.ts';

test('the benchmark of sorted sets runs', () => {
  const { results, bytesPerMember } = zsetBench(2000);
  assert.equal(results.length, 13);
  assert.ok(bytesPerMember > 40 && bytesPerMember < 80);
});
