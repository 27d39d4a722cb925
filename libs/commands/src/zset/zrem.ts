import { TYPE_ZSET, events, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { integerArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { lexMax, lexMin, lexRangeArgs, scoreBounds, scoreRangeArgs } from './args.ts';

export const zrem: Command = {
  name: 'zrem',
  arity: -3,
  flags: ['write', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Remove one or more members from a sorted set',
    since: '1.2.0',
    group: 'sorted-set',
    complexity:
      'O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.',
    history: [['2.4.0', 'Accepts multiple elements.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run: runZrem,
};
export const zremrangebyrank: Command = {
  name: 'zremrangebyrank',
  arity: 4,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Remove all members in a sorted set within the given indexes',
    since: '2.0.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'stop', type: 'integer' },
    ],
  },
  run: removeByRank,
};
export const zremrangebyscore: Command = {
  name: 'zremrangebyscore',
  arity: 4,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Remove all members in a sorted set within the given scores',
    since: '1.2.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'double' },
      { name: 'max', type: 'double' },
    ],
  },
  run: removeByScore,
};
export const zremrangebylex: Command = {
  name: 'zremrangebylex',
  arity: 4,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Remove all members in a sorted set between the given lexicographical range',
    since: '2.8.9',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
    ],
  },
  run: removeByLex,
};
function runZrem(ctx: Context, req: Request): void {
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    ctx.reply.int(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  let removed = 0;
  let left = zsets.size(ctx.space, ref);
  for (let i = 2; i < req.argc && left > 0; i++) {
    if (!zsets.remove(ctx.space, ref, req.buf, req.off(i), req.len(i))) continue;
    removed++;
    left--;
  }
  finish(ctx, events.ZREM, ref, removed, left);
}

function finish(ctx: Context, event: number, ref: Ref, removed: number, left: number): void {
  if (removed > 0) {
    ctx.announce(event, 1);
    if (left === 0) ctx.removeEntry(1, ref);
    ctx.propagate(removed);
  }
  ctx.reply.int(removed);
}

function removeByRank(ctx: Context): void {
  let start = integerArg(ctx, 2);
  if (start !== start) return;
  let stop = integerArg(ctx, 3);
  if (stop !== stop) return;
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    ctx.reply.int(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  const size = zsets.size(ctx.space, ref);
  if (start < 0) start = Math.max(0, size + start);
  if (stop < 0) stop = size + stop;
  removeRange(ctx, events.ZREMRANGEBYRANK, ref, start, Math.min(stop + 1, size));
}

function removeByScore(ctx: Context): void {
  if (!scoreRangeArgs(ctx, 2, 3)) return;
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    ctx.reply.int(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  zsets.scoreRange(
    ctx.space,
    ref,
    scoreBounds.min,
    scoreBounds.minExclusive,
    scoreBounds.max,
    scoreBounds.maxExclusive,
  );
  removeRange(ctx, events.ZREMRANGEBYSCORE, ref, zsets.range.from, zsets.range.to);
}

function removeByLex(ctx: Context): void {
  if (!lexRangeArgs(ctx, 2, 3)) return;
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    ctx.reply.int(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  zsets.lexRange(ctx.space, ref, lexMin, lexMax, false);
  removeRange(ctx, events.ZREMRANGEBYLEX, ref, zsets.range.from, zsets.range.to);
}

function removeRange(ctx: Context, event: number, ref: Ref, from: number, to: number): void {
  const size = zsets.size(ctx.space, ref);
  const removed = Math.max(0, to - from);
  // All of them go with the key.
  if (removed < size) zsets.removeRange(ctx.space, ref, from, to);
  finish(ctx, event, ref, removed, size - removed);
}
