/*
 * Loaded before a node's own program (see `shiftedClock` in rig.ts): from then on its wall clock is off by the milliseconds that stand in the
 * file `CLOCK_SHIFT_FILE`, as an operator or NTP sets it. The monotonic clock is not touched.
 */

import { readFileSync } from 'node:fs';

const wallClock = Date.now;
const file = process.env['CLOCK_SHIFT_FILE'];
let shiftMs = 0;

function look(path: string): void {
  try {
    shiftMs = Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    // Not written yet.
  }
}

if (file !== undefined) {
  look(file);
  setInterval(look, 50, file).unref();
  Date.now = () => wallClock() + shiftMs;
}
