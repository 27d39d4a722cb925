/**
 * What an end-to-end test owns: nodes, clients, folders. All of it is ended and removed when the test ends, however it
 * ends; when it failed, the last lines of every node's log are printed.
 */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { signal } from './processes.ts';
import { RawClient } from './raw-client.ts';
import { PATIENCE, bounded, until } from './until.ts';
import { WeirNode } from './weir-node.ts';
import type { Digest, WeirNodeOptions } from './weir-node.ts';

export interface RigNodeOptions extends Partial<Omit<WeirNodeOptions, 'name'>> {
  readonly slaveOf?: WeirNode;
}

const LINES_SHOWN = 60;
const CLI_MS_MAX = 60_000;

/** Those that were not ended yet: when the process ends, so do their nodes. */
const rigs = new Set<Rig>();

export class Rig {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  readonly nodes: WeirNode[] = [];
  readonly #clients: Redis[] = [];
  readonly #raws: RawClient[] = [];
  readonly #cleanups: (() => Promise<void> | void)[] = [];
  readonly #owned = new Set<ChildProcess>();

  #over = false;

  constructor() {
    rigs.add(this);
  }

  /** A node that is not started yet. */
  async node(name: string, { slaveOf, more = [], ...options }: RigNodeOptions = {}): Promise<WeirNode> {
    const node = new WeirNode({
      name,
      port: options.port ?? (await freePort()),
      dir: options.dir ?? join(this.folder, name),
      ...options,
      more: [...(slaveOf === undefined ? [] : ['--slaveof', '127.0.0.1', String(slaveOf.port)]), ...more],
    });
    // A test that was given up may still go on.
    node.over = this.#over;
    this.nodes.push(node);
    return node;
  }

  /** A node that serves. */
  async started(name: string, options?: RigNodeOptions): Promise<WeirNode> {
    return (await this.node(name, options)).start();
  }

  /** A wall clock for nodes: `env` is for their options, `set` moves it against the real one, in them and what they start. */
  shiftedClock(): { env: Record<string, string>; set: (shiftMs: number) => void } {
    const file = join(this.folder, 'clock-shift');
    const preload = new URL('shifted-clock.ts', import.meta.url).pathname;
    return {
      env: { NODE_OPTIONS: `--import ${preload}`, CLOCK_SHIFT_FILE: file },
      set: (shiftMs) => writeFileSync(file, String(shiftMs)),
    };
  }

  /** A real client, as applications use it. */
  ioredis(node: WeirNode): Redis {
    const redis = new Redis(node.port, '127.0.0.1');
    redis.on('error', () => undefined); // Rejections of commands are what a test looks at.
    this.#clients.push(redis);
    return redis;
  }

  async raw(node: WeirNode): Promise<RawClient> {
    const client = await RawClient.connect(node.port);
    this.#raws.push(client);
    return client;
  }

  /** Called at the end, last registered first. */
  onEnd(cleanup: () => Promise<void> | void): void {
    this.#cleanups.push(cleanup);
  }

  /** A process besides the nodes: it is ended with them, before what was registered to be done at the end. */
  owns(child: ChildProcess): ChildProcess {
    this.#owned.add(child);
    child.once('exit', () => this.#owned.delete(child));
    child.once('error', () => this.#owned.delete(child));
    return child;
  }

  async end(): Promise<void> {
    const errors: unknown[] = [];
    this.#over = true;
    for (const node of this.nodes) node.over = true;
    for (const client of this.#clients) client.disconnect();
    for (const client of this.#raws) client.close();
    for (const node of this.nodes.toReversed()) await node.end().catch((error: unknown) => errors.push(error));
    for (const child of this.#owned) child.kill('SIGKILL');
    await until('the other processes to be gone', () => this.#owned.size === 0, 5000).catch((error: unknown) =>
      errors.push(error),
    );
    for (const cleanup of this.#cleanups.toReversed()) {
      try {
        await cleanup();
      } catch (error) {
        errors.push(error);
      }
    }
    try {
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    } catch (error) {
      errors.push(error);
    }
    rigs.delete(this);
    if (errors.length > 0) throw errors[0];
  }

  showLogs(): void {
    for (const node of this.nodes) {
      process.stderr.write(`\n--- ${node.name} (port ${node.port}), last lines ---\n`);
      process.stderr.write(`${node.lines.slice(-LINES_SHOWN).join('\n')}\n`);
    }
  }

  /** When this process is ended from outside there is no time for more. */
  killAll(): void {
    for (const child of this.#owned) child.kill('SIGKILL');
    for (const node of this.nodes) {
      node.note();
      for (const pid of node.alivePids) signal(pid, 'SIGKILL');
    }
  }
}

process.once('exit', () => {
  for (const rig of rigs) rig.killAll();
});
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));

/** A test with a rig of its own, and a bound in time. */
export function withRig(title: string, run: (rig: Rig, context: TestContext) => Promise<void>, boundMs = 60_000): void {
  test(title, { timeout: boundMs * PATIENCE + 60_000 }, async (context) => {
    const rig = new Rig();
    try {
      await bounded(`the test to end`, run(rig, context), boundMs);
    } catch (error) {
      rig.showLogs();
      throw error;
    } finally {
      await rig.end();
    }
  });
}

/**
 * Waits until all nodes stand at the same sequence of the same log, and compares their data sets. Writes have to have
 * stopped. Throws when they differ at the same place: that never heals.
 */
export async function sameDigest(nodes: readonly WeirNode[], boundMs = 30_000): Promise<Digest> {
  await until(
    `${nodes.map((node) => node.name).join(', ')} to be at the same sequence`,
    async () => {
      const positions = await Promise.all(nodes.map((node) => node.position()));
      const text = positions.map((one) => `${one.logId.slice(0, 6)}/${one.epoch}/${one.seq}/${one.offset}`);
      if (new Set(text).size > 1) throw new Error(text.join(' '));
      return true;
    },
    boundMs,
  );
  const digests = await Promise.all(nodes.map((node) => node.digest()));
  for (const [i, digest] of digests.entries()) {
    const first = digests[0]!;
    if (digest.seq !== first.seq) return sameDigest(nodes, boundMs); // the log goes on (a noop, an expiry)
    if (digest.hex !== first.hex || digest.offset !== first.offset) {
      throw new Error(
        `at sequence ${first.seq}: ${nodes[0]!.name} has ${first.hex} (offset ${first.offset}), ${nodes[i]!.name} ${digest.hex} (${digest.offset})`,
      );
    }
  }
  return digests[0]!;
}

/** Output of the real redis-cli, as a person sees it on a terminal (`raw: false`) or as a script does. */
export function redisCli(
  port: number,
  args: readonly string[],
  { raw = false, input }: { raw?: boolean; input?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-cli', [raw ? '--raw' : '--no-raw', '-p', String(port), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: CLI_MS_MAX,
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (_, how) => {
      if (how === null) resolve(text.trimEnd());
      else reject(new Error(`redis-cli ${args.join(' ')} was ended: ${how}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
