import { TYPE_ZSET, events, keyAddress, keyLength, zsets } from '@weir/keyspace';
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

function runZmpop(ctx: Context, req: Request): void {
  const { reply } = ctx;
  const keys = rangeArg(ctx, 1, 1, Infinity, 'ERR numkeys should be greater than 0');
  if (keys !== keys) return;
  const where = 2 + keys;
  if (where >= req.argc) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const max = isWord(req, where, 'max');
  if (!max && !isWord(req, where, 'min')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  let count = -1;
  for (let i = where + 1; i < req.argc; i += 2) {
    if (count >= 0 || i + 1 >= req.argc || !isWord(req, i, 'count')) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    count = rangeArg(ctx, i + 1, 1, Infinity, 'ERR count should be greater than 0');
    if (count !== count) return;
  }
  if (count < 0) count = 1;
  for (let i = 2; i < where; i++) {
    const ref = ctx.lookupWrite(i);
    if (ref === 0) continue;
    if (!ctx.isType(ref, TYPE_ZSET)) return;
    popFrom(ctx, req, i, ref, Math.min(count, zsets.size(ctx.space, ref)), max);
    return;
  }
  reply.nilArray();
}

function popFrom(ctx: Context, req: Request, i: number, ref: Ref, n: number, max: boolean): void {
  const { arena, reply } = ctx;
  reply.array(2);
  reply.bulk(arena.u8, keyAddress(arena, ref), keyLength(arena, ref));
  reply.array(n);
  popMembers(ctx, i, ref, n, max, true);
  const effect = ctx.effect(3);
  effect.argLatin1(max ? 'ZPOPMAX' : 'ZPOPMIN');
  effect.argBytes(req.buf, req.off(i), req.len(i));
  effect.argInt(n);
}
