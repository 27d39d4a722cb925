// Weir nodes as child processes, for `npm start` and the demo.

import { spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { checkoutRoot } from '@weir/toolchain';

const PIPES_MS = 2000;

export interface NodeProcess {
  readonly name: string;
  /** Resolves, never rejects, with how the process ended: `code 1`, `signal SIGKILL`, or why it could not start. */
  readonly ended: Promise<string>;
  isRunning(): boolean;
  /** Asks it to end and, when the bound is over, ends it; returns true when it went by itself. */
  stop(boundMs: number): Promise<boolean>;
}

export interface NodeOptions {
  readonly name: string;
  /** One of the apps, in place of `weir-server`. */
  readonly script?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly onLine: (line: string) => void;
}

/** Starts `weir-server`. In a process group of its own, so that Ctrl-C reaches only us and the nodes end in the order we choose. */
export function startNode({ name, script, args, cwd, onLine }: NodeOptions): NodeProcess {
  const [program, more] =
    script === undefined
      ? [path.join(checkoutRoot(), 'weir-server'), []]
      : [process.execPath, [path.join(checkoutRoot(), script)]];
  const child = spawn(program, [...more, ...args], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  let running = true;
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    const how = (code: number | null, signal: string | null): void =>
      resolve(signal === null ? `code ${code}` : `signal ${signal}`);
    child.on('close', how);
    // What it leaves behind when it is killed may hold its pipes for longer.
    child.on('exit', (code, signal) => void setTimeout(() => how(code, signal), PIPES_MS));
  }).then((how) => {
    running = false;
    return how;
  });
  return {
    name,
    ended,
    isRunning: () => running,
    stop: async (boundMs) => {
      if (!running) return true;
      child.kill('SIGTERM');
      const overtime = new AbortController();
      const late = sleep(boundMs, true, { signal: overtime.signal }).catch(() => false);
      const wentByItself = await Promise.race([ended.then(() => true), late.then(() => false)]);
      overtime.abort();
      if (!wentByItself) child.kill('SIGKILL');
      await ended;
      return wentByItself;
    },
  };
}

/** The first line of the answer to one inline command, or undefined when nobody answers. */
function askOnce(port: number, command: string, timeoutMs = 1000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let text = '';
    const finish = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => finish(undefined));
    socket.on('connect', () => socket.write(`${command}\r\n`));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n');
      if (end >= 0) finish(text.slice(0, end));
    });
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
  });
}

/** Waits until the node answers PING (an error such as -LOADING is not yet an answer); throws when it ends or the bound is over. */
export async function untilItAnswers(node: NodeProcess, port: number, boundMs: number): Promise<void> {
  const until = performance.now() + boundMs;
  while ((await askOnce(port, 'PING')) !== '+PONG') {
    if (!node.isRunning()) throw new Error(`the ${node.name} ended with ${await node.ended} before it answered`);
    if (performance.now() > until) {
      throw new Error(`the ${node.name} did not answer on port ${port} within ${boundMs / 1000} s`);
    }
    await sleep(50);
  }
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Below those of outgoing connections, one of which could be faster than a node that starts. */
const somePort = (): number => 20_000 + Math.floor(Math.random() * 12_000);

/** Two different ports that nobody listens on at this moment. */
export async function freePorts(): Promise<readonly [number, number]> {
  const listen = (): Promise<{ port: number; close: () => void }> =>
    new Promise((resolve, reject) => {
      const server = createServer();
      const tryOne = (): void => void server.listen({ port: somePort(), host: '127.0.0.1' });
      server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? tryOne() : reject(error)));
      tryOne();
      server.once('listening', () => {
        const address = server.address();
        if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
        resolve({ port: address.port, close: () => server.close() });
      });
    });
  const [a, b] = await Promise.all([listen(), listen()]);
  a.close();
  b.close();
  return [a.port, b.port];
}
