/** What all the ZRANGEs have in common: their arguments become ranks, from which on members are replied or stored. */

import { ENC_LISTPACK, TYPE_ZSET, events, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Context } from '../core/context.ts';
import { lexMax, lexMin, lexRangeArgs, scoreBounds, scoreRangeArgs } from './args.ts';
import { replyScore } from './reply.ts';

/** The request says it. */
export const AUTO = -1;
export const BY_RANK = 0;
export const BY_SCORE = 1;
export const BY_LEX = 2;

/** What `parseRange` read. */
const spec = { by: BY_RANK, reverse: false, withScores: false, offset: 0, limit: -1, start: 0, stop: 0 };

/** What `select` found: `count` members from rank `first` on, downwards when reversed. */
const selected = { first: 0, count: 0 };

const cursor = new zsets.Cursor();

/** `source`: the argument with the key; the two ends follow it. False: answered with the error. */
function parseRange(ctx: Context, req: Request, source: number, store: boolean, by: number, reverse: number): boolean {
  const { reply } = ctx;
  const byGiven = by !== AUTO;
  const reverseGiven = reverse !== AUTO;
  spec.withScores = false;
  spec.offset = 0;
  spec.limit = -1;
  for (let i = source + 3; i < req.argc; i++) {
    if (!store && isWord(req, i, 'withscores')) spec.withScores = true;
    else if (i + 2 < req.argc && isWord(req, i, 'limit')) {
      spec.offset = integerArg(ctx, i + 1);
      if (spec.offset !== spec.offset) return false;
      spec.limit = integerArg(ctx, i + 2);
      if (spec.limit !== spec.limit) return false;
      i += 2;
    } else if (!reverseGiven && reverse === AUTO && isWord(req, i, 'rev')) reverse = 1;
    else if (!byGiven && by === AUTO && isWord(req, i, 'bylex')) by = BY_LEX;
    else if (!byGiven && by === AUTO && isWord(req, i, 'byscore')) by = BY_SCORE;
    else {
      reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  spec.by = by === AUTO ? BY_RANK : by;
  spec.reverse = reverse === 1;
  if (spec.limit !== -1 && spec.by === BY_RANK) {
    reply.error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX');
    return false;
  }
  if (spec.withScores && spec.by === BY_LEX) {
    reply.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
    return false;
  }
  if (spec.by === BY_RANK) {
    spec.start = integerArg(ctx, source + 1);
    if (spec.start !== spec.start) return false;
    spec.stop = integerArg(ctx, source + 2);
    return spec.stop === spec.stop;
  }
  const min = spec.reverse ? source + 2 : source + 1;
  const max = spec.reverse ? source + 1 : source + 2;
  return spec.by === BY_SCORE ? scoreRangeArgs(ctx, min, max) : lexRangeArgs(ctx, min, max);
}

function select(ctx: Context, ref: Ref): void {
  const { space } = ctx;
  const { reverse } = spec;
  const size = zsets.size(space, ref);
  let from: number;
  let to: number;
  if (spec.by === BY_RANK) {
    from = spec.start < 0 ? Math.max(0, size + spec.start) : spec.start;
    to = Math.min(size, (spec.stop < 0 ? size + spec.stop : spec.stop) + 1);
    selected.count = Math.max(0, to - from);
    selected.first = reverse ? size - 1 - from : from;
    return;
  }
  if (spec.by === BY_SCORE) {
    const { min, minExclusive, max, maxExclusive } = scoreBounds;
    zsets.scoreRange(space, ref, min, minExclusive, max, maxExclusive);
  } else zsets.lexRange(space, ref, lexMin, lexMax, reverse);
  ({ from, to } = zsets.range);
  // A negative offset passes over everything; a negative limit is none.
  const left = spec.offset < 0 ? 0 : Math.max(0, to - from - spec.offset);
  selected.count = spec.limit < 0 ? left : Math.min(left, spec.limit);
  selected.first = reverse ? to - 1 - spec.offset : from + spec.offset;
}

export function replyRange(ctx: Context, req: Request, by: number, reverse: number): void {
  if (!parseRange(ctx, req, 1, false, by, reverse)) return;
  const { reply } = ctx;
  const ref = ctx.lookupRead(1);
  if (ref === 0) {
    reply.array(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  select(ctx, ref);
  const { first, count } = selected;
  const { withScores } = spec;
  const nested = withScores && reply.resp === 3;
  reply.array(withScores && !nested ? 2 * count : count);
  if (count === 0) return;
  if (!withScores) {
    zsets.writeMembers(ctx.space, ref, first, count, spec.reverse, reply);
    return;
  }
  const { element } = cursor;
  cursor.seek(ctx.space, ref, first);
  for (let left = count; left > 0; left--) {
    if (nested) reply.array(2);
    reply.bulk(element.buf, element.off, element.len);
    replyScore(reply, cursor.score());
    if (left > 1) step();
  }
}

function step(): void {
  if (spec.reverse) cursor.prev();
  else cursor.next();
}

/** ZRANGESTORE. */
export function storeRange(ctx: Context, req: Request): void {
  if (!parseRange(ctx, req, 2, true, AUTO, AUTO)) return;
  const { keyspace, space, reply } = ctx;
  const replaced = ctx.lookupWrite(1);
  const source = ctx.lookupRead(2);
  if (source !== 0 && !ctx.isType(source, TYPE_ZSET)) return;
  selected.count = 0;
  if (source !== 0) select(ctx, source);
  const { count } = selected;
  if (count === 0) {
    if (replaced !== 0) {
      ctx.removeEntry(1, replaced);
      ctx.propagate();
    }
    reply.int(0);
    return;
  }
  const holder = keyspace.detached(TYPE_ZSET, ENC_LISTPACK);
  try {
    zsets.begin(space, holder, count, 0);
    cursor.seek(space, source, selected.first);
    const { element } = cursor;
    for (let left = count; left > 0; left--) {
      zsets.add(space, holder, element.buf, element.off, element.len, cursor.score(), 0);
      if (left > 1) step();
    }
    ctx.attach(events.ZRANGESTORE, 1, holder, replaced);
  } catch (error) {
    keyspace.dropDetached(holder);
    throw error;
  }
  ctx.propagate();
  reply.int(count);
}
