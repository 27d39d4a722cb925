import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsv } from './redis-benchmark.ts';

const HEADER =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"';

test('the figures are read by the names of their columns', () => {
  const text = `${HEADER}\n"GET","1098901.12","0.597","0.200","0.591","0.871","0.983","1.607"\n`;
  assert.deepEqual(parseCsv(text), { opsPerSecond: 1098901.12, p50Ms: 0.591, p99Ms: 0.983, maxMs: 1.607 });
});

test('a column in another place is found there', () => {
  const text = '"rps","max_latency_ms","p99_latency_ms","p50_latency_ms","test"\n"5","4","3","2","SET"\n';
  assert.deepEqual(parseCsv(text), { opsPerSecond: 5, p50Ms: 2, p99Ms: 3, maxMs: 4 });
});

test('the filling of the list before an LRANGE test is not that test', () => {
  const filling = '"LPUSH (needed to benchmark LRANGE)","9","9","9","9","9","9","9"';
  const text = `${HEADER}\n${filling}\n"LRANGE_100 (first 100 elements)","5","1","1","2","1","3","4"\n`;
  assert.deepEqual(parseCsv(text), { opsPerSecond: 5, p50Ms: 2, p99Ms: 3, maxMs: 4 });
});

test('what is no table of one test is refused with its beginning', () => {
  assert.throws(() => parseCsv('Could not connect to Redis'), /no table of one test: Could not connect/);
  assert.throws(() => parseCsv(`${HEADER}\n`), /no table/);
  const row = '"GET","1","1","1","1","1","1","1"';
  assert.throws(() => parseCsv(`${HEADER}\n${row}\n${row}\n`), /no table/);
});

test('a missing column and a missing number are refused by name', () => {
  assert.throws(() => parseCsv('"test","rps"\n"GET","1"\n'), /no p50_latency_ms/);
  assert.throws(() => parseCsv(`${HEADER}\n"GET","nan","1","1","1","1","1","1"\n`), /no rps/);
});
