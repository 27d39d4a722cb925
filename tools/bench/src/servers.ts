/** Servers under measurement, as child processes with folders and logs of their own below one working folder. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedNats } from '@weir/log';
import { checkoutRoot, findNatsServer } from '@weir/toolchain';
import { withClient } from './resp-client.ts';

export type Appendfsync = 'no' | 'everysec' | 'always';

export interface BenchServer {
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Everything it has printed. */
  log(): string;
  stop(): Promise<void>;
}

const START_MS = 60_000;
const STOP_MS = 40_000;

export class Workshop {
  readonly dir: string;
  readonly #profileDir: string | undefined;
  readonly #running = new Set<BenchServer>();
  #count = 0;

  /** On the checkout's disk, because a temporary folder is in memory on many machines, and fsync would cost nothing. */
  constructor(profileDir?: string) {
    const parent = path.join(checkoutRoot(), '.cache/bench');
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent)) {
      if (!isRunning(Number(/^run-(\d+)-/.exec(name)?.[1])))
        rmSync(path.join(parent, name), { recursive: true, force: true });
    }
    this.dir = mkdtempSync(path.join(parent, `run-${process.pid}-`));
    this.#profileDir = profileDir;
  }

  /** A real Redis with its AOF; automatic rewrites and RDB saves are off, as the snapshots of Weir are. */
  redis(appendfsync: Appendfsync | 'no-log', extra: readonly string[] = []): Promise<BenchServer> {
    const log =
      appendfsync === 'no-log' ? ['--appendonly', 'no'] : ['--appendonly', 'yes', '--appendfsync', appendfsync];
    return this.#start('redis', 'redis-server', (port, dir) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...log],
      ...[
        '--auto-aof-rewrite-percentage',
        '0',
        '--enable-debug-command',
        'yes',
        '--repl-diskless-sync-delay',
        '0',
        ...extra,
      ],
    ]);
  }

  /** A whole Weir node: ingress and engine in one process, embedded nats-server, replication app. */
  weir(appendfsync: Appendfsync, extra: readonly string[] = []): Promise<BenchServer> {
    return this.#start(
      'weir',
      path.join(checkoutRoot(), 'weir-server'),
      (port, dir) => [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendfsync', appendfsync],
        ...['--snapshot-log-bytes', '0', '--enable-debug-command', 'yes', ...extra],
      ],
      this.#profiled,
    );
  }

  /** Ingress and engine as two processes, joined by the link over a Unix socket, with a NATS server as a node's own. */
  async weirSplit(appendfsync: Appendfsync): Promise<BenchServer> {
    const run = path.join(checkoutRoot(), 'tools/run');
    // The path of a Unix socket may have some hundred bytes.
    const socketDir = mkdtempSync(path.join(tmpdir(), 'weir-bench-'));
    const socket = path.join(socketDir, 'link');
    const stops: (() => Promise<void> | void)[] = [() => rmSync(socketDir, { recursive: true, force: true })];
    const stop = async (): Promise<void> => {
      for (const one of stops.toReversed()) await one();
    };
    try {
      const dir = path.join(this.dir, `nats-${++this.#count}`);
      const nats = await startEmbeddedNats({ binary: findNatsServer(), dir, host: '127.0.0.1', sync: appendfsync });
      stops.push(() => nats.stop());
      const engineArgs = [
        '--save',
        '',
        '--nats-url',
        nats.url,
        '--link-listen',
        socket,
        '--enable-debug-command',
        'yes',
      ];
      const engine = await this.#start(
        'weir-engine',
        run,
        (_, own) => ['apps/engine/src/main.ts', '--dir', own, ...engineArgs],
        this.#profiled,
        false,
      );
      stops.push(() => engine.stop());
      const ingress = await this.#start(
        'weir-ingress',
        run,
        (port, own) => [
          ...['apps/ingress/src/main.ts', '--port', String(port), '--bind', '127.0.0.1', '--dir', own],
          ...['--link-connect', socket],
        ],
        this.#profiled,
      );
      stops.push(() => ingress.stop());
      return { ...ingress, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** Joins a master; does not wait for anything, because how long that takes is what is measured. */
  weirSlave(masterPort: number, extra: readonly string[] = []): Promise<BenchServer> {
    return this.#start(
      'weir-slave',
      path.join(checkoutRoot(), 'weir-server'),
      (port, dir) => [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--enable-debug-command', 'yes'],
        ...['--slaveof', '127.0.0.1', String(masterPort), ...extra],
      ],
      this.#profiled,
      false,
    );
  }

  /** An ingress that routes to all engines of a node's log. */
  weirIngress(nodePort: number): Promise<BenchServer> {
    return this.#start(
      'weir-ingress',
      path.join(checkoutRoot(), 'tools/run'),
      (port, dir) => [
        ...['apps/ingress/src/main.ts', '--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
        ...['--replicaof', '127.0.0.1', String(nodePort)],
      ],
      this.#profiled,
    );
  }

  redisSlave(masterPort: number): Promise<BenchServer> {
    return this.#start(
      'redis-slave',
      'redis-server',
      (port, dir) => [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--enable-debug-command', 'yes'],
        ...['--replicaof', '127.0.0.1', String(masterPort)],
      ],
      {},
      false,
    );
  }

  /** Starts a server again in the folder of one that was stopped. */
  again(server: BenchServer, kind: 'redis', args: readonly string[]): Promise<BenchServer> {
    return this.#start(kind, 'redis-server', (port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', server.dir, '--save', '', ...args],
    ]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((server) => server.stop()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  get #profiled(): Record<string, string> {
    if (this.#profileDir === undefined) return {};
    return { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${this.#profileDir}` };
  }

  async #start(
    name: string,
    program: string,
    args: (port: number, dir: string) => string[],
    env: Record<string, string> = {},
    hasPort = true,
  ): Promise<BenchServer> {
    const port = await freePort();
    const label = `${name}-${++this.#count}`;
    const dir = path.join(this.dir, label);
    mkdirSync(dir);
    const logFile = path.join(this.dir, `${label}.log`);
    const log = createWriteStream(logFile);
    await new Promise((resolve) => log.once('open', resolve));
    const child = spawn(program, args(port, dir), { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    const server: BenchServer = {
      port,
      pid: child.pid ?? 0,
      dir,
      log: () => readFileSync(logFile, 'utf8'),
      stop: async () => {
        this.#running.delete(server);
        await end(child, ended);
        log.close();
      },
    };
    this.#running.add(server);
    let failed = '';
    void ended.then((how) => (failed = how));
    const deadline = performance.now() + START_MS;
    while (hasPort && !(await answers(port))) {
      if (failed !== '') throw new Error(`${name} ${failed}: ${server.log().trim().slice(-2000)}`);
      if (performance.now() > deadline) throw new Error(`${name} does not answer: ${server.log().trim().slice(-2000)}`);
      await sleep(20);
    }
    return server;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** It takes writes, or says that it is a slave. */
async function answers(port: number): Promise<boolean> {
  try {
    return await withClient(port, async (client) => {
      await client.send('SET', 'weir:bench:ready', '1');
      await client.send('DEL', 'weir:bench:ready');
      return true;
    });
  } catch (error) {
    return /^READONLY/.test((error as Error).message);
  }
}

/** Below the ports of outgoing connections, of which a benchmark makes many. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    let port = 0;
    const tryOne = (): void => {
      port = 20_000 + Math.floor(Math.random() * 12_000);
      server.listen(port, '127.0.0.1');
    };
    server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? tryOne() : reject(error)));
    server.once('listening', () => server.close(() => resolve(port)));
    tryOne();
  });
}
