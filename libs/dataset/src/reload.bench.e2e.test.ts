import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runReloadBench } from './reload.bench.ts';

test('the benchmark runs, and loads as many keys as it wrote', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-reload-'));
  try {
    const result = await runReloadBench(10_000, join(dir, 'reload.rdb'), 256 * 1024 ** 2);
    assert.equal(result.keys, 10_000);
    assert.ok(result.bytes > 100_000 && result.usedBytes > 100_000);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
