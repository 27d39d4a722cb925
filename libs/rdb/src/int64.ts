// 64-bit integers as two halves: what listpacks, ziplists and intsets hold, exact beyond 2^53 and without BigInt (which allocates).

/** hi is signed, lo is not: value = hi * 2^32 + lo. */
export class Int64 {
  hi = 0;
  lo = 0;
}

export const INT64_TEXT_BYTES_MAX = 20;

const MINUS = 0x2d;
const ZERO = 0x30;
const BILLION = 1_000_000_000;

/** False unless the bytes are the canonical decimal form (no leading zero, no plus, no -0) of a 64-bit integer. */
export function parseInt64(buf: Uint8Array, off: number, len: number, out: Int64): boolean {
  if (len === 0 || len > INT64_TEXT_BYTES_MAX) return false;
  const end = off + len;
  let i = off;
  const negative = buf[i] === MINUS;
  if (negative && ++i === end) return false;
  if (buf[i] === ZERO) {
    out.hi = 0;
    out.lo = 0;
    return len === 1;
  }
  const digits = end - i;
  if (digits > 19) return false;
  // upper * 10^9 + lower, each exact
  let upper = 0;
  let lower = 0;
  for (const split = end - 9; i < split; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return false;
    upper = upper * 10 + digit;
  }
  for (; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return false;
    lower = lower * 10 + digit;
  }
  // In units of 2^16, so that every product stays below 2^53.
  const high = Math.floor(upper / 0x10000) * BILLION;
  const low = (upper & 0xffff) * BILLION + lower;
  const middle = high + Math.floor(low / 0x10000);
  const hi = Math.floor(middle / 0x10000);
  const lo = (middle % 0x10000) * 0x10000 + (low % 0x10000);
  if (!negative) {
    if (hi > 0x7fffffff) return false;
    out.hi = hi;
    out.lo = lo;
    return true;
  }
  if (hi > 0x80000000 || (hi === 0x80000000 && lo !== 0)) return false;
  out.lo = -lo >>> 0;
  out.hi = lo === 0 ? -hi | 0 : ~hi;
  return true;
}

/** Writes the decimal form at dst[at], at most 20 bytes; returns its length. */
export function formatInt64(hi: number, lo: number, dst: Uint8Array, at: number): number {
  let o = at;
  let high = hi;
  let low = lo;
  if (hi < 0) {
    dst[o++] = MINUS;
    low = -lo >>> 0;
    high = (lo === 0 ? -hi : ~hi) >>> 0;
  }
  // Long division by 10^9 over digits of 16 bits.
  let upper = 0;
  let lower = 0;
  for (let i = 0; i < 4; i++) {
    const half = i < 2 ? high : low;
    const current = lower * 0x10000 + ((i & 1) === 0 ? half >>> 16 : half & 0xffff);
    const quotient = Math.floor(current / BILLION);
    upper = upper * 0x10000 + quotient;
    lower = current - quotient * BILLION;
  }
  let digits = 1;
  for (let scale = upper === 0 ? lower : upper; scale >= 10; scale = Math.floor(scale / 10)) digits++;
  if (upper !== 0) digits += 9;
  for (let i = digits - 1; i >= 0; i--) {
    if (i >= digits - 9) {
      const next = Math.floor(lower / 10);
      dst[o + i] = ZERO + (lower - next * 10);
      lower = next;
    } else {
      const next = Math.floor(upper / 10);
      dst[o + i] = ZERO + (upper - next * 10);
      upper = next;
    }
  }
  return o - at + digits;
}
