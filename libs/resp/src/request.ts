// One request as a view on the bytes it came in. Nothing here is copied: the offsets are valid until the
// handler returns, then the scanner reuses both the object and (perhaps) the bytes.
//
// Invariant `frame-is-strict`: [start, end) of `buf` is always a strict RESP multibulk frame of exactly these
// arguments, also when the client sent an inline command or sloppy line ends (the scanner re-encodes those), so
// that a frame may go over a link or into the log as it is.

import { allocBytes, copyBytes, latin1At, utf8At } from './bytes.ts';
import { frameLength, writeFrameHeader, writeBulkHeader } from './frame.ts';

/** Requests with more arguments than this give their offset table back when they are done. */
const ARGS_KEPT_MAX = 1024;

export class Request {
  /** The bytes which the offsets refer to. */
  buf: Uint8Array;
  argc = 0;
  /** off0, len0, off1, len1, …; longer than 2 × argc, grows, reused. */
  args: Int32Array;
  /** The whole frame in buf: [start, end). */
  start = 0;
  end = 0;
  /** The bytes are the fed chunk's: they stay as they are until the scanner has come to its end. */
  borrowed = false;
  /** Argument whose hash is known already, as `hash`; 0: none. For whoever looks at requests ahead of their turn. */
  hashed = 0;
  hash = 0;
  /** The client typed it as a line of text (the frame is our encoding of it). */
  inline = false;

  constructor() {
    this.buf = EMPTY;
    this.args = new Int32Array(16);
  }

  off(i: number): number {
    return this.args[2 * i];
  }

  len(i: number): number {
    return this.args[2 * i + 1];
  }

  /** One character per byte. */
  latin1(i: number): string {
    const off = this.args[2 * i];
    return latin1At(this.buf, off, off + this.args[2 * i + 1]);
  }

  utf8(i: number): string {
    const off = this.args[2 * i];
    return utf8At(this.buf, off, off + this.args[2 * i + 1]);
  }

  /** An owned copy. */
  bytes(i: number): Uint8Array {
    const off = this.args[2 * i];
    return Uint8Array.prototype.slice.call(this.buf, off, off + this.args[2 * i + 1]);
  }

  /** The same request with bytes of its own: for what outlives the handler. */
  copy(): Request {
    const copy = new Request();
    const { start, argc } = this;
    copy.buf = Uint8Array.prototype.slice.call(this.buf, start, this.end);
    copy.args = new Int32Array(2 * argc);
    for (let i = 0; i < argc; i++) {
      copy.args[2 * i] = this.args[2 * i] - start;
      copy.args[2 * i + 1] = this.args[2 * i + 1];
    }
    copy.argc = argc;
    copy.end = this.end - start;
    return copy;
  }

  /** Makes room for `argc` arguments; what the table held is kept. */
  reserveArgs(argc: number): void {
    if (2 * argc <= this.args.length) return;
    const grown = new Int32Array(Math.max(2 * argc, 2 * this.args.length));
    grown.set(this.args);
    this.args = grown;
  }

  /** Forgets the bytes, and a large offset table. */
  clear(): void {
    this.buf = EMPTY;
    this.argc = this.start = this.end = this.hashed = 0;
    this.inline = this.borrowed = false;
    if (this.args.length > 2 * ARGS_KEPT_MAX) this.args = new Int32Array(16);
  }

  /** For tests and internal commands: encodes a frame into a buffer of its own. Strings are UTF-8. */
  setFromStrings(...args: (string | Uint8Array | number)[]): this {
    return this.setFromBytes(args.map((arg) => (arg instanceof Uint8Array ? arg : Buffer.from(String(arg)))));
  }

  setFromBytes(args: readonly Uint8Array[]): this {
    const buf = allocBytes(frameLength(args));
    this.reserveArgs(args.length);
    let pos = writeFrameHeader(buf, 0, args.length);
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      pos = writeBulkHeader(buf, pos, arg.length);
      copyBytes(buf, pos, arg, 0, arg.length);
      this.args[2 * i] = pos;
      this.args[2 * i + 1] = arg.length;
      pos += arg.length;
      buf[pos++] = 13;
      buf[pos++] = 10;
    }
    this.buf = buf;
    this.argc = args.length;
    this.start = this.hashed = 0;
    this.end = pos;
    this.inline = this.borrowed = false;
    return this;
  }
}

const EMPTY = allocBytes(0);
