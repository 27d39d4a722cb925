/** How long a role waits before it tries again: longer each time, until it went well for a while or somebody decided. */
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5000;
/** A term that lasted so long is not the same failure as the one before. */
const WELL_MS = 30_000;

export class Delays {
  #asking = RETRY_MIN_MS;
  #term = RETRY_MIN_MS;

  /** A number is that many milliseconds. */
  next(after: number | 'asking' | 'term'): number {
    if (typeof after === 'number') return after;
    const ms = after === 'asking' ? this.#asking : this.#term;
    const longer = Math.min(RETRY_MAX_MS, ms * 2);
    if (after === 'asking') this.#asking = longer;
    else this.#term = longer;
    return ms;
  }

  termEnded(lastedMs: number): void {
    this.#asking = RETRY_MIN_MS; // a term was begun, so the master had answered
    if (lastedMs > WELL_MS) this.#term = RETRY_MIN_MS;
  }

  reset(): void {
    this.#asking = this.#term = RETRY_MIN_MS;
  }
}
