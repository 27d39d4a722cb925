/** One run of redis-benchmark. */

import { spawn } from 'node:child_process';

export interface LoadOptions {
  readonly port: number;
  /** One of redis-benchmark's own tests (`-t get`), or the words of a command, with `__rand_int__` in them. */
  readonly load: readonly string[];
  readonly clients: number;
  readonly pipeline: number;
  readonly requests: number;
  readonly keys: number;
  readonly valueBytes: number;
}

export interface LoadResult {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { port, load, clients, pipeline, requests, keys, valueBytes } = options;
  const args = [
    ...['-h', '127.0.0.1', '-p', String(port), '-c', String(clients), '-P', String(pipeline)],
    ...['-n', String(requests), '-r', String(keys), '-d', String(valueBytes), '--csv', ...load],
  ];
  return parseCsv(await output('redis-benchmark', args));
}

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.once('error', (error) => reject(new Error(`${program} (of redis-tools): ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${program} ended with ${signal ?? code}: ${errors.trim() || text.trim()}`));
    });
  });
}

/**
 * The table of `redis-benchmark --csv` (7.0 and newer) with one test in it; the filling of the list, which it does before the
 * LRANGE tests, is not counted as one.
 */
export function parseCsv(text: string): LoadResult {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('"'))
    .map((line) => line.trim().slice(1, -1).split('","'))
    .filter(([title]) => title !== 'LPUSH (needed to benchmark LRANGE)');
  const [header, values] = rows;
  if (rows.length !== 2 || header === undefined || values === undefined) {
    throw new Error(`redis-benchmark printed no table of one test: ${text.trim().slice(0, 200)}`);
  }
  const field = (name: string): number => {
    const value = Number(values[header.indexOf(name)]);
    if (!Number.isFinite(value)) throw new Error(`redis-benchmark printed no ${name}`);
    return value;
  };
  return {
    opsPerSecond: field('rps'),
    p50Ms: field('p50_latency_ms'),
    p99Ms: field('p99_latency_ms'),
    maxMs: field('max_latency_ms'),
  };
}
