import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRdbBench } from './rdb.bench.ts';

test('the benchmark runs, and reads as many entries as it wrote', () => {
  const results = runRdbBench(1000, 1);
  assert.equal(results.length, 10);
  for (const { name, bytes, entries, seconds } of results) {
    assert.ok(bytes > 0 && seconds > 0, name);
    assert.ok(entries === 0 || entries === 1000 || name === 'read, collections', name);
  }
});
