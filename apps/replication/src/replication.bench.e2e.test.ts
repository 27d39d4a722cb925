import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from './replication.bench.ts';

test('the benchmark runs, small', async () => {
  const rows: string[] = [];
  await bench(3000, ({ what }) => rows.push(what));
  assert.ok(rows.some((what) => what.startsWith('load a snapshot')));
  assert.equal(rows.filter((what) => /snapshot of 3000 keys/.test(what)).length, 4);
});
