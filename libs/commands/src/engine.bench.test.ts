import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineBench, engineTypesBench } from './engine.bench.ts';

test('the engine benchmark runs', () => {
  const results = engineBench(200, 1);
  assert.equal(results.length, 12);
  for (const { name, nanos } of results) assert.ok(nanos > 0, name);
});

test('the engine benchmark of the types runs', () => {
  const results = engineTypesBench(200, 1);
  assert.equal(results.length, 25);
  for (const { name, nanos } of results) assert.ok(nanos > 0, name);
});
