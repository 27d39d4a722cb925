/**
 * Intsets, byte for byte Redis's own (`intset.c`, by Pieter Noordhuis): ascending integers in one block.
 *
 *     width (u32 LE: 2, 4 or 8 bytes) · count (u32 LE) · that many signed integers, LE
 *
 * The width is the least that holds every integer that was ever in it: it grows, and never shrinks. Integers come and go as two
 * halves, since JavaScript's numbers hold 53 bits: `hi` decides, as a signed number, then `lo`, as an unsigned one.
 * Functions that change an intset return its ref, which may be another block; when the arena is full they throw with the
 * intset unchanged, but removing never fails.
 */

import { ArenaFullError } from '@weir/memory';
import type { Arena, Ref } from '@weir/memory';
import { copyIn } from '../entry.ts';

const HEADER_BYTES = 8;

/** What `find` and `get` leave. */
export const found = { index: 0, lo: 0, hi: 0 };

export function create(arena: Arena): Ref {
  const ref = arena.alloc(HEADER_BYTES);
  arena.u32[ref * 4] = 2;
  arena.u32[ref * 4 + 1] = 0;
  return ref;
}

/** A block with the bytes of a whole, valid intset. */
export function fromBytes(arena: Arena, buf: Uint8Array, off: number, len: number): Ref {
  const ref = arena.alloc(len);
  copyIn(arena.u8, ref * 16, buf, off, len);
  return ref;
}

export function copy(arena: Arena, ref: Ref): Ref {
  const bytes = bytesOf(arena, ref);
  const next = arena.alloc(bytes);
  arena.u8.copyWithin(next * 16, ref * 16, ref * 16 + bytes);
  return next;
}

export function count(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4 + 1];
}

/** Length of the whole intset. */
export function bytesOf(arena: Arena, ref: Ref): number {
  return HEADER_BYTES + arena.u32[ref * 4] * arena.u32[ref * 4 + 1];
}

/** Reads the integer of an index below the count into `found`. */
export function get(arena: Arena, ref: Ref, index: number): void {
  const width = arena.u32[ref * 4];
  if (width === 2) {
    found.lo = short(arena.u8, ref * 16 + HEADER_BYTES + index * 2);
    found.hi = found.lo >> 31;
  } else if (width === 4) {
    found.lo = arena.i32[ref * 4 + 2 + index];
    found.hi = found.lo >> 31;
  } else {
    found.lo = arena.i32[ref * 4 + 2 + index * 2];
    found.hi = arena.i32[ref * 4 + 3 + index * 2];
  }
}

/** Whether the integer is in the set; `found.index` is where it is, or where it would go. */
export function find(arena: Arena, ref: Ref, lo: number, hi: number): boolean {
  const width = arena.u32[ref * 4];
  const n = arena.u32[ref * 4 + 1];
  if (widthOf(lo, hi) > width) {
    found.index = hi < 0 ? 0 : n;
    return false;
  }
  if (width === 2) return find16(arena.u8, ref * 16 + HEADER_BYTES, n, lo);
  if (width === 4) return find32(arena.i32, ref * 4 + 2, n, lo);
  return find64(arena.i32, ref * 4 + 2, n, lo, hi);
}

/** Puts an integer that is not in the set at the index that `find` has just left. */
export function insertFound(arena: Arena, ref: Ref, lo: number, hi: number): Ref {
  const at = found.index;
  const width = arena.u32[ref * 4];
  const n = arena.u32[ref * 4 + 1];
  const wanted = widthOf(lo, hi);
  if (wanted > width) return widened(arena, ref, wanted, lo, hi);
  ref = grown(arena, ref, HEADER_BYTES + (n + 1) * width, HEADER_BYTES + n * width);
  const data = ref * 16 + HEADER_BYTES;
  if (at < n) arena.u8.copyWithin(data + (at + 1) * width, data + at * width, data + n * width);
  put(arena, ref, width, at, lo, hi);
  arena.u32[ref * 4 + 1] = n + 1;
  return ref;
}

/** Takes out the integer of an index below the count. Cannot fail. */
export function removeAt(arena: Arena, ref: Ref, index: number): Ref {
  const width = arena.u32[ref * 4];
  const n = arena.u32[ref * 4 + 1];
  const data = ref * 16 + HEADER_BYTES;
  arena.u8.copyWithin(data + index * width, data + (index + 1) * width, data + n * width);
  arena.u32[ref * 4 + 1] = n - 1;
  const bytes = HEADER_BYTES + (n - 1) * width;
  if (bytes * 2 > arena.usableBytes(ref)) return ref;
  try {
    return arena.realloc(ref, bytes, bytes);
  } catch (error) {
    // Then it stays too large.
    if (error instanceof ArenaFullError) return ref;
    throw error;
  }
}

/** For tests: throws when the bytes are no intset. */
export function verify(arena: Arena, ref: Ref): void {
  const width = arena.u32[ref * 4];
  if (width !== 2 && width !== 4 && width !== 8) throw new Error(`intset: its width is ${width}`);
  if (bytesOf(arena, ref) > arena.usableBytes(ref)) throw new Error('intset: it is longer than its block');
  for (let i = 1; i < count(arena, ref); i++) {
    get(arena, ref, i - 1);
    const { lo, hi } = found;
    get(arena, ref, i);
    if (found.hi < hi || (found.hi === hi && found.lo >>> 0 <= lo >>> 0)) throw new Error('intset: it does not ascend');
  }
}

/** Bytes that an integer needs. */
function widthOf(lo: number, hi: number): number {
  if (hi !== lo >> 31) return 8;
  return lo >= -32768 && lo <= 32767 ? 2 : 4;
}

function find16(u8: Uint8Array, data: number, n: number, value: number): boolean {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = data + middle * 2;
    const have = ((u8[at] | (u8[at + 1] << 8)) << 16) >> 16;
    if (have === value) {
      found.index = middle;
      return true;
    }
    if (have < value) low = middle + 1;
    else high = middle;
  }
  found.index = low;
  return false;
}

function find32(i32: Int32Array, data: number, n: number, value: number): boolean {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const have = i32[data + middle];
    if (have === value) {
      found.index = middle;
      return true;
    }
    if (have < value) low = middle + 1;
    else high = middle;
  }
  found.index = low;
  return false;
}

function find64(i32: Int32Array, data: number, n: number, lo: number, hi: number): boolean {
  const unsigned = lo >>> 0;
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const haveHi = i32[data + middle * 2 + 1];
    const haveLo = i32[data + middle * 2] >>> 0;
    if (haveHi === hi && haveLo === unsigned) {
      found.index = middle;
      return true;
    }
    if (haveHi < hi || (haveHi === hi && haveLo < unsigned)) low = middle + 1;
    else high = middle;
  }
  found.index = low;
  return false;
}

function short(u8: Uint8Array, at: number): number {
  return ((u8[at] | (u8[at + 1] << 8)) << 16) >> 16;
}

function put(arena: Arena, ref: Ref, width: number, index: number, lo: number, hi: number): void {
  if (width === 2) {
    const at = ref * 16 + HEADER_BYTES + index * 2;
    arena.u8[at] = lo;
    arena.u8[at + 1] = lo >> 8;
  } else if (width === 4) arena.i32[ref * 4 + 2 + index] = lo;
  else {
    arena.i32[ref * 4 + 2 + index * 2] = lo;
    arena.i32[ref * 4 + 3 + index * 2] = hi;
  }
}

/** An integer that needs more bytes than all others is before or behind them: they are moved, from the last one on, in place. */
function widened(arena: Arena, ref: Ref, width: number, lo: number, hi: number): Ref {
  const old = arena.u32[ref * 4];
  const n = arena.u32[ref * 4 + 1];
  ref = grown(arena, ref, HEADER_BYTES + (n + 1) * width, HEADER_BYTES + n * old);
  const shift = hi < 0 ? 1 : 0;
  for (let i = n - 1; i >= 0; i--) {
    get(arena, ref, i);
    put(arena, ref, width, i + shift, found.lo, found.hi);
  }
  put(arena, ref, width, shift === 1 ? 0 : n, lo, hi);
  arena.u32[ref * 4] = width;
  arena.u32[ref * 4 + 1] = n + 1;
  return ref;
}

function grown(arena: Arena, ref: Ref, bytes: number, keep: number): Ref {
  return bytes <= arena.usableBytes(ref) ? ref : arena.realloc(ref, bytes, keep);
}
