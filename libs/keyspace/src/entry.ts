/**
 * An entry is one key with its value: one block of the arena.
 *
 * | bytes  | content                                                                    |
 * |--------|----------------------------------------------------------------------------|
 * | 0      | type (low four bits), encoding (high four bits), Redis's numbers for both   |
 * | 1      | flags: 1 has an expire time, 2 value is external                            |
 * | 2–3    | zero                                                                       |
 * | 4–7    | key length                                                                 |
 * | 8–11   | LRU clock (24 bits), or LFU: minutes (16 bits) and counter (8 bits)         |
 * | 12–15  | string: value length; other types: ref of the value's root block (space.ts) |
 * | 16–23  | expire time, milliseconds since 1970 as a double; only with flag 1          |
 * | then   | the key, then the value: inline, or, aligned to 4, the ref of its own block |
 *
 * Values up to INLINE_BYTES_MAX stand inline: a GET touches one place of memory, and a SET of the same size class
 * writes in place. Longer ones have a block of their own, so that EXPIRE, RENAME and MOVE do not copy them and APPEND
 * lets them grow in place.
 */

import type { Arena, Ref } from '@weir/memory';

export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_STREAM = 6;

export const ENC_RAW = 0;
export const ENC_INT = 1;
export const ENC_HASHTABLE = 2;
export const ENC_INTSET = 6;
export const ENC_SKIPLIST = 7;
export const ENC_EMBSTR = 8;
export const ENC_QUICKLIST = 9;
export const ENC_STREAM = 10;
export const ENC_LISTPACK = 11;

export const FLAG_EXPIRE = 1;
export const FLAG_EXTERNAL = 2;

export const HEADER_BYTES = 16;
export const EXPIRE_BYTES = 8;
export const INLINE_BYTES_MAX = 1024;

export function typeOf(arena: Arena, ref: Ref): number {
  return arena.u8[ref * 16] & 15;
}

export function encodingOf(arena: Arena, ref: Ref): number {
  return arena.u8[ref * 16] >> 4;
}

export function setEncoding(arena: Arena, ref: Ref, encoding: number): void {
  arena.u8[ref * 16] = (arena.u8[ref * 16] & 15) | (encoding << 4);
}

/** Byte address of the key. */
export function keyAddress(arena: Arena, ref: Ref): number {
  return ref * 16 + HEADER_BYTES + ((arena.u8[ref * 16 + 1] & FLAG_EXPIRE) << 3);
}

export function keyLength(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4 + 1];
}

/** Byte address of a string value. */
export function valueAddress(arena: Arena, ref: Ref): number {
  const end = keyAddress(arena, ref) + arena.u32[ref * 4 + 1];
  if ((arena.u8[ref * 16 + 1] & FLAG_EXTERNAL) === 0) return end;
  return arena.u32[alignedTo4(end) / 4] * 16;
}

/** Length of a string value. */
export function valueLength(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4 + 3];
}

/** Index in `arena.u32` of the ref of an external value. */
export function externalSlot(arena: Arena, ref: Ref): number {
  return alignedTo4(keyAddress(arena, ref) + arena.u32[ref * 4 + 1]) / 4;
}

/** Expire time in milliseconds since 1970, or -1. */
export function expireOf(arena: Arena, ref: Ref): number {
  return (arena.u8[ref * 16 + 1] & FLAG_EXPIRE) === 0 ? -1 : arena.f64[ref * 2 + 2];
}

export function lruOf(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4 + 2];
}

export function setLru(arena: Arena, ref: Ref, lru: number): void {
  arena.u32[ref * 4 + 2] = lru;
}

/** Bytes that an entry's block must have. */
export function entryBytes(keyLen: number, valueLen: number, external: boolean, hasExpire: boolean): number {
  const head = HEADER_BYTES + (hasExpire ? EXPIRE_BYTES : 0) + keyLen;
  return external ? alignedTo4(head) + 4 : head + valueLen;
}

export function alignedTo4(address: number): number {
  return Math.ceil(address / 4) * 4;
}

const copyBytes = Buffer.prototype.copy;

/**
 * Copies `len` bytes into the arena, where they must have room. Measured, in ns for 16, 40, 200 bytes: a loop 16, 39, 188; `set` of a
 * view 29, 30, 31 and 100 bytes of garbage; Buffer's copy 26, 26, 28 and none.
 */
export function copyIn(to: Uint8Array, at: number, from: Uint8Array, off: number, len: number): void {
  if (len <= 24) {
    for (let i = 0; i < len; i++) to[at + i] = from[off + i];
  } else copyBytes.call(from, to, at, off, off + len);
}
