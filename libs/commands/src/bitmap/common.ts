import { ENC_RAW, events, setEncoding, valueAddress, valueLength } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { bigIntArg } from '../core/args.ts';
import type { Context } from '../core/context.ts';
import { BEYOND, parseInt64 } from '../core/integer.ts';
import { putString, resizeString } from '../core/strings.ts';

export const BAD_OFFSET = 'ERR bit offset is not an integer or out of range';

/** A bit's offset. NaN: answered. */
export function offsetArg(ctx: Context, i: number): number {
  const { req } = ctx;
  const n = parseInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  // What is beyond 2^53 is so beyond the limit.
  if (isOffset(ctx, n)) return n;
  ctx.reply.error(BAD_OFFSET);
  return NaN;
}

/** Whether a number can be a bit's offset; what the log says was allowed by the master. */
export function isOffset(ctx: Context, n: number): boolean {
  return n >= 0 && n < BEYOND && (ctx.role.isReplay || Math.floor(n / 8) < ctx.config.num.protoMaxBulkLen);
}

/** Of the last `writableString`: the string is longer than it was, or new. */
export const grown = { value: false };

/**
 * The string in argument 1, which was looked up last and is `ref` (0: none), with room for `bytes`: new ones are zero. Its
 * encoding becomes raw, as in Redis, whether it grows or not. That it grew is announced; what that means (SETBIT) is the
 * caller's to say: as in Redis, a BITFIELD of which all operations fail says nothing.
 */
export function writableString(ctx: Context, ref: Ref, bytes: number): Ref {
  const { arena } = ctx;
  grown.value = true;
  if (ref === 0) {
    const next = putString(ctx, events.QUIET, 0, 1, bytes, ENC_RAW);
    const at = valueAddress(arena, next);
    arena.u8.fill(0, at, at + bytes);
    return next;
  }
  if (valueLength(arena, ref) < bytes) return resizeString(ctx, events.QUIET, ref, 1, bytes, ENC_RAW);
  grown.value = false;
  setEncoding(arena, ref, ENC_RAW);
  return ref;
}

/** What `cutRange` made: the first and last byte or bit. */
export const range = { start: 0, end: 0 };

/**
 * Cuts a range to a string of `total` bytes or bits; negative ends count from behind. False: it is empty.
 */
export function cutRange(start: number, end: number, total: number): boolean {
  if (start < 0) start = Math.max(0, total + start);
  if (end < 0) end = Math.max(0, total + end);
  if (end >= total) end = total - 1;
  range.start = start;
  range.end = end;
  return start <= end;
}

/** Whether both are negative and the first one is further behind; arguments, as beyond 2^53 numbers are rounded. */
export function isBackwards(ctx: Context, i: number, start: number, j: number, end: number): boolean {
  if (start >= 0 || end >= 0) return false;
  return start === end ? bigIntArg(ctx.req, i) > bigIntArg(ctx.req, j) : start > end;
}
