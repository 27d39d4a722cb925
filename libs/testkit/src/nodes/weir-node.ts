/** One process of Weir, `weir-server` unless said otherwise, with everything it starts, as an operator sees it: a port, a folder, pids and log lines. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkoutRoot } from '@weir/toolchain';
import { childrenOf, commandLineOf, isAlive, signal } from './processes.ts';
import { ConnectionEnded, RawClient } from './raw-client.ts';
import type { Argument, Value } from './raw-client.ts';
import { Hopeless, bounded, until } from './until.ts';

export interface WeirNodeOptions {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  /** Instead of weir-server: one of the apps as a process of its own. Then `port` is where its clients are taken. */
  readonly script?: string;
  /** In place of the usual `--port --dir --bind`. */
  readonly args?: readonly string[];
  /** Behind those. */
  readonly more?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program, with its arguments, that runs weir-server in its own place (`exec`), so that the pid stays. */
  readonly under?: readonly [program: string, ...args: string[]];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Position {
  readonly epoch: number;
  readonly seq: number;
  readonly offset: number;
  readonly logId: string;
}

export interface Digest {
  readonly seq: number;
  readonly offset: number;
  readonly hex: string;
}

const LINES_MAX = 4000;

/** Without what is meant for the tests themselves: a node takes WEIR_… for directives. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => name !== 'NODE_TEST_CONTEXT' && (!name.startsWith('WEIR_') || name === 'WEIR_NATS_SERVER'),
  );
  return Object.fromEntries(own);
}

export class WeirNode {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  readonly options: WeirNodeOptions;
  /** What it wrote, stdout and stderr, over all its lives. */
  readonly lines: string[] = [];
  /** Every process that was ever seen to belong to it. */
  readonly pids = new Set<number>();
  exited: Promise<Exit> = Promise.resolve({ code: null, signal: null });
  #silent: Promise<unknown> = Promise.resolve();
  #child: ChildProcess | null = null;
  #client: RawClient | null = null;

  constructor(options: WeirNodeOptions) {
    this.options = options;
    this.name = options.name;
    this.port = options.port;
    this.dir = options.dir;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** The process, ready or not. */
  spawn(): this {
    if (this.#child !== null) throw new Error(`${this.name} runs already`);
    if (this.over) throw new Error(`${this.name} is not started any more: its test is over`);
    const { options } = this;
    const { script } = options;
    const program =
      script === undefined ? [join(checkoutRoot(), 'weir-server')] : [process.execPath, join(checkoutRoot(), script)];
    const args = [
      ...(options.args ?? ['--port', String(this.port), '--dir', this.dir, '--bind', '127.0.0.1']),
      ...(options.more ?? []),
    ];
    const [file, ...argv]: [string, ...string[]] = [...(options.under ?? []), ...program, ...args] as [string];
    const child = spawn(file, argv, {
      cwd: options.cwd ?? checkoutRoot(),
      env: { ...environment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    if (child.pid !== undefined) this.pids.add(child.pid);
    this.lines.push(`--- ${this.name} starts: pid ${child.pid}, ${script ?? 'weir-server'} ${args.join(' ')}`);
    const ends = [child.stdout!, child.stderr!].map((stream) => {
      const lines = createInterface({ input: stream });
      lines.on('line', (line) => {
        this.lines.push(line);
        if (this.lines.length > LINES_MAX) this.lines.splice(0, LINES_MAX / 2);
      });
      return new Promise((resolve) => lines.once('close', resolve));
    });
    this.#silent = Promise.all(ends);
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.lines.push(`--- ${this.name}: ${error.message}`);
        resolve({ code: null, signal: null });
      });
      // 'exit', not 'close': a grandchild may hold the pipes for longer.
      child.once('exit', (code, how) => {
        this.lines.push(`--- ${this.name} ended: ${how ?? `code ${code}`}`);
        this.#child = null;
        this.#client?.close();
        resolve({ code, signal: how });
      });
    });
    return this;
  }

  /** Starts it and waits until it serves: a master accepts writes, a slave is connected to its master. */
  async start(boundMs = 20_000): Promise<this> {
    this.spawn();
    await this.answers(boundMs);
    await this.online(boundMs);
    return this;
  }

  async answers(boundMs = 20_000): Promise<void> {
    await until(
      `${this.name} to answer PING`,
      async () => {
        if (!this.isRunning) throw new Hopeless(`${this.name} ended`);
        return (await this.call('PING')) === 'PONG';
      },
      boundMs,
    );
  }

  /** ROLE says master, or a slave that is connected. */
  async online(boundMs = 20_000): Promise<void> {
    await until(
      `${this.name} to be online`,
      async () => {
        const role = (await this.call('ROLE')) as Value[];
        return role[0] === 'master' ? (await this.position()).epoch > 0 : role[3] === 'connected';
      },
      boundMs,
    );
    this.note();
  }

  /** Remembers the pids of its children, so that they can be ended whatever happens. */
  note(): void {
    if (!this.isRunning) return;
    for (const child of childrenOf(this.pid)) this.pids.add(child.pid);
  }

  /** Its embedded nats-server, from the pid file, when that process lives. */
  get natsPid(): number | undefined {
    const file = join(this.dir, 'nats/nats-server.pid');
    if (!existsSync(file)) return undefined;
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    if (!(pid > 0) || !commandLineOf(pid).includes(join(this.dir, 'nats/nats-server.conf'))) return undefined;
    this.pids.add(pid);
    return pid;
  }

  /** Its embedded nats-server, with the name and password of one of its users. */
  natsUrl(user: 'admin' | 'leader' | 'replication' | 'slave'): string {
    const conf = readFileSync(join(this.dir, 'nats/nats-server.conf'), 'utf8');
    const password = new RegExp(`user: ${user}, password: "([0-9a-f]+)"`).exec(conf)![1]!;
    return `nats://${user}:${password}@${/^listen: "(.*)"$/m.exec(conf)![1]!}`;
  }

  get replicationPid(): number | undefined {
    if (!this.isRunning) return undefined;
    const pid = childrenOf(this.pid).find((one) => /replication/.test(one.command))?.pid;
    if (pid !== undefined) this.pids.add(pid);
    return pid;
  }

  /** How it ended by itself, and all that it wrote until then: that may come behind the news of its end. */
  async ended(boundMs = 30_000): Promise<Exit & { readonly said: string }> {
    const exit = await bounded(`${this.name} to end by itself`, this.exited, boundMs);
    await bounded(`the output of ${this.name}`, this.#silent, 5000);
    return { ...exit, said: this.lines.join('\n') };
  }

  /** SIGTERM, and how it ended. */
  async stop(boundMs = 20_000): Promise<Exit> {
    if (!this.isRunning) return this.exited;
    this.note();
    signal(this.pid, 'SIGTERM');
    return bounded(`${this.name} to end after SIGTERM`, this.exited, boundMs);
  }

  /** SIGKILL to the node's own process; its children are left as a crash leaves them. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.note();
    signal(this.pid, 'SIGKILL');
    await bounded(`${this.name} to end after SIGKILL`, this.exited, 5000);
  }

  /** Whatever of it still lives. */
  get alivePids(): number[] {
    void this.natsPid;
    return [...this.pids].filter((pid) => isAlive(pid));
  }

  /** Its test is over: whoever still writes to it stops, and nobody starts it again. */
  over = false;

  /** Ends everything that belongs to it, now. */
  async end(): Promise<void> {
    this.over = true;
    this.note();
    this.#client?.close();
    for (const pid of this.alivePids) {
      signal(pid, 'SIGCONT');
      signal(pid, 'SIGKILL');
    }
    await until(
      `all processes of ${this.name} to be gone`,
      () => {
        for (const pid of this.alivePids) signal(pid, 'SIGKILL');
        return this.alivePids.length === 0;
      },
      5000,
    );
    // Its threads may outlive the process by a moment, and its ports with them, until the parent is told.
    await bounded(`${this.name} to be gone`, this.exited, 5000);
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  /** Over a connection of the harness's own, opened when needed. Retries nothing. */
  async call(...args: readonly Argument[]): Promise<Value> {
    if (this.#client === null || this.#client.isEnded) this.#client = await this.connect();
    const client = this.#client;
    try {
      return await client.call(...args);
    } catch (error) {
      if (error instanceof ConnectionEnded || error instanceof TypeError) client.close();
      throw error;
    }
  }

  async position(): Promise<Position> {
    const [epoch, seq, offset, logId] = (await this.call('WEIR', 'POSITION')) as [number, number, number, string];
    return { epoch, seq, offset, logId };
  }

  async digest(): Promise<Digest> {
    const [seq, offset, hex] = (await this.call('WEIR', 'DIGEST')) as [number, number, string];
    return { seq, offset, hex };
  }

  /** INFO as a map. */
  async info(section?: string): Promise<Map<string, string>> {
    const text = (await this.call('INFO', ...(section === undefined ? [] : [section]))) as string;
    return new Map(
      text.split('\r\n').flatMap((line) => {
        const colon = line.indexOf(':');
        return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
      }),
    );
  }

  /** Lines of the log that match, for asserting what an operator is told. */
  logged(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}
