import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the benchmarks run', () => {
  const bench = fileURLToPath(new URL('./resp.bench.ts', import.meta.url));
  assert.match(execFileSync(process.execPath, [bench, '--quick'], { encoding: 'utf8' }), /scan GET.* ns\n/);
});
