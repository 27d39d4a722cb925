// What node's Buffer can do and Uint8Array cannot, for any Uint8Array, in one place.

const proto = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
  copy(this: Uint8Array, target: Uint8Array, targetStart: number, start: number, end: number): number;
};
const { latin1Slice, utf8Slice, latin1Write, utf8Write, copy } = proto;

export const LF = 10;
export const CR = 13;

/**
 * Uninitialised memory of its own (never a slice of node's shared pool). Not a Buffer, whose slice() is a view where a
 * Uint8Array's is a copy.
 */
export function allocBytes(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
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

// Up to here a byte loop beats the call, whose fixed cost is 25–45 ns (resp.bench.ts).
const LOOP_BYTES_MAX = 24;

export function copyBytes(dst: Uint8Array, at: number, src: Uint8Array, from: number, len: number): void {
  if (len <= LOOP_BYTES_MAX) for (let i = 0; i < len; i++) dst[at + i] = src[from + i];
  else copy.call(src, dst, at, from, from + len);
}

// An arena (a large buffer that can grow) has offsets beyond 2^31. There src[from + i] must be avoided: an element access
// which meets such an index before it was optimized goes megamorphic for good and then costs 30 ns a byte (and 2 ns when it was
// optimized before). Words of four bytes have indexes below 2^31 up to 8 GiB. A DataView takes any offset, but of a buffer
// that can grow V8 calls its methods, 5 ns each, instead of inlining them, and beside such a buffer those of any DataView. Bulk
// strings of 3, 8, 19, 40, 60 bytes in nanoseconds: by words 12, 14, 25, 36, 50; with a DataView 24, 16, 32, 45; by a call 50.
const ARENA_BYTES_MIN = 1024 ** 2;
const WORDS_BYTES_MAX = 48;
const WORDS_END = 2 ** 33 - 2 * WORDS_BYTES_MAX;
/** What copyFromArena may write beyond the bytes. */
export const ARENA_SLACK_BYTES = 3;

let arena: Uint8Array = Buffer.alloc(0);
let arenaWords = new Int32Array(0);

export function isArena(src: Uint8Array): boolean {
  return src === arena || (src.length >= ARENA_BYTES_MIN && enter(src));
}

function enter(src: Uint8Array): boolean {
  const buffer = src.buffer as ArrayBuffer;
  if (!buffer.resizable || src.byteOffset !== 0) return false;
  arena = src;
  // Without a length: an arena grows and shrinks under its views, and this one has to follow as theirs do.
  arenaWords = new Int32Array(buffer);
  return true;
}

/** Copies from the arena that `isArena` has just seen. In `dst` there is room for ARENA_SLACK_BYTES more. */
export function copyFromArena(dst: Uint8Array, at: number, from: number, len: number): void {
  if (len > WORDS_BYTES_MAX || from > WORDS_END) {
    copy.call(arena, dst, at, from, from + len);
    return;
  }
  const words = arenaWords;
  const end = at + len;
  const shift = (from & 3) * 8;
  let word = (from / 4) | 0;
  if (shift === 0) {
    for (; at < end; at += 4) writeWord(dst, at, words[word++]);
    return;
  }
  let low = words[word];
  for (; at < end; at += 4) {
    const high = words[++word];
    writeWord(dst, at, (low >>> shift) | (high << (32 - shift)));
    low = high;
  }
}

function writeWord(dst: Uint8Array, at: number, word: number): void {
  dst[at] = word;
  dst[at + 1] = word >> 8;
  dst[at + 2] = word >> 16;
  dst[at + 3] = word >> 24;
}

export function viewOf(buf: Uint8Array): DataView {
  return new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
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
  if (n > 0x7fffffff) return writeLarge(buf, pos, n);
  return writeBetween(buf, pos, pos + digitsOf(n), n | 0);
}

/** Divisions of doubles are slow: one for eight digits, instead of one for each. Apart, so that what is usual gets inlined. */
function writeLarge(buf: Uint8Array, pos: number, n: number): number {
  const high = Math.floor(n / 1e8);
  const middle = writeBetween(buf, pos, pos + digitsOf(high), high | 0);
  return writeBetween(buf, middle, middle + 8, (n - high * 1e8) | 0);
}

/** Writes as many of the last digits as there is room for; returns `end`. */
function writeBetween(buf: Uint8Array, start: number, end: number, n: number): number {
  for (let at = end - 1; at >= start; at--) {
    const rest = (n / 10) | 0;
    buf[at] = 48 + (n - rest * 10);
    n = rest;
  }
  return end;
}
