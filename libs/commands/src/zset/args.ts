/** Scores and ends of ranges in requests, read as Redis reads them. */

import { zsets } from '@weir/keyspace';
import type { Context } from '../core/context.ts';

const NOT_A_FLOAT = 'ERR value is not a valid float';
const NOT_A_SCORE_RANGE = 'ERR min or max is not a float';
const NOT_A_LEX_RANGE = 'ERR min or max not valid string range item';

const { parsed, strtod } = zsets;

/** A score, weight or coordinate (string2d in Redis). NaN: answered with the error. */
export function doubleArg(ctx: Context, i: number, error = NOT_A_FLOAT): number {
  const { buf, args } = ctx.req;
  const off = args[2 * i];
  const end = off + args[2 * i + 1];
  if (off < end && !zsets.isSpace(buf[off])) {
    const value = strtod(buf, off, end);
    if (parsed.end === end && !parsed.range && value === value) return value;
  }
  ctx.reply.error(error);
  return NaN;
}

/** What `scoreRangeArgs` read. */
export const scoreBounds = { min: 0, minExclusive: false, max: 0, maxExclusive: false };

/** A range by score in two arguments. False: answered with the error. */
export function scoreRangeArgs(ctx: Context, min: number, max: number): boolean {
  scoreBounds.min = scoreBound(ctx, min);
  scoreBounds.minExclusive = isExclusive(ctx, min);
  scoreBounds.max = scoreBound(ctx, max);
  scoreBounds.maxExclusive = isExclusive(ctx, max);
  if (scoreBounds.min === scoreBounds.min && scoreBounds.max === scoreBounds.max) return true;
  ctx.reply.error(NOT_A_SCORE_RANGE);
  return false;
}

function isExclusive(ctx: Context, i: number): boolean {
  const { buf, args } = ctx.req;
  return args[2 * i + 1] > 0 && buf[args[2 * i]] === 40;
}

/** More generous than `doubleArg`: strtod up to a NUL, so that nothing is 0, spaces may come first, and what is too large is infinite. */
function scoreBound(ctx: Context, i: number): number {
  const { buf, args } = ctx.req;
  const off = args[2 * i] + (isExclusive(ctx, i) ? 1 : 0);
  const end = args[2 * i] + args[2 * i + 1];
  const value = strtod(buf, off, end);
  return parsed.end === end || buf[parsed.end] === 0 ? value : NaN;
}

/** What `lexRangeArgs` read. */
export const lexMin = new zsets.LexBound();
export const lexMax = new zsets.LexBound();

/** A range by name in two arguments. False: answered with the error. */
export function lexRangeArgs(ctx: Context, min: number, max: number): boolean {
  if (lexBound(ctx, min, lexMin) && lexBound(ctx, max, lexMax)) return true;
  ctx.reply.error(NOT_A_LEX_RANGE);
  return false;
}

function lexBound(ctx: Context, i: number, bound: zsets.LexBound): boolean {
  const { buf, args } = ctx.req;
  const off = args[2 * i];
  const len = args[2 * i + 1];
  const first = len > 0 ? buf[off] : 0;
  if (first === 40 || first === 91) {
    bound.set(buf, off + 1, len - 1, first === 40);
    return true;
  }
  if ((first !== 43 && first !== 45) || (len > 1 && buf[off + 1] !== 0)) return false;
  bound.setInfinite(first === 43 ? 1 : -1);
  return true;
}
