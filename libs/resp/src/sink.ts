// One growing run of bytes, the base of the reply and the command writer.

import {
  ARENA_SLACK_BYTES,
  CR,
  LF,
  allocBytes,
  copyBytes,
  copyFromArena,
  isArena,
  viewOf,
  writeDigits,
  writeLatin1,
  writeUtf8,
} from './bytes.ts';

const FIRST_BYTES = 4096;
/** A buffer that has grown beyond this is given back by reset(). */
export const KEPT_BYTES_MAX = 1024 * 1024;

/** More than `bytesMax` was to be written; what was written before is still there. */
export class SinkFullError extends Error {
  override readonly name = 'SinkFullError';
}

export class ByteSink {
  buf: Uint8Array;
  pos: number;
  /** No more than this is ever held. */
  bytesMax = Infinity;
  /** Bytes at the front which reset() leaves free for the caller's own header. */
  readonly reserved: number;
  /** Of the whole of `buf`. */
  view: DataView;

  constructor(reserved = 0) {
    this.reserved = reserved;
    this.buf = allocBytes(FIRST_BYTES + reserved);
    this.view = viewOf(this.buf);
    this.pos = reserved;
  }

  /** Makes room for that many bytes behind pos. */
  ensure(bytes: number): void {
    if (this.pos + bytes > this.buf.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    if (this.pos + bytes > this.bytesMax) throw new SinkFullError(`more than ${this.bytesMax} bytes`);
    let size = this.buf.length;
    while (size < this.pos + bytes) size *= 2;
    const grown = allocBytes(size);
    copyBytes(grown, 0, this.buf, 0, this.pos);
    this.#own(grown);
  }

  #own(buf: Uint8Array): void {
    this.buf = buf;
    this.view = viewOf(buf);
  }

  reset(): void {
    if (this.buf.length > KEPT_BYTES_MAX) this.#own(allocBytes(FIRST_BYTES + this.reserved));
    this.pos = this.reserved;
  }

  /** Drops what was written since `pos` was `to`. */
  truncate(to: number): void {
    this.pos = to;
  }

  /** Hands the written bytes over (the reserved ones included) and starts with a new buffer. */
  take(): Uint8Array {
    const taken = this.buf.subarray(0, this.pos);
    this.#own(allocBytes(FIRST_BYTES + this.reserved));
    this.pos = this.reserved;
    return taken;
  }

  /** An owned copy of what was written behind the reserved bytes. */
  written(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.buf, this.reserved, this.pos);
  }

  /** Bytes as they are. */
  raw(buf: Uint8Array, start = 0, end = buf.length): void {
    this.ensure(end - start + ARENA_SLACK_BYTES);
    if (isArena(buf)) copyFromArena(this.buf, this.pos, start, end - start);
    else copyBytes(this.buf, this.pos, buf, start, end - start);
    this.pos += end - start;
  }

  protected bulkBytes(buf: Uint8Array, off: number, len: number): void {
    this.ensure(len + 24);
    const out = this.buf;
    let pos = this.pos;
    out[pos++] = 36;
    pos = writeDigits(out, pos, len);
    out[pos] = CR;
    out[pos + 1] = LF;
    pos += 2;
    if (isArena(buf)) copyFromArena(out, pos, off, len);
    else copyBytes(out, pos, buf, off, len);
    pos += len;
    out[pos] = CR;
    out[pos + 1] = LF;
    this.pos = pos + 2;
  }

  /** marker, text as one byte per character, CRLF */
  protected line(marker: number, text: string): void {
    this.ensure(text.length + 3);
    const out = this.buf;
    out[this.pos++] = marker;
    this.pos += writeLatin1(out, this.pos, text);
    this.crlf();
  }

  protected numberLine(marker: number, n: number): void {
    this.ensure(24);
    const out = this.buf;
    let pos = this.pos;
    out[pos++] = marker;
    if (n < 0) {
      out[pos++] = 45;
      n = -n;
    }
    pos = writeDigits(out, pos, n);
    out[pos] = CR;
    out[pos + 1] = LF;
    this.pos = pos + 2;
  }

  protected bulkString(text: string, utf8: boolean): void {
    const bytes = utf8 ? Buffer.byteLength(text) : text.length;
    this.numberLine(36, bytes);
    this.ensure((utf8 ? 3 * text.length : bytes) + 2);
    this.pos += utf8 ? writeUtf8(this.buf, this.pos, text) : writeLatin1(this.buf, this.pos, text);
    this.crlf();
  }

  /** The caller has made room. */
  protected crlf(): void {
    this.buf[this.pos++] = CR;
    this.buf[this.pos++] = LF;
  }
}
