/**
 * The calendar's time in Unix milliseconds: what keys expire by, snapshots are dated with and people read. It jumps, forward and back, and
 * another machine's differs; so an age or a wait is measured with performance.now() instead. The only reader of that clock: the lint rule
 * `weir/no-wall-clock` holds every other file to it.
 */
export const wallClockMs = (): number => Date.now();
