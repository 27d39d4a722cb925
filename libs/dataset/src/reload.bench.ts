// How fast a snapshot of mixed keys is loaded and written, beside what a real redis-server says of loading the same file. One figure for one
// kind of data set on one machine: not for comparing machines.
//
//   node libs/dataset/src/reload.bench.ts [keys]     (1,000,000 by default)
//
// Of each hundred keys 40 are strings of 64 bytes (8 of them expire), 20 hashes of 8 fields, 12 sorted sets of 10 members, 12 lists of 10 elements,
// 6 sets of 10 words, 6 of 10 integers, 4 streams of 5 entries; and one in ten thousand is a hash, sorted set or set of 1,000 elements.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestEngine } from '@weir/commands/testing';
import { Keyspace } from '@weir/keyspace';
import { LOG_START } from '@weir/log';
import { Arena } from '@weir/memory';
import { loadRdbFile, writeRdb } from './index.ts';

export interface ReloadResult {
  readonly keys: number;
  readonly bytes: number;
  readonly writeSeconds: number;
  readonly writeCpuSeconds: number;
  readonly loadSeconds: number;
  /** Of the whole process, the reading of the file and garbage collection included. */
  readonly loadCpuSeconds: number;
  readonly usedBytes: number;
}

const NOW = 1_700_000_000_000;

/** Writes the file and loads it. */
export async function runReloadBench(keys: number, path: string, reserveBytes: number): Promise<ReloadResult> {
  const engine = new TestEngine({ debug: false, reserveBytes, now: NOW });
  fill(engine, keys);
  engine.history.length = 0;
  const started = performance.now();
  let cpu = process.cpuUsage();
  const file = createWriteStream(path);
  await writeRdb(
    engine.ctx.keyspace,
    LOG_START,
    { id: 'bench', engineVersion: 1, nowMs: NOW, redisVersion: '7.0.15' },
    (chunk) =>
      new Promise((resolve, reject) =>
        file.write(chunk, (error) => (error instanceof Error ? reject(error) : resolve())),
      ),
  );
  await new Promise<void>((resolve) => file.end(resolve));
  const written = performance.now();
  const writeCpuSeconds = cpuSeconds(cpu);
  engine.call('FLUSHALL');
  const keyspace = new Keyspace({ arena: new Arena({ reserveBytes }), seed: { k0: 3, k1: 4 }, randomSeed: 5 });
  const begun = performance.now();
  cpu = process.cpuUsage();
  const loaded = await loadRdbFile(path, keyspace, { nowMs: NOW });
  const done = performance.now();
  return {
    keys: loaded.keys,
    bytes: statSync(path).size,
    writeSeconds: (written - started) / 1000,
    writeCpuSeconds,
    loadSeconds: (done - begun) / 1000,
    loadCpuSeconds: cpuSeconds(cpu),
    usedBytes: keyspace.usedBytes,
  };
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

function fill(engine: TestEngine, keys: number): void {
  const words = Array.from({ length: 1000 }, (_, i) => `word-${(i * 7919) % 100_000}`);
  const value = 'v0123456789abcdef'.repeat(4).slice(0, 64);
  const some = (n: number, count: number): string[] => words.slice(n % 900, (n % 900) + count);
  for (let n = 0; n < keys; n++) {
    engine.history.length = 0;
    const key = `key:${n}`;
    const kind = n % 100;
    if (n % 10_000 === 50) engine.call('HSET', key, ...words.flatMap((word) => [word, value]));
    else if (n % 10_000 === 60) engine.call('ZADD', key, ...words.flatMap((word, i) => [i * 1.5, word]));
    else if (n % 10_000 === 84) engine.call('SADD', key, ...words);
    else if (kind < 8) engine.call('SET', key, value, 'PXAT', NOW + 1e9 + n);
    else if (kind < 40) engine.call('SET', key, value);
    else if (kind < 60)
      engine.call('HSET', key, ...some(n, 8).flatMap((field, i) => [field, i % 2 === 0 ? n + i : value.slice(0, 20)]));
    else if (kind < 72)
      engine.call('ZADD', key, ...some(n, 10).flatMap((member, i) => [i % 3 === 0 ? n + i : i * 0.5, member]));
    else if (kind < 84) engine.call('RPUSH', key, ...some(n, 10));
    else if (kind < 90) engine.call('SADD', key, ...some(n, 10));
    else if (kind < 96) engine.call('SADD', key, ...some(n, 10).map((_, i) => n + i * 3));
    else for (let i = 1; i <= 5; i++) engine.call('XADD', key, `${NOW + i}-0`, 'field', value.slice(0, 20), 'n', n);
  }
}

/** What a real redis-server took: by its own log, and its CPU time since the start (Linux only, else NaN). */
function redisSeconds(path: string): Promise<{ seconds: number; cpuSeconds: number }> {
  const options = [
    '--port',
    '0',
    '--unixsocket',
    `${path}.sock`,
    '--save',
    '',
    '--dir',
    join(path, '..'),
    '--dbfilename',
    'reload.rdb',
  ];
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let log = '';
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`redis-server ended:\n${log}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      const seconds = /DB loaded from disk: ([\d.]+) seconds/.exec(log);
      if (seconds === null) return;
      child.removeAllListeners('exit');
      const used = cpuOf(child.pid!);
      child.kill('SIGKILL');
      resolve({ seconds: Number(seconds[1]), cpuSeconds: used });
    });
  });
}

function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}

if (import.meta.main) {
  const dir = mkdtempSync(join(tmpdir(), 'weir-reload-'));
  try {
    const path = join(dir, 'reload.rdb');
    const keys = Number(process.argv[2] ?? 1_000_000);
    const { bytes, usedBytes, ...seconds } = await runReloadBench(keys, path, 8 * 1024 ** 3);
    const line = (what: string, seconds: number): void => {
      const rate = `${(keys / seconds / 1000).toFixed(0)} k keys/s`;
      console.log(
        `${what.padEnd(22)} ${seconds.toFixed(2)} s  ${rate.padStart(14)}  ${(bytes / seconds / 1e6).toFixed(0)} MB/s`,
      );
    };
    console.log(`${keys} keys, file ${(bytes / 1e6).toFixed(0)} MB, in memory ${(usedBytes / 1e6).toFixed(0)} MB`);
    line('Weir writes', seconds.writeSeconds);
    line('  CPU', seconds.writeCpuSeconds);
    line('Weir loads', seconds.loadSeconds);
    line('  CPU', seconds.loadCpuSeconds);
    const redis = await redisSeconds(path);
    line('Redis loads', redis.seconds);
    line('  CPU', redis.cpuSeconds);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
