/** The commands of sorted sets that wait, as those of lists do: list/block.ts. */

import { TYPE_ZSET } from '@weir/keyspace';
import type { Blocker } from '../core/blocking.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { timeoutArg } from '../core/timeout.ts';
import { popArgs, popFirst, popFrom, popKeys, popOne } from './zpop.ts';

const TIMEOUT_HISTORY = [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']] as const;

export const bzpopmin: Command = {
  name: 'bzpopmin',
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } }],
  docs: {
    summary:
      'Remove and return the member with the lowest score from one or more sorted sets, or block until one is available',
    since: '5.0.0',
    group: 'sorted-set',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    history: TIMEOUT_HISTORY,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'timeout', type: 'double' },
    ],
  },
  run(ctx) {
    popOrWait(ctx, false);
  },
};

export const bzpopmax: Command = {
  name: 'bzpopmax',
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } }],
  docs: {
    summary:
      'Remove and return the member with the highest score from one or more sorted sets, or block until one is available',
    since: '5.0.0',
    group: 'sorted-set',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    history: TIMEOUT_HISTORY,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'timeout', type: 'double' },
    ],
  },
  run(ctx) {
    popOrWait(ctx, true);
  },
};

export const bzmpop: Command = {
  name: 'bzmpop',
  arity: -5,
  flags: ['write', 'blocking', 'movablekeys'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Remove and return members with scores in a sorted set or block until one is available',
    since: '7.0.0',
    group: 'sorted-set',
    complexity:
      'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [
      { name: 'timeout', type: 'double' },
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
  run(ctx) {
    if (!popArgs(ctx, 2)) return;
    const timeoutMs = timeoutArg(ctx, 1);
    if (timeoutMs !== timeoutMs || popFirst(ctx)) return;
    if (ctx.depth > 1) ctx.reply.nilArray();
    else ctx.blocked.wait(MANY, 3, popKeys(), timeoutMs);
  },
};

const popper = (max: boolean): Blocker => ({
  type: TYPE_ZSET,
  writes: true,
  serve: (ctx, i) => popOne(ctx, i, ctx.lookupWrite(i), max),
});
const MIN = popper(false);
const MAX = popper(true);

const MANY: Blocker = {
  type: TYPE_ZSET,
  writes: true,
  serve(ctx, i) {
    if (popArgs(ctx, 2)) popFrom(ctx, i, ctx.lookupWrite(i));
  },
};

function popOrWait(ctx: Context, max: boolean): void {
  const last = ctx.req.argc - 1;
  const timeoutMs = timeoutArg(ctx, last);
  if (timeoutMs !== timeoutMs) return;
  for (let i = 1; i < last; i++) {
    const ref = ctx.lookupWrite(i);
    if (ref === 0) continue;
    if (ctx.isType(ref, TYPE_ZSET)) popOne(ctx, i, ref, max);
    return;
  }
  if (ctx.depth > 1) ctx.reply.nilArray();
  else ctx.blocked.wait(max ? MAX : MIN, 1, last - 1, timeoutMs);
}
