/**
 * Writers of strings of many sizes, and what was acknowledged to them. Each key is written once; its value follows from its name, so that
 * nothing has to be kept. It goes on over several lives of a node.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient, bounded } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';

const WRITERS = 6;
const PIPELINE = 16;
const PAUSE_MS = 12;
const HUGE_BYTES = 9 * 2 ** 20;
const BATCH_BYTES = 8 * 2 ** 20;

export interface Sizes {
  /** One of so many values does not fit into one message of the log; 0: none. */
  readonly hugeEvery?: number;
  readonly largeBytes?: number;
}

export interface Lost {
  readonly keys: number;
  /** How long before the cut the oldest of them was acknowledged. */
  readonly ageMs: number;
  readonly first: string;
}

export class SizedLedger {
  /** When each key was acknowledged. */
  readonly acknowledged = new Map<string, number>();
  readonly #open: string[] = [];
  readonly #prefix: string;
  #round = 0;
  #running: { on: boolean; done: Promise<unknown> } | null = null;

  readonly #hugeEvery: number;
  readonly #largeBytes: number;

  constructor(prefix: string, { hugeEvery = 6000, largeBytes = 200_000 }: Sizes = {}) {
    this.#prefix = prefix;
    this.#hugeEvery = hugeEvery;
    this.#largeBytes = largeBytes;
  }

  begin(node: WeirNode): void {
    const state = { on: true, done: Promise.resolve() as Promise<unknown> };
    const round = this.#round++;
    state.done = Promise.all(Array.from({ length: WRITERS }, (_, i) => this.#write(node, `${round}-${i}`, i, state)));
    this.#running = state;
  }

  async end(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    running.on = false;
    this.#running = null;
    await bounded('the writers to end', running.done, 15_000);
  }

  async #write(node: WeirNode, name: string, writer: number, state: { on: boolean }): Promise<void> {
    const batch = writer % 2 === 1 ? PIPELINE : 1;
    let client: RawClient | null = null;
    for (let next = 0; state.on;) {
      if (client === null || client.isEnded) {
        client = await RawClient.connect(node.port, '127.0.0.1', 500).catch(() => null);
        if (client === null) {
          await sleep(10);
          continue;
        }
      }
      const keys = Array.from({ length: batch }, () => `${this.#prefix}:${name}:${next++}`);
      const outcomes = keys.map((key) =>
        client!.reply('SET', key, this.#valueOf(key)).then(
          (reply) => {
            if (reply.type === 'simple' && reply.value === 'OK') this.acknowledged.set(key, performance.now());
            else this.#open.push(key);
            return reply.type === 'simple';
          },
          () => {
            this.#open.push(key);
            return false;
          },
        ),
      );
      const isGood = (await Promise.all(outcomes)).every(Boolean);
      // A pause: what counts is the moment of the cut, not how large the data set becomes.
      await sleep(isGood ? PAUSE_MS : 10);
    }
    client?.close();
  }

  /** Of what was acknowledged since then nobody knows whether it must be there. */
  doubt(sinceMs: number): void {
    for (const [key, at] of this.acknowledged) {
      if (at < sinceMs) continue;
      this.acknowledged.delete(key);
      this.#open.push(key);
    }
  }

  /** What is not there any more, which is forgotten here. Throws for a value that is wrong. */
  async verify(node: WeirNode, cutMs: number): Promise<Lost> {
    const missing = await this.#missing(node, [...this.acknowledged.keys()]);
    await this.#missing(node, this.#open);
    const ages = missing.map((key) => cutMs - this.acknowledged.get(key)!);
    for (const key of missing) this.acknowledged.delete(key);
    return { keys: missing.length, ageMs: Math.round(Math.max(0, ...ages)), first: missing[0] ?? '' };
  }

  async #missing(node: WeirNode, keys: readonly string[]): Promise<string[]> {
    const client = await node.connect();
    const missing: string[] = [];
    try {
      for (let at = 0; at < keys.length;) {
        let bytes = 0;
        const some: string[] = [];
        while (at < keys.length && some.length < 2000 && bytes < BATCH_BYTES) {
          bytes += this.#sizeOf(keys[at]!);
          some.push(keys[at++]!);
        }
        const values = await bounded('values', client.pipeline(some.map((key) => ['GET', key])), 30_000);
        for (const [i, value] of values.entries()) {
          if (value === null) missing.push(some[i]!);
          else if (value !== this.#valueOf(some[i]!))
            throw new Error(`${some[i]} has another value: ${String(value).slice(0, 80)}`);
        }
      }
    } finally {
      client.close();
    }
    return missing;
  }

  /** Most of them small. */
  #sizeOf(key: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
    if (this.#hugeEvery > 0 && hash % this.#hugeEvery === 0) return HUGE_BYTES;
    const share = hash % 1000;
    if (share < 800) return 64 + (share % 448);
    if (share < 980) return 1024 + (hash % 15_000);
    return this.#largeBytes / 4 + (hash % ((this.#largeBytes * 3) / 4));
  }

  #valueOf(key: string): string {
    const size = this.#sizeOf(key);
    return `${key}=`.repeat(Math.ceil(size / (key.length + 1))).slice(0, size);
  }
}
