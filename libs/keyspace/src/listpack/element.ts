import { formatInt64 } from '@weir/rdb';

/**
 * One element of a value, as bytes: a view on the arena, or, for what is kept as an integer, its decimal digits in a buffer of the
 * element's own. Whoever iterates reuses one object; a view on the arena dies with the next change of the value.
 */
export class Element {
  buf: Uint8Array;
  off = 0;
  len = 0;
  /** Kept as an integer, whose two's complement halves are these. */
  isInt = false;
  lo = 0;
  hi = 0;
  readonly #digits = new Uint8Array(20);

  constructor() {
    this.buf = this.#digits;
  }

  setBytes(buf: Uint8Array, off: number, len: number): void {
    this.buf = buf;
    this.off = off;
    this.len = len;
    this.isInt = false;
  }

  /** A signed 64-bit integer: `lo` and `hi` are its halves as signed 32-bit numbers. */
  setInt(lo: number, hi: number): void {
    this.isInt = true;
    this.lo = lo;
    this.hi = hi;
    this.buf = this.#digits;
    this.off = 0;
    this.len = writeInt64(this.#digits, 0, lo, hi);
  }

  /** The integer, rounded beyond 2^53; only when `isInt`. */
  get int(): number {
    return this.hi * 4294967296 + (this.lo >>> 0);
  }

  /** The integer, exact; only when `isInt`. */
  get bigint(): bigint {
    return (BigInt(this.hi) << 32n) | BigInt(this.lo >>> 0);
  }

  equals(buf: Uint8Array, off: number, len: number): boolean {
    if (len !== this.len) return false;
    const mine = this.buf;
    const at = this.off;
    for (let i = 0; i < len; i++) if (mine[at + i] !== buf[off + i]) return false;
    return true;
  }

  /** An owned copy. */
  copy(): Uint8Array {
    return new Uint8Array(this.buf.subarray(this.off, this.off + this.len));
  }
}

/** Writes a signed 64-bit integer in decimal (at most 20 bytes); returns how many bytes. */
export function writeInt64(buf: Uint8Array, at: number, lo: number, hi: number): number {
  if (hi === 0 && lo >= 0) return writeDigits(buf, at, lo);
  if (hi === -1 && lo < 0) {
    buf[at] = 45;
    return 1 + writeDigits(buf, at + 1, -lo);
  }
  return formatInt64(hi, lo >>> 0, buf, at);
}

/** `n`: a non-negative integer, at most 2^31. */
function writeDigits(buf: Uint8Array, at: number, n: number): number {
  let length = 1;
  for (let limit = 10; n >= limit; limit *= 10) length++;
  let pos = at + length;
  let small = n;
  if (small > 0x7fffffff) {
    buf[--pos] = 56; // 2147483648
    small = 214748364;
  }
  do {
    const rest = (small / 10) | 0;
    buf[--pos] = 48 + (small - rest * 10);
    small = rest;
  } while (small !== 0);
  return length;
}
