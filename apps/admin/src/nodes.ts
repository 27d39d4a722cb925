/**
 * Connections to engines, one per node and database, opened when they are needed and closed when they were idle for a while. Nothing is sent a
 * second time: a command that met a lost connection may have been executed.
 */

import type { Member } from '@weir/cluster';
import { Redis, ReplyError } from 'ioredis';
import { runCommand } from './console.ts';
import type { ConsoleReply } from './console.ts';
import { Problem } from './problems.ts';

export interface NodesOptions {
  readonly user: () => string;
  readonly password: () => string;
  readonly connectMs?: number;
  readonly commandMs?: number;
}

export type Argument = string | number | Buffer;

const CONNECTIONS_MAX = 64;
const IDLE_MS = 60_000;
const CONSOLE_BYTES_MAX = 1024 * 1024;

interface Pooled {
  readonly redis: Redis;
  usedMs: number;
  /** Why the connection ended, where it was told. */
  trouble: string;
}

export class Nodes {
  readonly #options: NodesOptions;
  readonly #pool = new Map<string, Pooled>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: NodesOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#close(performance.now() - IDLE_MS), IDLE_MS / 2).unref();
  }

  /** The reply with its strings as text. Throws a Problem: 'node-unreachable', or 'node-refused' with Redis's own words. */
  async call(node: Member, args: readonly Argument[], db = 0): Promise<unknown> {
    const [name = '', ...rest] = args;
    return this.#ask(node, db, (redis) => redis.call(String(name), ...rest));
  }

  /** The same with its strings as bytes. */
  async callBytes(node: Member, args: readonly Argument[], db = 0): Promise<unknown> {
    const [name = '', ...rest] = args;
    return this.#ask(node, db, (redis) => redis.callBuffer(String(name), ...rest));
  }

  async info(node: Member, ...sections: readonly string[]): Promise<string> {
    return String(await this.call(node, ['INFO', ...sections]));
  }

  /** One command of an operator, see console.ts. */
  runCommand(node: Member, args: readonly Buffer[], db: number): Promise<ConsoleReply> {
    const { user, password, commandMs = 5000 } = this.#options;
    const options = { user: user(), password: password(), db, replyBytesMax: CONSOLE_BYTES_MAX, timeoutMs: commandMs };
    return runCommand(node, args, options);
  }

  stop(): void {
    clearInterval(this.#sweep);
    this.#close(Infinity);
  }

  async #ask(node: Member, db: number, send: (redis: Redis) => Promise<unknown>): Promise<unknown> {
    const pooled = this.#connection(node, db);
    try {
      return await send(pooled.redis);
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof ReplyError) throw new Problem('node-refused', message, { node: node.id });
      const why = pooled.trouble === '' ? message : pooled.trouble;
      throw new Problem('node-unreachable', `${node.ip}:${node.port}: ${why}`, { node: node.id });
    }
  }

  #connection(node: Member, db: number): Pooled {
    const key = `${node.ip} ${node.port} ${db}`;
    const known = this.#pool.get(key);
    if (known !== undefined) {
      known.usedMs = performance.now();
      return known;
    }
    if (this.#pool.size >= CONNECTIONS_MAX) {
      const [oldest] = [...this.#pool].sort(([, a], [, b]) => a.usedMs - b.usedMs);
      if (oldest !== undefined) this.#drop(oldest[0]);
    }
    const { user, password, connectMs = 2000, commandMs = 5000 } = this.#options;
    const redis = new Redis({
      host: node.ip,
      port: node.port,
      db,
      ...(password() === '' ? {} : { password: password(), ...(user() === '' ? {} : { username: user() }) }),
      connectionName: 'weir-admin',
      disableClientInfo: true,
      connectTimeout: connectMs,
      commandTimeout: commandMs,
      // Replies have one shape whatever the node speaks.
      protocol: 2,
      // A node that loads answers INFO.
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    // Looking at a key must not make it look used.
    redis.on('connect', () => void redis.call('CLIENT', 'NO-TOUCH', 'ON').catch(() => undefined));
    const pooled: Pooled = { redis, usedMs: performance.now(), trouble: '' };
    redis.on('error', (error: Error) => (pooled.trouble = error.message));
    redis.on('end', () => {
      if (this.#pool.get(key)?.redis === redis) this.#pool.delete(key);
    });
    this.#pool.set(key, pooled);
    return pooled;
  }

  #close(usedBeforeMs: number): void {
    for (const [key, { usedMs }] of [...this.#pool]) if (usedMs < usedBeforeMs) this.#drop(key);
  }

  #drop(key: string): void {
    const pooled = this.#pool.get(key);
    this.#pool.delete(key);
    pooled?.redis.disconnect();
  }
}
