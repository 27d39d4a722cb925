/**
 * Weir and real Redis under the same load, one after the other and again (A B A B A B): the machine drifts, and what
 * counts is the ratio of the medians. Both servers run all the time; only one is ever loaded.
 *
 * The turns are slices of half a second, six of which make a run of three. On a machine that others use as well there is
 * seldom a quiet three seconds, but there are quiet halves, and a disturbed slice costs little to repeat.
 */

import type { LoadResult } from './redis-benchmark.ts';
import { runLoad } from './redis-benchmark.ts';
import { FOREIGN_MAX, watch } from './machine.ts';
import type { CpuUse, Patience } from './machine.ts';
import { preload, withClient } from './resp-client.ts';
import type { Appendfsync, BenchServer, Workshop } from './servers.ts';

export const VALUE_BYTES = 64;

export interface ThroughputCase {
  readonly name: string;
  /** What redis-benchmark is told. */
  readonly load: readonly string[];
  readonly pipeline: number;
  readonly clients: number;
  readonly appendfsync: Appendfsync;
  /** Ingress and engine as two processes. */
  readonly split: boolean;
  /** Least ratio to Redis that is promised; null is none. */
  readonly target: number | null;
  readonly valueBytes: number;
  /** Before each run, outside of its time: makes the data set what the command wants to find. */
  readonly prepare?: (port: number, requests: number) => Promise<void>;
  /** So many requests a run; otherwise as many as fit into its time. */
  readonly requests?: number;
  readonly requestsMax?: number;
  /** Instead of as many as there are for all. */
  readonly rounds?: number;
}

function throughputCase(
  command: 'get' | 'set',
  pipeline: number,
  clients: number,
  target: number | null,
  appendfsync: Appendfsync = 'everysec',
  split = false,
): ThroughputCase {
  const log = command === 'set' ? `-${appendfsync}` : '';
  const name = `${split ? 'split-' : ''}${command}${log}-p${pipeline}-c${clients}`;
  return { name, load: ['-t', command], pipeline, clients, appendfsync, split, target, valueBytes: VALUE_BYTES };
}

export const throughputCases: readonly ThroughputCase[] = [
  throughputCase('get', 1, 50, 0.85),
  throughputCase('get', 1, 200, 0.85),
  throughputCase('get', 16, 50, 0.8),
  throughputCase('get', 16, 200, 0.8),
  throughputCase('set', 1, 50, null, 'no'),
  throughputCase('set', 1, 200, null, 'no'),
  throughputCase('set', 16, 50, null, 'no'),
  throughputCase('set', 16, 200, null, 'no'),
  throughputCase('set', 1, 50, 0.4, 'everysec'),
  throughputCase('set', 1, 200, null, 'everysec'),
  throughputCase('set', 16, 50, 0.5, 'everysec'),
  throughputCase('set', 16, 200, 0.5, 'everysec'),
  throughputCase('set', 1, 50, 0.5, 'always'),
  throughputCase('set', 1, 200, 0.5, 'always'),
  throughputCase('set', 16, 50, 0.7, 'always'),
  throughputCase('set', 16, 200, 0.7, 'always'),
  throughputCase('get', 16, 200, 0.8, 'everysec', true),
  throughputCase('set', 16, 200, null, 'everysec', true),
];

export interface ThroughputSettings {
  readonly seconds: number;
  readonly rounds: number;
  readonly keys: number;
  readonly patience: Patience;
  readonly progress: (text: string) => void;
}

export interface Run extends LoadResult {
  /** Share of the processors that went to other programs meanwhile. */
  readonly foreign: number | null;
  /** Processors that the server used, the nats-server beneath it, and the load. */
  readonly cores: { readonly server: number; readonly nats: number; readonly load: number } | null;
  /** Records that the log took a second; 0 when the server has no such log. */
  readonly recordsPerSecond: number;
}

export interface Side {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly runs: readonly Run[];
}

export interface ThroughputResult extends ThroughputCase {
  readonly weir: Side;
  readonly redis: Side;
  readonly ratio: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function side(runs: readonly Run[]): Side {
  return {
    opsPerSecond: median(runs.map((run) => run.opsPerSecond)),
    p50Ms: median(runs.map((run) => run.p50Ms)),
    p99Ms: median(runs.map((run) => run.p99Ms)),
    runs,
  };
}

/** Runs all cases; servers are shared by cases with the same set-up, because starting them is not what is measured. */
export async function runThroughput(
  workshop: Workshop,
  cases: readonly ThroughputCase[],
  settings: ThroughputSettings,
): Promise<ThroughputResult[]> {
  const results: ThroughputResult[] = [];
  const setups = Map.groupBy(cases, ({ appendfsync, split }) => `${appendfsync} ${split}`);
  for (const sameSetup of setups.values()) {
    const { appendfsync, split } = sameSetup[0]!;
    const redis = await workshop.redis(appendfsync);
    const weir = await (split ? workshop.weirSplit(appendfsync) : workshop.weir(appendfsync));
    try {
      for (const server of [redis, weir]) await preload(server.port, settings.keys, VALUE_BYTES);
      for (const one of sameSetup) results.push(await runCase(one, weir, redis, settings));
    } finally {
      await redis.stop();
      await weir.stop();
    }
  }
  return results;
}

const SLICE_SECONDS = 0.5;
const TRIES = 6;
/** Of a case with a number of requests of its own, this part is its warm-up. */
const WARM_UP_PARTS = 3;

/** One case on servers that run and hold the data it needs. */
export async function runCase(
  one: ThroughputCase,
  weir: BenchServer,
  redis: BenchServer,
  settings: ThroughputSettings,
): Promise<ThroughputResult> {
  const load = (server: BenchServer, requests: number): Promise<LoadResult> =>
    runLoad({ ...one, port: server.port, requests, keys: settings.keys });
  const prepare = async (server: BenchServer, requests: number): Promise<void> => one.prepare?.(server.port, requests);

  const slices = one.requests === undefined ? Math.max(1, Math.round(settings.seconds / SLICE_SECONDS)) : 1;
  const sliceSeconds = settings.seconds / slices;

  // Twice, because the first run warms up as well: its rate is too low.
  const requestsFor = async (server: BenchServer): Promise<number> => {
    if (one.requests !== undefined) {
      // What follows a start is no measure: V8 compiles for most of a second.
      const warmUp = Math.ceil(one.requests / WARM_UP_PARTS);
      await prepare(server, warmUp);
      await load(server, warmUp);
      return one.requests;
    }
    let requests = Math.min(10_000, one.requestsMax ?? Infinity);
    for (const seconds of [Math.min(1, settings.seconds / 3), sliceSeconds]) {
      await prepare(server, requests);
      const { opsPerSecond } = await load(server, requests);
      requests = Math.min(Math.max(2000, Math.round(opsPerSecond * seconds)), one.requestsMax ?? Infinity);
    }
    return requests;
  };

  const slice = async (server: BenchServer, requests: number): Promise<Run> => {
    let best: Run | null = null;
    for (let i = 0; i < TRIES; i++) {
      await prepare(server, requests);
      await settings.patience.untilQuiet();
      const started = performance.now();
      const records = await recordsOf(server);
      const { result, cpu } = await watch(() => load(server, requests));
      const recordsPerSecond = (((await recordsOf(server)) - records) * result.opsPerSecond) / requests;
      const foreign = cpu?.foreign ?? null;
      const cores = cpu === null ? null : coresOf(cpu, server.pid);
      if (best === null || (foreign ?? 0) < (best.foreign ?? 0)) best = { ...result, foreign, cores, recordsPerSecond };
      if (foreign === null || foreign <= FOREIGN_MAX) break;
      if (!settings.patience.spend(performance.now() - started)) break;
    }
    return best!;
  };

  const weirRequests = await requestsFor(weir);
  const redisRequests = await requestsFor(redis);
  const runs = { weir: [] as Run[], redis: [] as Run[] };
  for (let round = 0; round < (one.rounds ?? settings.rounds); round++) {
    const taken = { weir: [] as Run[], redis: [] as Run[] };
    for (let i = 0; i < slices; i++) {
      taken.weir.push(await slice(weir, weirRequests));
      taken.redis.push(await slice(redis, redisRequests));
    }
    for (const name of ['weir', 'redis'] as const) {
      const run = joinSlices(taken[name]);
      settings.progress(describeRun(`${one.name} ${name}`, run));
      runs[name].push(run);
    }
  }
  const result = { weir: side(runs.weir), redis: side(runs.redis) };
  return { ...one, ...result, ratio: result.weir.opsPerSecond / result.redis.opsPerSecond };
}

/** Slices with the same number of requests as one run. */
export function joinSlices(slices: readonly Run[]): Run {
  const mean = (of: (slice: Run) => number): number => slices.reduce((sum, one) => sum + of(one), 0) / slices.length;
  const foreign = slices.map((one) => one.foreign).filter((share) => share !== null);
  const cores = slices.every((one) => one.cores !== null)
    ? {
        server: mean((one) => one.cores!.server),
        nats: mean((one) => one.cores!.nats),
        load: mean((one) => one.cores!.load),
      }
    : null;
  return {
    opsPerSecond: 1 / mean((one) => 1 / one.opsPerSecond),
    p50Ms: median(slices.map((one) => one.p50Ms)),
    p99Ms: median(slices.map((one) => one.p99Ms)),
    maxMs: Math.max(...slices.map((one) => one.maxMs)),
    foreign: foreign.length === 0 ? null : Math.max(...foreign),
    cores,
    recordsPerSecond: mean((one) => one.recordsPerSecond),
  };
}

function coresOf(cpu: CpuUse, serverPid: number): { server: number; nats: number; load: number } {
  const all = [...cpu.cores];
  const sum = (wanted: (pid: number) => boolean): number =>
    all.reduce((total, [pid, cores]) => (wanted(pid) ? total + cores : total), 0);
  return {
    server: cpu.cores.get(serverPid) ?? 0,
    nats: sum((pid) => cpu.names.get(pid) === 'nats-server'),
    load: cpu.cores.get(process.pid) ?? 0,
  };
}

/** Number of the last record in a Weir node's log. */
async function recordsOf(server: BenchServer): Promise<number> {
  return withClient(server.port, (client) => client.text('WEIR', 'POSITION')).then(
    (text) => Number(text.split(' ')[1]),
    () => 0,
  );
}

function describeRun(name: string, run: Run): string {
  const { opsPerSecond, foreign, cores, recordsPerSecond } = run;
  const parts = [`${name}: ${Math.round(opsPerSecond)}/s, p50 ${run.p50Ms.toFixed(2)}, p99 ${run.p99Ms.toFixed(2)} ms`];
  if (recordsPerSecond > 0) {
    parts.push(`${Math.round(recordsPerSecond)} records/s of ${(opsPerSecond / recordsPerSecond).toFixed(1)}`);
  }
  if (cores !== null) {
    const { server, nats, load } = cores;
    parts.push(`cores: server ${server.toFixed(2)}, nats ${nats.toFixed(2)}, load ${load.toFixed(2)}`);
  }
  if (foreign !== null) parts.push(`others ${Math.round(foreign * 100)} %`);
  return parts.join('; ');
}
