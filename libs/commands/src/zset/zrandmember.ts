import { TYPE_ZSET, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, bigIntArg, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { INT64_MAX } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { BULK_BYTES_MIN, REPLY_BYTES_MAX, REPLY_TOO_LONG } from '../core/reply-limit.ts';
import { replyScore } from './reply.ts';

export const zrandmember: Command = {
  name: 'zrandmember',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get one or multiple random elements from a sorted set',
    since: '6.2.0',
    group: 'sorted-set',
    complexity: 'O(N) where N is the number of elements returned',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'options',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer' },
          { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
        ],
      },
    ],
  },
  run: runZrandmember,
};
const cursor = new zsets.Cursor();

function runZrandmember(ctx: Context, req: Request): void {
  const { reply } = ctx;
  if (req.argc === 2) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) reply.nil();
    else if (ctx.isType(ref, TYPE_ZSET)) replyMember(ctx, ref, randomBelow(ctx, zsets.size(ctx.space, ref)), false);
    return;
  }
  const count = integerArg(ctx, 2);
  if (count !== count) return;
  // Two replies a member have to be countable; beyond 2^53 the number itself is not exact.
  const big = Math.abs(count) >= 2 ** 62 ? bigIntArg(req, 2) : 0n;
  if (big < -INT64_MAX) {
    reply.error(`ERR value is out of range, value must between ${-INT64_MAX} and ${INT64_MAX}`);
    return;
  }
  const withScores = req.argc === 4;
  if (req.argc > 4 || (withScores && !isWord(req, 3, 'withscores'))) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (withScores && (big > INT64_MAX / 2n || big < -INT64_MAX / 2n)) {
    reply.error('ERR value is out of range');
    return;
  }
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  if (ref === 0 || count === 0) {
    reply.array(0);
    return;
  }
  const size = zsets.size(ctx.space, ref);
  if (count < 0) {
    replyRepeated(ctx, ref, size, -count, withScores);
    return;
  }
  const n = Math.min(count, size);
  replyHead(ctx, n, withScores);
  if (n === size) {
    for (let rank = 0; rank < size; rank++) replyMember(ctx, ref, rank, withScores);
  } else replyDistinct(ctx, ref, size, n, withScores);
}

function replyRepeated(ctx: Context, ref: Ref, size: number, n: number, withScores: boolean): void {
  const { reply } = ctx;
  const start = reply.pos;
  if (n <= REPLY_BYTES_MAX / BULK_BYTES_MIN) {
    replyHead(ctx, n, withScores);
    for (let left = n; reply.pos - start <= REPLY_BYTES_MAX; left--) {
      if (left === 0) return;
      replyMember(ctx, ref, randomBelow(ctx, size), withScores);
    }
    reply.truncate(start);
  }
  reply.error(REPLY_TOO_LONG);
}

function replyHead(ctx: Context, n: number, withScores: boolean): void {
  ctx.reply.array(withScores && ctx.reply.resp === 2 ? 2 * n : n);
}

/** Every choice of `n` of the ranks is equally likely (Floyd's algorithm). */
function replyDistinct(ctx: Context, ref: Ref, size: number, n: number, withScores: boolean): void {
  const ranks = new Set<number>();
  for (let last = size - n; last < size; last++) {
    const rank = randomBelow(ctx, last + 1);
    ranks.add(ranks.has(rank) ? last : rank);
  }
  for (const rank of ranks) replyMember(ctx, ref, rank, withScores);
}

function randomBelow(ctx: Context, n: number): number {
  return Math.floor(ctx.space.random.double() * n);
}

function replyMember(ctx: Context, ref: Ref, rank: number, withScores: boolean): void {
  const { reply } = ctx;
  const { element } = cursor;
  cursor.seek(ctx.space, ref, rank);
  if (withScores && reply.resp === 3) reply.array(2);
  reply.bulk(element.buf, element.off, element.len);
  if (withScores) replyScore(reply, cursor.score());
}
