import { TYPE_ZSET, events, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { replyScore } from './reply.ts';

export const zpopmin: Command = {
  name: 'zpopmin',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete')],
  docs: {
    summary: 'Remove and return members with the lowest scores in a sorted set',
    since: '5.0.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', flags: ['optional'] },
    ],
  },
  run: popMin,
};
export const zpopmax: Command = {
  name: 'zpopmax',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete')],
  docs: {
    summary: 'Remove and return members with the highest scores in a sorted set',
    since: '5.0.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', flags: ['optional'] },
    ],
  },
  run: popMax,
};
export const zmpop: Command = {
  name: 'zmpop',
  arity: -4,
  flags: ['write', 'movablekeys'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Remove and return members with scores in a sorted set',
    since: '7.0.0',
    group: 'sorted-set',
    complexity:
      'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      {
        name: 'where',
        type: 'oneof',
        arguments: [
          { name: 'min', type: 'pure-token', token: 'MIN' },
          { name: 'max', type: 'pure-token', token: 'MAX' },
        ],
      },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run: runZmpop,
};
const cursor = new zsets.Cursor();

function popMin(ctx: Context, req: Request): void {
  pop(ctx, req, false);
}

function popMax(ctx: Context, req: Request): void {
  pop(ctx, req, true);
}

function pop(ctx: Context, req: Request, max: boolean): void {
  const { reply } = ctx;
  if (req.argc > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  let count = 1;
  if (req.argc === 3) {
    count = rangeArg(ctx, 2, 0, Infinity, 'ERR value is out of range, must be positive');
    if (count !== count) return;
  }
  const ref = ctx.lookupWrite(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  if (ref === 0 || count === 0) {
    reply.array(0);
    return;
  }
  const n = Math.min(count, zsets.size(ctx.space, ref));
  const nested = req.argc === 3 && reply.resp === 3;
  reply.array(nested ? n : 2 * n);
  popMembers(ctx, 1, ref, n, max, nested);
  // The order leaves nothing to chance: the request says what went.
  ctx.propagate(n);
}

/**
 * Replies and removes the first or last `n` members of the set in argument `i`, which are there; the key goes with the last.
 * Nobody reads the reply to a command of the log, and it could be longer than the master's was: that may have been nested.
 */
function popMembers(ctx: Context, i: number, ref: Ref, n: number, max: boolean, nested: boolean): void {
  const { space } = ctx;
  const size = zsets.size(space, ref);
  if (!ctx.role.isReplay) replyMembers(ctx, ref, n, size, max, nested);
  if (n === size) {
    ctx.announce(max ? events.ZPOPMAX : events.ZPOPMIN, i);
    ctx.removeEntry(i, ref);
    return;
  }
  if (max) zsets.removeRange(space, ref, size - n, size);
  else zsets.removeRange(space, ref, 0, n);
  ctx.announce(max ? events.ZPOPMAX : events.ZPOPMIN, i);
}

function replyMembers(ctx: Context, ref: Ref, n: number, size: number, max: boolean, nested: boolean): void {
  const { reply, space } = ctx;
  const { element } = cursor;
  cursor.seek(space, ref, max ? size - 1 : 0);
  for (let left = n; left > 0; left--) {
    if (nested) reply.array(2);
    reply.bulk(element.buf, element.off, element.len);
    replyScore(reply, cursor.score());
    if (max) cursor.prev();
    else cursor.next();
  }
}

function runZmpop(ctx: Context): void {
  if (!popArgs(ctx, 1) || popFirst(ctx)) return;
  ctx.reply.nilArray();
}

/** What `popArgs` read last: the first key and what stands behind the last, the end, and how many. */
const args = { first: 0, where: 0, max: false, count: 1 };

/** Reads the arguments of ZMPOP and BZMPOP from the number of keys on, which is argument `i`. False: answered with the error. */
export function popArgs(ctx: Context, i: number): boolean {
  const { req, reply } = ctx;
  const keys = rangeArg(ctx, i, 1, Infinity, 'ERR numkeys should be greater than 0');
  if (keys !== keys) return false;
  const where = i + 1 + keys;
  if (where >= req.argc) {
    reply.error(SYNTAX_ERROR);
    return false;
  }
  const max = isWord(req, where, 'max');
  if (!max && !isWord(req, where, 'min')) {
    reply.error(SYNTAX_ERROR);
    return false;
  }
  let count = -1;
  for (let at = where + 1; at < req.argc; at += 2) {
    if (count >= 0 || at + 1 >= req.argc || !isWord(req, at, 'count')) {
      reply.error(SYNTAX_ERROR);
      return false;
    }
    count = rangeArg(ctx, at + 1, 1, Infinity, 'ERR count should be greater than 0');
    if (count !== count) return false;
  }
  args.first = i + 1;
  args.where = where;
  args.max = max;
  args.count = Math.max(count, 1);
  return true;
}

/** How many keys were read. They begin behind argument `i` of `popArgs`. */
export function popKeys(): number {
  return args.where - args.first;
}

/** Pops from the first set that is there, of those in the arguments that were read. False: there is none, and no answer. */
export function popFirst(ctx: Context): boolean {
  for (let i = args.first; i < args.where; i++) {
    const ref = ctx.lookupWrite(i);
    if (ref === 0) continue;
    if (ctx.isType(ref, TYPE_ZSET)) popFrom(ctx, i, ref);
    return true;
  }
  return false;
}

/** Answers the key, and members with scores. */
export function popFrom(ctx: Context, i: number, ref: Ref): void {
  const { req, reply } = ctx;
  const { max } = args;
  const n = Math.min(args.count, zsets.size(ctx.space, ref));
  reply.array(2);
  reply.bulk(req.buf, req.off(i), req.len(i));
  reply.array(n);
  popMembers(ctx, i, ref, n, max, true);
  const effect = ctx.effect(3);
  effect.argLatin1(max ? 'ZPOPMAX' : 'ZPOPMIN');
  effect.argBytes(req.buf, req.off(i), req.len(i));
  effect.argInt(n);
}

/** Answers key, member and score, for BZPOPMIN and BZPOPMAX. */
export function popOne(ctx: Context, i: number, ref: Ref, max: boolean): void {
  const { req, reply } = ctx;
  reply.array(3);
  reply.bulk(req.buf, req.off(i), req.len(i));
  popMembers(ctx, i, ref, 1, max, false);
  const effect = ctx.effect(2);
  effect.argLatin1(max ? 'ZPOPMAX' : 'ZPOPMIN');
  effect.argBytes(req.buf, req.off(i), req.len(i));
}
