import { Element, hashes } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { NOT_AN_INTEGER, SYNTAX_ERROR, bigIntArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { BEYOND, INT64_MAX, parseInt64 } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { BULK_BYTES_MIN, REPLY_BYTES_MAX, REPLY_TOO_LONG } from '../core/reply-limit.ts';
import { readHash } from './common.ts';

const field = new Element();
const value = new Element();

export const hrandfield: Command = {
  name: 'hrandfield',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get one or multiple random fields from a hash',
    since: '6.2.0',
    group: 'hash',
    complexity: 'O(N) where N is the number of fields returned',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'options',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer' },
          { name: 'withvalues', type: 'pure-token', token: 'WITHVALUES', flags: ['optional'] },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (req.argc === 2) {
      const ref = readHash(ctx);
      if (ref > 0) {
        hashes.pairAt(ctx.space, ref, hashes.randomHandle(ctx.space, ref), field, value);
        ctx.reply.bulk(field.buf, field.off, field.len);
      } else if (ref === 0) ctx.reply.nil();
      return;
    }
    let count = parseInt64(req.buf, req.args[4], req.args[5]);
    if (count !== count) {
      ctx.reply.error(NOT_AN_INTEGER);
      return;
    }
    const big = count === BEYOND ? bigIntArg(req, 2) : 0n;
    if (big < -INT64_MAX) {
      ctx.reply.error(`ERR value is out of range, value must between ${-INT64_MAX} and ${INT64_MAX}`);
      return;
    }
    if (req.argc > 4 || (req.argc === 4 && !isWord(req, 3, 'withvalues'))) {
      ctx.reply.error(SYNTAX_ERROR);
      return;
    }
    const withValues = req.argc === 4;
    if (withValues && (big > INT64_MAX / 2n || big < -INT64_MAX / 2n)) {
      ctx.reply.error('ERR value is out of range');
      return;
    }
    if (big !== 0n) count = Number(big);
    const ref = readHash(ctx);
    if (ref < 0) return;
    if (ref === 0) ctx.reply.array(0);
    else if (count >= 0) replyDistinct(ctx, ref, count, withValues);
    else replyRepeated(ctx, ref, -count, withValues);
  },
};

function replyDistinct(ctx: Context, ref: Ref, count: number, withValues: boolean): void {
  const chosen: hashes.Handle[] = [];
  hashes.randomDistinct(ctx.space, ref, count, chosen);
  replyHead(ctx, chosen.length, withValues);
  for (let i = 0; i < chosen.length; i++) replyPair(ctx, ref, chosen[i], withValues);
}

function replyRepeated(ctx: Context, ref: Ref, count: number, withValues: boolean): void {
  const { space, reply } = ctx;
  const start = reply.pos;
  if (count > REPLY_BYTES_MAX / BULK_BYTES_MIN) {
    reply.error(REPLY_TOO_LONG);
    return;
  }
  replyHead(ctx, count, withValues);
  const all: hashes.Handle[] = [];
  // A position in a listpack is found from its ends only: for many, look once.
  if (hashes.listpackOf(space, ref) !== 0 && count > 4) hashes.handles(space, ref, all);
  for (let i = 0; i < count; i++) {
    const handle =
      all.length > 0 ? all[Math.floor(space.random.double() * all.length)] : hashes.randomHandle(space, ref);
    replyPair(ctx, ref, handle, withValues);
    if (reply.pos - start > REPLY_BYTES_MAX) {
      reply.truncate(start);
      reply.error(REPLY_TOO_LONG);
      return;
    }
  }
}

function replyHead(ctx: Context, count: number, withValues: boolean): void {
  ctx.reply.array(withValues && ctx.reply.resp === 2 ? 2 * count : count);
}

function replyPair(ctx: Context, ref: Ref, handle: hashes.Handle, withValues: boolean): void {
  const { reply } = ctx;
  hashes.pairAt(ctx.space, ref, handle, field, value);
  if (withValues && reply.resp === 3) reply.array(2);
  reply.bulk(field.buf, field.off, field.len);
  if (withValues) reply.bulk(value.buf, value.off, value.len);
}
