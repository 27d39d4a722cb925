/**
 * Writers that remember what was promised to them. Each makes unique writes, each once and never again, over its own
 * connection, which it opens anew whenever it ends: keys, and elements of a hash, a set, a sorted set, a list and a stream in turn.
 * A write is *acknowledged* when its reply came; *open* when no answer or an error came: it may or may not be there. Acknowledged
 * writes must be on every node, with their value, once, and in their order, whatever happened.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { LEDGER_KINDS, kindOf } from './ledger-kinds.ts';
import { RawClient } from './raw-client.ts';
import type { Argument } from './raw-client.ts';
import { PATIENCE, WaitedInVain, bounded, within } from './until.ts';
import type { WeirNode } from './weir-node.ts';

export interface LedgerOptions {
  readonly writers?: number;
  /** Writes per batch of every second writer; the others write one at a time. */
  readonly pipeline?: number;
  readonly valueBytes?: number;
  readonly prefix?: string;
}

export class Ledger {
  readonly acknowledged: string[] = [];
  readonly open: string[] = [];
  /** Texts of error replies, and how often each came. */
  readonly errors = new Map<string, number>();
  disconnects = 0;
  readonly #node: WeirNode;
  readonly #options: Required<LedgerOptions>;
  #running = true;
  readonly #writers: Promise<void>[];

  constructor(node: WeirNode, options: LedgerOptions = {}) {
    this.#node = node;
    this.#options = { writers: 6, pipeline: 16, valueBytes: 64, prefix: 'ledger', ...options };
    this.#writers = Array.from({ length: this.#options.writers }, (_, i) => this.#write(i));
  }

  value(key: string): string {
    return `${key}:`.padEnd(this.#options.valueBytes, '.');
  }

  /** Resolves when so many more were acknowledged; bounded. */
  async progress(count: number, boundMs = 20_000): Promise<void> {
    const goal = this.acknowledged.length + count;
    const end = performance.now() + boundMs * PATIENCE;
    while (this.acknowledged.length < goal) {
      if (performance.now() > end) {
        throw new WaitedInVain(
          `only ${this.acknowledged.length - goal + count} of ${count} writes were acknowledged in ${boundMs * PATIENCE} ms; errors: ${this.errorTexts}`,
        );
      }
      await sleep(10);
    }
  }

  get errorTexts(): string {
    return [...this.errors].map(([text, count]) => `${count}× ${text}`).join('; ') || 'none';
  }

  async stop(): Promise<void> {
    this.#running = false;
    await bounded('the writers to end', Promise.all(this.#writers), 30_000);
  }

  async #write(writer: number): Promise<void> {
    const batch = writer % 2 === 1 ? this.#options.pipeline : 1;
    let client: RawClient | null = null;
    let next = 0;
    while (this.#running && !this.#node.over) {
      if (client === null || client.isEnded) {
        try {
          client = await RawClient.connect(this.#node.port, '127.0.0.1', 2000);
        } catch {
          await sleep(20);
          continue;
        }
      }
      const keys = Array.from({ length: batch }, () => `${this.#options.prefix}:${writer}:${next++}`);
      const outcomes = await this.#send(
        client,
        keys.map((key) => LEDGER_KINDS[kindOf(key)]!.command(key, this.value(key))),
      );
      let refused = false;
      for (const [i, outcome] of outcomes.entries()) {
        if (LEDGER_KINDS[kindOf(keys[i]!)]!.acknowledges(outcome)) {
          this.acknowledged.push(keys[i]!);
          continue;
        }
        this.open.push(keys[i]!);
        refused = true;
        if (client.isEnded) continue;
        const text = outcome instanceof Error ? outcome.message : JSON.stringify(outcome);
        this.errors.set(text, (this.errors.get(text) ?? 0) + 1);
      }
      if (client.isEnded) this.disconnects++;
      if (refused) await sleep(10);
    }
    client?.close();
  }

  /** A connection that says nothing for long is closed, as a client with a time-out does. */
  async #send(client: RawClient, commands: readonly (readonly Argument[])[]): Promise<unknown[]> {
    const outcomes = client.pipeline(commands);
    try {
      return await within('the replies', outcomes, 15_000);
    } catch {
      client.close();
      return outcomes;
    }
  }

  /** Throws unless every acknowledged write is there with its value, and every other one has its value or is not there. */
  async verify(nodes: readonly WeirNode[]): Promise<void> {
    for (const node of nodes) {
      const client = await node.connect();
      try {
        await this.verifyOver(client, node.name);
      } finally {
        client.close();
      }
    }
  }

  /** The same over one connection. */
  async verifyOver(client: RawClient, name = 'the node'): Promise<void> {
    await this.#verify(client, name, this.acknowledged, false);
    await this.#verify(client, name, this.open, true);
  }

  async #verify(client: RawClient, name: string, keys: readonly string[], mayBeMissing: boolean): Promise<void> {
    for (const [kind, { read }] of LEDGER_KINDS.entries()) {
      const some = keys.filter((key) => kindOf(key) === kind);
      if (some.length === 0) continue;
      const values = await read(client, some, (key) => this.value(key), !mayBeMissing);
      const isWrong = (key: string, i: number): boolean =>
        values[i] !== this.value(key) && !(values[i] === null && mayBeMissing);
      const first = some.findIndex(isWrong);
      if (first < 0) continue;
      throw new Error(
        `${name}: ${some.filter(isWrong).length} of ${some.length} ${mayBeMissing ? 'unacknowledged' : 'acknowledged'} writes are wrong, the first: ${some[first]} is ${JSON.stringify(values[first])}`,
      );
    }
  }
}
