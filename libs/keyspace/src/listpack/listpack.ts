/**
 * Listpacks, byte for byte Redis's own (`listpack.c`, and the listpack specification by Salvatore Sanfilippo): a small sequence of
 * strings and integers in one block of the arena.
 *
 *     total bytes (u32 LE) · elements (u16 LE, 65535: count them) · entries · 0xFF
 *     entry: encoding and data · backlen (the length of encoding and data, readable from behind)
 *
 * | first byte | content                        | first byte | content                |
 * |------------|--------------------------------|------------|------------------------|
 * | 0xxxxxxx   | 7-bit unsigned integer          | 0xF0       | string, 32-bit length   |
 * | 10xxxxxx   | string up to 63 bytes           | 0xF1       | 16-bit integer          |
 * | 110xxxxx   | 13-bit integer                  | 0xF2, 0xF3 | 24-bit, 32-bit integer  |
 * | 1110xxxx   | string up to 4095 bytes         | 0xF4       | 64-bit integer          |
 *
 * Positions are byte offsets from the start of the listpack (the first entry's is FIRST, the end's is `end(…)`), so that
 * they survive a move of the block. Strings that are canonical integers are kept as integers. Functions that change a
 * listpack return its ref, which may be another block; bytes that are put in must not lie in the listpack itself. When the arena is
 * full they throw with the listpack unchanged, but removing never fails.
 */

import { ArenaFullError } from '@weir/memory';
import type { Arena, Ref } from '@weir/memory';
import { copyIn } from '../entry.ts';
import type { Element } from './element.ts';
import { halves, parseHalves } from './int64.ts';

export const FIRST = 6;
const END = 0xff;
const COUNT_UNKNOWN = 65535;
/** Nothing may make a listpack longer (LISTPACK_MAX_SAFETY_LIMIT). */
export const BYTES_MAX = 1 << 30;

/** An empty listpack with room for `bytes`. */
export function create(arena: Arena, bytes = 7): Ref {
  const ref = arena.alloc(Math.max(7, bytes));
  setBytes(arena.u8, ref * 16, 7);
  setCount(arena.u8, ref * 16, 0);
  arena.u8[ref * 16 + FIRST] = END;
  return ref;
}

/** A block with the bytes of a whole, valid listpack. */
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

/** Length of the whole listpack. */
export function bytesOf(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4];
}

/** Position behind the last entry. */
export function end(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4] - 1;
}

/** Elements. O(1) up to 65534. */
export function count(arena: Arena, ref: Ref): number {
  const u8 = arena.u8;
  const known = u8[ref * 16 + 4] | (u8[ref * 16 + 5] << 8);
  if (known !== COUNT_UNKNOWN) return known;
  let n = 0;
  const stop = end(arena, ref);
  for (let pos = FIRST; pos < stop; pos = next(arena, ref, pos)) n++;
  if (n < COUNT_UNKNOWN) setCount(u8, ref * 16, n);
  return n;
}

/** Position behind an entry: the next one's, or the end's. */
export function next(arena: Arena, ref: Ref, pos: number): number {
  const len = dataBytes(arena.u8, ref * 16 + pos);
  return pos + len + backlenBytes(len);
}

/** Position of the entry before; 0 when there is none. */
export function prev(arena: Arena, ref: Ref, pos: number): number {
  return pos <= FIRST ? 0 : skipBack(arena.u8, ref * 16 + pos) - ref * 16;
}

/** Position of the element of an index, which may count from the end (-1); 0 when there is none. */
export function seek(arena: Arena, ref: Ref, index: number): number {
  const n = count(arena, ref);
  if (index < 0) index += n;
  if (index < 0 || index >= n) return 0;
  const u8 = arena.u8;
  const lp = ref * 16;
  // Spelled out for short strings and small integers, as in `find`: LINDEX spends its time here.
  if (index <= n / 2) {
    let at = lp + FIRST;
    for (; index > 0; index--) {
      const first = u8[at];
      if (first >= 0x80 && first < 0xc0) at += (first & 63) + 2;
      else {
        const data = dataBytes(u8, at);
        at += data + backlenBytes(data);
      }
    }
    return at - lp;
  }
  let at = lp + end(arena, ref);
  for (let steps = n - index; steps > 0; steps--) {
    const backlen = u8[at - 1];
    if (backlen < 128) at -= backlen + 1;
    else at = lp + prev(arena, ref, at - lp);
  }
  return at - lp;
}

/** Reads the element at a position. */
export function get(arena: Arena, ref: Ref, pos: number, out: Element): void {
  read(arena.u8, ref * 16 + pos, out);
}

/** Reads the element whose entry begins at byte `at`. */
export function read(u8: Uint8Array, at: number, out: Element): void {
  const first = u8[at];
  if (first < 0x80) out.setInt(first, 0);
  else if (first < 0xc0) out.setBytes(u8, at + 1, first & 63);
  else if (first < 0xe0) {
    const value = ((((first & 31) << 8) | u8[at + 1]) << 19) >> 19;
    out.setInt(value, value >> 31);
  } else if (first < 0xf0) out.setBytes(u8, at + 2, ((first & 15) << 8) | u8[at + 1]);
  else if (first === 0xf0) out.setBytes(u8, at + 5, le32(u8, at + 1) >>> 0);
  else if (first === 0xf4) out.setInt(le32(u8, at + 1), le32(u8, at + 5));
  else {
    const value = shortInt(u8, at, first);
    out.setInt(value, value >> 31);
  }
}

/** Whether the entry at a position is these bytes. */
export function equals(arena: Arena, ref: Ref, pos: number, buf: Uint8Array, off: number, len: number): boolean {
  const isInt = parseHalves(buf, off, len);
  return matches(arena.u8, ref * 16 + pos, buf, off, len, isInt, halves.lo, halves.hi);
}

/**
 * Position of the first element from `pos` on that is these bytes, looking at every (`skip` + 1)th; 0: none. (A hash's
 * fields: skip 1.)
 */
export function find(
  arena: Arena,
  ref: Ref,
  pos: number,
  buf: Uint8Array,
  off: number,
  len: number,
  skip: number,
): number {
  const u8 = arena.u8;
  const lp = ref * 16;
  const stop = lp + arena.u32[ref * 4] - 1;
  const isInt = parseHalves(buf, off, len);
  const lo = halves.lo;
  const hi = halves.hi;
  const last = len === 0 ? 0 : buf[off + len - 1];
  let at = lp + pos;
  let skipped = 0;
  while (at < stop) {
    const looks = skipped === 0;
    skipped = looks ? skip : skipped - 1;
    const first = u8[at];
    // The two that most entries are, spelled out: 15 ns an entry became 5. Elements often begin alike, and seldom end so.
    if (first < 0x80) {
      if (looks && isInt && hi === 0 && lo === first) return at - lp;
      at += 2;
    } else if (first < 0xc0) {
      const bytes = first & 63;
      if (looks && bytes === len && (len === 0 || u8[at + len] === last)) {
        let i = 0;
        while (i < len && u8[at + 1 + i] === buf[off + i]) i++;
        if (i === len) return at - lp;
      }
      at += bytes + 2;
    } else {
      if (looks && matches(u8, at, buf, off, len, isInt, lo, hi)) return at - lp;
      const data = dataBytes(u8, at);
      at += data + backlenBytes(data);
    }
  }
  return 0;
}

/** Puts an element in front of the entry at `pos` (or at the end); its position is then `pos`. */
export function insert(arena: Arena, ref: Ref, pos: number, buf: Uint8Array, off: number, len: number): Ref {
  plan(buf, off, len);
  ref = open(arena, ref, pos, 0, planned + backlenBytes(planned));
  emit(arena.u8, ref * 16 + pos, buf, off, len);
  changeCount(arena, ref, 1);
  return ref;
}

export function append(arena: Arena, ref: Ref, buf: Uint8Array, off: number, len: number): Ref {
  return insert(arena, ref, arena.u32[ref * 4] - 1, buf, off, len);
}

/** Appends a signed 64-bit integer given as halves. */
export function appendInt(arena: Arena, ref: Ref, lo: number, hi: number): Ref {
  const pos = arena.u32[ref * 4] - 1;
  planInt(lo | 0, hi | 0);
  ref = open(arena, ref, pos, 0, planned + backlenBytes(planned));
  emit(arena.u8, ref * 16 + pos, arena.u8, 0, 0);
  changeCount(arena, ref, 1);
  return ref;
}

/** Puts another element in the place of the one at `pos`. */
export function replace(arena: Arena, ref: Ref, pos: number, buf: Uint8Array, off: number, len: number): Ref {
  plan(buf, off, len);
  ref = open(arena, ref, pos, next(arena, ref, pos) - pos, planned + backlenBytes(planned));
  emit(arena.u8, ref * 16 + pos, buf, off, len);
  return ref;
}

/** Removes `n` elements from the one at `pos` on (fewer when there are fewer). Cannot fail. */
export function remove(arena: Arena, ref: Ref, pos: number, n: number): Ref {
  const stop = end(arena, ref);
  let to = pos;
  let removed = 0;
  for (; removed < n && to < stop; removed++) to = next(arena, ref, to);
  if (removed === 0) return ref;
  changeCount(arena, ref, -removed);
  return open(arena, ref, pos, to - pos, 0);
}

/** Bytes that an element takes as an entry. */
export function entryBytes(buf: Uint8Array, off: number, len: number): number {
  plan(buf, off, len);
  return planned + backlenBytes(planned);
}

// --- entries -----------------------------------------------------------------------------------------------------------

/** Bytes of encoding and data of the entry that begins at `at`. */
export function dataBytes(u8: Uint8Array, at: number): number {
  const first = u8[at];
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 63);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + (((first & 15) << 8) | u8[at + 1]);
  if (first === 0xf0) return 5 + (le32(u8, at + 1) >>> 0);
  if (first === 0xf4) return 9;
  return first - 0xf1 + 3; // F1, F2, F3
}

/** Where the entry begins that ends in front of byte `at`. */
export function skipBack(u8: Uint8Array, at: number): number {
  let pos = at - 1;
  let byte = u8[pos];
  if (byte < 128) return pos - byte;
  let len = 0;
  let shift = 1;
  for (;;) {
    len += (byte & 127) * shift;
    if (byte < 128) return pos - len;
    shift *= 128;
    byte = u8[--pos];
  }
}

export function backlenBytes(len: number): number {
  if (len <= 127) return 1;
  if (len < 16383) return 2;
  if (len < 2097151) return 3;
  return len < 268435455 ? 4 : 5;
}

function matches(
  u8: Uint8Array,
  at: number,
  buf: Uint8Array,
  off: number,
  len: number,
  isInt: boolean,
  lo: number,
  hi: number,
): boolean {
  const first = u8[at];
  let from: number;
  if (first < 0x80) return isInt && hi === 0 && lo === first;
  if (first < 0xc0) {
    if ((first & 63) !== len) return false;
    from = at + 1;
  } else if (first < 0xe0) {
    const value = ((((first & 31) << 8) | u8[at + 1]) << 19) >> 19;
    return isInt && lo === value && hi === value >> 31;
  } else if (first < 0xf0) {
    if ((((first & 15) << 8) | u8[at + 1]) !== len) return false;
    from = at + 2;
  } else if (first === 0xf0) {
    if (le32(u8, at + 1) >>> 0 !== len) return false;
    from = at + 5;
  } else if (first === 0xf4) {
    return isInt && le32(u8, at + 1) === lo && le32(u8, at + 5) === hi;
  } else {
    if (!isInt) return false;
    const value = shortInt(u8, at, first);
    return lo === value && hi === value >> 31;
  }
  for (let i = 0; i < len; i++) if (u8[from + i] !== buf[off + i]) return false;
  return true;
}

/** Integers of 16, 24 and 32 bits. */
function shortInt(u8: Uint8Array, at: number, first: number): number {
  if (first === 0xf1) return ((u8[at + 1] | (u8[at + 2] << 8)) << 16) >> 16;
  if (first === 0xf2) return ((u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16)) << 8) >> 8;
  return le32(u8, at + 1);
}

function le32(u8: Uint8Array, at: number): number {
  return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
}

// The entry that is about to be written: first byte, or 0 to 127 for the small integers; bytes of encoding and data.
let planFirst = 0;
let planned = 0;
let planLo = 0;
let planHi = 0;

function plan(buf: Uint8Array, off: number, len: number): void {
  if (len <= 20 && parseHalves(buf, off, len)) {
    planInt(halves.lo, halves.hi);
    return;
  }
  if (len < 64) {
    planFirst = 0x80 | len;
    planned = 1 + len;
  } else if (len < 4096) {
    planFirst = 0xe0 | (len >> 8);
    planned = 2 + len;
  } else {
    planFirst = 0xf0;
    planned = 5 + len;
  }
}

function planInt(lo: number, hi: number): void {
  planLo = lo;
  planHi = hi;
  if (hi !== lo >> 31) {
    planFirst = 0xf4;
    planned = 9;
  } else if (lo >= 0 && lo <= 127) {
    planFirst = lo;
    planned = 1;
  } else if (lo >= -4096 && lo <= 4095) {
    planFirst = 0xc0 | ((lo >> 8) & 31);
    planned = 2;
  } else if (lo >= -32768 && lo <= 32767) {
    planFirst = 0xf1;
    planned = 3;
  } else if (lo >= -8388608 && lo <= 8388607) {
    planFirst = 0xf2;
    planned = 4;
  } else {
    planFirst = 0xf3;
    planned = 5;
  }
}

/** Writes the planned entry. */
function emit(u8: Uint8Array, at: number, buf: Uint8Array, off: number, len: number): void {
  const first = planFirst;
  u8[at] = first;
  if (first >= 0x80) {
    if (first < 0xc0) copyIn(u8, at + 1, buf, off, len);
    else if (first < 0xe0) u8[at + 1] = planLo;
    else if (first < 0xf0) {
      u8[at + 1] = len;
      copyIn(u8, at + 2, buf, off, len);
    } else if (first === 0xf0) {
      putLe32(u8, at + 1, len);
      copyIn(u8, at + 5, buf, off, len);
    } else {
      const lo = planLo;
      u8[at + 1] = lo;
      u8[at + 2] = lo >> 8;
      if (first >= 0xf2) u8[at + 3] = lo >> 16;
      if (first >= 0xf3) u8[at + 4] = lo >> 24;
      if (first === 0xf4) putLe32(u8, at + 5, planHi);
    }
  }
  putBacklen(u8, at + planned, planned);
}

function putBacklen(u8: Uint8Array, at: number, len: number): void {
  if (len <= 127) {
    u8[at] = len;
    return;
  }
  const bytes = backlenBytes(len);
  for (let i = bytes - 1; i > 0; i--) {
    u8[at + i] = (len & 127) | 128;
    len >>>= 7;
  }
  u8[at] = len;
}

function putLe32(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value;
  u8[at + 1] = value >> 8;
  u8[at + 2] = value >> 16;
  u8[at + 3] = value >> 24;
}

// --- the block ---------------------------------------------------------------------------------------------------------

/** Makes `room` bytes of the `old` ones at `pos`; the block grows or shrinks. */
function open(arena: Arena, ref: Ref, pos: number, old: number, room: number): Ref {
  const total = arena.u32[ref * 4];
  const bytes = total - old + room;
  if (bytes > arena.usableBytes(ref)) ref = arena.realloc(ref, bytes, total);
  const lp = ref * 16;
  if (old !== room) moveTail(arena.u8, lp + pos + old, lp + pos + room, total - pos - old);
  arena.u32[ref * 4] = bytes;
  return bytes < total ? shrunk(arena, ref, bytes) : ref;
}

/** Moves the bytes behind an entry; few by hand, since an append moves one only (the end mark) and a call costs more than that. */
function moveTail(u8: Uint8Array, from: number, to: number, len: number): void {
  if (len > 16) u8.copyWithin(to, from, from + len);
  else if (to < from) for (let i = 0; i < len; i++) u8[to + i] = u8[from + i];
  else for (let i = len - 1; i >= 0; i--) u8[to + i] = u8[from + i];
}

/** Gives memory back once half of the block is unused. */
function shrunk(arena: Arena, ref: Ref, bytes: number): Ref {
  if (bytes * 2 > arena.usableBytes(ref)) return ref;
  try {
    return arena.realloc(ref, bytes, bytes);
  } catch (error) {
    // Then it stays too large.
    if (error instanceof ArenaFullError) return ref;
    throw error;
  }
}

function setBytes(u8: Uint8Array, lp: number, bytes: number): void {
  putLe32(u8, lp, bytes);
}

function setCount(u8: Uint8Array, lp: number, n: number): void {
  u8[lp + 4] = n;
  u8[lp + 5] = n >> 8;
}

function changeCount(arena: Arena, ref: Ref, by: number): void {
  const u8 = arena.u8;
  const lp = ref * 16;
  const known = u8[lp + 4] | (u8[lp + 5] << 8);
  if (known !== COUNT_UNKNOWN) setCount(u8, lp, Math.min(known + by, COUNT_UNKNOWN));
}
