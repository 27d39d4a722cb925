// A real redis-server for the end-to-end tests and for making the fixtures: on a free port of the loopback, in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const START_MS_MAX = 10_000;

export const NOT_INSTALLED =
  'is not installed, and these tests compare with it: install Redis 7 (Debian: apt-get install redis-server redis-tools)';

export interface RealRedis {
  readonly client: Redis;
  readonly dir: string;
  stop(): Promise<void>;
}

/** prepare: called with the folder before the server starts, to put a dump.rdb there. */
export async function startRedis(options: readonly string[], prepare?: (dir: string) => void): Promise<RealRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-rdb-'));
  prepare?.(dir);
  const port = await freePort();
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...fixed, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  child.stdout.on('data', (data: Buffer) => (log += data.toString()));
  let failure: Error | undefined;
  child.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'ENOENT' ? new Error(`redis-server ${NOT_INSTALLED}`) : error;
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stopProcess = async (): Promise<void> => {
    await endChild(child);
    process.off('exit', kill);
    rmSync(dir, { recursive: true, force: true });
  };

  for (const started = Date.now(); !log.includes('Ready to accept connections'); await sleep(10)) {
    if (failure === undefined && child.exitCode !== null) failure = new Error(`redis-server ended:\n${log}`);
    if (failure === undefined && Date.now() - started > START_MS_MAX)
      failure = new Error(`redis-server hangs:\n${log}`);
    if (failure === undefined) continue;
    await stopProcess();
    throw failure;
  }
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0 });
  return {
    client,
    dir,
    stop: async () => {
      client.disconnect();
      await stopProcess();
    },
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
