/**
 * Reading options and numbers out of a request, with Redis's errors. Functions that can fail answer it themselves and
 * return NaN (numbers) or false.
 */

import type { Request } from '@weir/resp';
import type { Context } from './context.ts';
import { BEYOND, INT64_MAX, INT64_MIN, bigInt64, parseInt64 } from './integer.ts';

export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const SYNTAX_ERROR = 'ERR syntax error';

/**
 * Whether an argument is the word, in any case. `word` is in lower case. As for Redis, which compares C strings, a NUL
 * ends the argument.
 */
export function isWord(req: Request, i: number, word: string): boolean {
  const len = req.args[2 * i + 1];
  const off = req.args[2 * i];
  const length = word.length;
  if (len < length) return false;
  const buf = req.buf;
  if (len > length && buf[off + length] !== 0) return false;
  for (let at = 0; at < length; at++) {
    let byte = buf[off + at];
    if (byte >= 65 && byte <= 90) byte |= 32;
    if (byte !== word.charCodeAt(at)) return false;
  }
  return true;
}

/** An argument as C would print it: up to a NUL. */
export function printable(req: Request, i: number): string {
  const text = req.latin1(i);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Whether two arguments are the same bytes. */
export function sameArgs(req: Request, a: number, b: number): boolean {
  const len = req.args[2 * a + 1];
  if (len !== req.args[2 * b + 1]) return false;
  const buf = req.buf;
  const offA = req.args[2 * a];
  const offB = req.args[2 * b];
  for (let i = 0; i < len; i++) if (buf[offA + i] !== buf[offB + i]) return false;
  return true;
}

/**
 * A 64-bit integer. Beyond 2^53 the answer is rounded, which does where only the size matters (counts, offsets, limits).
 * NaN: answered with the error.
 */
export function integerArg(ctx: Context, i: number, error = NOT_AN_INTEGER): number {
  const req = ctx.req;
  const n = parseInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  if (n === BEYOND) return Number(bigInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]));
  if (n !== n) ctx.reply.error(error);
  return n;
}

/** A C int, as Redis reads database numbers. NaN: answered. `error` replaces both messages. */
export function intArg(ctx: Context, i: number, error?: string): number {
  return rangeArg(ctx, i, -2147483648, 2147483647, error);
}

export function rangeArg(ctx: Context, i: number, min: number, max: number, error?: string): number {
  const n = integerArg(ctx, i, error);
  if (n !== n) return n;
  if (n < min || n > max) {
    ctx.reply.error(error ?? `ERR value is out of range, value must between ${min} and ${max}`);
    return NaN;
  }
  return n;
}

/** Where parseInt64 says BEYOND, or for sums with such: exact. */
export function bigIntArg(req: Request, i: number): bigint {
  return bigInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
}

/**
 * Expire times are kept as safe integers: what is later than 2^53 ms (in the year 287396) is cut to that.
 * Argument `i` in seconds or milliseconds, relative to now or absolute, becomes milliseconds since 1970. NaN: answered.
 * For SET, GETEX and their kind, which take positive times only.
 */
export function expireTimeArg(ctx: Context, i: number, seconds: boolean, relative: boolean): number {
  const req = ctx.req;
  const n = parseInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  if (n !== n) {
    ctx.reply.error(NOT_AN_INTEGER);
    return n;
  }
  if (n <= 0) return invalidExpire(ctx);
  const big = n === BEYOND ? bigIntArg(req, i) : 0n;
  if (n === BEYOND) {
    if (big < 0n || (seconds && big > INT64_MAX / 1000n)) return invalidExpire(ctx);
    const when = (seconds ? big * 1000n : big) + (relative ? BigInt(ctx.now) : 0n);
    return when > INT64_MAX ? invalidExpire(ctx) : Number.MAX_SAFE_INTEGER;
  }
  return Math.min(Number.MAX_SAFE_INTEGER, (seconds ? n * 1000 : n) + (relative ? ctx.now : 0));
}

/** The same for EXPIRE and its kind: times may be negative. */
export function anyExpireTimeArg(ctx: Context, i: number, seconds: boolean, relative: boolean): number {
  const req = ctx.req;
  const n = parseInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  if (n !== n) {
    ctx.reply.error(NOT_AN_INTEGER);
    return n;
  }
  const base = relative ? ctx.now : 0;
  if (n === BEYOND) {
    const big = bigIntArg(req, i);
    if (seconds && (big > INT64_MAX / 1000n || big < INT64_MIN / 1000n)) return invalidExpire(ctx);
    const when = seconds ? big * 1000n : big;
    if (when > INT64_MAX - BigInt(base)) return invalidExpire(ctx);
    return when < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  }
  const when = (seconds ? n * 1000 : n) + base;
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, when));
}

function invalidExpire(ctx: Context): number {
  // The name as the command table has it, in lower case.
  const name = ctx.table.find(ctx.req.buf, ctx.req.args[0], ctx.req.args[1])?.fullName ?? '';
  ctx.reply.error(`ERR invalid expire time in '${name}' command`);
  return NaN;
}
