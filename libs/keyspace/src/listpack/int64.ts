import { parseInt64 } from '@weir/rdb';

/**
 * Signed 64-bit integers as two halves, since JavaScript's numbers are exact to 2^53 only. `parseHalves` leaves them here.
 */
export const halves = { lo: 0, hi: 0 };

/** No more digits than these are a safe integer in any case. */
const DIGITS_SAFE = 15;

/**
 * Whether the bytes are a 64-bit signed integer in its one canonical form (Redis string2ll: a '-' or nothing, digits without
 * leading zeros); its halves are then in `halves`.
 */
export function parseHalves(buf: Uint8Array, off: number, len: number): boolean {
  if (len === 0 || len > 20) return false;
  let at = off;
  const end = off + len;
  const negative = buf[at] === 45;
  if (negative) at++;
  const digits = end - at;
  if (digits === 0 || digits > 19) return false;
  const first = buf[at];
  if (first === 48) {
    if (digits !== 1 || negative) return false;
    halves.lo = halves.hi = 0;
    return true;
  }
  if (digits > DIGITS_SAFE) {
    if (!parseInt64(buf, off, len, halves)) return false;
    halves.lo |= 0;
    return true;
  }
  let value = 0;
  for (; at < end; at++) {
    const digit = buf[at] - 48;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  setHalves(negative ? -value : value);
  return true;
}

/** Halves of a safe integer. */
export function setHalves(n: number): void {
  halves.lo = n | 0;
  halves.hi = Math.floor(n / 4294967296) | 0;
}
