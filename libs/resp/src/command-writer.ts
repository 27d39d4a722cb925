// Commands as RESP frames, one behind the other: effects for the log, requests for a link. The caller may have
// bytes reserved at the front for a header of its own.

import { digitsOf, writeDigits } from './bytes.ts';
import { copyBytes } from './bytes.ts';
import { ByteSink } from './sink.ts';

export class CommandWriter extends ByteSink {
  /** Commands since reset(). */
  count = 0;

  // Frames that stand one behind the other in a lent buffer: [lentStart, lentEnd), to be copied to lentAt.
  #lent: Uint8Array | null = null;
  #lentStart = 0;
  #lentEnd = 0;
  #lentAt = 0;

  override reset(): void {
    super.reset();
    this.count = 0;
    this.#lent = null;
  }

  override take(): Uint8Array {
    this.settle();
    this.count = 0;
    return super.take();
  }

  override written(): Uint8Array {
    this.settle();
    return super.written();
  }

  override truncate(to: number): void {
    this.settle();
    super.truncate(to);
  }

  /** Begins a command; exactly `argc` arg… calls follow. */
  command(argc: number): void {
    this.numberLine(42, argc);
    this.count++;
  }

  argBytes(buf: Uint8Array, off: number, len: number): void {
    this.bulkBytes(buf, off, len);
  }

  /** As UTF-8. */
  argText(text: string): void {
    this.bulkString(text, true);
  }

  /** One byte per character. */
  argLatin1(text: string): void {
    this.bulkString(text, false);
  }

  /** A safe integer. */
  argInt(n: number): void {
    const sign = n < 0 ? 1 : 0;
    const length = digitsOf(Math.abs(n)) + sign;
    this.numberLine(36, length);
    this.ensure(length + 2);
    if (sign === 1) this.buf[this.pos] = 45;
    this.pos = writeDigits(this.buf, this.pos + sign, Math.abs(n));
    this.crlf();
  }

  /** A whole frame as it is, for instance [start, end) of a request. */
  frame(buf: Uint8Array, start: number, end: number): void {
    this.raw(buf, start, end);
    this.count++;
  }

  /**
   * The same for a frame whose bytes stay as they are until `settle()`. The frames of a pipeline stand one behind the other in the
   * buffer that they were read into: they are copied together, which saves most of what copying each would cost.
   */
  frameLater(buf: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    const follows = buf === this.#lent && start === this.#lentEnd;
    if (!follows || this.pos !== this.#lentAt + start - this.#lentStart) {
      this.settle();
      this.#lent = buf;
      this.#lentStart = start;
      this.#lentAt = this.pos;
    }
    this.#lentEnd = end;
    this.pos += end - start;
    this.count++;
  }

  /** Copies what `frameLater` left where it was; the lent buffer may change afterwards. */
  settle(): void {
    if (this.#lent === null) return;
    copyBytes(this.buf, this.#lentAt, this.#lent, this.#lentStart, this.#lentEnd - this.#lentStart);
    this.#lent = null;
  }
}
