import { randomBytes } from 'node:crypto';
import { sleepOn } from './sleep.ts';
import type { Time, Timer } from './types.ts';

/**
 * The calendar's time of this machine. The only reader of that clock: the lint rule `weir/no-wall-clock` holds every other file to it.
 */
export const wallClockMs = (): number => Date.now();

class RealTimer implements Timer {
  readonly #timer: NodeJS.Timeout;

  constructor(timer: NodeJS.Timeout) {
    this.#timer = timer;
  }

  cancel(): void {
    clearTimeout(this.#timer); // of an interval too
  }

  unref(): Timer {
    this.#timer.unref();
    return this;
  }
}

/** This machine's time and randomness. */
export const realTime: Time = {
  monotonicMs: () => performance.now(),
  wallMs: wallClockMs,
  after: (ms, fn) => new RealTimer(setTimeout(fn, ms)),
  every: (ms, fn) => new RealTimer(setInterval(fn, ms)),
  endOfTurn: (fn) => void setImmediate(fn),
  sleep: (ms, signal) => sleepOn(realTime, ms, signal),
  random: () => Math.random(),
  randomBytes: (length) => randomBytes(length),
};
