import assert from 'node:assert/strict';
import { test } from 'node:test';
// oxlint-disable-next-line @nx/enforce-module-boundaries -- it is this very app
import { runImportBench } from './import.bench.ts';

test('the benchmark of a first start runs to its end', async () => {
  const { bytes, redisSeconds, fileSeconds, startSeconds } = await runImportBench('mixed', 2000, 1);
  assert.ok(bytes > 20_000);
  assert.ok(Number.isFinite(redisSeconds) && fileSeconds >= 0 && startSeconds > 0);
});
