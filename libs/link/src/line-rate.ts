/**
 * How often a line may be logged that strangers can cause: once a second, and then with the number of those left out. Without it, whoever can
 * connect can fill the disk.
 */

const INTERVAL_MS = 1000;

export class LineRate {
  #nextMs = -Infinity;
  #leftOut = 0;
  readonly #intervalMs: number;

  constructor(intervalMs: number = INTERVAL_MS) {
    this.#intervalMs = intervalMs;
  }

  /** Calls `log` with the number of lines left out since the last one, unless that was a moment ago. `nowMs` is of a monotonic clock. */
  line(log: (leftOut: number) => void, nowMs: number = performance.now()): void {
    if (nowMs < this.#nextMs) {
      this.#leftOut++;
      return;
    }
    const leftOut = this.#leftOut;
    this.#nextMs = nowMs + this.#intervalMs;
    this.#leftOut = 0;
    log(leftOut);
  }
}
