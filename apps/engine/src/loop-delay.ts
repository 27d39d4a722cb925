import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The monitor's own timer, which is part of what it measures. */
const RESOLUTION_MS = 20;
/** Who asks more often is told the same again: two that look on do not take it from each other. */
const WINDOW_MS = 10_000;

export interface LoopDelayView {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * How late this process's event loop is, over the ten seconds or more between two looks. Counted by libuv, outside JavaScript, from the first look on:
 * a node that nobody watches has no timer for it.
 */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #nowMs: () => number;
  #sinceMs: number;
  #last: LoopDelayView | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  /** In microseconds. */
  look(): LoopDelayView {
    const nowMs = this.#nowMs();
    this.#histogram.enable();
    if (this.#last !== null && nowMs - this.#sinceMs < WINDOW_MS) return this.#last;
    const late = (nanos: number): number => Math.max(0, Math.round(nanos / 1000 - RESOLUTION_MS * 1000));
    const histogram = this.#histogram;
    this.#last =
      histogram.count === 0
        ? { p50: 0, p99: 0, max: 0 }
        : { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) };
    histogram.reset();
    this.#sinceMs = nowMs;
    return this.#last;
  }
}
