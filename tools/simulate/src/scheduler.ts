/**
 * Virtual time: one queue of events, and one seed that decides everything.
 *
 * An event runs, then everything that it made ready: promises, and what real code asks of `setImmediate`. Only then comes the next event. So
 * what runs is always the same for one seed, at whatever speed the machine goes; nothing in a run may wait for a real timer, a file or a socket.
 */

import { createHash } from 'node:crypto';
import { Random } from '@weir/keyspace';

/** Whose event it is: a process that is dead runs nothing, one that stands still runs it later. */
export interface Owner {
  readonly alive: boolean;
  /** Keeps the event for later and says so. */
  park(event: () => void): boolean;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  readonly owner: Owner | null;
  cancelled: boolean;
}

export interface Cancel {
  cancel(): void;
}

export class Scheduler {
  now = 0;
  events = 0;
  /** What an event threw, or a promise that nobody looks after. */
  failure: unknown = null;
  /** After each event. */
  onEvent: () => void = () => {};
  readonly random: Random;
  readonly #heap: Event[] = [];
  readonly #hash = createHash('sha256');
  readonly #print: ((line: string) => void) | null;
  #order = 0;

  constructor(seed: number, print: ((line: string) => void) | null = null) {
    this.random = new Random(seed);
    this.#print = print;
  }

  /** Runs `fn` in so many milliseconds of virtual time. */
  after(ms: number, fn: () => void, owner: Owner | null = null): Cancel {
    const event: Event = { at: this.now + Math.max(0, ms), order: this.#order++, fn, owner, cancelled: false };
    this.#push(event);
    return { cancel: () => void (event.cancelled = true) };
  }

  /** A line of the trace: two runs of one seed write the same ones. */
  note(who: string, what: string): void {
    const line = `${this.now.toFixed(3)} ${who} ${what}\n`;
    this.#hash.update(line);
    this.#print?.(line);
  }

  traceHash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  below(n: number): number {
    return this.random.u32() % n;
  }

  chance(probability: number): boolean {
    return this.random.u32() < probability * 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + ((high - low) * this.random.u32()) / 2 ** 32;
  }

  /** Runs events until that time, or until `done` says so. False when time ran out. */
  async run(until: number, done: () => boolean = () => false): Promise<boolean> {
    while (this.failure === null) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, until);
        return done();
      }
      this.#pop();
      if (next.cancelled) continue;
      this.now = Math.max(this.now, next.at);
      const { owner } = next;
      // A timer that came due while its process stood still can be cancelled as long as it has not run.
      const fn = (): void => {
        if (!next.cancelled) next.fn();
      };
      if (owner !== null && (!owner.alive || owner.park(fn))) continue;
      this.events++;
      try {
        next.fn();
        this.onEvent();
      } catch (error) {
        this.failure = error;
      }
      await new Promise(setImmediate);
      if (done()) return true;
    }
    return false;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
