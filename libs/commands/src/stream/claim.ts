import { TYPE_STREAM, halves, parseHalves, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { SYNTAX_ERROR, integerArg, isWord, printable, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import {
  CLAIMS_TOO_LONG,
  beginClaims,
  claimsFit,
  endClaims,
  expectClaim,
  expectClaims,
  expectNames,
  logClaim,
  logGone,
  logGroup,
} from './effects.ts';
import { groupArg, lookupGroups, replyEntryOf } from './entries.ts';
import { IdList, boundArg, idArg, parseIdBytes, replyId } from './ids.ts';
import { consumerFor } from './read.ts';

/** What `parseClaim` read last. */
const options = {
  force: false,
  justId: false,
  /** NaN: not given. */
  deliveredMs: NaN,
  retryGiven: false,
  retryLo: 0,
  retryHi: 0,
};
const ids = new IdList();
/** The entries that were, or are to be, claimed. */
const taken = new IdList();
const id = streams.newId();
const lastId = streams.newId();
const groupId = streams.newId();

function noGroup(ctx: Context): void {
  const { req } = ctx;
  ctx.reply.error(`NOGROUP No such key '${printable(req, 1)}' or consumer group '${printable(req, 2)}'`);
}

/** The IDs and options of XCLAIM. False: answered. */
function parseClaim(ctx: Context): boolean {
  const { req, reply } = ctx;
  options.force = options.justId = options.retryGiven = false;
  options.deliveredMs = NaN;
  lastId.fill(0);
  ids.reset();
  let i = 5;
  for (; i < req.argc && parseIdBytes(req.buf, req.args[2 * i], req.args[2 * i + 1], id, true); i++) ids.push(id);
  for (; i < req.argc; i++) {
    const more = i + 1 < req.argc;
    if (isWord(req, i, 'force')) options.force = true;
    else if (isWord(req, i, 'justid')) options.justId = true;
    else if (more && isWord(req, i, 'idle')) {
      const idle = integerArg(ctx, ++i, 'ERR Invalid IDLE option argument for XCLAIM');
      if (idle !== idle) return false;
      options.deliveredMs = ctx.now - idle;
    } else if (more && isWord(req, i, 'time')) {
      options.deliveredMs = integerArg(ctx, ++i, 'ERR Invalid TIME option argument for XCLAIM');
      if (options.deliveredMs !== options.deliveredMs) return false;
    } else if (more && isWord(req, i, 'retrycount')) {
      const retries = integerArg(ctx, ++i, 'ERR Invalid RETRYCOUNT option argument for XCLAIM');
      if (retries !== retries) return false;
      parseHalves(req.buf, req.args[2 * i], req.args[2 * i + 1]);
      // What the log says may have wrapped around.
      options.retryGiven = retries >= 0 || ctx.role.isReplay;
      options.retryLo = halves.lo;
      options.retryHi = halves.hi;
    } else if (more && isWord(req, i, 'lastid')) {
      if (!idArg(ctx, ++i, lastId)) return false;
    } else {
      reply.error(`ERR Unrecognized XCLAIM option '${printable(req, i)}'`);
      return false;
    }
  }
  return true;
}

export const xclaim: Command = {
  name: 'xclaim',
  arity: -6,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  tips: ['nondeterministic_output'],
  docs: {
    summary:
      'Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered to the specified consumer.',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(log N) with N being the number of messages in the PEL of the consumer group.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'group', type: 'string' },
      { name: 'consumer', type: 'string' },
      { name: 'min-idle-time', type: 'string' },
      { name: 'id', type: 'string', flags: ['multiple'] },
      { name: 'ms', type: 'integer', token: 'IDLE', flags: ['optional'] },
      { name: 'unix-time-milliseconds', type: 'unix-time', token: 'TIME', flags: ['optional'] },
      { name: 'count', type: 'integer', token: 'RETRYCOUNT', flags: ['optional'] },
      { name: 'force', type: 'pure-token', token: 'FORCE', flags: ['optional'] },
      { name: 'justid', type: 'pure-token', token: 'JUSTID', flags: ['optional'] },
      { name: 'id', type: 'string', token: 'LASTID', flags: ['optional'] },
    ],
  },
  run(ctx) {
    const { reply, space } = ctx;
    const ref = lookupGroups(ctx, 1);
    if (ref === -1) return;
    const group = ref === 0 ? 0 : groupArg(ctx, ref, 2);
    if (group === 0) return noGroup(ctx);
    const minIdle = integerArg(ctx, 4, 'ERR Invalid min-idle-time argument for XCLAIM');
    if (minIdle !== minIdle || !parseClaim(ctx)) return;
    // A time that makes no sense is now. What the log says was checked by another clock.
    let deliveredMs = options.deliveredMs;
    const isPast = deliveredMs >= 0 && deliveredMs <= ctx.now;
    if (!isPast && !(ctx.role.isReplay && deliveredMs === deliveredMs)) deliveredMs = ctx.now;

    // What is answered is known before anything changes. Nobody reads the reply to a command of the log.
    const mark = reply.beginAggregate();
    let answered = 0;
    if (!ctx.role.isReplay) {
      answered = answerClaims(ctx, ref, group, minIdle);
      if (!claimsFit(ctx)) {
        reply.truncate(mark);
        return reply.error(CLAIMS_TOO_LONG);
      }
      reply.endAggregate(mark, 'array', answered);
    }
    const consumer = consumerFor(ctx, 1, 2, 3, group);
    streams.setSeenTime(space, consumer, ctx.now);
    streams.groupLastId(space, group, groupId);
    const raised = streams.compareIds(lastId, groupId) > 0;
    if (raised) streams.setGroupLastId(space, group, lastId);
    taken.reset();
    beginClaims(1, 2, 3, deliveredMs);
    try {
      for (let i = 0; i < ids.length; i++) {
        ids.get(i, id);
        if (claim(ctx, ref, group, consumer, minIdle, deliveredMs)) taken.push(id);
      }
    } finally {
      endClaims(ctx);
      if (raised) logGroup(ctx, 1, 2, group);
    }
    // An ID that was given twice may not have been claimed twice: then it was delivered just now.
    if (!ctx.role.isReplay && taken.length < answered) {
      reply.truncate(mark);
      reply.array(taken.length);
      for (let i = 0; i < taken.length; i++) {
        taken.get(i, id);
        answerClaimed(ctx, ref);
      }
    }
  },
};

/** Answers the entries of `ids` that may be claimed as things stand; returns how many. */
function answerClaims(ctx: Context, ref: Ref, group: Ref, minIdle: number): number {
  const { space } = ctx;
  let answered = 0;
  expectClaims();
  expectNames(ctx, 1, 2, 3);
  for (let i = 0; i < ids.length; i++) {
    ids.get(i, id);
    const pending = streams.findPending(space, group, id);
    if (pending === 0 ? !options.force : isBusy(ctx, pending, minIdle)) continue;
    if (!streams.has(space, ref, id)) continue;
    answerClaimed(ctx, ref);
    answered++;
    if (options.retryGiven) expectClaim(options.retryLo, options.retryHi);
    else if (pending === 0) expectClaim(1, 0);
    else expectClaim(streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
  }
  return answered;
}

/** Whether a pending entry was delivered too short a time ago. */
function isBusy(ctx: Context, pending: Ref, minIdle: number): boolean {
  return minIdle > 0 && ctx.now - streams.deliveryTime(ctx.space, pending) < minIdle;
}

function answerClaimed(ctx: Context, ref: Ref): void {
  if (options.justId) replyId(ctx.reply, id);
  else replyEntryOf(ctx, ref, id);
}

/** Claims the entry of `id` for the consumer if it may; false: it may not. */
function claim(ctx: Context, ref: Ref, group: Ref, consumer: Ref, minIdle: number, deliveredMs: number): boolean {
  const { space } = ctx;
  let pending = streams.findPending(space, group, id);
  if (!streams.has(space, ref, id)) {
    // An entry that is gone is pending no more.
    if (streams.removePending(space, group, id)) logGone(id);
    return false;
  }
  if (pending === 0) {
    if (!options.force) return false;
    pending = streams.addPending(space, group, consumer, id, deliveredMs, 1, 0);
  } else {
    if (isBusy(ctx, pending, minIdle)) return false;
    streams.assignPending(space, pending, consumer, id);
    streams.setDeliveryTime(space, pending, deliveredMs);
  }
  if (options.retryGiven) streams.setDeliveryCount(space, pending, options.retryLo, options.retryHi);
  else if (!options.justId) streams.countDelivery(space, pending);
  logClaimed(ctx, consumer, pending);
  return true;
}

function logClaimed(ctx: Context, consumer: Ref, pending: Ref): void {
  const { space } = ctx;
  streams.setActiveTime(space, consumer, ctx.now);
  logClaim(ctx, id, streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
}

export const xautoclaim: Command = {
  name: 'xautoclaim',
  arity: -6,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'delete')],
  tips: ['nondeterministic_output'],
  docs: {
    summary:
      'Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered to the specified consumer.',
    since: '6.2.0',
    group: 'stream',
    complexity: 'O(1) if COUNT is small.',
    history: [
      ['7.0.0', 'Added an element to the reply array, containing deleted entries the command cleared from the PEL'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'group', type: 'string' },
      { name: 'consumer', type: 'string' },
      { name: 'min-idle-time', type: 'string' },
      { name: 'start', type: 'string' },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
      { name: 'justid', type: 'pure-token', token: 'JUSTID', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    // As in Redis, before there can be an error: it counts as a read.
    const ref = ctx.lookupRead(1);
    const minIdle = integerArg(ctx, 4, 'ERR Invalid min-idle-time argument for XAUTOCLAIM');
    if (minIdle !== minIdle || !boundArg(ctx, 5, id, false)) return;
    let count = 100;
    let justId = false;
    for (let i = 6; i < req.argc; i++) {
      if (i + 1 < req.argc && isWord(req, i, 'count')) {
        count = rangeArg(ctx, ++i, 1, COUNT_MAX, 'ERR COUNT must be > 0');
        if (count !== count) return;
      } else if (isWord(req, i, 'justid')) justId = true;
      else return reply.error(SYNTAX_ERROR);
    }
    if (ref !== 0 && !ctx.isType(ref, TYPE_STREAM)) return;
    const group = ref === 0 ? 0 : groupArg(ctx, ref, 2);
    if (group === 0) return noGroup(ctx);

    // All of the reply first: should it be too long, nothing has changed.
    const start = reply.pos;
    reply.array(3);
    const mark = reply.pos;
    deleted.reset();
    taken.reset();
    expectClaims();
    expectNames(ctx, 1, 2, 3);
    cursor.startGroup(space, group, id);
    let left = count;
    let more = cursor.next();
    for (let tries = 10 * count; tries > 0 && left > 0 && more; tries--) {
      streams.copyId(id, cursor.id);
      const { pending } = cursor;
      if (!streams.has(space, ref, id)) {
        deleted.push(id);
        left--;
      } else if (!isBusy(ctx, pending, minIdle)) {
        if (justId) replyId(reply, id);
        else replyEntryOf(ctx, ref, id);
        taken.push(id);
        expectClaim(streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
        left--;
      }
      more = cursor.next();
    }
    if (!claimsFit(ctx)) {
      reply.truncate(start);
      return reply.error(CLAIMS_TOO_LONG);
    }
    reply.endAggregate(mark, 'array', taken.length);
    insertCursor(ctx, mark, more);
    reply.array(deleted.length);
    for (let i = 0; i < deleted.length; i++) {
      deleted.get(i, id);
      replyId(reply, id);
    }
    takeOver(ctx, group, justId);
  },
};

/** Removes the `deleted` from the pending entries and gives the `taken` to the consumer. */
function takeOver(ctx: Context, group: Ref, justId: boolean): void {
  const { space } = ctx;
  const consumer = consumerFor(ctx, 1, 2, 3, group);
  streams.setSeenTime(space, consumer, ctx.now);
  beginClaims(1, 2, 3, ctx.now);
  try {
    for (let i = 0; i < deleted.length; i++) {
      deleted.get(i, id);
      streams.removePending(space, group, id);
      logGone(id);
    }
    for (let i = 0; i < taken.length; i++) {
      taken.get(i, id);
      const pending = streams.findPending(space, group, id);
      streams.assignPending(space, pending, consumer, id);
      streams.setDeliveryTime(space, pending, ctx.now);
      if (!justId) streams.countDelivery(space, pending);
      logClaimed(ctx, consumer, pending);
    }
  } finally {
    endClaims(ctx);
  }
}

const cursor = new streams.PendingCursor();
const deleted = new IdList();
/** Redis's: what fits when it makes room for the IDs of deleted entries. */
const COUNT_MAX = 2 ** 59 - 64;

/** The ID where the next call goes on stands in front of the claimed entries. */
function insertCursor(ctx: Context, mark: number, more: boolean): void {
  const { reply } = ctx;
  const end = reply.pos;
  if (more) streams.copyId(id, cursor.id);
  else id.fill(0);
  replyId(reply, id);
  const length = reply.pos - end;
  reply.ensure(length);
  const { buf } = reply;
  // [entries][ID] → [ID][entries]; the ID survives behind the entries' new end.
  buf.copyWithin(end + length, end, end + length);
  buf.copyWithin(mark + length, mark, end);
  buf.copyWithin(mark, end + length, end + 2 * length);
}
