import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '@weir/testkit';

/** What a failover is measured on. */
export interface Subject {
  readonly name: string;
  /** Where a client that has no connection tries next; as many times as it takes. */
  door(): Promise<number | undefined>;
  /** Kills the master with SIGKILL; answers its name. */
  killMaster(): Promise<string>;
  /** Cuts the master off from all but its clients; answers its name. */
  isolateMaster(): Promise<string>;
  /** Starts again what was killed, joins what was cut, and waits until everybody follows. */
  restore(): Promise<void>;
  /** Plans a change of the master instead; only where there is such a thing. */
  handOver?(): Promise<void>;
  end(): Promise<void>;
}

export interface Measured {
  /** From the fault until a write was acknowledged that was sent after it. */
  readonly pauseMs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly errors: number;
  readonly disconnects: number;
}

const WRITERS = 4;
const BATCH = 8;
const AGAIN_MS = 5;
const ANSWER_MS = 2000;

/** Writers that set keys of their own, each once, in small pipelines, and remember which ones were acknowledged. */
export class Writers {
  readonly acknowledged: string[] = [];
  errors = 0;
  disconnects = 0;
  readonly texts = new Map<string, number>();
  /** Since when a write is looked for that was sent later, and when that was acknowledged. */
  #sinceMs = Infinity;
  #then: ((ms: number) => void) | null = null;
  #lastMs = performance.now();
  #longestMs = 0;
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(subject: Subject, prefix: string) {
    this.#done = Promise.all(Array.from({ length: WRITERS }, (_, i) => this.#run(subject, `${prefix}:${i}`)));
  }

  /** Resolves with the time from now to the first acknowledgement of a write that was sent after now. */
  next(): Promise<number> {
    this.#sinceMs = performance.now();
    return new Promise((resolve) => {
      this.#then = resolve;
    });
  }

  /** The longest time without an acknowledgement since this was asked before. */
  longestPause(): number {
    const longest = Math.max(this.#longestMs, performance.now() - this.#lastMs);
    this.#longestMs = 0;
    return longest;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(subject: Subject, prefix: string): Promise<void> {
    let client: RawClient | null = null;
    let next = 0;
    while (this.#running) {
      if (client === null || client.isEnded) {
        const port = await subject.door().catch(() => undefined);
        client = port === undefined ? null : await RawClient.connect(port, '127.0.0.1', 200).catch(() => null);
        if (client === null) {
          await sleep(AGAIN_MS);
          continue;
        }
      }
      const keys = Array.from({ length: BATCH }, () => `${prefix}:${next++}`);
      const sentMs = performance.now();
      const here = client;
      const timer = setTimeout(() => here.close(), ANSWER_MS);
      const outcomes = await client.pipeline(keys.map((key) => ['SET', key, key]));
      clearTimeout(timer);
      let isGood = true;
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome === 'OK') this.#acknowledged(keys[i]!, sentMs);
        else {
          isGood = false;
          this.#failed(outcome as Error, client);
        }
      }
      if (client.isEnded) this.disconnects++;
      else if (!isGood) client.close();
      await sleep(isGood ? 1 : AGAIN_MS);
    }
    client?.close();
  }

  #failed(error: Error, client: RawClient): void {
    if (client.isEnded) return;
    this.errors++;
    this.texts.set(error.message, (this.texts.get(error.message) ?? 0) + 1);
  }

  #acknowledged(key: string, sentMs: number): void {
    this.acknowledged.push(key);
    const now = performance.now();
    this.#longestMs = Math.max(this.#longestMs, now - this.#lastMs);
    this.#lastMs = now;
    if (sentMs < this.#sinceMs) return;
    this.#then?.(now - this.#sinceMs);
    this.#then = null;
    this.#sinceMs = Infinity;
  }
}

/** How many of the keys are not there. */
export async function missing(subject: Subject, keys: readonly string[]): Promise<number> {
  let lost = 0;
  const port = await subject.door();
  if (port === undefined) throw new Error('nobody to ask');
  const client = await RawClient.connect(port);
  try {
    for (let at = 0; at < keys.length; at += 500) {
      const some = keys.slice(at, at + 500);
      const values = (await client.call('MGET', ...some)) as (string | null)[];
      lost += values.filter((value, i) => value !== some[i]).length;
    }
    for (let at = 0; at < keys.length; at += 500) await client.call('UNLINK', ...keys.slice(at, at + 500));
  } finally {
    client.close();
  }
  return lost;
}
