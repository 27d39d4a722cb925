/** The latency monitor and the histograms, with a clock that only the test moves. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_NOW, TestEngine } from '../testing.ts';

interface Clock {
  micros: number;
  wall: number;
}

/** An engine whose DEBUG SLEEP takes exactly as long as it says. */
function engineWithClock(config: Record<string, string> = {}): { engine: TestEngine; clock: Clock } {
  const clock = { micros: 1, wall: TEST_NOW * 1000 };
  const host = {
    clockMicros: () => clock.micros,
    wallClockMicros: () => clock.wall,
    sleep: (ms: number) => {
      clock.micros += ms * 1000;
      clock.wall += ms * 1000;
    },
  };
  return { engine: new TestEngine({ config: { 'enable-debug-command': 'yes', ...config }, host }), clock };
}

const SECONDS = TEST_NOW / 1000;

test('an event is kept from the threshold on, the longest of a second, and the longest of all', () => {
  const { engine, clock } = engineWithClock({ 'latency-monitor-threshold': '5' });
  engine.text('DEBUG', 'SLEEP', '0.004');
  assert.equal(engine.text('LATENCY', 'LATEST'), '*0\r\n');
  for (const seconds of ['0.02', '0.03', '0.01']) engine.text('DEBUG', 'SLEEP', seconds);
  clock.wall += 1_000_000;
  engine.text('DEBUG', 'SLEEP', '0.007');
  assert.equal(engine.text('LATENCY', 'LATEST'), `*1\r\n*4\r\n$7\r\ncommand\r\n:${SECONDS + 1}\r\n:7\r\n:30\r\n`);
  const history = `*2\r\n*2\r\n:${SECONDS}\r\n:30\r\n*2\r\n:${SECONDS + 1}\r\n:7\r\n`;
  assert.equal(engine.text('LATENCY', 'HISTORY', 'command'), history);
  assert.match(engine.text('LATENCY', 'DOCTOR'), /1\. command: 2 latency spikes \(average 18ms, mean deviation 11ms/);
  assert.equal(engine.text('LATENCY', 'RESET', 'nosuch', 'command'), ':1\r\n');
  assert.equal(engine.text('LATENCY', 'LATEST'), '*0\r\n');
});

test('nothing is kept while the threshold is 0', () => {
  const { engine } = engineWithClock();
  engine.text('DEBUG', 'SLEEP', '3');
  assert.equal(engine.text('LATENCY', 'LATEST'), '*0\r\n');
  assert.match(engine.text('LATENCY', 'DOCTOR'), /monitoring is off/);
});

test('no more than the last 160 samples of an event are kept', () => {
  const { engine, clock } = engineWithClock({ 'latency-monitor-threshold': '1' });
  for (let i = 0; i < 170; i++) {
    engine.text('DEBUG', 'SLEEP', '0.001');
    clock.wall += 999_000;
  }
  const history = engine.text('LATENCY', 'HISTORY', 'command');
  assert.match(history, new RegExp(`^\\*160\r\n\\*2\r\n:${SECONDS + 10}\r\n`));
});

test('the graph is what Redis draws', () => {
  const { engine, clock } = engineWithClock({ 'latency-monitor-threshold': '5' });
  clock.wall = (TEST_NOW - 2000) * 1000;
  for (const [seconds, pauseMs] of [
    ['0.01', 990],
    ['1.03', -30],
    ['1.1', 0],
  ] as const) {
    engine.text('DEBUG', 'SLEEP', seconds);
    clock.wall += pauseMs * 1000;
  }
  const graph = [
    'command - high 1100 ms, low 10 ms (all time high 1100 ms)',
    '-'.repeat(80),
    ' ##',
    ' ||',
    ' ||',
    '_||',
    '   ',
    '210',
    'sss',
    '',
  ].join('\n');
  engine.ctx.latency.events.get('command')!.samples.forEach((sample, i, all) => {
    all[i] = { seconds: SECONDS - 2 + i, ms: sample.ms };
  });
  assert.equal(engine.text('LATENCY', 'GRAPH', 'command'), `$${graph.length}\r\n${graph}\r\n`);
});

test('a fast command has an event of its own', () => {
  const { engine, clock } = engineWithClock({ 'latency-monitor-threshold': '1' });
  for (let i = 0; i < 200; i++) engine.text('GET', 'a'); // beyond the calls that are timed anyway
  const clockMicros = engine.ctx.host.clockMicros;
  engine.ctx.host.clockMicros = () => (clock.micros += 2000);
  engine.text('GET', 'a');
  engine.ctx.host.clockMicros = clockMicros;
  assert.match(engine.text('LATENCY', 'LATEST'), /^\*1\r\n\*4\r\n\$12\r\nfast-command\r\n:\d+\r\n:2\r\n:2\r\n$/);
});

test('a histogram counts every call of a command, by powers of two of microseconds', () => {
  const { engine } = engineWithClock();
  for (const seconds of ['0.000001', '0.000033', '0.000034', '0.5']) engine.text('DEBUG', 'SLEEP', seconds);
  const lines = '*8\r\n:1\r\n:1\r\n:33\r\n:2\r\n:66\r\n:3\r\n:541065\r\n:4\r\n';
  const debug = `$5\r\ndebug\r\n*4\r\n$5\r\ncalls\r\n:4\r\n$14\r\nhistogram_usec\r\n${lines}`;
  assert.equal(engine.text('LATENCY', 'HISTOGRAM', 'debug', 'nosuch'), `*2\r\n${debug}`);
  for (let i = 0; i < 1000; i++) engine.text('GET', 'a');
  const get = '$3\r\nget\r\n*4\r\n$5\r\ncalls\r\n:1000\r\n$14\r\nhistogram_usec\r\n*2\r\n:1\r\n:1000\r\n';
  assert.equal(engine.text('LATENCY', 'HISTOGRAM', 'get'), `*2\r\n${get}`);
  engine.text('CONFIG', 'RESETSTAT');
  assert.equal(engine.text('LATENCY', 'HISTOGRAM', 'get'), '*0\r\n');
});

/** An engine of which each call that is timed takes `clock.step` microseconds. */
function engineWithSteps(): { engine: TestEngine; clock: { step: number } } {
  const clock = { step: 1 };
  let micros = 0;
  return { engine: new TestEngine({ host: { clockMicros: () => (micros += clock.step) } }), clock };
}

const commandstat = (engine: TestEngine, name: string): string =>
  new RegExp(`cmdstat_${name}:(.*),rejected`).exec(engine.text('INFO', 'commandstats'))?.[1] ?? 'none';

test('a timed call of a cheap command stands for the 63 after it, in usec and in the histogram', () => {
  const { engine, clock } = engineWithSteps();
  for (let i = 0; i < 64; i++) engine.text('GET', 'a');
  clock.step = 10;
  engine.text('GET', 'a');
  clock.step = 1000;
  for (let i = 0; i < 63; i++) engine.text('GET', 'a');
  assert.equal(commandstat(engine, 'get'), 'calls=128,usec=704,usec_per_call=5.50');
  engine.text('GET', 'a');
  assert.equal(commandstat(engine, 'get'), 'calls=129,usec=1704,usec_per_call=13.21');
  const histogram = '*6\r\n:1\r\n:64\r\n:16\r\n:128\r\n:1056\r\n:129\r\n';
  const get = `$3\r\nget\r\n*4\r\n$5\r\ncalls\r\n:129\r\n$14\r\nhistogram_usec\r\n${histogram}`;
  assert.equal(engine.text('LATENCY', 'HISTOGRAM', 'get'), `*2\r\n${get}`);
});

test('a large request of a cheap command is timed and stands for no call but itself', () => {
  const { engine, clock } = engineWithSteps();
  for (let i = 0; i < 70; i++) engine.text('SET', 'a', '1');
  clock.step = 1000;
  engine.text('SET', 'a', 'x'.repeat(70_000));
  for (let i = 0; i < 29; i++) engine.text('SET', 'a', '1');
  assert.equal(commandstat(engine, 'set'), 'calls=100,usec=1099,usec_per_call=10.99');
});

test('every call of a command that may take long is timed', () => {
  const { engine, clock } = engineWithSteps();
  for (let i = 0; i < 200; i++) engine.text('DEL', 'a');
  clock.step = 1000;
  engine.text('DEL', 'a');
  assert.equal(commandstat(engine, 'del'), 'calls=201,usec=1200,usec_per_call=5.97');
  engine.text('CONFIG', 'RESETSTAT');
  engine.text('DEL', 'a');
  assert.equal(commandstat(engine, 'del'), 'calls=1,usec=1000,usec_per_call=1000.00');
});

test('a call of more than a second counts as one of a second', () => {
  const { engine } = engineWithClock();
  engine.text('DEBUG', 'SLEEP', '5');
  assert.match(engine.text('LATENCY', 'HISTOGRAM', 'debug'), /\*2\r\n:1073741\r\n:1\r\n$/);
});

test('INFO latencystats has the percentiles that are configured, as Redis rounds them', () => {
  const { engine } = engineWithClock();
  for (const seconds of ['0.000006', '0.000038']) engine.text('DEBUG', 'SLEEP', seconds);
  const field = (): string =>
    /percentiles_usec_debug:(.*)\r\n/.exec(engine.text('INFO', 'latencystats'))?.[1] ?? 'none';
  assert.equal(field(), 'p50=6.015,p99=38.143,p99.9=38.143');
  engine.text('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0 50.5 100');
  assert.equal(field(), 'p0=5.984,p50.5=6.015,p100=38.143');
  engine.text('CONFIG', 'SET', 'latency-tracking', 'no');
  assert.equal(field(), 'none');
});

test('calls are not tracked while latency-tracking is off', () => {
  const { engine } = engineWithClock({ 'latency-tracking': 'no' });
  engine.text('DEBUG', 'SLEEP', '0.1');
  for (let i = 0; i < 100; i++) engine.text('GET', 'a');
  assert.equal(engine.text('LATENCY', 'HISTOGRAM'), '*0\r\n');
});

test('INFO stats tells how long the data set has been larger than maxmemory', () => {
  const { engine, clock } = engineWithClock();
  const times = (): string[] => {
    return [...engine.text('INFO', 'stats').matchAll(/eviction_exceeded_time:(\d+)/g)].map(([, ms]) => ms);
  };
  engine.text('SET', 'a', 'x'.repeat(1000));
  engine.text('CONFIG', 'SET', 'maxmemory', '1');
  assert.match(engine.text('SET', 'b', '1'), /^-OOM/);
  clock.micros += 3_000_000;
  assert.deepEqual(times(), ['3000', '3000']);
  engine.text('CONFIG', 'SET', 'maxmemory', '1gb');
  engine.text('GET', 'a');
  assert.deepEqual(times(), ['3000', '0']);
});
