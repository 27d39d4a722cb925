import { events, valueAddress, valueLength } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { CORRUPTED_ERROR, checkSketch, unshare } from './common.ts';
import { cache, cached, cardinality, isCached, rawCardinality } from './estimate.ts';
import { REGISTERS, merge } from './registers.ts';

/** One byte a register. */
const union = new Uint8Array(REGISTERS);

export const pfcount: Command = {
  name: 'pfcount',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [
    {
      notes: 'RW because it may change the internal representation of the key, and propagate to replicas',
      flags: ['RW', 'access'],
      begin: { index: 1 },
      find: { last: -1, step: 1, limit: 0 },
    },
  ],
  docs: {
    summary: 'Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity:
      'O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    if (req.argc > 2) countUnion(ctx);
    else countOne(ctx);
  },
};

function countUnion(ctx: Context): void {
  const { req, arena, reply } = ctx;
  union.fill(0);
  for (let i = 1; i < req.argc; i++) {
    const ref = ctx.lookupRead(i);
    if (ref === 0) continue;
    if (!checkSketch(ctx, ref)) return;
    if (!merge(union, arena.u8, valueAddress(arena, ref), valueLength(arena, ref))) {
      reply.error(CORRUPTED_ERROR);
      return;
    }
  }
  replyCardinality(ctx, rawCardinality(union));
}

/**
 * The number is kept in the string, which is what DUMP and DIGEST see, so that it has to be in the log. Where this engine may not
 * write, it is computed anew each time.
 */
function countOne(ctx: Context): void {
  const { arena, reply, stats } = ctx;
  const ref = ctx.find(1);
  if (ref === 0) {
    ctx.missed(1);
    reply.int(0);
    return;
  }
  stats.keyspaceHits++;
  ctx.touch(ref);
  if (!checkSketch(ctx, ref)) return;
  const { u8 } = arena;
  const at = valueAddress(arena, ref);
  const mayWrite = ctx.role.mayWrite();
  if (mayWrite) unshare(ctx, ref);
  if (isCached(u8, at)) {
    replyCardinality(ctx, cached(u8, at));
    return;
  }
  const count = cardinality(u8, at, valueLength(arena, ref));
  if (count !== count) {
    reply.error(CORRUPTED_ERROR);
    return;
  }
  if (mayWrite) {
    cache(u8, at, count);
    ctx.announce(events.CHANGED, 1);
    ctx.propagate();
  }
  replyCardinality(ctx, count);
}

function replyCardinality(ctx: Context, count: number | bigint): void {
  if (typeof count === 'number' && Number.isSafeInteger(count)) ctx.reply.int(count);
  else ctx.reply.bigint(BigInt(count));
}
