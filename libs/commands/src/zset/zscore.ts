import { TYPE_ZSET, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { replyScore } from './reply.ts';
import { lexMax, lexMin, lexRangeArgs, scoreBounds, scoreRangeArgs } from './args.ts';

export const zcard: Command = {
  name: 'zcard',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Get the number of members in a sorted set',
    since: '1.2.0',
    group: 'sorted-set',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run: runZcard,
};
export const zscore: Command = {
  name: 'zscore',
  arity: 3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the score associated with the given member in a sorted set',
    since: '1.2.0',
    group: 'sorted-set',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
    ],
  },
  run: runZscore,
};
export const zmscore: Command = {
  name: 'zmscore',
  arity: -3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the score associated with the given members in a sorted set',
    since: '6.2.0',
    group: 'sorted-set',
    complexity: 'O(N) where N is the number of members being requested.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run: runZmscore,
};
export const zrank: Command = {
  name: 'zrank',
  arity: -3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Determine the index of a member in a sorted set',
    since: '2.0.0',
    group: 'sorted-set',
    complexity: 'O(log(N))',
    history: [['7.2.0', 'Added the optional `WITHSCORE` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', flags: ['optional'] },
    ],
  },
  run: runZrank,
};
export const zrevrank: Command = {
  name: 'zrevrank',
  arity: -3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Determine the index of a member in a sorted set, with scores ordered from high to low',
    since: '2.0.0',
    group: 'sorted-set',
    complexity: 'O(log(N))',
    history: [['7.2.0', 'Added the optional `WITHSCORE` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', flags: ['optional'] },
    ],
  },
  run: runZrevrank,
};
export const zcount: Command = {
  name: 'zcount',
  arity: 4,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Count the members in a sorted set with scores within the given values',
    since: '2.0.0',
    group: 'sorted-set',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'double' },
      { name: 'max', type: 'double' },
    ],
  },
  run: runZcount,
};
export const zlexcount: Command = {
  name: 'zlexcount',
  arity: 4,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Count the number of members in a sorted set between a given lexicographical range',
    since: '2.8.9',
    group: 'sorted-set',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
    ],
  },
  run: runZlexcount,
};
function runZcard(ctx: Context): void {
  const ref = ctx.lookupRead(1);
  if (ref === 0) ctx.reply.int(0);
  else if (ctx.isType(ref, TYPE_ZSET)) ctx.reply.int(zsets.size(ctx.space, ref));
}

function runZscore(ctx: Context): void {
  const ref = ctx.lookupRead(1);
  if (ref === 0) ctx.reply.nil();
  else if (ctx.isType(ref, TYPE_ZSET)) replyScoreOf(ctx, ref, 2);
}

function replyScoreOf(ctx: Context, ref: Ref, i: number): void {
  const { req } = ctx;
  const score = ref === 0 ? NaN : zsets.scoreOf(ctx.space, ref, req.buf, req.off(i), req.len(i));
  if (score !== score) ctx.reply.nil();
  else replyScore(ctx.reply, score);
}

function runZmscore(ctx: Context, req: Request): void {
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  ctx.reply.array(req.argc - 2);
  for (let i = 2; i < req.argc; i++) replyScoreOf(ctx, ref, i);
}

function runZrank(ctx: Context, req: Request): void {
  replyRank(ctx, req, false);
}

function runZrevrank(ctx: Context, req: Request): void {
  replyRank(ctx, req, true);
}

function replyRank(ctx: Context, req: Request, reverse: boolean): void {
  const { reply } = ctx;
  if (req.argc > 4) {
    reply.error(`ERR wrong number of arguments for '${reverse ? 'zrevrank' : 'zrank'}' command`);
    return;
  }
  const withScore = req.argc === 4;
  if (withScore && !isWord(req, 3, 'withscore')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  const rank = ref === 0 ? -1 : zsets.rankOf(ctx.space, ref, req.buf, req.off(2), req.len(2));
  if (rank < 0) {
    if (withScore) reply.nilArray();
    else reply.nil();
    return;
  }
  if (withScore) reply.array(2);
  reply.int(reverse ? zsets.size(ctx.space, ref) - 1 - rank : rank);
  if (withScore) replyScoreOf(ctx, ref, 2);
}

function runZcount(ctx: Context): void {
  if (!scoreRangeArgs(ctx, 2, 3)) return;
  const ref = ctx.lookupRead(1);
  if (ref === 0) {
    ctx.reply.int(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  const { min, minExclusive, max, maxExclusive } = scoreBounds;
  ctx.reply.int(zsets.scoreRange(ctx.space, ref, min, minExclusive, max, maxExclusive));
}

function runZlexcount(ctx: Context): void {
  if (!lexRangeArgs(ctx, 2, 3)) return;
  const ref = ctx.lookupRead(1);
  if (ref === 0) ctx.reply.int(0);
  else if (ctx.isType(ref, TYPE_ZSET)) ctx.reply.int(zsets.lexRange(ctx.space, ref, lexMin, lexMax, false));
}
