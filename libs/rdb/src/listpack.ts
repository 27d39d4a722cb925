// A listpack is what Redis keeps small collections in, and writes as it is:
//
//   total bytes (32 bits)   count (16 bits; 65535: not known)   element…   0xff
//   element = encoding and data   length of these, backwards readable
//
// Everything here works on (buffer, offset) and trusts only what validateListpack has seen.

import { formatInt64, Int64, INT64_TEXT_BYTES_MAX, parseInt64 } from './int64.ts';

export const LISTPACK_HEADER_BYTES = 6;
/** Header and end mark. */
const LISTPACK_EMPTY_BYTES = 7;
export const LISTPACK_END = 0xff;
export const LISTPACK_COUNT_UNKNOWN = 0xffff;

/** Strings of up to this many bytes have their length in one byte; of up to the next one in two. */
export const STRING_6BIT_MAX = 63;
export const STRING_12BIT_MAX = 4095;

export const ENCODING_STRING_32BIT = 0xf0;
export const ENCODING_INT16 = 0xf1;
export const ENCODING_INT24 = 0xf2;
const ENCODING_INT32 = 0xf3;
export const ENCODING_INT64 = 0xf4;

/** From one element to the next; the last one's next is the end mark. */
export function listpackNext(buf: Uint8Array, at: number): number {
  const size = elementBytes(buf, at, Infinity);
  return at + size + backlenBytes(size);
}

/** How many bytes hold the length of an element of `size` bytes, as Redis chooses them. */
export function backlenBytes(size: number): number {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

/** Bytes of encoding and data; 0 when there is no such encoding or its length stands beyond `end`. */
function elementBytes(buf: Uint8Array, at: number, end: number): number {
  const first = buf[at];
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3f);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return at + 1 < end ? 2 + (((first & 0x0f) << 8) | buf[at + 1]) : 0;
  switch (first) {
    case ENCODING_STRING_32BIT:
      return at + 4 < end ? 5 + little32(buf, at + 1) : 0;
    case ENCODING_INT16:
      return 3;
    case ENCODING_INT24:
      return 4;
    case ENCODING_INT32:
      return 5;
    case ENCODING_INT64:
      return 9;
    default:
      return 0;
  }
}

/** The element behind the one at `at`, or -1 when that one is damaged or reaches beyond `end`. */
export function listpackNextChecked(buf: Uint8Array, at: number, end: number): number {
  const size = elementBytes(buf, at, end);
  if (size === 0) return -1;
  const first = at + size;
  const next = first + backlenBytes(size);
  if (next > end) return -1;
  let rest = size;
  for (let i = next - 1; i > first; i--) {
    if (buf[i] !== ((rest & 0x7f) | 0x80)) return -1;
    rest = Math.floor(rest / 128);
  }
  return buf[first] === rest ? next : -1;
}

/** The number of elements of a listpack that fills buf[off, +len) exactly and is whole in all its parts; else -1. */
export function validateListpack(buf: Uint8Array, off: number, len: number): number {
  if (!listpackFrameFits(buf, off, len)) return -1;
  const end = off + len - 1;
  let count = 0;
  for (let at = off + LISTPACK_HEADER_BYTES; at !== end; count++) {
    at = listpackNextChecked(buf, at, end);
    if (at === -1) return -1;
  }
  const claimed = buf[off + 4] | (buf[off + 5] << 8);
  return claimed === LISTPACK_COUNT_UNKNOWN || claimed === count ? count : -1;
}

/** Header and end mark only. */
export function listpackFrameFits(buf: Uint8Array, off: number, len: number): boolean {
  return len >= LISTPACK_EMPTY_BYTES && little32(buf, off) === len && buf[off + len - 1] === LISTPACK_END;
}

const parsed = new Int64();

/**
 * validateListpack for a listpack in which every element has the one encoding that Redis would give it, and -1 for any other, valid or
 * not. Redis reads others as well and never writes them; without them, equal elements are equal bytes.
 */
export function canonicalListpackCount(buf: Uint8Array, off: number, len: number): number {
  if (!listpackFrameFits(buf, off, len)) return -1;
  const end = off + len - 1;
  let count = 0;
  let at = off + LISTPACK_HEADER_BYTES;
  for (; at < end; count++) {
    const first = buf[at];
    // The two that most elements are, spelled out.
    if (first < 0x80) {
      if (buf[at + 1] !== 1) return -1;
      at += 2;
    } else if (first < 0xc0) {
      const size = (first & 0x3f) + 1;
      if (at + size >= end || buf[at + size] !== size || isInteger(buf, at + 1, size - 1)) return -1;
      at += size + 1;
    } else {
      const next = listpackNextChecked(buf, at, end);
      if (next === -1 || !isCanonicalElement(buf, at)) return -1;
      at = next;
    }
  }
  if (at !== end) return -1;
  const claimed = buf[off + 4] | (buf[off + 5] << 8);
  return claimed === count || (claimed === LISTPACK_COUNT_UNKNOWN && count >= LISTPACK_COUNT_UNKNOWN) ? count : -1;
}

function isCanonicalElement(buf: Uint8Array, at: number): boolean {
  const first = buf[at];
  if (first < 0x80) return true;
  if (first < 0xc0) return !isInteger(buf, at + 1, first & 0x3f);
  if (first < 0xe0) return first >= 0xd0 || (first === 0xc0 ? buf[at + 1] > 127 : true);
  if (first < 0xf0) {
    const length = ((first & 0x0f) << 8) | buf[at + 1];
    return length > STRING_6BIT_MAX;
  }
  if (first === ENCODING_STRING_32BIT) return little32(buf, at + 1) > STRING_12BIT_MAX;
  readInteger(buf, at, parsed);
  return first === integerEncoding(parsed.hi, parsed.lo);
}

function isInteger(buf: Uint8Array, off: number, len: number): boolean {
  if (len === 0 || len > INT64_TEXT_BYTES_MAX || buf[off] > 0x39) return false;
  return parseInt64(buf, off, len, parsed);
}

/** The first byte of the encoding that Redis chooses for an integer; 0 for the two forms that have data in that byte. */
export function integerEncoding(hi: number, lo: number): number {
  if (hi !== lo >> 31) return ENCODING_INT64;
  const value = lo | 0;
  if (value >= -4096 && value <= 4095) return 0;
  if (value >= -0x8000 && value <= 0x7fff) return ENCODING_INT16;
  return value >= -0x800000 && value <= 0x7fffff ? ENCODING_INT24 : ENCODING_INT32;
}

/** False when the element is a string. */
export function readInteger(buf: Uint8Array, at: number, out: Int64): boolean {
  const first = buf[at];
  let value: number;
  if (first < 0x80) {
    value = first;
  } else if ((first & 0xe0) === 0xc0) {
    value = ((((first & 0x1f) << 8) | buf[at + 1]) << 19) >> 19;
  } else if (first === ENCODING_INT16) {
    value = ((buf[at + 1] | (buf[at + 2] << 8)) << 16) >> 16;
  } else if (first === ENCODING_INT24) {
    value = ((buf[at + 1] | (buf[at + 2] << 8) | (buf[at + 3] << 16)) << 8) >> 8;
  } else if (first === ENCODING_INT32) {
    value = little32(buf, at + 1) | 0;
  } else if (first === ENCODING_INT64) {
    out.lo = little32(buf, at + 1);
    out.hi = little32(buf, at + 5) | 0;
    return true;
  } else {
    return false;
  }
  out.lo = value >>> 0;
  out.hi = value >> 31;
  return true;
}

/** Walks the elements of a valid listpack. */
export class ListpackCursor {
  /** The element's bytes: a view on the listpack, or, of an integer, digits that the next step overwrites. */
  strBuf: Uint8Array = new Uint8Array(0);
  strOff = 0;
  strLen = 0;
  /** Set when the element is stored as an integer. */
  integer = false;
  readonly value = new Int64();
  #buf: Uint8Array = this.strBuf;
  #at = 0;
  readonly #digits = new Uint8Array(INT64_TEXT_BYTES_MAX);

  open(buf: Uint8Array, off: number): void {
    this.openAt(buf, off + LISTPACK_HEADER_BYTES);
  }

  /** To begin with the element at `at`. */
  openAt(buf: Uint8Array, at: number): void {
    this.#buf = buf;
    this.#at = at;
  }

  /** Where the next element stands. */
  get at(): number {
    return this.#at;
  }

  /** False at the end. */
  next(): boolean {
    if (!this.step()) return false;
    if (this.integer) {
      this.strBuf = this.#digits;
      this.strOff = 0;
      this.strLen = formatInt64(this.value.hi, this.value.lo, this.#digits, 0);
    }
    return true;
  }

  /** The same, but an integer has no bytes: for who looks at `value`, or at nothing. */
  step(): boolean {
    const buf = this.#buf;
    const at = this.#at;
    const first = buf[at];
    if (first === LISTPACK_END) return false;
    this.#at = listpackNext(buf, at);
    this.integer = readInteger(buf, at, this.value);
    if (this.integer) return true;
    this.strBuf = buf;
    if (first < 0xc0) {
      this.strOff = at + 1;
      this.strLen = first & 0x3f;
    } else if (first < 0xf0) {
      this.strOff = at + 2;
      this.strLen = ((first & 0x0f) << 8) | buf[at + 1];
    } else {
      this.strOff = at + 5;
      this.strLen = little32(buf, at + 1);
    }
    return true;
  }

  /** Drops the reference to the buffer. */
  close(): void {
    this.#buf = this.#digits;
    this.strBuf = this.#digits;
  }
}

function little32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}
