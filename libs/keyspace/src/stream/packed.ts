/**
 * The entries of a listpack (listpack.ts says what they look like), read and written at byte addresses of the arena. A
 * stream's entry is five or more of them: they are written in one go, in room that was made before, not with a call
 * of `listpack.append` each, which asks for room and moves the end every time.
 */

import { copyIn } from '../entry.ts';
import { halves, parseHalves } from '../listpack/int64.ts';
import { backlenBytes, dataBytes } from '../listpack/listpack.ts';

export const LISTPACK_HEADER_BYTES = 6;
export const LISTPACK_END = 0xff;
const COUNT_UNKNOWN = 65535;

/** What `readInt` read last: halves of a signed 64-bit integer. */
export const int64 = { lo: 0, hi: 0 };

/** Address behind the entry at `at`. */
export function skip(u8: Uint8Array, at: number): number {
  const first = u8[at];
  if (first < 0x80) return at + 2;
  if (first < 0xc0) return at + (first & 63) + 2;
  const len = dataBytes(u8, at);
  return at + len + backlenBytes(len);
}

/** Reads an entry that is an integer into `int64`; the address behind it. */
export function readInt(u8: Uint8Array, at: number): number {
  const first = u8[at];
  if (first < 0x80) {
    int64.lo = first;
    int64.hi = 0;
    return at + 2;
  }
  let lo: number;
  let next: number;
  if (first >= 0xc0 && first < 0xe0) {
    lo = ((((first & 31) << 8) | u8[at + 1]) << 19) >> 19;
    next = at + 3;
  } else if (first === 0xf1) {
    lo = ((u8[at + 1] | (u8[at + 2] << 8)) << 16) >> 16;
    next = at + 4;
  } else if (first === 0xf2) {
    lo = ((u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16)) << 8) >> 8;
    next = at + 5;
  } else if (first === 0xf3) {
    lo = u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16) | (u8[at + 4] << 24);
    next = at + 6;
  } else if (first === 0xf4) {
    int64.lo = u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16) | (u8[at + 4] << 24);
    int64.hi = u8[at + 5] | (u8[at + 6] << 8) | (u8[at + 7] << 16) | (u8[at + 8] << 24);
    return at + 10;
  } else throw new Error(`a stream's node has the byte ${first} where an integer should be`);
  int64.lo = lo;
  int64.hi = lo >> 31;
  return next;
}

/** The same for integers that are counts. */
export function readCount(u8: Uint8Array, at: number): number {
  const first = u8[at];
  if (first < 0x80) return first;
  readInt(u8, at);
  return int64.hi * 4294967296 + (int64.lo >>> 0);
}

/** Bytes that `putInt` writes. */
export function intBytes(lo: number, hi: number): number {
  if (hi !== lo >> 31) return 10;
  if (lo >= 0 && lo <= 127) return 2;
  if (lo >= -4096 && lo <= 4095) return 3;
  if (lo >= -32768 && lo <= 32767) return 4;
  return lo >= -8388608 && lo <= 8388607 ? 5 : 6;
}

/** Writes a signed 64-bit integer as an entry; the address behind it. */
export function putInt(u8: Uint8Array, at: number, lo: number, hi: number): number {
  if (hi !== lo >> 31) {
    u8[at] = 0xf4;
    u8[at + 1] = lo;
    u8[at + 2] = lo >> 8;
    u8[at + 3] = lo >> 16;
    u8[at + 4] = lo >> 24;
    u8[at + 5] = hi;
    u8[at + 6] = hi >> 8;
    u8[at + 7] = hi >> 16;
    u8[at + 8] = hi >> 24;
    u8[at + 9] = 9;
    return at + 10;
  }
  if (lo >= 0 && lo <= 127) {
    u8[at] = lo;
    u8[at + 1] = 1;
    return at + 2;
  }
  if (lo >= -4096 && lo <= 4095) {
    u8[at] = 0xc0 | ((lo >> 8) & 31);
    u8[at + 1] = lo;
    u8[at + 2] = 2;
    return at + 3;
  }
  u8[at + 1] = lo;
  u8[at + 2] = lo >> 8;
  if (lo >= -32768 && lo <= 32767) {
    u8[at] = 0xf1;
    u8[at + 3] = 3;
    return at + 4;
  }
  u8[at + 3] = lo >> 16;
  if (lo >= -8388608 && lo <= 8388607) {
    u8[at] = 0xf2;
    u8[at + 4] = 4;
    return at + 5;
  }
  u8[at] = 0xf3;
  u8[at + 4] = lo >> 24;
  u8[at + 5] = 5;
  return at + 6;
}

/** At least the bytes that `putBytes` writes. */
export function bytesBound(len: number): number {
  return len + (len < 64 ? 2 : len < 4096 ? 4 : 10);
}

/** Writes bytes as an entry, an integer if they are one; the address behind it. */
export function putBytes(u8: Uint8Array, at: number, buf: Uint8Array, off: number, len: number): number {
  if (len <= 20 && len > 0) {
    const first = buf[off];
    if ((first === 45 || (first >= 48 && first <= 57)) && parseHalves(buf, off, len)) {
      return putInt(u8, at, halves.lo, halves.hi);
    }
  }
  let pos = at;
  if (len < 64) u8[pos++] = 0x80 | len;
  else if (len < 4096) {
    u8[pos++] = 0xe0 | (len >> 8);
    u8[pos++] = len;
  } else {
    u8[pos] = 0xf0;
    u8[pos + 1] = len;
    u8[pos + 2] = len >> 8;
    u8[pos + 3] = len >> 16;
    u8[pos + 4] = len >> 24;
    pos += 5;
  }
  copyIn(u8, pos, buf, off, len);
  pos += len;
  let rest = pos - at;
  if (rest <= 127) {
    u8[pos] = rest;
    return pos + 1;
  }
  const bytes = backlenBytes(rest);
  for (let i = bytes - 1; i > 0; i--) {
    u8[pos + i] = (rest & 127) | 128;
    rest >>>= 7;
  }
  u8[pos] = rest;
  return pos + bytes;
}

/** Writes the head of a listpack of `bytes` bytes and `elements` elements at `lp`, and its end. */
export function putFrame(u8: Uint8Array, lp: number, bytes: number, elements: number): void {
  u8[lp] = bytes;
  u8[lp + 1] = bytes >> 8;
  u8[lp + 2] = bytes >> 16;
  u8[lp + 3] = bytes >> 24;
  const count = elements < COUNT_UNKNOWN ? elements : COUNT_UNKNOWN;
  u8[lp + 4] = count;
  u8[lp + 5] = count >> 8;
  u8[lp + bytes - 1] = LISTPACK_END;
}

/** Elements by the head of a listpack; 65535 and above are not counted any more. */
export function elementsOf(u8: Uint8Array, lp: number): number {
  return u8[lp + 4] | (u8[lp + 5] << 8);
}
