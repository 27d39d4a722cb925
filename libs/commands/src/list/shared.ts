import { Element, lists } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { INT64_MIN } from '../core/integer.ts';
import { SYNTAX_ERROR, bigIntArg, integerArg, isWord } from '../core/args.ts';
import type { Context } from '../core/context.ts';

const iterator = new lists.ListIterator();
const element = new Element();

/** After elements of the list in argument `i` were removed: an empty one goes with its key. */
export function removed(ctx: Context, event: number, i: number, ref: Ref): void {
  ctx.announce(event, i);
  if (lists.length(ctx.space, ref) === 0) ctx.removeEntry(i, ref);
  else lists.shrink(ctx.space, ref);
}

/** Replies an array of `n` elements from an index on, all of which must be there. */
export function replyRange(ctx: Context, ref: Ref, from: number, n: number, backward: boolean): void {
  const reply = ctx.reply;
  reply.array(n);
  if (!backward) {
    lists.writeRange(ctx.space, ref, from, n, reply);
    return;
  }
  iterator.start(ctx.space, ref, from, backward);
  for (; n > 0; n--) {
    iterator.next(element);
    reply.bulk(element.buf, element.off, element.len);
  }
}

/** What `rangeArgs` read last, as a run of elements of the list. */
export const range = { start: 0, stop: 0 };

/** Two indexes, in arguments `i` and `i + 1`. False: answered with the error. */
export function rangeArgs(ctx: Context, i: number): boolean {
  range.start = integerArg(ctx, i);
  if (range.start !== range.start) return false;
  range.stop = integerArg(ctx, i + 1);
  return range.stop === range.stop;
}

/** Makes the indexes a run within a list of that length; returns how many elements it has, from `range.start` on. */
export function clampRange(length: number): number {
  if (range.start < 0) range.start = Math.max(0, length + range.start);
  if (range.stop < 0) range.stop += length;
  if (range.stop >= length) range.stop = length - 1;
  return Math.max(0, range.stop - range.start + 1);
}

export const NO_END = -1;

/** LEFT (0) or RIGHT (1); NO_END: answered with the error. */
export function endArg(ctx: Context, i: number): number {
  if (isWord(ctx.req, i, 'right')) return 1;
  if (isWord(ctx.req, i, 'left')) return 0;
  ctx.reply.error(SYNTAX_ERROR);
  return NO_END;
}

/** An integer whose negation is one as well. NaN: answered with the error. */
export function signedArg(ctx: Context, i: number): number {
  const n = integerArg(ctx, i);
  if (n === -(2 ** 63) && bigIntArg(ctx.req, i) === INT64_MIN) {
    ctx.reply.error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807');
    return NaN;
  }
  return n;
}
