// How long a first start on a dump.rdb of real Redis takes, beside what redis-server says of loading the same file. One figure for one kind of
// data set on one machine, which should be quiet: not for comparing machines.
//
//   tools/run apps/server/src/import.bench.ts [keys]     (2,000,000 by default; strings, as DEBUG POPULATE makes them)
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort, redisCli, startRealRedis } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';

export interface ImportResult {
  readonly bytes: number;
  /** By redis-server's own log. */
  readonly redisSeconds: number;
  /** The first of Weir's passes: the file alone. */
  readonly fileSeconds: number;
  /** From when the log is there to when writes are taken. */
  readonly startSeconds: number;
  /** CPU time of the two processes over their whole lives, which a busy machine changes little (Linux only, else NaN). */
  readonly redisCpuSeconds: number;
  readonly startCpuSeconds: number;
}

export async function runImportBench(keys: number): Promise<ImportResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-import-'));
  try {
    const file = join(folder, 'dump.rdb');
    const redis = await startRealRedis(['--enable-debug-command', 'yes']);
    try {
      await redisCli(redis.port, ['DEBUG', 'POPULATE', String(keys), 'key', '64']);
      await redisCli(redis.port, ['SAVE']);
      copyFileSync(join(redis.dir, 'dump.rdb'), file);
    } finally {
      await redis.stop();
    }
    const options = ['--port', '0', '--unixsocket', `${file}.sock`, '--save', '', '--dir', folder];
    const loading = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    let redisCpuSeconds = NaN;
    const loaded = await lineOf(loading, /DB loaded from disk: ([\d.]+) seconds/, () => {
      redisCpuSeconds = cpuOf(loading.pid!);
    });
    const dir = join(folder, 'weir');
    mkdirSync(dir);
    copyFileSync(file, join(dir, 'dump.rdb'));
    const weir = spawn(
      join(checkoutRoot(), 'weir-server'),
      ['--port', String(await freePort()), '--dir', dir, '--replication-app', 'external'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let began = 0;
    let fileSeconds = NaN;
    let startSeconds = NaN;
    let startCpuSeconds = NaN;
    await lineOf(weir, /ready for writes/, (line) => {
      if (line.includes('nats-server runs')) began = performance.now();
      if (line.includes('"file loaded"')) fileSeconds = Number(/"ms":(\d+)/.exec(line)?.[1]) / 1000;
      startSeconds = (performance.now() - began) / 1000;
      startCpuSeconds = cpuOf(weir.pid!);
    });
    return {
      bytes: statSync(file).size,
      redisSeconds: Number(loaded[1]),
      fileSeconds,
      startSeconds,
      redisCpuSeconds,
      startCpuSeconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
  const { bytes, redisSeconds, fileSeconds, startSeconds, redisCpuSeconds, startCpuSeconds } =
    await runImportBench(keys);
  const line = (what: string, seconds: number, redis = redisSeconds): void =>
    console.log(`${what.padEnd(26)} ${seconds.toFixed(2)} s  ${(seconds / redis).toFixed(2)} × Redis`);
  console.log(`${keys} keys, file ${(bytes / 1e6).toFixed(0)} MB`);
  line('Redis loads', redisSeconds);
  line('  CPU', redisCpuSeconds, redisCpuSeconds);
  line('Weir loads the file', fileSeconds);
  line('Weir’s whole first start', startSeconds);
  line('  CPU', startCpuSeconds, redisCpuSeconds);
}
