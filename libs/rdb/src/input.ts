// A cursor over the bytes that have arrived. Every reading method answers true and moves on, or answers false and sets `need` to the
// index up to which bytes must be there before it makes sense to try again (from the start of the item: items are few fields long,
// so this repeats a constant amount of work, and it keeps half-read state out of the parser). What is wrong is thrown.

import { RdbError } from './errors.ts';
import type { RdbErrorCode } from './errors.ts';
import {
  ENC_INT16,
  ENC_INT32,
  ENC_INT8,
  ENC_LZF,
  LEN_14BIT,
  LEN_32BIT_BYTE,
  LEN_64BIT_BYTE,
  LEN_6BIT,
  LEN_ENCODED,
} from './format.ts';
import { formatInteger } from './integer.ts';
import { LZF_EXPANSION_MAX, lzfDecompress } from './lzf.ts';

export const MAX_STRING_BYTES_DEFAULT = 512 * 1024 * 1024;

const SCRATCH_BYTES = 4096;
/** A larger scratch is given back after the entry that wanted it. */
const SCRATCH_KEPT_BYTES = 1024 * 1024;

/** Where a string is put that the file does not hold as it is (an integer, compressed bytes). */
class Scratch {
  bytes = new Uint8Array(SCRATCH_BYTES);

  ensure(len: number): Uint8Array {
    if (this.bytes.length < len)
      this.bytes = new Uint8Array(len > SCRATCH_KEPT_BYTES ? len : Math.max(len, 2 * this.bytes.length));
    return this.bytes;
  }

  trim(): void {
    if (this.bytes.length > SCRATCH_KEPT_BYTES) this.bytes = new Uint8Array(SCRATCH_BYTES);
  }
}

export class RdbInput {
  buf: Uint8Array = new Uint8Array(0);
  pos = 0;
  end = 0;
  need = 0;
  /** Offset of buf[0] in the file, and of the item being read: for error messages. */
  fileOffset = 0;
  itemStart = 0;

  /** Results of readLength: the length (a 64-bit one loses its low bits above 2^53), or the encoding that stands in its place. */
  length = 0;
  encoding = -1;
  /** Results of readLength64, readMilliseconds and readDouble. */
  lengthHigh = 0;
  lengthLow = 0;
  milliseconds = 0;
  double = 0;

  /** Result of readString. */
  strBuf: Uint8Array = this.buf;
  strOff = 0;
  strLen = 0;

  readonly keyScratch = new Scratch();
  readonly valueScratch = new Scratch();
  readonly #maxStringBytes: number;

  constructor(maxStringBytes: number) {
    this.#maxStringBytes = maxStringBytes;
  }

  fail(code: RdbErrorCode, message: string): never {
    throw new RdbError(code, message, this.fileOffset + this.itemStart);
  }

  has(count: number): boolean {
    if (this.pos + count <= this.end) return true;
    this.need = this.pos + count;
    return false;
  }

  readLength(): boolean {
    if (!this.has(1)) return false;
    const buf = this.buf;
    const at = this.pos;
    const first = buf[at];
    this.encoding = -1;
    switch (first >>> 6) {
      case LEN_6BIT:
        this.length = first;
        this.pos = at + 1;
        return true;
      case LEN_14BIT:
        if (!this.has(2)) return false;
        this.length = ((first & 0x3f) << 8) | buf[at + 1];
        this.pos = at + 2;
        return true;
      case LEN_ENCODED:
        this.encoding = first & 0x3f;
        this.pos = at + 1;
        return true;
      default:
        if (first === LEN_32BIT_BYTE) {
          if (!this.has(5)) return false;
          this.length = bigEndian32(buf, at + 1);
          this.pos = at + 5;
          return true;
        }
        if (first === LEN_64BIT_BYTE) {
          if (!this.has(9)) return false;
          this.length = bigEndian32(buf, at + 1) * 0x100000000 + bigEndian32(buf, at + 5);
          this.pos = at + 9;
          return true;
        }
        return this.fail('bad-length', `Unknown length encoding 0x${first.toString(16)}`);
    }
  }

  /** A length where no encoded string may stand. */
  readPlainLength(): boolean {
    if (!this.readLength()) return false;
    if (this.encoding !== -1) this.fail('bad-length', 'An encoded string stands where a length must be');
    return true;
  }

  /** A plain length of which every bit counts: also in lengthHigh and lengthLow, unsigned. */
  readLength64(): boolean {
    const at = this.pos;
    if (!this.readPlainLength()) return false;
    if (this.pos - at === 9) {
      this.lengthHigh = bigEndian32(this.buf, at + 1);
      this.lengthLow = bigEndian32(this.buf, at + 5);
    } else {
      this.lengthHigh = 0;
      this.lengthLow = this.length;
    }
    return true;
  }

  /** A signed 64-bit integer, little endian: a time. Beyond 2^53 it is cut to that. */
  readMilliseconds(): boolean {
    if (!this.has(8)) return false;
    const { buf, pos: at } = this;
    const low = (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
    const high = buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
    const value = high * 0x100000000 + low;
    this.milliseconds = Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
    this.pos = at + 8;
    return true;
  }

  readDouble(): boolean {
    if (!this.has(8)) return false;
    for (let i = 0; i < 8; i++) DOUBLE_BYTES[i] = this.buf[this.pos + i];
    this.double = DOUBLE.getFloat64(0, true);
    this.pos += 8;
    return true;
  }

  readString(scratch: Scratch): boolean {
    if (!this.readLength()) return false;
    switch (this.encoding) {
      case -1: {
        const len = this.length;
        if (len > this.#maxStringBytes) this.#tooLarge(len);
        if (!this.has(len)) return false;
        this.strBuf = this.buf;
        this.strOff = this.pos;
        this.strLen = len;
        this.pos += len;
        return true;
      }
      case ENC_INT8:
        return this.#readInteger(1, scratch);
      case ENC_INT16:
        return this.#readInteger(2, scratch);
      case ENC_INT32:
        return this.#readInteger(4, scratch);
      case ENC_LZF:
        return this.#readLzf(scratch);
      default:
        return this.fail('bad-length', `Unknown string encoding ${this.encoding}`);
    }
  }

  /** An owned copy of what readString found. */
  copyString(): Uint8Array {
    return new Uint8Array(this.strBuf.subarray(this.strOff, this.strOff + this.strLen));
  }

  /** Drops references to buffers that are not ours, and large scratches. */
  release(): void {
    this.buf = EMPTY;
    this.strBuf = EMPTY;
    this.keyScratch.trim();
    this.valueScratch.trim();
  }

  #tooLarge(len: number): never {
    return this.fail('string-too-large', `A string of ${len} bytes is above the limit of ${this.#maxStringBytes}`);
  }

  #readInteger(width: number, scratch: Scratch): boolean {
    if (!this.has(width)) return false;
    const buf = this.buf;
    const at = this.pos;
    let value: number;
    if (width === 1) value = (buf[at] << 24) >> 24;
    else if (width === 2) value = ((buf[at] | (buf[at + 1] << 8)) << 16) >> 16;
    else value = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
    this.pos = at + width;
    this.strBuf = scratch.bytes;
    this.strOff = 0;
    this.strLen = formatInteger(value, scratch.bytes);
    return true;
  }

  #readLzf(scratch: Scratch): boolean {
    if (!this.readPlainLength()) return false;
    const compressed = this.length;
    if (!this.readPlainLength()) return false;
    const expanded = this.length;
    // All that a lie can claim is refused before bytes are waited for, and nothing is allocated until they are here.
    if (compressed > this.#maxStringBytes) this.#tooLarge(compressed);
    if (expanded > this.#maxStringBytes) this.#tooLarge(expanded);
    if (expanded > compressed * LZF_EXPANSION_MAX) {
      this.fail('bad-lzf', `${compressed} compressed bytes cannot stand for ${expanded}`);
    }
    if (!this.has(compressed)) return false;
    const bytes = scratch.ensure(expanded);
    if (!lzfDecompress(this.buf, this.pos, compressed, bytes, 0, expanded)) {
      this.fail('bad-lzf', `Compressed string does not expand to the ${expanded} bytes it claims`);
    }
    this.pos += compressed;
    this.strBuf = bytes;
    this.strOff = 0;
    this.strLen = expanded;
    return true;
  }
}

const EMPTY = new Uint8Array(0);
const DOUBLE_BYTES = new Uint8Array(8);
const DOUBLE = new DataView(DOUBLE_BYTES.buffer);

function bigEndian32(buf: Uint8Array, at: number): number {
  return buf[at] * 0x1000000 + ((buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3]);
}
