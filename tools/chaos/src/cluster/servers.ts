import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bounded, freePort, signal } from '@weir/testkit';
import type { Rig } from '@weir/testkit';
import { findNatsServer } from '@weir/toolchain';

/** A program that is not Weir's, which the harness starts, kills and starts again. */
export class Program {
  readonly name: string;
  readonly port: number;
  readonly lines: string[] = [];
  readonly #rig: Rig;
  readonly #command: readonly string[];
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(rig: Rig, name: string, port: number, command: readonly string[]) {
    this.#rig = rig;
    this.name = name;
    this.port = port;
    this.#command = command;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  spawn(): void {
    if (this.#child !== null) return;
    const [file, ...args] = this.#command as [string, ...string[]];
    const child = spawn(file, args, { cwd: this.#rig.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#rig.owns(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.lines.push(...bytes.toString().trimEnd().split('\n'));
        if (this.lines.length > LINES_MAX) this.lines.splice(0, LINES_MAX / 2);
      });
    }
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        if (this.#child === child) this.#child = null;
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
  }

  async kill(): Promise<void> {
    if (this.pid !== undefined) signal(this.pid, 'SIGKILL');
    await bounded(`${this.name} to end after SIGKILL`, this.#ended, 5000);
  }
}

const LINES_MAX = 4000;

interface NatsOptions {
  readonly name: string;
  readonly port: number;
  readonly monitor: number;
  readonly file: string;
}

interface Streams {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly { readonly name: string; readonly cluster?: { readonly leader?: string } }[];
  }[];
}

export class NatsServer extends Program {
  readonly #monitor: number;

  constructor(rig: Rig, { name, port, monitor, file }: NatsOptions) {
    super(rig, name, port, [findNatsServer(), '-c', file]);
    this.#monitor = monitor;
  }

  /** Whether it leads the stream that is the log. */
  async leadsLog(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.#monitor}/jsz?streams=true`, {
      signal: AbortSignal.timeout(2000),
    });
    const { account_details: accounts = [] } = (await answer.json()) as Streams;
    const streams = accounts.flatMap(({ stream_detail: some = [] }) => some);
    return streams.some(({ name, cluster }) => name.endsWith('_LOG') && cluster?.leader === this.name);
  }
}

/** NATS servers that keep one log. They do not tell clients of each other: each client has its own way to each of them, which can be cut. */
export async function natsServers(rig: Rig, count: number): Promise<NatsServer[]> {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const ports = await Promise.all(numbers.map(freePort));
  const routes = await Promise.all(numbers.map(freePort));
  const monitors = await Promise.all(numbers.map(freePort));
  return numbers.map((i) => {
    const name = `nats-${i + 1}`;
    const folder = path.join(rig.folder, name);
    mkdirSync(folder);
    const file = path.join(folder, 'nats.conf');
    const all = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
    const lines = [
      `server_name: ${name}`,
      `listen: "127.0.0.1:${ports[i]}"`,
      `http: "127.0.0.1:${monitors[i]}"`,
      'max_payload: 8388608',
      'max_pending: 67108864',
      `jetstream { store_dir: "${folder}", sync_interval: always }`,
      `cluster { name: chaos, listen: "127.0.0.1:${routes[i]}", routes: [${all}], no_advertise: true }`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return new NatsServer(rig, { name, port: ports[i]!, monitor: monitors[i]!, file });
  });
}
