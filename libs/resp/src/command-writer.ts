// Commands as RESP frames, one behind the other: effects for the log, requests for a link. The caller may have
// bytes reserved at the front for a header of its own.

import { digitsOf, writeDigits } from './bytes.ts';
import { ByteSink } from './sink.ts';

export class CommandWriter extends ByteSink {
  /** Commands since reset(). */
  count = 0;

  override reset(): void {
    super.reset();
    this.count = 0;
  }

  override take(): Uint8Array {
    this.count = 0;
    return super.take();
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
}
