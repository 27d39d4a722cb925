/**
 * 64-bit integers in decimal, read and written as bytes.
 *
 * JavaScript's numbers are exact up to 2^53, which is what nearly every counter and option stays below. So parsing
 * answers a number, and says BEYOND for what needs a BigInt; only then is one made.
 */

/** Answer of parseInt64: not a 64-bit integer in canonical form. */
const INVALID = NaN;
/** Answer of parseInt64: an integer of 64 bits that is not a safe number; read it with bigInt64. */
export const BEYOND = Infinity;

export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;

/** Largest digits of each sign, to compare 19 digits with. */
const MAX_DIGITS = Uint8Array.from('9223372036854775807', (digit) => digit.charCodeAt(0));
const MIN_DIGITS = Uint8Array.from('9223372036854775808', (digit) => digit.charCodeAt(0));

/**
 * A 64-bit signed integer as Redis's string2ll takes it: a '-' or nothing, then digits without leading zeros, and
 * nothing else. Answers a safe integer, INVALID or BEYOND.
 */
export function parseInt64(buf: Uint8Array, off: number, len: number): number {
  let at = off;
  const end = off + len;
  const negative = len > 0 && buf[off] === 45;
  if (negative) at++;
  const digits = end - at;
  if (digits === 0 || digits > 19) return INVALID;
  const first = buf[at];
  if (first === 48) return digits === 1 && !negative ? 0 : INVALID;
  if (digits < 10) {
    let n = 0;
    for (; at < end; at++) {
      const digit = buf[at] - 48;
      if (digit < 0 || digit > 9) return INVALID;
      n = (n * 10 + digit) | 0;
    }
    return negative ? -n : n;
  }
  let n = 0;
  for (; at < end; at++) {
    const digit = buf[at] - 48;
    if (digit < 0 || digit > 9) return INVALID;
    n = n * 10 + digit;
  }
  if (n <= Number.MAX_SAFE_INTEGER) return negative ? -n : n;
  if (digits === 19) {
    const limit = negative ? MIN_DIGITS : MAX_DIGITS;
    const start = end - 19;
    for (let i = 0; i < 19; i++) {
      if (buf[start + i] !== limit[i]) return buf[start + i] < limit[i] ? BEYOND : INVALID;
    }
  }
  return BEYOND;
}

/** What parseInt64 found to be an integer. */
export function bigInt64(buf: Uint8Array, off: number, len: number): bigint {
  let text = '';
  for (let i = off; i < off + len; i++) text += String.fromCharCode(buf[i]);
  return BigInt(text);
}

/** Characters that writeInteger writes for a safe integer. */
export function integerLength(n: number): number {
  let length = 1;
  if (n < 0) {
    length = 2;
    n = -n;
  }
  for (let limit = 10; n >= limit; limit *= 10) length++;
  return length;
}

/** Writes a safe integer in decimal, `length` being its integerLength. */
export function writeInteger(buf: Uint8Array, at: number, length: number, n: number): void {
  let pos = at + length;
  if (n < 0) {
    buf[at] = 45;
    n = -n;
  }
  while (n > 0x7fffffff) {
    const rest = Math.floor(n / 10);
    buf[--pos] = 48 + (n - rest * 10);
    n = rest;
  }
  let small = n | 0;
  do {
    const rest = (small / 10) | 0;
    buf[--pos] = 48 + (small - rest * 10);
    small = rest;
  } while (small !== 0);
}
