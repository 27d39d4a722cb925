import type { Arena } from '@weir/memory';

/**
 * A stream ID: two unsigned 64-bit integers, milliseconds and sequence, as four 32-bit parts, the highest first. In the arena an ID is
 * four words in a row in the same order.
 */
export type StreamId = Uint32Array;

export function newId(msHi = 0, msLo = 0, seqHi = 0, seqLo = 0): StreamId {
  return Uint32Array.of(msHi, msLo, seqHi, seqLo);
}

export const ID_MIN: StreamId = newId();
export const ID_MAX: StreamId = newId(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff);

export function copyId(to: StreamId, from: StreamId): void {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
  to[3] = from[3];
}

/** Negative, 0 or positive. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1;
  if (a[2] !== b[2]) return a[2] < b[2] ? -1 : 1;
  if (a[3] !== b[3]) return a[3] < b[3] ? -1 : 1;
  return 0;
}

export function isZeroId(id: StreamId): boolean {
  return (id[0] | id[1] | id[2] | id[3]) === 0;
}

/** The next ID, of all that there are; false: there is none, and the ID is as it was. */
export function incrementId(id: StreamId): boolean {
  for (let i = 3; i >= 0; i--) {
    if (id[i] !== 0xffffffff) {
      id[i]++;
      for (let j = i + 1; j < 4; j++) id[j] = 0;
      return true;
    }
  }
  return false;
}

/** The one before; false: there is none, and the ID is as it was. */
export function decrementId(id: StreamId): boolean {
  for (let i = 3; i >= 0; i--) {
    if (id[i] !== 0) {
      id[i]--;
      for (let j = i + 1; j < 4; j++) id[j] = 0xffffffff;
      return true;
    }
  }
  return false;
}

/** `ms`: a safe integer. */
export function setIdMs(id: StreamId, ms: number): void {
  id[0] = Math.floor(ms / 4294967296);
  id[1] = ms >>> 0;
}

/** Reads the ID at a word of the arena. */
export function readId(arena: Arena, at: number, out: StreamId): void {
  const u32 = arena.u32;
  out[0] = u32[at];
  out[1] = u32[at + 1];
  out[2] = u32[at + 2];
  out[3] = u32[at + 3];
}

export function writeId(arena: Arena, at: number, id: StreamId): void {
  const u32 = arena.u32;
  u32[at] = id[0];
  u32[at + 1] = id[1];
  u32[at + 2] = id[2];
  u32[at + 3] = id[3];
}

/** Bytes of the longest ID as text. */
export const ID_TEXT_BYTES_MAX = 41;

const DASH = 45;

/** Writes an ID as `ms-seq`; returns how many bytes. */
export function formatId(buf: Uint8Array, at: number, id: StreamId, separator = DASH): number {
  const ms = formatUint64(buf, at, id[0], id[1]);
  buf[at + ms] = separator;
  return ms + 1 + formatUint64(buf, at + ms + 1, id[2], id[3]);
}

/** Writes an unsigned 64-bit integer in decimal; returns how many bytes. */
export function formatUint64(buf: Uint8Array, at: number, hi: number, lo: number): number {
  if (hi === 0 && lo < 1e8) return formatSmall(buf, at, lo);
  if (hi < 0x200000) {
    // In two parts below 2^31: dividing those is cheap.
    const value = hi * 4294967296 + lo;
    const high = Math.floor(value / 1e8);
    const length = formatSmall(buf, at, high);
    padded(buf, at + length, value - high * 1e8, 8);
    return length + 8;
  }
  const text = ((BigInt(hi) << 32n) | BigInt(lo)).toString();
  for (let i = 0; i < text.length; i++) buf[at + i] = text.charCodeAt(i);
  return text.length;
}

function formatSmall(buf: Uint8Array, at: number, n: number): number {
  let length = 1;
  for (let limit = 10; n >= limit; limit *= 10) length++;
  padded(buf, at, n, length);
  return length;
}

/** `n` below 2^31, with leading zeros. */
function padded(buf: Uint8Array, at: number, n: number, length: number): void {
  let rest = n | 0;
  for (let pos = at + length - 1; pos >= at; pos--) {
    const next = (rest / 10) | 0;
    buf[pos] = 48 + (rest - next * 10);
    rest = next;
  }
}
