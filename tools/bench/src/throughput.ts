import type { LoadResult } from './redis-benchmark.ts';
import { runLoad } from './redis-benchmark.ts';
import { FOREIGN_MAX, untilQuiet, watch } from './machine.ts';
import { preload } from './resp-client.ts';
import type { Appendfsync, BenchServer, Workshop } from './servers.ts';

/**
 * Weir and real Redis under the same load, one after the other and again (A B A B A B): the machine drifts, and what
 * counts is the ratio of the medians. Both servers run all the time; only one is ever loaded.
 */

export const VALUE_BYTES = 64;

export interface ThroughputCase {
  readonly name: string;
  readonly command: 'get' | 'set';
  readonly pipeline: number;
  readonly clients: number;
  readonly appendfsync: Appendfsync;
  /** Ingress and engine as two processes. */
  readonly split: boolean;
  /** Least ratio to Redis that is promised; null is none. */
  readonly target: number | null;
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
  return { name, command, pipeline, clients, appendfsync, split, target };
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
  /** Waits for a quiet machine and repeats disturbed runs. */
  readonly careful: boolean;
  readonly progress: (text: string) => void;
}

export interface Run extends LoadResult {
  /** Share of the processors that went to other programs meanwhile. */
  readonly foreign: number | null;
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

const QUIET_BOUND_MS = 60_000;
const TRIES = 4;

async function runCase(
  one: ThroughputCase,
  weir: BenchServer,
  redis: BenchServer,
  settings: ThroughputSettings,
): Promise<ThroughputResult> {
  const load = (server: BenchServer, requests: number): Promise<LoadResult> =>
    runLoad({ ...one, port: server.port, requests, keys: settings.keys, valueBytes: VALUE_BYTES });

  // Twice, because the first run warms up as well: its rate is too low.
  const requestsFor = async (server: BenchServer): Promise<number> => {
    let requests = 10_000;
    for (const seconds of [settings.seconds / 4, settings.seconds]) {
      const { opsPerSecond } = await load(server, requests);
      requests = Math.max(2000, Math.round(opsPerSecond * seconds));
    }
    return requests;
  };

  const measure = async (name: string, server: BenchServer, requests: number): Promise<Run> => {
    let best: Run | null = null;
    for (let i = 0; i < (settings.careful ? TRIES : 1); i++) {
      if (settings.careful) await untilQuiet(QUIET_BOUND_MS);
      const { result, foreign } = await watch(() => load(server, requests));
      if (best === null || (foreign ?? 0) < (best.foreign ?? 0)) best = { ...result, foreign };
      if (foreign === null || foreign <= FOREIGN_MAX) break;
    }
    const run = best!;
    settings.progress(`${one.name} ${name}: ${Math.round(run.opsPerSecond)}/s, others ${percent(run.foreign)}`);
    return run;
  };

  const weirRequests = await requestsFor(weir);
  const redisRequests = await requestsFor(redis);
  const runs = { weir: [] as Run[], redis: [] as Run[] };
  for (let round = 0; round < settings.rounds; round++) {
    runs.weir.push(await measure('weir', weir, weirRequests));
    runs.redis.push(await measure('redis', redis, redisRequests));
  }
  const result = { weir: side(runs.weir), redis: side(runs.redis) };
  return { ...one, ...result, ratio: result.weir.opsPerSecond / result.redis.opsPerSecond };
}

export function percent(share: number | null): string {
  return share === null ? '?' : `${Math.round(share * 100)} %`;
}
