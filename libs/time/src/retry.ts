/**
 * How long to wait before the next try of what has failed: twice as long each time up to a bound, so that what is down is not hammered, and with
 * jitter where many wait for the same thing, so that they do not come back at one moment. One Retry is one thing that is tried.
 */

import type { Time, Timer } from './types.ts';

export interface RetryOptions {
  readonly time: Time;
  /** The first wait … */
  readonly minMs: number;
  /** … and the longest. */
  readonly maxMs: number;
  /** Each wait is shorter or longer by up to this share of it; 0 when absent. */
  readonly jitter?: number;
}

export class Retry {
  readonly #options: RetryOptions;
  #failures = 0;
  #timer: Timer | null = null;

  constructor(options: RetryOptions) {
    const { minMs, maxMs, jitter = 0 } = options;
    if (!(minMs >= 0 && maxMs >= minMs && jitter >= 0 && jitter < 1)) throw new RangeError('a retry of such bounds');
    this.#options = options;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether a try is to come. */
  get waiting(): boolean {
    return this.#timer !== null;
  }

  /** It has failed once more; returns how long to wait. */
  failed(): number {
    const { time, minMs, maxMs, jitter = 0 } = this.#options;
    const ms = Math.min(maxMs, minMs * 2 ** Math.min(this.#failures++, 52));
    return jitter === 0 ? ms : ms * (1 - jitter + 2 * jitter * time.random());
  }

  /** It works: the next wait is the first again. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** It has failed: calls `again` after the wait, which it returns. One that is to come is put in its place. */
  schedule(again: () => void): number {
    const ms = this.failed();
    this.scheduleIn(ms, again);
    return ms;
  }

  /** Calls `again` after so long, in place of what is to come. */
  scheduleIn(ms: number, again: () => void): void {
    this.cancel();
    this.#timer = this.#options.time.after(ms, () => {
      this.#timer = null;
      again();
    });
  }

  /** What is to come does not. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** It has failed: resolves after the wait, and rejects with the signal's reason as soon as that is aborted. */
  async pause(signal?: AbortSignal): Promise<void> {
    await this.#options.time.sleep(this.failed(), signal);
    signal?.throwIfAborted();
  }
}
