import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReplyParser, encodeCommand } from '@weir/resp';
import { checkoutRoot } from '@weir/toolchain';
import { freePort } from '../nodes/ports.ts';
import type { OracleName } from './rows.ts';

/** A real redis-server on a free port of the loopback, in a folder of its own: the oracle of the end-to-end tests. */
export interface RealRedis {
  readonly port: number;
  readonly dir: string;
  stop(): Promise<void>;
}

const START_MS_MAX = 60_000;
const STARTS_MAX = 5;

export function startRealRedis(options: readonly string[] = []): Promise<RealRedis> {
  return startOracle('redis', options);
}

/** Redis 7.0.15, or Valkey 8.0, which continues Redis 7.2 (and says it is Redis where clients ask). */
export async function startOracle(name: OracleName, options: readonly string[] = []): Promise<RealRedis> {
  for (let left = STARTS_MAX; ; left--) {
    try {
      return await startOnce(name, options);
    } catch (error) {
      // Another process of the machine was faster.
      if (left === 1 || !/Address already in use/.test((error as Error).message)) throw error;
    }
  }
}

async function startOnce(name: OracleName, options: readonly string[]): Promise<RealRedis> {
  const program = name === 'redis' ? 'redis-server' : path.join(findValkey(), 'valkey-server');
  const dir = mkdtempSync(path.join(tmpdir(), 'weir-redis-'));
  const port = await freePort();
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  if (name === 'valkey') fixed.push('--extended-redis-compatibility', 'yes');
  const child = spawn(program, [...fixed, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  child.stdout.on('data', (data: Buffer) => (log += data.toString()));
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    process.off('exit', kill);
    rmSync(dir, { recursive: true, force: true });
  };
  for (const started = Date.now(); !log.includes('Ready to accept connections'); await sleep(10)) {
    if (child.exitCode !== null || child.signalCode !== null) failure ??= new Error(`${name}-server ended:\n${log}`);
    if (Date.now() - started > START_MS_MAX) failure ??= new Error(`${name}-server hangs:\n${log}`);
    if (failure === undefined) continue;
    await stop();
    throw failure;
  }
  return { port, dir, stop };
}

let valkeyFolder: string | undefined;

/** The folder with valkey-server, fetched by the set-up when it is not there; throws the reason when it cannot be. */
export function findValkey(): string {
  if (valkeyFolder !== undefined) return valkeyFolder;
  const script = path.join(checkoutRoot(), 'tools/bootstrap/valkey.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tests compare with Valkey 8.0, which is missing\n${stderr.trim()}`);
  valkeyFolder = stdout.trim();
  return valkeyFolder;
}

const REPLY_MS_MAX = 60_000;

/** A connection that answers with the bytes of each reply as they came; one request at a time. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  /** What came and was not returned yet. */
  #bytes: Uint8Array = new Uint8Array(0);
  #waiting: { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void; timer: NodeJS.Timeout } | undefined;
  readonly #closed: Promise<void>;
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      this.#parser.feed(chunk);
      this.#deliver();
    });
    socket.on('error', (error) => this.#fail(error));
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#ended = true;
        this.#fail(new Error('the connection was closed'));
        resolve();
      });
    });
  }

  static connect(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  call(...args: (string | number | Uint8Array)[]): Promise<Uint8Array> {
    this.send(...args);
    return this.receive();
  }

  /** For a request that is not answered (CLIENT REPLY), or not yet. */
  send(...args: (string | number | Uint8Array)[]): void {
    this.#socket.write(encodeCommand(args));
  }

  /** The next reply, with the pushes and attributes in front of it. */
  receive(): Promise<Uint8Array> {
    if (this.#waiting !== undefined) throw new Error('one request at a time');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error('there was no reply')), REPLY_MS_MAX);
      this.#waiting = { resolve, reject, timer };
      if (this.#ended) this.#fail(new Error('the connection was closed'));
      else this.#deliver();
    });
  }

  /** All that came and was not returned yet, whole or not; then nothing is waited for with `receive`. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = new Uint8Array(0);
    while (this.#parser.next() !== undefined);
    return bytes;
  }

  /** Bytes that came and were not returned yet. */
  get size(): number {
    return this.#bytes.length;
  }

  /** The other side has closed it. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  #deliver(): void {
    if (this.#waiting === undefined) return;
    for (;;) {
      const reply = this.#parser.next();
      if (reply === undefined) return;
      if (reply.type !== 'push' && reply.type !== 'attribute') break;
    }
    const end = this.#bytes.length - this.#parser.pendingBytes;
    const { resolve, timer } = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(timer);
    const reply = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    resolve(reply);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.timer);
    waiting?.reject(error);
  }

  /** Waits for the other side to close. */
  async ended(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the connection was not closed')), REPLY_MS_MAX);
    });
    await Promise.race([this.#closed, late]).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#socket.destroy();
  }
}
