import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawChart } from './chart.ts';
import { summarizeProfile } from './profile.ts';
import { figureVerdict, formatNumber, formatReport, verdictOf } from './report.ts';
import type { Figure } from './report.ts';
import { percentiles } from './sync.ts';
import { joinSlices, median, throughputCases } from './throughput.ts';
import type { ThroughputResult } from './throughput.ts';
import { typesCases } from './types.ts';

function result(index: number, weirOps: number, redisOps: number): ThroughputResult {
  const run = (foreign: number, opsPerSecond: number) => {
    return { opsPerSecond, p50Ms: 0.5, p99Ms: 1.25, maxMs: 2, foreign, cores: null, recordsPerSecond: 0 };
  };
  const side = (opsPerSecond: number) => {
    return { opsPerSecond, p50Ms: 0.5, p99Ms: 1.25, runs: [run(0.01, opsPerSecond), run(0.04, opsPerSecond)] };
  };
  return { ...throughputCases[index]!, weir: side(weirOps), redis: side(redisOps), ratio: weirOps / redisOps };
}

function figure(part: Partial<Figure>): Figure {
  return { name: 'f', unit: 'ns', weir: 90, redis: 100, target: null, ...part };
}

test('the median of an odd and of an even number of values', () => {
  assert.equal(median([30, 10, 20]), 20);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('percentiles are values that occurred', () => {
  const values = Array.from({ length: 1000 }, (_, i) => 999 - i);
  assert.deepEqual(percentiles(values), { count: 1000, p50: 500, p99: 990, p999: 999, max: 999 });
});

test('slices of one run: the rate is all requests in all the time, the worst disturbance stands for the run', () => {
  const slice = (opsPerSecond: number, p99Ms: number, foreign: number | null) => {
    return { opsPerSecond, p50Ms: 1, p99Ms, maxMs: p99Ms * 2, foreign, cores: null, recordsPerSecond: 10 };
  };
  const run = joinSlices([slice(100, 2, 0.01), slice(300, 4, 0.2), slice(300, 3, null)]);
  assert.equal(Math.round(run.opsPerSecond * 1e6), 180e6);
  assert.deepEqual([run.p99Ms, run.maxMs, run.foreign, run.recordsPerSecond], [3, 8, 0.2, 10]);
});

test('every case has a name of its own', () => {
  const names = [...throughputCases, ...typesCases(false)].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test('a ratio on the target meets it, one below misses it, and without a target there is no verdict', () => {
  assert.equal(verdictOf(0.85, 0.85), 'met');
  assert.equal(verdictOf(0.849, 0.85), 'missed');
  assert.equal(verdictOf(0.1, null), '');
});

test('a figure is judged by its own value or by its ratio, from above or from below', () => {
  assert.equal(figureVerdict(figure({ target: { of: 'ratio', bound: 'max', at: 1 } })), 'met');
  assert.equal(figureVerdict(figure({ target: { of: 'ratio', bound: 'min', at: 1 } })), 'missed');
  assert.equal(figureVerdict(figure({ target: { of: 'value', bound: 'max', at: 80 } })), 'missed');
  assert.equal(figureVerdict(figure({ redis: null, target: { of: 'value', bound: 'max', at: 90 } })), 'met');
  assert.equal(figureVerdict(figure({ redis: null, target: { of: 'ratio', bound: 'max', at: 1 } })), '');
});

test('large numbers are grouped, small ones keep their digits', () => {
  assert.equal(formatNumber(1234567), '1 234 567');
  assert.equal(formatNumber(999.6), '1 000');
  assert.equal(formatNumber(12.34), '12.3');
  assert.equal(formatNumber(0.1234), '0.123');
  assert.equal(formatNumber(null), '–');
});

test('the report names rate, percentiles, ratio, target and verdict of every case', () => {
  const text = formatReport({
    at: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'Some CPU', cores: 2, memoryGb: 8, system: 'Linux 6' },
    versions: { Redis: '7.0.15' },
    quick: false,
    throughput: [result(0, 90_000, 100_000), result(2, 70_000, 100_000)],
    figures: [figure({ note: 'a note' })],
  });
  const lines = text.split('\n');
  assert.match(
    lines.find((line) => line.startsWith('get-p1-c50 '))!,
    /90 000 +0\.50 +1\.25 +100 000 .* 0\.90 +≥ 0\.85× +met +4 %$/,
  );
  assert.match(
    lines.find((line) => line.startsWith('get-p16-c50 '))!,
    / 0\.70 +≥ 0\.8× +missed +4 %$/,
  );
  assert.match(
    lines.find((line) => line.startsWith('f '))!,
    /ns +90\.0 +100 +0\.90 +a note$/,
  );
});

test('the report says what was not measured, and why', () => {
  const machine = { cpu: 'Some CPU', cores: 2, memoryGb: 8, system: 'Linux 6' };
  const report = { at: '', machine, versions: {}, quick: false, throughput: [], figures: [] };
  assert.match(
    formatReport({ ...report, failures: ['rb-x: no such command'] }),
    /not measured:\n {2}rb-x: no such command\n$/,
  );
  assert.doesNotMatch(formatReport(report), /not measured/);
});

test('the chart has a bar as long as its ratio, a mark at its target, and escapes its caption', () => {
  const svg = drawChart([result(0, 50_000, 100_000), result(4, 100_000, 100_000)], '<& caption>');
  const widths = [...svg.matchAll(/<rect x="210" y="[\d.]+" width="([\d.]+)" height="14"/g)].map((match) =>
    Number(match[1]),
  );
  assert.equal(widths.length, 2);
  assert.ok(Math.abs(widths[1]! / widths[0]! - 2) < 0.01);
  // One target and the one in the legend.
  assert.equal(svg.match(/stroke-width="2.5"/g)?.length, 2);
  assert.ok(svg.includes('&lt;&amp; caption&gt;'));
});

test('a profile is summed up by part of the program, idle time apart', () => {
  const node = (id: number, functionName: string, url = '') => ({
    id,
    callFrame: { functionName, url, lineNumber: 9 },
  });
  const summary = summarizeProfile({
    nodes: [
      node(1, '(idle)'),
      node(2, 'find', 'file:///x/weir/libs/keyspace/src/table.ts'),
      node(3, 'insert', 'file:///x/weir/libs/keyspace/src/table.ts'),
      node(4, 'writeBuffer'),
      node(5, 'parse', 'file:///x/weir/node_modules/nats/lib/parser.js'),
    ],
    samples: [1, 2, 3, 4, 5, 2],
    timeDeltas: [1000, 10, 20, 5, 7, 30],
  });
  assert.equal(summary.idleUs, 1000);
  assert.equal(summary.busyUs, 72);
  assert.deepEqual(summary.parts, [
    ['libs/keyspace', 60],
    ['nats', 7],
    ['native: writeBuffer', 5],
  ]);
  assert.deepEqual(summary.functions[0], ['find libs/keyspace/src/table.ts:10', 40]);
});
