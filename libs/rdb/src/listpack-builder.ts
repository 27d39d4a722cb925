import { Int64, INT64_TEXT_BYTES_MAX, parseInt64 } from './int64.ts';
import {
  backlenBytes,
  ENCODING_INT16,
  ENCODING_INT24,
  ENCODING_INT64,
  ENCODING_STRING_32BIT,
  integerEncoding,
  LISTPACK_COUNT_UNKNOWN,
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  STRING_12BIT_MAX,
  STRING_6BIT_MAX,
} from './listpack.ts';

/** Encoding, its length and the backwards readable length: what an element takes beside its data, at most. */
const ELEMENT_OVERHEAD_MAX = 5 + 5;
const BYTES_MIN = 256;
/** A larger buffer is given back by reset(). */
const BYTES_KEPT = 1024 * 1024;

const parsed = new Int64();

/** Makes listpacks that are Redis's to the byte. Its buffer grows with what is appended and is used again. */
export class ListpackBuilder {
  /** The listpack, from finish() to the next reset(). */
  bytes: Uint8Array = new Uint8Array(BYTES_MIN);
  count = 0;
  #end = LISTPACK_HEADER_BYTES;

  reset(): void {
    if (this.bytes.length > BYTES_KEPT) this.bytes = new Uint8Array(BYTES_MIN);
    this.count = 0;
    this.#end = LISTPACK_HEADER_BYTES;
  }

  /** A string, stored as an integer where it is the canonical form of one. */
  append(buf: Uint8Array, off: number, len: number): void {
    if (len !== 0 && len <= INT64_TEXT_BYTES_MAX && buf[off] <= 0x39 && parseInt64(buf, off, len, parsed)) {
      this.appendInteger(parsed.hi, parsed.lo);
      return;
    }
    this.#reserve(len + ELEMENT_OVERHEAD_MAX);
    const bytes = this.bytes;
    const start = this.#end;
    let at = start;
    if (len <= STRING_6BIT_MAX) {
      bytes[at++] = 0x80 | len;
    } else if (len <= STRING_12BIT_MAX) {
      bytes[at++] = 0xe0 | (len >>> 8);
      bytes[at++] = len;
    } else {
      bytes[at++] = ENCODING_STRING_32BIT;
      at = putLittle(bytes, at, len, 4);
    }
    if (len < 64) for (let i = 0; i < len; i++) bytes[at + i] = buf[off + i];
    else bytes.set(buf.subarray(off, off + len), at);
    this.#finishElement(start, at + len);
  }

  appendInteger(hi: number, lo: number): void {
    this.#reserve(ELEMENT_OVERHEAD_MAX);
    const bytes = this.bytes;
    const start = this.#end;
    let at = start;
    const encoding = integerEncoding(hi, lo);
    if (encoding === 0) {
      const value = lo | 0;
      if (value < 0 || value > 127) bytes[at++] = 0xc0 | ((value >> 8) & 0x1f);
      bytes[at++] = value;
    } else {
      bytes[at++] = encoding;
      if (encoding === ENCODING_INT16) at = putLittle(bytes, at, lo, 2);
      else if (encoding === ENCODING_INT24) at = putLittle(bytes, at, lo, 3);
      else at = putLittle(bytes, at, lo, 4);
      if (encoding === ENCODING_INT64) at = putLittle(bytes, at, hi, 4);
    }
    this.#finishElement(start, at);
  }

  /** Writes header and end mark; answers the length of what is in `bytes`. */
  finish(): number {
    const bytes = this.bytes;
    bytes[this.#end] = LISTPACK_END;
    const total = this.#end + 1;
    putLittle(bytes, 0, total, 4);
    putLittle(bytes, 4, Math.min(this.count, LISTPACK_COUNT_UNKNOWN), 2);
    return total;
  }

  #finishElement(start: number, dataEnd: number): void {
    const bytes = this.bytes;
    let rest = dataEnd - start;
    const end = dataEnd + backlenBytes(rest);
    for (let i = end - 1; i > dataEnd; i--) {
      bytes[i] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    bytes[dataEnd] = rest;
    this.#end = end;
    this.count++;
  }

  /** Room for `count` bytes and the end mark. */
  #reserve(count: number): void {
    const required = this.#end + count + 1;
    if (required <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(required, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.#end));
    this.bytes = grown;
  }
}

function putLittle(bytes: Uint8Array, at: number, value: number, count: number): number {
  for (let i = 0; i < count; i++) bytes[at + i] = value >>> (8 * i);
  return at + count;
}
