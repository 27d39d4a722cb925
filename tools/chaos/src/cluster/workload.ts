/**
 * Clients that do one thing after the other, to registers, counters, lists and sets, and write down what they asked for and were told. Keys are left after some seconds: the
 * search for an order grows with what overlaps on one key, and an unknown outcome overlaps with all that follows.
 *
 * Half of them come through an ingress, half to an engine. Who reads at an engine asks in the same transaction whether it leads: what a slave answers may be old, and
 * is in no history.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply, RawClient, bounded } from '@weir/testkit';
import type { Argument, Value } from '@weir/testkit';
import { generator } from '../generator.ts';
import type { Kind, Operation, Result } from '../linearizable/history.ts';

/** An ingress; or the engines, which a client tries in turn when one does not lead. */
export interface Door {
  readonly nodes: readonly { readonly port: number }[];
  readonly isEngine: boolean;
}

export interface WorkloadOptions {
  readonly doors: readonly Door[];
  readonly clientsPerDoor: number;
  readonly seed: number;
}

const KEY_AGE_MS = 3000;
const KEYS_OF_A_TYPE = 2;
const MEMBERS = ['a', 'b', 'c'];
const ANSWER_MS = 15_000;
const PAUSE_MS = 8;
const AGAIN_MS = 30;

const MOVES: readonly (readonly [type: string, kinds: readonly Kind[]])[] = [
  ['register', ['get', 'get', 'set', 'set', 'setnx', 'getset']],
  ['counter', ['get', 'incr', 'incr']],
  ['list', ['rpush', 'rpush', 'lpop', 'lpop', 'lrange']],
  ['set', ['sadd', 'srem', 'sismember']],
];

/** Errors that say that nothing was done; with every other one the outcome is unknown. */
const REFUSED = /^(READONLY|LOADING|MASTERDOWN|NOMASTER|EXECABORT|NOREPLICAS The lease of this master has run out)/;

export const isRead = (kind: Kind): boolean => kind === 'get' || kind === 'lrange' || kind === 'sismember';

function commandOf({ kind, key, value }: Operation): readonly Argument[] {
  switch (kind) {
    case 'get':
    case 'lpop':
    case 'incr':
      return [kind, key];
    case 'lrange':
      return [kind, key, 0, -1];
    case 'set':
    case 'setnx':
    case 'getset':
    case 'rpush':
    case 'sadd':
    case 'srem':
    case 'sismember':
      return [kind, key, value];
  }
}

function resultOf(kind: Kind, reply: Value): Result {
  if (kind !== 'lrange') return reply as Result;
  const elements = reply as string[];
  return elements.length === 0 ? null : elements.join(',');
}

/** What the server at `port` has, read at the end, of everything that a history speaks of. */
export async function readAll(port: number, history: readonly Operation[]): Promise<Operation[]> {
  const wanted = new Map<string, { kind: Kind; key: string; value: string }>();
  for (const { key, value } of history) {
    if (key.includes(':set:')) wanted.set(`${key} ${value}`, { key, kind: 'sismember', value });
    else wanted.set(key, { key, kind: key.includes(':list:') ? 'lrange' : 'get', value: '' });
  }
  const reads: Operation[] = [];
  const client = await RawClient.connect(port);
  try {
    for (const one of wanted.values()) {
      const read = { ...one, sentMs: performance.now(), answeredMs: Infinity, result: undefined as Result | undefined };
      read.result = resultOf(one.kind, await client.call(...commandOf(read)));
      read.answeredMs = performance.now();
      reads.push(read);
    }
  } finally {
    client.close();
  }
  return reads;
}

export class Workload {
  readonly history: Operation[] = [];
  /** Texts of errors, and how often each came. */
  readonly errors = new Map<string, number>();
  acknowledged = 0;
  unknown = 0;
  refused = 0;
  disconnects = 0;
  #running = true;
  #unique = 0;
  readonly #beganMs = performance.now();
  readonly #clients: Promise<void>[];

  constructor({ doors, clientsPerDoor, seed }: WorkloadOptions) {
    this.#clients = doors.flatMap((door, at) =>
      Array.from({ length: clientsPerDoor }, (_, i) => this.#run(door, generator(seed + at * 1000 + i))),
    );
  }

  async stop(): Promise<void> {
    this.#running = false;
    await bounded('the clients to end', Promise.all(this.#clients), ANSWER_MS * 2);
  }

  async #run({ nodes, isEngine }: Door, random: () => number): Promise<void> {
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
    let client: RawClient | null = null;
    let turn = Math.floor(random() * nodes.length);
    while (this.#running) {
      if (client === null || client.isEnded) {
        const { port } = nodes[turn++ % nodes.length]!;
        client = await RawClient.connect(port, '127.0.0.1', 500).catch(() => null);
        if (client === null) {
          await sleep(AGAIN_MS);
          continue;
        }
      }
      const [type, kinds] = pick(MOVES);
      const kind = pick(kinds);
      const age = Math.floor((performance.now() - this.#beganMs) / KEY_AGE_MS);
      const operation: Operation = {
        key: `chaos:${type}:${age}:${Math.floor(random() * KEYS_OF_A_TYPE)}`,
        kind,
        value: this.#valueOf(kind, pick),
        sentMs: performance.now(),
        answeredMs: Infinity,
        result: undefined,
      };
      const isDone = await this.#do(client, operation, isEngine);
      if (!isDone && nodes.length > 1) client.close();
      await sleep(isDone ? PAUSE_MS : AGAIN_MS);
    }
    client?.close();
  }

  #valueOf(kind: Kind, pick: <T>(all: readonly T[]) => T): string {
    if (kind === 'sadd' || kind === 'srem' || kind === 'sismember') return pick(MEMBERS);
    return kind === 'set' || kind === 'setnx' || kind === 'getset' || kind === 'rpush' ? `v${this.#unique++}` : '';
  }

  async #do(client: RawClient, operation: Operation, isEngine: boolean): Promise<boolean> {
    const { kind } = operation;
    const isFromHistory = !isRead(kind);
    if (isFromHistory) this.history.push(operation);
    try {
      const command = commandOf(operation);
      const asked = isEngine && isRead(kind) ? askLeader(client, command) : client.call(...command);
      const reply = await patiently(client, asked);
      if (reply === undefined) return false;
      operation.result = resultOf(kind, reply);
      operation.answeredMs = performance.now();
      if (!isFromHistory) this.history.push(operation);
      this.acknowledged++;
      return true;
    } catch (error) {
      const isReply = error instanceof ErrorReply;
      const text = (error as Error).message;
      if (isReply) this.errors.set(text, (this.errors.get(text) ?? 0) + 1);
      else {
        this.disconnects++;
        client.close();
      }
      if (!isFromHistory) return false;
      if (isReply && REFUSED.test(text)) {
        this.history.splice(this.history.lastIndexOf(operation), 1);
        this.refused++;
      } else this.unknown++;
      return false;
    }
  }
}

/** Undefined: it did not lead when it read. */
async function askLeader(client: RawClient, command: readonly Argument[]): Promise<Value | undefined> {
  const last = (await client.pipeline([['MULTI'], command, ['ROLE'], ['EXEC']]))[3]!;
  if (last instanceof Error) throw last;
  if (!Array.isArray(last)) return undefined;
  const [reply, role] = last as [Value, Value[]];
  return role[0] === 'master' ? reply : undefined;
}

/** A connection that says nothing for long is closed, as a client with a time-out does. */
async function patiently<T>(client: RawClient, answer: Promise<T>): Promise<T> {
  const timer = setTimeout(() => client.close(), ANSWER_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}
