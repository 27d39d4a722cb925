import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReplyParser, encodeCommand } from '@weir/resp';

/** A real redis-server on a free port of the loopback, in a folder of its own: the oracle of the end-to-end tests. */
export interface RealRedis {
  readonly port: number;
  readonly dir: string;
  stop(): Promise<void>;
}

const START_MS_MAX = 10_000;

export async function startRealRedis(options: readonly string[] = []): Promise<RealRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-redis-'));
  const port = await freePort();
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...fixed, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
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
    if (child.exitCode !== null) failure ??= new Error(`redis-server ended:\n${log}`);
    if (Date.now() - started > START_MS_MAX) failure ??= new Error(`redis-server hangs:\n${log}`);
    if (failure === undefined) continue;
    await stop();
    throw failure;
  }
  return { port, dir, stop };
}

export function freePort(): Promise<number> {
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

/** A connection that answers with the bytes of each reply as they came; one request at a time. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  #chunks: Uint8Array[] = [];
  #waiting: { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#parser.feed(chunk);
      const reply = this.#parser.next();
      if (reply === undefined || this.#waiting === undefined) return;
      const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      this.#chunks = [];
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve(bytes);
    });
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
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
    if (this.#waiting !== undefined) throw new Error('one request at a time');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(encodeCommand(args));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
