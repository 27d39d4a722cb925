import { ConnectionEnded, ErrorReply, RawClient } from '@weir/testkit';

/**
 * A client that adds numbers to a list, one after the other, through an ingress, and remembers which ones were acknowledged. When its connection ends it
 * connects again. At the end it looks which ones are there.
 */
export class Writer {
  readonly #port: number;
  readonly #key = `cluster:faults:${process.pid}`;
  readonly acknowledged: number[] = [];
  /** Times at which each was acknowledged, by the monotonic clock. */
  readonly at: number[] = [];
  errors = 0;
  lostConnections = 0;
  readonly said = new Set<string>();
  #stopping = false;
  #done: Promise<void> = Promise.resolve();

  constructor(port: number) {
    this.#port = port;
  }

  start(): void {
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    let next = 0;
    let client: RawClient | null = null;
    while (!this.#stopping) {
      try {
        client ??= await RawClient.connect(this.#port);
        next += 1;
        await client.call('RPUSH', this.#key, next);
        this.acknowledged.push(next);
        this.at.push(performance.now());
      } catch (error) {
        if (error instanceof ErrorReply) {
          this.errors += 1;
          this.said.add(error.message);
        } else {
          client?.close();
          client = null;
          if (error instanceof ConnectionEnded) this.lostConnections += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    client?.close();
  }

  /** The longest time between two acknowledgements after `since`, in milliseconds. */
  longestPause(since: number): number {
    let before = since;
    let longest = 0;
    for (const at of this.at) {
      if (at < since) continue;
      longest = Math.max(longest, at - before);
      before = at;
    }
    return longest;
  }

  /** Answers how many acknowledged ones are missing, and how many stand there twice. */
  async end(): Promise<{ missing: number; twice: number }> {
    this.#stopping = true;
    await this.#done;
    const client = await RawClient.connect(this.#port);
    const there = ((await client.call('LRANGE', this.#key, 0, -1)) as string[]).map(Number);
    await client.call('DEL', this.#key);
    client.close();
    const set = new Set(there);
    return {
      missing: this.acknowledged.filter((number) => !set.has(number)).length,
      twice: there.length - set.size,
    };
  }
}
