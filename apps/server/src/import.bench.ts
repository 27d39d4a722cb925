// How long a first start on a dump.rdb of real Redis takes, beside what redis-server takes to load the same file: both in turns, medians. Two figures
// for two kinds of data set on one machine, which should be quiet: not for comparing machines. On a busy one the ratio of CPU times says more.
//
//   tools/run apps/server/src/import.bench.ts [keys] [rounds]     (2,000,000 and 3 by default)
//
// strings: as DEBUG POPULATE makes them, 64 bytes that compress well. mixed: of ten keys six strings of 40 to 103 bytes that do not compress, one of them
// expiring, one number, one hash of 4 fields, one list of 5 elements, and a set or sorted set of 6.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort, redisCli, startRealRedis } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';

export type ImportKind = 'strings' | 'mixed';

export interface ImportRound {
  /** By redis-server's own log. */
  readonly redisSeconds: number;
  /** Weir's first pass: decoding and storing the file. */
  readonly fileSeconds: number;
  /** From when the log is there to when writes are taken. */
  readonly startSeconds: number;
  /** CPU time of the two processes, of Weir's for that time, which a busy machine changes little (Linux only, else NaN). */
  readonly redisCpuSeconds: number;
  readonly startCpuSeconds: number;
}

export interface ImportResult extends ImportRound {
  readonly bytes: number;
}

export async function runImportBench(kind: ImportKind, keys: number, rounds: number): Promise<ImportResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-import-'));
  try {
    const file = join(folder, 'dump.rdb');
    await makeFile(kind, keys, file);
    const results: ImportRound[] = [];
    for (let round = 0; round < rounds; round++) {
      results.push({ ...(await loadWithRedis(folder)), ...(await startWeir(folder, file)) });
    }
    const median = (of: (round: ImportRound) => number): number =>
      results.map(of).toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
    return {
      bytes: statSync(file).size,
      redisSeconds: median(({ redisSeconds }) => redisSeconds),
      fileSeconds: median(({ fileSeconds }) => fileSeconds),
      startSeconds: median(({ startSeconds }) => startSeconds),
      redisCpuSeconds: median(({ redisCpuSeconds }) => redisCpuSeconds),
      startCpuSeconds: median(({ startCpuSeconds }) => startCpuSeconds),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes of 0x21 to 0x7f, drawn with a fixed seed. */
const MIXED = `
math.randomseed(1)
local noise = {}
for i = 1, 100000 do noise[i] = string.char(math.random(33, 127)) end
noise = table.concat(noise)
local call = redis.call
for i = tonumber(ARGV[1]), ARGV[2] - 1 do
  local kind, value = i % 10, string.sub(noise, i * 7 % 99000 + 1, i * 7 % 99000 + 40 + i % 64)
  if kind < 5 then call('SET', 'string:' .. i, value)
  elseif kind == 5 then call('SET', 'expiring:' .. i, value, 'EX', 1000000)
  elseif kind == 6 then call('SET', 'number:' .. i, i * 3)
  elseif kind == 7 then call('HSET', 'hash:' .. i, 'name', 'user ' .. i, 'mail', i .. '@example.com', 'age', i % 99, 'token', string.sub(value, 1, 20))
  elseif kind == 8 then call('RPUSH', 'list:' .. i, 'a' .. i, 'b' .. i, 'c' .. i, 'd' .. i, 'e' .. i)
  elseif i % 20 == 9 then call('SADD', 'set:' .. i, i, i + 3, i + 6, 'a', 'b', 'c')
  else call('ZADD', 'zset:' .. i, i, 'a', i % 7, 'b', 3, 'c', 4, 'd', 5, 'e', 6, 'f') end
end`;

async function makeFile(kind: ImportKind, keys: number, file: string): Promise<void> {
  const redis = await startRealRedis(['--enable-debug-command', 'yes']);
  try {
    if (kind === 'strings') await redisCli(redis.port, ['DEBUG', 'POPULATE', `${keys}`, 'key', '64']);
    else {
      for (let from = 0; from < keys; from += 100_000)
        await redisCli(redis.port, ['EVAL', MIXED, '0', `${from}`, `${Math.min(keys, from + 100_000)}`]);
    }
    await redisCli(redis.port, ['SAVE']);
    copyFileSync(join(redis.dir, 'dump.rdb'), file);
  } finally {
    await redis.stop();
  }
}

async function loadWithRedis(folder: string): Promise<Pick<ImportRound, 'redisSeconds' | 'redisCpuSeconds'>> {
  const options = ['--port', '0', '--unixsocket', join(folder, 'sock'), '--save', '', '--dir', folder];
  const redis = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  let redisCpuSeconds = NaN;
  const loaded = await lineOf(redis, /DB loaded from disk: ([\d.]+) seconds/, () => {
    redisCpuSeconds = cpuOf(redis.pid!);
  });
  return { redisSeconds: Number(loaded[1]), redisCpuSeconds };
}

async function startWeir(
  folder: string,
  file: string,
): Promise<Pick<ImportRound, 'fileSeconds' | 'startSeconds' | 'startCpuSeconds'>> {
  const dir = join(folder, 'weir');
  mkdirSync(dir);
  copyFileSync(file, join(dir, 'dump.rdb'));
  const weir = spawn(
    join(checkoutRoot(), 'weir-server'),
    ['--port', String(await freePort()), '--dir', dir, '--replication-app', 'external'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let began = 0;
  let beganCpu = 0;
  let fileSeconds = NaN;
  let startSeconds = NaN;
  let startCpuSeconds = NaN;
  await lineOf(weir, /ready for writes/, (line) => {
    if (line.includes('nats-server runs')) {
      began = performance.now();
      beganCpu = cpuOf(weir.pid!);
    }
    if (line.includes('"file loaded and stored"')) fileSeconds = Number(/"ms":(\d+)/.exec(line)?.[1]) / 1000;
    startSeconds = (performance.now() - began) / 1000;
    startCpuSeconds = cpuOf(weir.pid!) - beganCpu;
  });
  rmSync(dir, { recursive: true, force: true });
  return { fileSeconds, startSeconds, startCpuSeconds };
}

const LINE_MS_MAX = 600_000;

/** The first line that matches; the process is ended then, and when none comes in time. */
async function lineOf(child: ChildProcess, wanted: RegExp, seen?: (line: string) => void): Promise<RegExpExecArray> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  const patience = setTimeout(() => child.kill('SIGKILL'), LINE_MS_MAX);
  let last = '';
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      last = line;
      seen?.(line);
      const found = wanted.exec(line);
      if (found !== null) return found;
    }
    throw new Error(`the process ended, and said at last: ${last}`);
  } finally {
    clearTimeout(patience);
    child.kill('SIGTERM');
    await ended;
  }
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
  const keys = Number(process.argv[2] ?? 2_000_000);
  const rounds = Number(process.argv[3] ?? 3);
  for (const kind of ['strings', 'mixed'] as const) {
    const result = await runImportBench(kind, keys, rounds);
    const { bytes, redisSeconds, fileSeconds, startSeconds, redisCpuSeconds, startCpuSeconds } = result;
    const line = (what: string, seconds: number, redis = redisSeconds): void =>
      console.log(`${what.padEnd(28)} ${seconds.toFixed(2)} s  ${(seconds / redis).toFixed(2)} × Redis`);
    console.log(`${keys} keys, ${kind}, file ${(bytes / 1e6).toFixed(0)} MB, medians of ${rounds}`);
    line('Redis loads', redisSeconds);
    line('  CPU', redisCpuSeconds, redisCpuSeconds);
    line('Weir decodes and stores', fileSeconds);
    line('Weir’s whole first start', startSeconds);
    line('  CPU', startCpuSeconds, redisCpuSeconds);
  }
}
