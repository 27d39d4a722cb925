/**
 * Time and chance, as the parts of a node are given them. A node in production has the machine's (`realTime`); in the simulator each node has its
 * own, which may drift, jump and stand still, and one seed decides them all. So a part that waits, measures or draws lots asks the `Time` that
 * it was given, and never the process.
 */
export interface Time {
  /** Milliseconds by a clock that nobody sets. Ages and waits are measured with it; its zero means nothing. */
  monotonicMs(): number;
  /**
   * The calendar's time in Unix milliseconds: what keys expire by, snapshots are dated with and people read. It jumps, forward and back, and
   * another machine's differs.
   */
  wallMs(): number;
  /** Calls `fn` once, when so many milliseconds have passed. */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` again and again until it is cancelled. */
  every(ms: number, fn: () => void): Timer;
  /** Calls `fn` when what is ready now has had its turn: the end of this pass of the event loop. */
  endOfTurn(fn: () => void): void;
  /** Resolves when so many milliseconds have passed, or the signal is aborted: the caller looks which. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to and without 1, as Math.random(). */
  random(): number;
  /** Fit for names that must not meet and for secrets. */
  randomBytes(length: number): Uint8Array;
}

export interface Timer {
  /** It is not called any more. Nothing happens when it was. */
  cancel(): void;
  /** The process may end before. Returns itself. */
  unref(): Timer;
}
