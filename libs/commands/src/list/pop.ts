import { Element, TYPE_LIST, events, lists } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { NO_END, endArg, removed, replyRange } from './shared.ts';

export const lpop: Command = {
  name: 'lpop',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete')],
  docs: {
    summary: 'Remove and get the first elements in a list',
    since: '1.0.0',
    group: 'list',
    complexity: 'O(N) where N is the number of elements returned',
    history: [['6.2.0', 'Added the `count` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', since: '6.2.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    pop(ctx, req, false);
  },
};

export const rpop: Command = {
  name: 'rpop',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete')],
  docs: {
    summary: 'Remove and get the last elements in a list',
    since: '1.0.0',
    group: 'list',
    complexity: 'O(N) where N is the number of elements returned',
    history: [['6.2.0', 'Added the `count` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', since: '6.2.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    pop(ctx, req, true);
  },
};

export const lmpop: Command = {
  name: 'lmpop',
  arity: -4,
  flags: ['write', 'movablekeys'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Pop elements from a list',
    since: '7.0.0',
    group: 'list',
    complexity: 'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      {
        name: 'where',
        type: 'oneof',
        arguments: [
          { name: 'left', type: 'pure-token', token: 'LEFT' },
          { name: 'right', type: 'pure-token', token: 'RIGHT' },
        ],
      },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run(ctx) {
    if (!popArgs(ctx, 1) || popFirst(ctx)) return;
    ctx.reply.nilArray();
  },
};

/** What `popArgs` read last: the first key and what stands behind the last, the end, and how many. */
const args = { first: 0, where: 0, atTail: false, count: 1 };

/** Reads the arguments of LMPOP and BLMPOP from the number of keys on, which is argument `i`. False: answered with the error. */
export function popArgs(ctx: Context, i: number): boolean {
  const { req } = ctx;
  const numkeys = rangeArg(ctx, i, 1, Infinity, 'ERR numkeys should be greater than 0');
  if (numkeys !== numkeys) return false;
  const where = i + 1 + numkeys;
  if (where >= req.argc) {
    ctx.reply.error(SYNTAX_ERROR);
    return false;
  }
  const end = endArg(ctx, where);
  if (end === NO_END) return false;
  let count = 0;
  for (let at = where + 1; at < req.argc; at += 2) {
    if (count !== 0 || at + 1 === req.argc || !isWord(req, at, 'count')) {
      ctx.reply.error(SYNTAX_ERROR);
      return false;
    }
    count = rangeArg(ctx, at + 1, 1, Infinity, 'ERR count should be greater than 0');
    if (count !== count) return false;
  }
  args.first = i + 1;
  args.where = where;
  args.atTail = end === 1;
  args.count = Math.max(count, 1);
  return true;
}

/** How many keys were read. They begin behind argument `i` of `popArgs`. */
export function popKeys(): number {
  return args.where - args.first;
}

/** Pops from the first list that is there, of those in the arguments that were read. False: there is none, and no answer. */
export function popFirst(ctx: Context): boolean {
  for (let i = args.first; i < args.where; i++) {
    const ref = ctx.lookupWrite(i);
    if (ref === 0) continue;
    if (ctx.isType(ref, TYPE_LIST)) popFrom(ctx, i, ref);
    return true;
  }
  return false;
}

/** Answers key and elements. Which key it was is decided: the log has that one alone, as Redis's has. */
export function popFrom(ctx: Context, i: number, ref: Ref): void {
  const { req, reply } = ctx;
  const { atTail } = args;
  const n = Math.min(args.count, lists.length(ctx.space, ref));
  reply.array(2);
  reply.bulk(req.buf, req.off(i), req.len(i));
  popMany(ctx, i, ref, atTail, n);
  const effect = ctx.effect(3);
  effect.argLatin1(atTail ? 'RPOP' : 'LPOP');
  effect.argBytes(req.buf, req.off(i), req.len(i));
  effect.argInt(n);
}

const element = new Element();

function pop(ctx: Context, req: Request, atTail: boolean): void {
  if (req.argc > 3) {
    ctx.reply.error(`ERR wrong number of arguments for '${atTail ? 'rpop' : 'lpop'}' command`);
    return;
  }
  const many = req.argc === 3;
  let count = 1;
  if (many) {
    count = rangeArg(ctx, 2, 0, Infinity, 'ERR value is out of range, must be positive');
    if (count !== count) return;
  }
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    if (many) ctx.reply.nilArray();
    else ctx.reply.nil();
    return;
  }
  if (!ctx.isType(ref, TYPE_LIST)) return;
  const space = ctx.space;
  if (many) {
    const n = Math.min(count, lists.length(space, ref));
    if (n === 0) {
      ctx.reply.array(0);
      return;
    }
    popMany(ctx, 1, ref, atTail, n);
    ctx.propagate(n);
    return;
  }
  popOne(ctx, 1, ref, atTail);
  ctx.propagate();
}

/** Replies and removes an element of the list in argument `i`. */
export function popOne(ctx: Context, i: number, ref: Ref, atTail: boolean): void {
  const { space } = ctx;
  lists.peek(space, ref, atTail, element);
  ctx.reply.bulk(element.buf, element.off, element.len);
  lists.pop(space, ref, atTail);
  removed(ctx, eventOf(atTail), i, ref);
}

function eventOf(atTail: boolean): number {
  return atTail ? events.RPOP : events.LPOP;
}

/**
 * Replies `n` elements from an end of the list in argument `i` on, and removes them. Nobody reads the reply to a
 * command of the log.
 */
function popMany(ctx: Context, i: number, ref: Ref, atTail: boolean, n: number): void {
  const last = lists.length(ctx.space, ref) - 1;
  if (!ctx.role.isReplay) replyRange(ctx, ref, atTail ? last : 0, n, atTail);
  lists.removeRange(ctx.space, ref, atTail ? last + 1 - n : 0, n);
  removed(ctx, eventOf(atTail), i, ref);
}
