/**
 * MONITOR: each command that was executed goes as a line of text to those who asked for it, behind its reply. Commands of administrators are not shown,
 * and of others not what is secret. `Context.observed` keeps all of it away from the hot path while nobody monitors.
 */

import type { Request } from '@weir/resp';
import { ReplyWriter } from '@weir/resp';
import type { Context } from './context.ts';
import { REPLY_OFF } from './session.ts';
import type { Session } from './session.ts';

/** A line shows no more: escaped, the arguments of one request could be 8 GiB. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;
const REDACTED = Buffer.from('(redacted)');
const MORE = Buffer.from('"..."');

const QUOTE = 34;
const BACKSLASH = 92;
/** What has an escape of one letter. */
const LETTERS = new Map([
  [10, 'n'],
  [13, 'r'],
  [9, 't'],
  [7, 'a'],
  [8, 'b'],
]);
/** How each byte is written. */
const SHOWN: readonly Uint8Array[] = Array.from({ length: 256 }, (_, byte) => {
  const letter = LETTERS.get(byte);
  if (letter !== undefined) return Buffer.from(`\\${letter}`);
  if (byte === QUOTE || byte === BACKSLASH) return Buffer.from([BACKSLASH, byte]);
  return byte >= 32 && byte < 127 ? Buffer.from([byte]) : Buffer.from(`\\x${byte.toString(16).padStart(2, '0')}`);
});

export class Monitors {
  readonly #sessions = new Set<Session>();
  readonly #line = new ReplyWriter();

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    session.isMonitor = true;
    this.#sessions.add(session);
  }

  drop(session: Session): void {
    session.isMonitor = false;
    this.#sessions.delete(session);
  }

  /** The request was executed. `from`: who sent it. */
  show(ctx: Context, req: Request, from: string): void {
    const line = this.#line;
    const micros = Math.floor(ctx.host.wallClockMicros());
    const fraction = String(micros % 1e6).padStart(6, '0');
    line.raw(Buffer.from(`+${Math.floor(micros / 1e6)}.${fraction} [${ctx.session.db} ${from}]`, 'latin1'));
    for (let i = 0; i < req.argc; i++) {
      line.raw(SPACE);
      if (ctx.redacted.includes(i)) writeShown(line, REDACTED, 0, REDACTED.length);
      else if (4 * req.len(i) <= LINE_BYTES_MAX - line.pos) writeShown(line, req.buf, req.off(i), req.len(i));
      else {
        line.raw(MORE);
        break;
      }
    }
    line.raw(END);
    const { buf, pos } = line;
    for (const session of this.#sessions) {
      // As in Redis this is no push: CLIENT REPLY OFF silences it.
      if (session.replyMode === REPLY_OFF) continue;
      if (ctx.depth > 0 && session === ctx.session) ctx.reply.raw(buf, 0, pos);
      else session.control.push?.(buf, 0, pos);
    }
    line.reset();
  }
}

const SPACE = Buffer.from(' ');
const END = Buffer.from('\r\n');
const QUOTES = Buffer.from('"');

function writeShown(line: ReplyWriter, buf: Uint8Array, off: number, len: number): void {
  line.raw(QUOTES);
  for (let i = off; i < off + len; i++) line.raw(SHOWN[buf[i]]);
  line.raw(QUOTES);
}
