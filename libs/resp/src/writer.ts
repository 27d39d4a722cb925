// Replies into one growing buffer, in RESP2 or RESP3 as the connection has chosen.

import { writeLatin1, writeUtf8 } from './bytes.ts';
import { formatDouble } from './double.ts';
import { ByteSink } from './sink.ts';

const OK = latin1('+OK\r\n');
const PONG = latin1('+PONG\r\n');
const QUEUED = latin1('+QUEUED\r\n');
const NIL2 = latin1('$-1\r\n');
const NIL_ARRAY2 = latin1('*-1\r\n');
const NIL3 = latin1('_\r\n');

export type AggregateKind = 'array' | 'map' | 'set' | 'push';

export class ReplyWriter extends ByteSink {
  resp: 2 | 3 = 2;

  ok(): void {
    this.raw(OK);
  }

  pong(): void {
    this.raw(PONG);
  }

  queued(): void {
    this.raw(QUEUED);
  }

  /** One byte per character, as error(). */
  simple(text: string): void {
    this.line(43, ODD.test(text) ? oneLine(text) : text);
  }

  /**
   * "-" + text ("ERR …", "WRONGTYPE …"), one byte per character: quote a client's bytes with Request.latin1. Line breaks
   * become spaces as in Redis; a text with characters that are no bytes is written as UTF-8.
   */
  error(text: string): void {
    this.line(45, ODD.test(text) ? oneLine(text) : text);
  }

  /** A safe integer. */
  int(n: number): void {
    this.numberLine(58, n);
  }

  bigint(n: bigint): void {
    this.line(58, n.toString());
  }

  /** Copies. */
  bulk(buf: Uint8Array, off: number, len: number): void {
    this.bulkBytes(buf, off, len);
  }

  /** As UTF-8. */
  bulkText(text: string): void {
    this.bulkString(text, true);
  }

  /** One byte per character. */
  bulkLatin1(text: string): void {
    this.bulkString(text, false);
  }

  nil(): void {
    this.raw(this.resp === 2 ? NIL2 : NIL3);
  }

  nilArray(): void {
    this.raw(this.resp === 2 ? NIL_ARRAY2 : NIL3);
  }

  array(count: number): void {
    this.numberLine(42, count);
  }

  /** `count` pairs. */
  map(count: number): void {
    if (this.resp === 2) this.numberLine(42, 2 * count);
    else this.numberLine(37, count);
  }

  set(count: number): void {
    this.numberLine(this.resp === 2 ? 42 : 126, count);
  }

  push(count: number): void {
    this.numberLine(this.resp === 2 ? 42 : 62, count);
  }

  bool(value: boolean): void {
    if (this.resp === 2) this.int(value ? 1 : 0);
    else this.line(35, value ? 't' : 'f');
  }

  double(value: number): void {
    if (this.resp === 2) this.bulkLatin1(formatDouble(value));
    else this.line(44, formatDouble(value));
  }

  /** Digits of a number beyond 64 bits. */
  bigNumber(digits: string): void {
    if (this.resp === 2) this.bulkLatin1(digits);
    else this.line(40, digits);
  }

  /** `ext` is three characters, "txt" or "mkd"; RESP2 gets a plain bulk. */
  verbatim(ext: string, text: string): void {
    if (this.resp === 2) return this.bulkText(text);
    this.numberLine(61, Buffer.byteLength(text) + 4);
    this.ensure(3 * text.length + 6);
    this.pos += writeLatin1(this.buf, this.pos, `${ext}:`);
    this.pos += writeUtf8(this.buf, this.pos, text);
    this.crlf();
  }

  /** The same of bytes. */
  verbatimBytes(ext: string, buf: Uint8Array, off: number, len: number): void {
    if (this.resp === 2) return this.bulk(buf, off, len);
    this.numberLine(61, len + 4);
    this.ensure(len + 6);
    this.pos += writeLatin1(this.buf, this.pos, `${ext}:`);
    this.raw(buf, off, off + len);
    this.crlf();
  }

  /** For an aggregate whose count is known only afterwards; write the elements, then call endAggregate(mark, …). */
  beginAggregate(): number {
    return this.pos;
  }

  /** Inserts the header in front of what was written since the mark. `count`: elements, for a map pairs. */
  endAggregate(mark: number, kind: AggregateKind, count: number): void {
    const end = this.pos;
    this[kind](count);
    const header = this.pos - end;
    this.ensure(header);
    // [body][header] → [header][body]; the header survives behind the body's new end
    this.buf.copyWithin(end + header, end, end + header);
    this.buf.copyWithin(mark + header, mark, end);
    this.buf.copyWithin(mark, end + header, end + 2 * header);
  }
}

const ODD = /[\r\n\u0100-\uffff]/;

/** As Redis: a line break at the end goes, one inside becomes a space. */
function oneLine(text: string): string {
  const bytes = /[\u0100-\uffff]/.test(text) ? Buffer.from(text).toString('latin1') : text;
  return bytes.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ');
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
