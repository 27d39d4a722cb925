import { Retry } from '@weir/time';
import type { Time } from '@weir/time';

/** How long a role waits before it tries again: longer each time, until it went well for a while or somebody decided. */
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5000;
/** A term that lasted so long is not the same failure as the one before. */
const WELL_MS = 30_000;

export class Delays {
  readonly #asking: Retry;
  readonly #term: Retry;

  constructor(time: Time) {
    this.#asking = new Retry({ time, minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
    this.#term = new Retry({ time, minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  }

  /** A number is that many milliseconds. */
  next(after: number | 'asking' | 'term'): number {
    if (typeof after === 'number') return after;
    return (after === 'asking' ? this.#asking : this.#term).failed();
  }

  termEnded(lastedMs: number): void {
    this.#asking.succeeded(); // a term was begun, so the master had answered
    if (lastedMs > WELL_MS) this.#term.succeeded();
  }

  reset(): void {
    this.#asking.succeeded();
    this.#term.succeeded();
  }
}
