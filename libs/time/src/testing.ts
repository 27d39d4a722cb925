import { sleepOn } from './sleep.ts';
import type { Time, Timer } from './types.ts';

/** Time that passes when a test says so. Randomness is a fixed series. */
export class FakeTime implements Time {
  /** Set it as an administrator sets a clock: nothing that waits notices. */
  wallOffsetMs: number;
  #now = 0;
  #order = 0;
  #chance = 0x9e3779b9;
  readonly #waiting = new Set<{ at: number; order: number; fn: () => void }>();
  #turn: (() => void)[] = [];

  constructor(wallMs = 1_700_000_000_000) {
    this.wallOffsetMs = wallMs;
  }

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    return this.#wait(ms, null, fn);
  }

  every(ms: number, fn: () => void): Timer {
    return this.#wait(ms, ms, fn);
  }

  endOfTurn(fn: () => void): void {
    this.#turn.push(fn);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  random(): number {
    this.#chance = (Math.imul(this.#chance, 1664525) + 1013904223) >>> 0;
    return this.#chance / 0x1_0000_0000;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random() * 256);
  }

  /** Calls what is due within so many milliseconds, in the order of its time, and lets promises settle between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.settle();
      let next: { at: number; order: number; fn: () => void } | undefined;
      for (const each of this.#waiting)
        if (each.at <= end && (!next || each.at < next.at || (each.at === next.at && each.order < next.order)))
          next = each;
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#waiting.delete(next);
      next.fn();
    }
    this.#now = end;
  }

  /** Ends the turn: what waits for that is called, and promises settle, until nothing is left. */
  async settle(): Promise<void> {
    do {
      for (const fn of this.#turn.splice(0)) fn();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#turn.length > 0);
  }

  #wait(ms: number, everyMs: number | null, fn: () => void): Timer {
    const each = { at: this.#now + Math.max(ms, everyMs === null ? 0 : 1), order: this.#order++, fn };
    if (everyMs !== null)
      each.fn = () => {
        each.at += Math.max(1, everyMs);
        each.order = this.#order++;
        this.#waiting.add(each);
        fn();
      };
    this.#waiting.add(each);
    const timer: Timer = { cancel: () => void this.#waiting.delete(each), unref: () => timer };
    return timer;
  }
}
