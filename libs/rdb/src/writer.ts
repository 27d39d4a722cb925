// Writes an RDB file through one buffer of fixed size. A string longer than that buffer goes through it in pieces, so memory does
// not grow with values; the checksum is taken per chunk, where it costs a tenth of what it would per field.
//
// An entry is entryPrefix(type, …) followed by one value, in the forms that Redis 7.0 writes:
//
//   list (18)        valueLength(nodes), valueNode…
//   set (2 or 11)    valueLength(elements), valueString…      or valueString(intset)
//   hash (4 or 16)   valueLength(pairs), 2 × valueString…     or valueString(listpack)
//   zset (5 or 17)   valueLength(members), valueMember…       or valueString(listpack)
//   stream (19)      see the valueStreamXxx methods

import { Crc64 } from './crc64.ts';
import {
  ENC_INT16,
  ENC_INT32,
  ENC_INT8,
  ENC_LZF,
  LEN_32BIT_BYTE,
  LEN_64BIT_BYTE,
  LEN_ENCODED,
  NODE_PACKED,
  NODE_PLAIN,
  OP_AUX,
  OP_FUNCTION2,
  OP_EOF,
  OP_EXPIRE_MS,
  OP_FREQ,
  OP_IDLE,
  OP_RESIZEDB,
  OP_SELECTDB,
  RDB_VERSION_WRITTEN,
  TYPE_STRING,
} from './format.ts';
import { NOT_AN_INTEGER, parseInteger } from './integer.ts';
import { LzfCompressor } from './lzf.ts';
import type { RdbStreamMeta, RdbWriterApi, RdbWriterOptions } from './types.ts';

const CHUNK_BYTES_DEFAULT = 64 * 1024;
/** Fixed-size pieces (a length, an expiry, …) are reserved whole; none is longer. */
const PIECE_BYTES_MAX = 16;
const CHUNK_BYTES_MIN = 64;
if (CHUNK_BYTES_MIN < PIECE_BYTES_MAX) throw new Error('a chunk must hold the longest piece');

const COMPRESS_ABOVE = 20;
/** The compressed length stands before the compressed bytes, so these have to be held. Longer strings are stored as they are. */
export const COMPRESS_UP_TO = 16 * 1024 * 1024;
/** Below this, a loop beats the call into TypedArray.prototype.set and the view it needs. */
const COPY_LOOP_BELOW = 96;

const STREAM_ID_BYTES = 16;
if (STREAM_ID_BYTES > PIECE_BYTES_MAX) throw new Error('an ID is written as one piece');

const utf8 = new TextEncoder();
const DOUBLE_BYTES = new Uint8Array(8);
const DOUBLE = new DataView(DOUBLE_BYTES.buffer);

export class RdbWriter implements RdbWriterApi {
  readonly #flushChunk: (chunk: Uint8Array) => void;
  readonly #compress: boolean;
  readonly #checksum: boolean;
  readonly #buf: Uint8Array;
  #pos = 0;
  #flushed = 0;
  readonly #crc = new Crc64();
  readonly #lzf = new LzfCompressor();
  #compressed: Uint8Array = new Uint8Array(256);

  constructor(options: RdbWriterOptions) {
    const chunkBytes = options.chunkBytes ?? CHUNK_BYTES_DEFAULT;
    if (!(chunkBytes >= CHUNK_BYTES_MIN)) throw new RangeError(`chunkBytes is ${chunkBytes}, below ${CHUNK_BYTES_MIN}`);
    this.#flushChunk = options.flush;
    this.#compress = options.compress ?? true;
    this.#checksum = options.checksum ?? true;
    this.#buf = new Uint8Array(chunkBytes);
  }

  get bytesWritten(): number {
    return this.#flushed + this.#pos;
  }

  /** Begins a file; a writer may write one after the other. */
  header(): void {
    this.begin();
    const magic = utf8.encode('REDIS' + String(RDB_VERSION_WRITTEN).padStart(4, '0'));
    this.#bytes(magic, 0, magic.length);
  }

  aux(key: string | Uint8Array, value: string | Uint8Array): void {
    const keyBytes = typeof key === 'string' ? utf8.encode(key) : key;
    const valueBytes = typeof value === 'string' ? utf8.encode(value) : value;
    this.#byte(OP_AUX);
    this.valueString(keyBytes, 0, keyBytes.length);
    this.valueString(valueBytes, 0, valueBytes.length);
  }

  /** A function library, by its source. */
  functionLibrary(code: Uint8Array): void {
    this.#byte(OP_FUNCTION2);
    this.valueString(code, 0, code.length);
  }

  selectDb(db: number): void {
    this.#byte(OP_SELECTDB);
    this.#length(db);
  }

  resizeDb(keys: number, expires: number): void {
    this.#byte(OP_RESIZEDB);
    this.#length(keys);
    this.#length(expires);
  }

  stringEntry(
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    this.entryPrefix(TYPE_STRING, keyBuf, keyOff, keyLen, expireAtMs, lruIdleSeconds, lfuFreq);
    this.valueString(valBuf, valOff, valLen);
  }

  entryPrefix(
    type: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    if (expireAtMs !== -1) this.#expiry(expireAtMs);
    if (lruIdleSeconds !== -1) {
      this.#byte(OP_IDLE);
      this.#length(lruIdleSeconds);
    }
    if (lfuFreq !== -1) {
      this.#byte(OP_FREQ);
      this.#byte(lfuFreq);
    }
    this.#byte(type);
    this.valueString(keyBuf, keyOff, keyLen);
  }

  /** A string as the format has it everywhere: integer, LZF or plain, whichever Redis would choose. */
  valueString(buf: Uint8Array, off: number, len: number): void {
    if (len <= 11) {
      const integer = parseInteger(buf, off, len);
      if (integer !== NOT_AN_INTEGER) {
        this.#integer(integer);
        return;
      }
    } else if (this.#compress && len > COMPRESS_ABOVE && len <= COMPRESS_UP_TO && this.#lzfString(buf, off, len)) {
      return;
    }
    this.#length(len);
    this.#bytes(buf, off, len);
  }

  /** The same in parts, for one above COMPRESS_UP_TO: `stringPart` calls of `len` bytes in all follow. */
  beginString(len: number): void {
    if (len <= COMPRESS_UP_TO) throw new RangeError(`a string of ${len} bytes is written whole`);
    this.#length(len);
  }

  stringPart(buf: Uint8Array, off: number, len: number): void {
    this.#bytes(buf, off, len);
  }

  valueLength(count: number): void {
    this.#length(count);
  }

  valueMember(buf: Uint8Array, off: number, len: number, score: number): void {
    this.valueString(buf, off, len);
    this.#reserve();
    DOUBLE.setFloat64(0, score, true);
    for (let i = 0; i < 8; i++) this.#buf[this.#pos + i] = DOUBLE_BYTES[i];
    this.#pos += 8;
  }

  valueNode(plain: boolean, buf: Uint8Array, off: number, len: number): void {
    this.#length(plain ? NODE_PLAIN : NODE_PACKED);
    this.valueString(buf, off, len);
  }

  valueStreamNode(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    buf: Uint8Array,
    off: number,
    len: number,
  ): void {
    this.#length(STREAM_ID_BYTES);
    this.#streamId(msHi, msLo, seqHi, seqLo);
    this.valueString(buf, off, len);
  }

  valueStreamMeta(meta: RdbStreamMeta): void {
    this.#length(meta.length);
    this.#length64(meta.lastMsHi, meta.lastMsLo);
    this.#length64(meta.lastSeqHi, meta.lastSeqLo);
    this.#length64(meta.firstMsHi, meta.firstMsLo);
    this.#length64(meta.firstSeqHi, meta.firstSeqLo);
    this.#length64(meta.maxDeletedMsHi, meta.maxDeletedMsLo);
    this.#length64(meta.maxDeletedSeqHi, meta.maxDeletedSeqLo);
    this.#length64(meta.entriesAddedHi, meta.entriesAddedLo);
  }

  valueStreamGroup(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    entriesReadHi: number,
    entriesReadLo: number,
  ): void {
    this.valueString(nameBuf, nameOff, nameLen);
    this.#length64(msHi, msLo);
    this.#length64(seqHi, seqLo);
    this.#length64(entriesReadHi, entriesReadLo);
  }

  valueStreamPending(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    deliveryTimeMs: number,
    deliveryCountHi: number,
    deliveryCountLo: number,
  ): void {
    this.#streamId(msHi, msLo, seqHi, seqLo);
    this.#milliseconds(deliveryTimeMs);
    this.#length64(deliveryCountHi, deliveryCountLo);
  }

  valueStreamConsumer(nameBuf: Uint8Array, nameOff: number, nameLen: number, seenTimeMs: number): void {
    this.valueString(nameBuf, nameOff, nameLen);
    this.#milliseconds(seenTimeMs);
  }

  valueStreamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    this.#streamId(msHi, msLo, seqHi, seqLo);
  }

  /** As IDs of nodes and pending entries stand: 16 bytes, big endian. */
  #streamId(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    this.#reserve();
    const buf = this.#buf;
    let at = putBigEndian32(buf, this.#pos, msHi);
    at = putBigEndian32(buf, at, msLo);
    at = putBigEndian32(buf, at, seqHi);
    this.#pos = putBigEndian32(buf, at, seqLo);
  }

  end(): void {
    this.#byte(OP_EOF);
    this.flush();
    // The trailer is not part of what it is the checksum of.
    if (this.#checksum) this.#crc.writeTo(this.#buf, 0);
    else this.#buf.fill(0, 0, 8);
    this.#flushChunk(this.#buf.subarray(0, 8));
    this.#flushed += 8;
  }

  // For parts of the format outside of a file (DUMP payloads); used inside this library.

  begin(): void {
    this.#pos = 0;
    this.#flushed = 0;
    this.#crc.reset();
  }

  putByte(byte: number): void {
    this.#byte(byte);
  }

  /** Hands over what is buffered. */
  flush(): void {
    if (this.#pos === 0) return;
    if (this.#checksum) this.#crc.update(this.#buf, 0, this.#pos);
    this.#flushed += this.#pos;
    const chunk = this.#buf.subarray(0, this.#pos);
    this.#pos = 0;
    this.#flushChunk(chunk);
  }

  #reserve(): void {
    if (this.#pos + PIECE_BYTES_MAX > this.#buf.length) this.flush();
  }

  #byte(byte: number): void {
    this.#reserve();
    this.#buf[this.#pos++] = byte;
  }

  #expiry(expireAtMs: number): void {
    this.#byte(OP_EXPIRE_MS);
    this.#milliseconds(expireAtMs);
  }

  #milliseconds(time: number): void {
    this.#reserve();
    const buf = this.#buf;
    const at = this.#pos;
    const high = Math.floor(time / 0x100000000);
    const low = time - high * 0x100000000;
    buf[at] = low;
    buf[at + 1] = low >>> 8;
    buf[at + 2] = low >>> 16;
    buf[at + 3] = low >>> 24;
    buf[at + 4] = high;
    buf[at + 5] = high >>> 8;
    buf[at + 6] = high >>> 16;
    buf[at + 7] = high >> 24;
    this.#pos = at + 8;
  }

  /** Halves of an integer, signed or not. */
  #length64(high: number, low: number): void {
    if (high === 0) {
      this.#length(low >>> 0);
      return;
    }
    this.#reserve();
    const buf = this.#buf;
    buf[this.#pos] = LEN_64BIT_BYTE;
    this.#pos = putBigEndian32(buf, putBigEndian32(buf, this.#pos + 1, high), low);
  }

  #length(len: number): void {
    this.#reserve();
    const buf = this.#buf;
    let at = this.#pos;
    if (len < 64) {
      buf[at++] = len;
    } else if (len < 16384) {
      buf[at++] = 0x40 | (len >>> 8);
      buf[at++] = len;
    } else {
      if (len <= 0xffffffff) {
        buf[at++] = LEN_32BIT_BYTE;
      } else {
        buf[at++] = LEN_64BIT_BYTE;
        at = putBigEndian32(buf, at, Math.floor(len / 0x100000000));
      }
      at = putBigEndian32(buf, at, len % 0x100000000);
    }
    this.#pos = at;
  }

  #integer(value: number): void {
    this.#reserve();
    const buf = this.#buf;
    let at = this.#pos;
    if (value >= -0x80 && value <= 0x7f) {
      buf[at++] = (LEN_ENCODED << 6) | ENC_INT8;
      buf[at++] = value;
    } else if (value >= -0x8000 && value <= 0x7fff) {
      buf[at++] = (LEN_ENCODED << 6) | ENC_INT16;
      buf[at++] = value;
      buf[at++] = value >> 8;
    } else {
      buf[at++] = (LEN_ENCODED << 6) | ENC_INT32;
      buf[at++] = value;
      buf[at++] = value >> 8;
      buf[at++] = value >> 16;
      buf[at++] = value >> 24;
    }
    this.#pos = at;
  }

  #lzfString(buf: Uint8Array, off: number, len: number): boolean {
    const room = len - 4; // less gained is not worth it: what Redis asks for
    if (this.#compressed.length < room) this.#compressed = new Uint8Array(Math.max(room, 2 * this.#compressed.length));
    const compressed = this.#lzf.compress(buf, off, len, this.#compressed, 0, room);
    if (compressed === 0) return false;
    this.#byte((LEN_ENCODED << 6) | ENC_LZF);
    this.#length(compressed);
    this.#length(len);
    this.#bytes(this.#compressed, 0, compressed);
    return true;
  }

  #bytes(src: Uint8Array, off: number, len: number): void {
    const buf = this.#buf;
    if (len < COPY_LOOP_BELOW && this.#pos + len <= buf.length) {
      let at = this.#pos;
      for (let i = off, stop = off + len; i < stop; i++) buf[at++] = src[i];
      this.#pos = at;
      return;
    }
    let from = off;
    const stop = off + len;
    while (from < stop) {
      if (this.#pos === buf.length) this.flush();
      const count = Math.min(stop - from, buf.length - this.#pos);
      buf.set(src.subarray(from, from + count), this.#pos);
      this.#pos += count;
      from += count;
    }
  }
}

function putBigEndian32(buf: Uint8Array, at: number, value: number): number {
  buf[at] = value >>> 24;
  buf[at + 1] = value >>> 16;
  buf[at + 2] = value >>> 8;
  buf[at + 3] = value;
  return at + 4;
}
