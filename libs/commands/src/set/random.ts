import { Element, TYPE_SET, events, sets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { SYNTAX_ERROR, bigIntArg, integerArg, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { EffectTooLargeError } from '../core/context.ts';
import type { Context } from '../core/context.ts';
import { SREM } from '../core/effect-words.ts';
import { INT64_MAX, INT64_MIN } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { BULK_BYTES_MIN, REPLY_BYTES_MAX, REPLY_TOO_LONG } from '../core/reply-limit.ts';
import { replyMembers } from './members-reply.ts';

/**
 * SPOP and SRANDMEMBER. What SPOP chose goes to the log as SREM, this many members a command, so that no effect is larger than
 * what a client may send, and more under a long key, so that all of them together are not; a set that is taken whole as DEL or UNLINK.
 */
const BATCH = 1024;
/** Of the key, for each member of a command. */
const KEY_BYTES_PER_MEMBER = 64;
/** Members between two looks at the size of the reply. */
const CHUNK = 1000;

// The command at hand: so that `tell…` are functions made once, and a SPOP allocates nothing.
const element = new Element();
let context: Context;
let left = 0;
let batchLeft = 0;

function tell(): void {
  context.reply.bulk(element.buf, element.off, element.len);
}

function tellTaken(): void {
  tell();
  tellRemoved();
}

let start = 0;

function tellBounded(): void {
  if (context.reply.pos - start <= REPLY_BYTES_MAX) tell();
}

function tellRemoved(): void {
  if (batchLeft === 0) {
    const { req } = context;
    // All that goes stands in the reply already.
    if (context.dirty === 0 && context.reply.pos - start > context.effectBytesMax) throw new EffectTooLargeError();
    batchLeft = Math.min(left, Math.max(BATCH, Math.floor(req.args[3] / KEY_BYTES_PER_MEMBER)));
    const effects = context.effect(2 + batchLeft);
    effects.raw(SREM);
    effects.argBytes(req.buf, req.args[2], req.args[3]);
    // `effect` counts one change of these.
    context.dirty += batchLeft - 1;
  }
  context.effects.argBytes(element.buf, element.off, element.len);
  batchLeft--;
  left--;
}

export const spop: Command = {
  name: 'spop',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Remove and return one or multiple random members from a set',
    since: '1.0.0',
    group: 'set',
    complexity: 'Without the count argument O(1), otherwise O(N) where N is the value of the passed count.',
    history: [['3.2.0', 'Added the `count` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', since: '3.2.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    if (req.argc > 3) {
      ctx.reply.error(SYNTAX_ERROR);
      return;
    }
    if (req.argc === 3) {
      popCount(ctx);
      return;
    }
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.nil();
      return;
    }
    if (!ctx.isType(ref, TYPE_SET)) return;
    context = ctx;
    left = 1;
    start = ctx.reply.pos;
    batchLeft = 0;
    sets.pop(ctx.space, ref, element, tellTaken);
    ctx.announce(events.SPOP, 1);
    if (sets.size(ctx.space, ref) === 0) ctx.removeEntry(1, ref);
  },
};

function popCount(ctx: Context): void {
  const { reply } = ctx;
  const count = rangeArg(ctx, 2, 0, Infinity, 'ERR value is out of range, must be positive');
  if (count !== count) return;
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    reply.set(0);
    return;
  }
  if (!ctx.isType(ref, TYPE_SET)) return;
  const size = sets.size(ctx.space, ref);
  if (count === 0) {
    reply.set(0);
    return;
  }
  if (count >= size) {
    reply.set(size);
    replyMembers(ctx, ref);
    ctx.announce(events.SPOP, 1);
    ctx.removeKey(1, ref, ctx.keyspace.lazyfree.lazyfreeLazyServerDel);
    ctx.dirty += size - 1;
    return;
  }
  start = reply.pos;
  reply.set(count);
  context = ctx;
  left = count;
  batchLeft = 0;
  sets.popMany(ctx.space, ref, count, element, tell, tellRemoved);
  ctx.announce(events.SPOP, 1);
}

export const srandmember: Command = {
  name: 'srandmember',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get one or multiple random members from a set',
    since: '1.0.0',
    group: 'set',
    complexity: 'Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.',
    history: [['2.6.0', 'Added the optional `count` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', since: '2.6.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    if (req.argc > 3) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    let count = 1;
    if (req.argc === 3) {
      count = integerArg(ctx, 2);
      if (count !== count) return;
      if (count === -(2 ** 63) && bigIntArg(req, 2) === INT64_MIN) {
        // Its negative is no integer of 64 bits.
        reply.error(`ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`);
        return;
      }
    }
    const ref = ctx.lookupRead(1);
    if (ref === 0) {
      if (req.argc === 3) reply.array(0);
      else reply.nil();
      return;
    }
    if (!ctx.isType(ref, TYPE_SET)) return;
    context = ctx;
    if (req.argc === 2) {
      sets.random(space, ref, element);
      tell();
      return;
    }
    const size = sets.size(space, ref);
    if (count >= size) {
      reply.array(size);
      replyMembers(ctx, ref);
      return;
    }
    if (count < 0) {
      replyRepeating(ctx, ref, -count);
      return;
    }
    reply.array(count);
    if (count === 1) {
      sets.random(space, ref, element);
      tell();
    } else if (count > 0) sets.sampleDistinct(space, ref, count, element, tell);
  },
};

function replyRepeating(ctx: Context, ref: Ref, count: number): void {
  const { reply, space } = ctx;
  start = reply.pos;
  if (count <= REPLY_BYTES_MAX / BULK_BYTES_MIN) {
    reply.array(count);
    for (let left = count; reply.pos - start <= REPLY_BYTES_MAX; left -= CHUNK) {
      sets.sampleRepeating(space, ref, Math.min(left, CHUNK), element, tellBounded);
      if (left <= CHUNK) return;
    }
    reply.truncate(start);
  }
  reply.error(REPLY_TOO_LONG);
}
