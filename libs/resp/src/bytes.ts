// What node's Buffer can do and Uint8Array cannot, for any Uint8Array, in one place.

const proto = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
};
const { latin1Slice, utf8Slice, latin1Write, utf8Write } = proto;

export const LF = 10;
export const CR = 13;

/** Uninitialised memory of its own (never a slice of node's shared pool). */
export function allocBytes(size: number): Uint8Array {
  return Buffer.allocUnsafeSlow(size);
}

export function latin1At(buf: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(buf, start, end);
}

export function utf8At(buf: Uint8Array, start: number, end: number): string {
  return utf8Slice.call(buf, start, end);
}

export function writeLatin1(buf: Uint8Array, pos: number, text: string): number {
  return latin1Write.call(buf, text, pos, text.length);
}

/** The caller has made room for 3 bytes per UTF-16 unit. */
export function writeUtf8(buf: Uint8Array, pos: number, text: string): number {
  return utf8Write.call(buf, text, pos, text.length * 3);
}

// Below this a byte loop beats the calls, whose fixed cost is 30–50 ns (resp.bench.ts).
const LOOP_BYTES_MAX = 24;

export function copyBytes(dst: Uint8Array, at: number, src: Uint8Array, from: number, len: number): void {
  if (len <= LOOP_BYTES_MAX) for (let i = 0; i < len; i++) dst[at + i] = src[from + i];
  else dst.set(src.subarray(from, from + len), at);
}

/** How many characters the decimal form of a non-negative safe integer has. */
export function digitsOf(n: number): number {
  if (n < 10) return 1;
  if (n < 100) return 2;
  if (n < 1000) return 3;
  if (n < 10000) return 4;
  if (n < 100000) return 5;
  let digits = 5;
  for (let limit = 100000; n >= limit; limit *= 10) digits++;
  return digits;
}

/** Writes a non-negative safe integer in decimal and returns the position behind it. */
export function writeDigits(buf: Uint8Array, pos: number, n: number): number {
  if (n < 10) {
    buf[pos] = 48 + n;
    return pos + 1;
  }
  const end = pos + digitsOf(n);
  let at = end;
  while (n > 0x7fffffff) {
    const rest = Math.floor(n / 10);
    buf[--at] = 48 + (n - rest * 10);
    n = rest;
  }
  let small = n | 0;
  while (at > pos) {
    const rest = (small / 10) | 0;
    buf[--at] = 48 + (small - rest * 10);
    small = rest;
  }
  return end;
}
