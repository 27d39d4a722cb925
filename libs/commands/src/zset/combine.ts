/** ZUNION, ZINTER, ZDIFF and what stores or counts them: sorted sets and sets in, a sorted set out. */

import { ENC_SKIPLIST, TYPE_SET, TYPE_ZSET, events, sets, typeOf, zsets } from '@weir/keyspace';
import type { Element } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord, rangeArg } from '../core/args.ts';
import type { Context } from '../core/context.ts';
import { WRONG_TYPE } from '../core/context.ts';
import { doubleArg } from './args.ts';
import { replyScore } from './reply.ts';

export type Operation = 'union' | 'inter' | 'diff';
type Aggregate = 'sum' | 'min' | 'max';

/** A set's members have the score 1. */
interface Source {
  /** 0: no such key. */
  readonly ref: Ref;
  readonly isSet: boolean;
  readonly size: number;
  weight: number;
}

interface Options {
  aggregate: Aggregate;
  withScores: boolean;
  limit: number;
}

const cursor = new zsets.Cursor();
const iterator = new sets.SetIterator();

/** ZUNION, ZINTER, ZDIFF. */
export function replyCombined(ctx: Context, req: Request, operation: Operation): void {
  const sources = sourcesArg(ctx, req, 1);
  if (sources === null) return;
  const options = parseOptions(ctx, req, 2 + sources.length, sources, operation, 'reply');
  if (options === null) return;
  const { keyspace, space, reply } = ctx;
  const holder = keyspace.detached(TYPE_ZSET, ENC_SKIPLIST);
  try {
    combine(ctx, holder, sources, operation, options.aggregate);
    zsets.finishGathering(space, holder, false);
    const { withScores } = options;
    const size = zsets.size(space, holder);
    const nested = withScores && reply.resp === 3;
    reply.array(withScores && !nested ? 2 * size : size);
    const { element } = cursor;
    for (let more = cursor.seek(space, holder, 0); more; more = cursor.next()) {
      if (nested) reply.array(2);
      reply.bulk(element.buf, element.off, element.len);
      if (withScores) replyScore(reply, cursor.score());
    }
  } finally {
    keyspace.dropDetached(holder);
  }
}

const STORE_EVENTS: Readonly<Record<Operation, number>> = {
  union: events.ZUNIONSTORE,
  inter: events.ZINTERSTORE,
  diff: events.ZDIFFSTORE,
};

/** ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE. */
export function storeCombined(ctx: Context, req: Request, operation: Operation): void {
  const sources = sourcesArg(ctx, req, 2);
  if (sources === null) return;
  const options = parseOptions(ctx, req, 3 + sources.length, sources, operation, 'store');
  if (options === null) return;
  const { keyspace, space } = ctx;
  const replaced = ctx.lookupWrite(1);
  const holder = keyspace.detached(TYPE_ZSET, ENC_SKIPLIST);
  let size: number;
  try {
    combine(ctx, holder, sources, operation, options.aggregate);
    zsets.finishGathering(space, holder, true);
    size = zsets.size(space, holder);
    if (size > 0) ctx.attach(STORE_EVENTS[operation], 1, holder, replaced);
  } catch (error) {
    keyspace.dropDetached(holder);
    throw error;
  }
  if (size === 0) {
    keyspace.dropDetached(holder);
    if (replaced !== 0) ctx.removeEntry(1, replaced);
  }
  if (size > 0 || replaced !== 0) ctx.propagate();
  ctx.reply.int(size);
}

/** ZINTERCARD. */
export function countIntersection(ctx: Context, req: Request): void {
  const sources = sourcesArg(ctx, req, 1);
  if (sources === null) return;
  const options = parseOptions(ctx, req, 2 + sources.length, sources, 'inter', 'count');
  if (options === null) return;
  let count = 0;
  bySize(sources);
  eachMember(ctx, sources[0], (element) => {
    for (let i = 1; i < sources.length; i++) if (Number.isNaN(scoreIn(ctx, sources[i], element))) return true;
    count++;
    return count !== options.limit;
  });
  ctx.reply.int(count);
}

/** The keys behind their number in argument `i`. Null: answered with the error. */
function sourcesArg(ctx: Context, req: Request, i: number): Source[] | null {
  const { reply, space } = ctx;
  const keys = integerArg(ctx, i);
  if (keys !== keys) return null;
  if (keys < 1) {
    const name = ctx.table.find(req.buf, req.off(0), req.len(0))!.fullName;
    reply.error(`ERR at least 1 input key is needed for '${name}' command`);
    return null;
  }
  if (keys > req.argc - i - 1) {
    reply.error(SYNTAX_ERROR);
    return null;
  }
  const sources: Source[] = [];
  for (let k = i + 1; k <= i + keys; k++) {
    const ref = ctx.lookupRead(k);
    const type = ref === 0 ? TYPE_ZSET : typeOf(ctx.arena, ref);
    if (type !== TYPE_ZSET && type !== TYPE_SET) {
      reply.error(WRONG_TYPE);
      return null;
    }
    const isSet = type === TYPE_SET;
    const size = ref === 0 ? 0 : isSet ? sets.size(space, ref) : zsets.size(space, ref);
    sources.push({ ref, isSet, size, weight: 1 });
  }
  return sources;
}

/** Options from argument `i` on. Null: answered with the error. */
function parseOptions(
  ctx: Context,
  req: Request,
  i: number,
  sources: Source[],
  operation: Operation,
  result: 'reply' | 'store' | 'count',
): Options | null {
  const options: Options = { aggregate: 'sum', withScores: false, limit: 0 };
  const weighted = operation !== 'diff' && result !== 'count';
  while (i < req.argc) {
    const left = req.argc - i;
    if (weighted && left > sources.length && isWord(req, i, 'weights')) {
      i++;
      for (const source of sources) {
        source.weight = doubleArg(ctx, i++, 'ERR weight value is not a float');
        if (source.weight !== source.weight) return null;
      }
    } else if (weighted && left >= 2 && isWord(req, i, 'aggregate')) {
      if (isWord(req, i + 1, 'sum')) options.aggregate = 'sum';
      else if (isWord(req, i + 1, 'min')) options.aggregate = 'min';
      else if (isWord(req, i + 1, 'max')) options.aggregate = 'max';
      else {
        ctx.reply.error(SYNTAX_ERROR);
        return null;
      }
      i += 2;
    } else if (result === 'reply' && isWord(req, i, 'withscores')) {
      options.withScores = true;
      i++;
    } else if (result === 'count' && left >= 2 && isWord(req, i, 'limit')) {
      options.limit = rangeArg(ctx, i + 1, 0, Infinity, "ERR LIMIT can't be negative");
      if (options.limit !== options.limit) return null;
      i += 2;
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** From the smallest to the largest, which is also the order in which scores are added up. */
function bySize(sources: Source[]): void {
  sources.sort((a, b) => a.size - b.size);
}

function combine(ctx: Context, holder: Ref, sources: Source[], operation: Operation, aggregate: Aggregate): void {
  const { space } = ctx;
  zsets.startGathering(space, holder);
  if (operation !== 'diff') bySize(sources);
  if (operation === 'union') {
    for (const source of sources) {
      eachMember(ctx, source, (element, score) => {
        const ref = zsets.gather(space, holder, element.buf, element.off, element.len);
        const sum = zsets.gatheredScore(space, ref);
        const weighted = product(source.weight, score);
        zsets.setGathered(space, ref, sum === sum ? aggregated(aggregate, sum, weighted) : weighted);
        return true;
      });
    }
    return;
  }
  eachMember(ctx, sources[0], (element, score) => {
    let sum = operation === 'diff' ? score : product(sources[0].weight, score);
    for (let i = 1; i < sources.length; i++) {
      const other = scoreIn(ctx, sources[i], element);
      const found = other === other;
      if (found !== (operation === 'inter')) return true;
      if (found) sum = aggregated(aggregate, sum, other * sources[i].weight);
    }
    zsets.setGathered(space, zsets.gather(space, holder, element.buf, element.off, element.len), sum);
    return true;
  });
}

/** Infinity times zero counts as zero. */
function product(weight: number, score: number): number {
  const value = weight * score;
  return value === value ? value : 0;
}

/** As zunionInterAggregate: `value` may be no number where MIN and MAX leave it out and a sum becomes zero. */
function aggregated(aggregate: Aggregate, sum: number, value: number): number {
  if (aggregate === 'min') return value < sum ? value : sum;
  if (aggregate === 'max') return value > sum ? value : sum;
  const total = sum + value;
  return total === total ? total : 0;
}

/** Until `visit` says false. */
function eachMember(ctx: Context, source: Source, visit: (element: Element, score: number) => boolean): void {
  const { ref, isSet } = source;
  if (ref === 0) return;
  if (isSet) {
    iterator.start(ctx.space, ref);
    while (iterator.next()) if (!visit(iterator.element, 1)) return;
  } else {
    let more = cursor.seek(ctx.space, ref, 0);
    for (; more; more = cursor.next()) if (!visit(cursor.element, cursor.score())) return;
  }
}

/** The score of a member in a source; NaN: it is not there. */
function scoreIn(ctx: Context, { ref, isSet }: Source, { buf, off, len }: Element): number {
  if (ref === 0) return NaN;
  if (!isSet) return zsets.scoreOf(ctx.space, ref, buf, off, len);
  return sets.has(ctx.space, ref, buf, off, len) ? 1 : NaN;
}
