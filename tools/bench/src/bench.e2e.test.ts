// Small, and without a word about speed: benchmarks that nobody runs rot.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Report } from './report.ts';

const main = path.join(import.meta.dirname, 'main.ts');
const cases = ['get-p16-c50', 'set-everysec-p1-c50', 'set-always-p16-c200', 'split-get'];
const figures = ['engine', 'memory', 'apply', 'snapshot', 'sync'];
const typesCases = [
  'rb-spop-p16',
  'rb-zpopmin-p1',
  'rb-lrange_100-p16',
  'rb-script-limiter-p16',
  'large-zset-zrank',
  'large-stream-xreadgroup',
];
const typesFigures = ['engine-types', 'small', 'reload', 'waiting'];

test('every kind of benchmark runs beside Redis and leaves figures, JSON and a picture', async (t) => {
  const out = mkdtempSync(path.join(tmpdir(), 'weir-bench-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const only = [...cases, ...figures, ...typesCases, ...typesFigures].flatMap((name) => ['--only', name]);
  const args = [main, '--quick', '--seconds', '0.2', '--out', out, ...only];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 540_000 });
  for (const name of cases) assert.ok(stdout.includes(name), name);

  const files = readdirSync(out);
  const reportOf = (suite: string): Report => {
    assert.ok(files.some((name) => name.endsWith(`-${suite}.svg`)));
    const json = files.find((name) => name.endsWith(`-${suite}.json`))!;
    return JSON.parse(readFileSync(path.join(out, json), 'utf8')) as Report;
  };
  const report = reportOf('strings');
  assert.equal(report.throughput.length, 4);
  for (const { name, weir, redis } of report.throughput) {
    for (const side of [weir, redis]) assert.ok(side.opsPerSecond > 0 && side.p99Ms >= side.p50Ms, name);
  }
  for (const part of [
    'engine: GET',
    'memory per key',
    'log applied',
    'snapshot loaded',
    'PING p99',
    'all digests equal',
  ]) {
    const found = report.figures.find(({ name }) => name.startsWith(part));
    assert.ok(found?.weir !== null && found!.weir > 0, part);
  }

  const types = reportOf('types');
  assert.deepEqual(types.failures, []);
  for (const name of typesCases)
    assert.ok(
      types.throughput.some((one) => one.name.startsWith(name)),
      name,
    );
  for (const { name, weir, redis } of types.throughput) {
    for (const side of [weir, redis]) assert.ok(side.opsPerSecond > 0, name);
  }
  for (const part of [
    'engine-types: ZRANK',
    'large-zset: memory',
    'small: stream',
    'reload of all types loaded',
    'waiting: hand-over p50',
  ]) {
    const found = types.figures.find(({ name }) => name.startsWith(part));
    assert.ok(found?.weir !== null && found!.weir > 0, part);
  }
});

test('a name that fits nothing is an error that says so', async () => {
  const failed = await promisify(execFile)(process.execPath, [main, '--only', 'no-such-case']).then(
    () => null,
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failed?.code, 1);
  assert.match(failed!.stderr, /nothing is called no-such-case/);
});
