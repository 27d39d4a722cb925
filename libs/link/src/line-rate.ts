/**
 * How often a line may be logged that strangers can cause: a few times in each ten seconds, and the next one tells the number of those left out.
 * Without it, whoever can connect can fill the disk.
 */

const LINES_MAX = 10;
const INTERVAL_MS = 10_000;

export class LineRate {
  #untilMs = -Infinity;
  #lines = 0;
  #leftOut = 0;

  /**
   * Calls `log` with the number of lines left out since the last one, unless there were enough lately. `nowMs` is of a monotonic
   * clock.
   */
  line(log: (leftOut: number) => void, nowMs: number = performance.now()): void {
    if (nowMs >= this.#untilMs) {
      this.#untilMs = nowMs + INTERVAL_MS;
      this.#lines = 0;
    }
    if (this.#lines++ >= LINES_MAX) {
      this.#leftOut++;
      return;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    log(leftOut);
  }
}
