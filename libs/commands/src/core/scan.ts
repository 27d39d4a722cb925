/** Cursor and options of SCAN, HSCAN, SSCAN and ZSCAN. */

import { globMatchAt } from '@weir/config';
import type { ReplyWriter, Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord, printable } from './args.ts';
import type { Context } from './context.ts';

/** What `parseScanOptions` read last. */
export const scanOptions = {
  count: 10,
  /** Argument of the pattern; 0: everything matches. */
  pattern: 0,
  /** Argument of the type; 0: any. */
  type: 0,
};

/** Reads the options from argument `from` on. False: answered with the error. */
export function parseScanOptions(ctx: Context, from: number, withType: boolean): boolean {
  const { req, reply } = ctx;
  scanOptions.count = 10;
  scanOptions.pattern = 0;
  scanOptions.type = 0;
  for (let i = from; i < req.argc; i += 2) {
    const more = i + 1 < req.argc;
    if (more && isWord(req, i, 'count')) {
      const count = integerArg(ctx, i + 1);
      if (count !== count) return false;
      if (count < 1) {
        reply.error(SYNTAX_ERROR);
        return false;
      }
      scanOptions.count = count;
    } else if (more && isWord(req, i, 'match')) scanOptions.pattern = isStar(req, i + 1) ? 0 : i + 1;
    else if (more && withType && isWord(req, i, 'type')) scanOptions.type = i + 1;
    else {
      reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

/**
 * A cursor as strtoul reads it, whole and unsigned in 64 bits; ours have 32. -1: answered with the error.
 */
export function cursorArg(ctx: Context, i: number): number {
  const text = printable(ctx.req, i);
  if (/^(?:[+-]?\d+)?$/.test(text)) {
    if (text.length < 10) return Number(text) >>> 0;
    const value = BigInt(text.replace(/^\+/, ''));
    if (value <= 0xffffffffffffffffn && value >= -0xffffffffffffffffn) return Number(BigInt.asUintN(32, value));
  }
  ctx.reply.error('ERR invalid cursor');
  return -1;
}

export function isStar(req: Request, i: number): boolean {
  return req.args[2 * i + 1] === 1 && req.buf[req.args[2 * i]] === 42;
}

/** Whether bytes match the glob pattern in argument `i`. */
export function matchesArg(req: Request, i: number, buf: Uint8Array, off: number, len: number): boolean {
  const start = req.args[2 * i];
  return globMatchAt(req.buf, start, start + req.args[2 * i + 1], buf, off, off + len, false);
}

/** What a scan of nothing answers. */
export function replyNothing(reply: ReplyWriter): void {
  reply.array(2);
  reply.bulkLatin1('0');
  reply.array(0);
}
