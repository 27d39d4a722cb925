/**
 * XREAD and XREADGROUP, which wait with BLOCK when there is nothing: core/blocking.ts.
 */

import { TYPE_STREAM, events, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { SinkFullError } from '@weir/resp';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord, printable } from '../core/args.ts';
import type { Blocker, Waiter } from '../core/blocking.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { BEYOND, INT64_MAX, bigInt64, parseInt64 } from '../core/integer.ts';
import {
  CLAIMS_TOO_LONG,
  beginClaims,
  claimsFit,
  endClaims,
  expectClaim,
  expectClaims,
  expectNames,
  logClaim,
  logConsumer,
  logGroup,
} from './effects.ts';
import { consumerArg, groupArg, lookupGroups, replyEntries, replyEntry, replyEntryOf } from './entries.ts';
import { IdList, idArg, isChar, replyId } from './ids.ts';

/** What `parseRead` read last. */
const options = {
  count: 0,
  noAck: false,
  /** Argument of the group, followed by the consumer; 0: none. */
  group: 0,
  /** Argument of the first key, and how many there are. */
  keys: 0,
  streams: 0,
  /** Milliseconds of BLOCK, 0 for ever; -1: there is none. */
  blockMs: -1,
};
/** Per key: the ID behind which reading begins; the highest of all IDs stands for `>`. */
const ids = new IdList();
const id = streams.newId();
const from = streams.newId();

const DOLLAR = 36;
const GREATER = 62;

function parseRead(ctx: Context, forGroup: boolean): boolean {
  const { req, reply } = ctx;
  options.count = 0;
  options.noAck = false;
  options.group = 0;
  options.keys = 0;
  options.blockMs = -1;
  for (let i = 1; i < req.argc; i++) {
    const more = req.argc - 1 - i;
    if (more > 0 && isWord(req, i, 'block')) {
      if (!checkTimeout(ctx, ++i)) return false;
    } else if (more > 0 && isWord(req, i, 'count')) {
      options.count = integerArg(ctx, ++i);
      if (options.count !== options.count) return false;
      if (options.count < 0) options.count = 0;
    } else if (more > 0 && isWord(req, i, 'streams')) {
      options.keys = i + 1;
      options.streams = (req.argc - options.keys) / 2;
      if (!Number.isInteger(options.streams)) {
        const [name, symbol] = forGroup ? ['xreadgroup', '>'] : ['xread', '$'];
        reply.error(
          `ERR Unbalanced '${name}' list of streams: for each stream key an ID or '${symbol}' must be specified.`,
        );
        return false;
      }
      break;
    } else if (more >= 2 && isWord(req, i, 'group')) {
      if (!forGroup) return refuse(ctx, 'GROUP');
      options.group = i + 1;
      i += 2;
    } else if (isWord(req, i, 'noack')) {
      if (!forGroup) return refuse(ctx, 'NOACK');
      options.noAck = true;
    } else {
      reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  if (options.keys === 0) {
    reply.error(SYNTAX_ERROR);
    return false;
  }
  if (forGroup && options.group === 0) {
    reply.error('ERR Missing GROUP option for XREADGROUP');
    return false;
  }
  return true;
}

function refuse(ctx: Context, option: string): false {
  ctx.reply.error(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
  return false;
}

function checkTimeout(ctx: Context, i: number): boolean {
  const { req, reply } = ctx;
  const timeout = parseInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  options.blockMs = timeout;
  if (timeout !== timeout) reply.error('ERR timeout is not an integer or out of range');
  else if (timeout < 0) reply.error('ERR timeout is negative');
  else if (timeout !== BEYOND) return true;
  else {
    const exact = bigInt64(req.buf, req.args[2 * i], req.args[2 * i + 1]);
    if (exact < 0n) reply.error('ERR timeout is negative');
    else if (exact > INT64_MAX - BigInt(ctx.now)) reply.error('ERR timeout is out of range');
    else return true;
  }
  return false;
}

/** Fills `ids`. False: answered. */
function parseIds(ctx: Context, forGroup: boolean): boolean {
  const { req, reply } = ctx;
  ids.reset();
  for (let n = 0; n < options.streams; n++) {
    const key = options.keys + n;
    const i = key + options.streams;
    const ref = forGroup ? lookupGroups(ctx, key) : ctx.lookupRead(key);
    if (ref === -1 || (ref !== 0 && !ctx.isType(ref, TYPE_STREAM))) return false;
    if (forGroup && (ref === 0 || groupArg(ctx, ref, options.group) === 0)) {
      reply.error(
        `NOGROUP No such key '${printable(req, key)}' or consumer group '${printable(req, options.group)}' in XREADGROUP with GROUP option`,
      );
      return false;
    }
    if (isChar(req, i, DOLLAR)) {
      if (forGroup) {
        reply.error(
          'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
        );
        return false;
      }
      if (ref === 0) id.fill(0);
      else streams.lastId(ctx.space, ref, id);
    } else if (isChar(req, i, GREATER)) {
      if (!forGroup) {
        reply.error(
          'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
        );
        return false;
      }
      streams.copyId(id, streams.ID_MAX);
    } else if (!idArg(ctx, i, id)) return false;
    ids.push(id);
  }
  return true;
}

/** Answers key and entries of one stream. */
function replyKey(ctx: Context, req: Request, key: number): void {
  if (ctx.reply.resp === 2) ctx.reply.array(2);
  ctx.reply.bulk(req.buf, req.args[2 * key], req.args[2 * key + 1]);
}

function endReply(ctx: Context, mark: number, served: number): void {
  if (served === 0) ctx.reply.nilArray();
  else ctx.reply.endAggregate(mark, ctx.reply.resp === 2 ? 'array' : 'map', served);
}

/** Whether the stream has an entry above the ID. */
function hasAbove(ctx: Context, ref: Ref, above: streams.StreamId): boolean {
  return streams.edgeId(ctx.space, ref, true, from) && streams.compareIds(from, above) > 0;
}

export const xread: Command = {
  name: 'xread',
  arity: -4,
  flags: ['readonly', 'blocking', 'movablekeys'],
  keySpecs: [
    { flags: ['RO', 'access'], begin: { keyword: 'STREAMS', from: 1 }, find: { last: -1, step: 1, limit: 2 } },
  ],
  docs: {
    summary:
      'Return never seen elements in multiple streams, with IDs greater than the ones reported by the caller for each stream. Can block.',
    since: '5.0.0',
    group: 'stream',
    complexity:
      'For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data.',
    arguments: [
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
      { name: 'milliseconds', type: 'integer', token: 'BLOCK', flags: ['optional'] },
      {
        name: 'streams',
        type: 'block',
        token: 'STREAMS',
        arguments: [
          { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
          { name: 'id', type: 'string', flags: ['multiple'] },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    if (!parseRead(ctx, false) || !parseIds(ctx, false)) return;
    const mark = reply.beginAggregate();
    let served = 0;
    for (let n = 0; n < options.streams; n++) {
      const ref = ctx.lookupRead(options.keys + n);
      if (ref === 0) continue;
      ids.get(n, id);
      if (!hasAbove(ctx, ref, id)) continue;
      served++;
      replyKey(ctx, req, options.keys + n);
      streams.incrementId(id);
      replyEntries(ctx, ref, id, streams.ID_MAX, options.count, false);
    }
    if (served === 0 && mayWait(ctx)) wait(ctx, READER, mark);
    else endReply(ctx, mark, served);
  },
};

export const xreadgroup: Command = {
  name: 'xreadgroup',
  arity: -7,
  flags: ['write', 'blocking', 'movablekeys'],
  keySpecs: [
    { flags: ['RO', 'access'], begin: { keyword: 'STREAMS', from: 4 }, find: { last: -1, step: 1, limit: 2 } },
  ],
  docs: {
    summary:
      'Return new entries from a stream using a consumer group, or access the history of the pending entries for a given consumer. Can block.',
    since: '5.0.0',
    group: 'stream',
    complexity:
      'For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.',
    arguments: [
      {
        name: 'group_consumer',
        type: 'block',
        token: 'GROUP',
        arguments: [
          { name: 'group', type: 'string' },
          { name: 'consumer', type: 'string' },
        ],
      },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
      { name: 'milliseconds', type: 'integer', token: 'BLOCK', flags: ['optional'] },
      { name: 'noack', type: 'pure-token', token: 'NOACK', flags: ['optional'] },
      {
        name: 'streams',
        type: 'block',
        token: 'STREAMS',
        arguments: [
          { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
          { name: 'id', type: 'string', flags: ['multiple'] },
        ],
      },
    ],
  },
  run: readGroup,
};

/** Room for the header of the reply. */
const HEADER_BYTES_MAX = 64;

/** Per stream of the request: its entry, 0 when there is none, and where its part of `given` ends. */
const refs: Ref[] = [];
const givenEnds: number[] = [];
/** The entries that are answered, of all streams. */
const given = new IdList();
const seen = new Set<Ref>();

/**
 * All streams are answered before any of them changes, so that a reply which would be too long leaves nothing behind. Only of a stream
 * that is named again the second answer must know what the first did: then what was answered until there is done first, and should the
 * rest be too long it is left out, as if nothing else were new.
 */
function readGroup(ctx: Context, req: Request): void {
  if (!parseRead(ctx, true) || !parseIds(ctx, true)) return;
  const { reply } = ctx;
  const mark = reply.beginAggregate();
  given.reset();
  seen.clear();
  expectClaims();
  let served = 0;
  /** Streams that are changed already, how many of them were served, and where their reply ends. */
  let changed = 0;
  let servedChanged = 0;
  let endChanged = mark;
  let fits = true;
  try {
    for (let n = 0; n < options.streams && fits; n++) {
      const key = options.keys + n;
      const ref = ctx.lookupWrite(key);
      if (ref !== 0) {
        ctx.stats.keyspaceHits++;
        if (seen.has(ref)) {
          reply.ensure(HEADER_BYTES_MAX);
          change(ctx, changed, n);
          changed = n;
          servedChanged = served;
          endChanged = reply.pos;
          seen.clear();
        }
        if (options.streams > 1) seen.add(ref);
        if (answerStream(ctx, req, n, ref)) served++;
      }
      refs[n] = ref;
      givenEnds[n] = given.length;
      fits = claimsFit(ctx);
    }
    if (fits) {
      const waits = served === 0 && mayWait(ctx);
      if (!waits) endReply(ctx, mark, served);
      change(ctx, changed, options.streams);
      if (waits) wait(ctx, GROUP_READER, mark);
      return;
    }
  } catch (error) {
    if (!(error instanceof SinkFullError) || changed === 0) throw error;
  }
  reply.truncate(endChanged);
  if (changed === 0) reply.error(CLAIMS_TOO_LONG);
  else endReply(ctx, mark, servedChanged);
}

/** Answers what the consumer gets of a stream, which goes into `given`; false: it has nothing new. */
function answerStream(ctx: Context, req: Request, n: number, ref: Ref): boolean {
  const { space, reply } = ctx;
  const key = options.keys + n;
  const group = groupArg(ctx, ref, options.group);
  ids.get(n, id);
  const isHistory = streams.compareIds(id, streams.ID_MAX) !== 0;
  if (!isHistory) {
    streams.groupLastId(space, group, id);
    if (!hasAbove(ctx, ref, id)) return false;
  }
  expectNames(ctx, key, options.group, options.group + 1);
  replyKey(ctx, req, key);
  streams.incrementId(id);
  if (!isHistory) replyNew(ctx, ref);
  else {
    const consumer = consumerArg(ctx, group, options.group + 1);
    if (consumer === 0) reply.array(0);
    else replyHistory(ctx, ref, consumer);
  }
  return true;
}

/** Does what was answered of the streams in [from, to). */
function change(ctx: Context, from: number, to: number): void {
  const { space } = ctx;
  for (let n = from; n < to; n++) {
    const ref = refs[n];
    if (ref === 0) continue;
    const key = options.keys + n;
    const group = groupArg(ctx, ref, options.group);
    const consumer = consumerFor(ctx, key, options.group, options.group + 1, group);
    streams.setSeenTime(space, consumer, ctx.now);
    const first = n === 0 ? 0 : givenEnds[n - 1];
    if (first === givenEnds[n]) continue;
    beginClaims(key, options.group, options.group + 1, ctx.now);
    ids.get(n, id);
    if (streams.compareIds(id, streams.ID_MAX) !== 0) deliverAgain(ctx, group, first, givenEnds[n]);
    else deliver(ctx, ref, key, group, consumer, first, givenEnds[n]);
  }
}

/** The consumer in argument `i`, made if it is not there. `key` and `groupName`: arguments of the names. */
export function consumerFor(ctx: Context, key: number, groupName: number, i: number, group: Ref): Ref {
  const consumer = consumerArg(ctx, group, i);
  if (consumer !== 0) return consumer;
  const { req } = ctx;
  const made = streams.createConsumer(ctx.space, group, req.buf, req.args[2 * i], req.args[2 * i + 1], ctx.now);
  ctx.announce(events.XGROUP_CREATECONSUMER, key);
  logConsumer(ctx, key, groupName, i);
  return made;
}

const cursor = new streams.EntryCursor();

/** Answers the entries from `id` on. */
function replyNew(ctx: Context, ref: Ref): void {
  const { reply } = ctx;
  const mark = reply.beginAggregate();
  let entries = 0;
  cursor.start(ctx.space, ref, id, streams.ID_MAX);
  while (cursor.next()) {
    replyEntry(reply, cursor);
    given.push(cursor.id);
    if (!options.noAck) expectClaim(1, 0);
    if (++entries === options.count) break;
  }
  reply.endAggregate(mark, 'array', entries);
}

/** Makes what was answered pending, with the effects. */
function deliver(ctx: Context, ref: Ref, key: number, group: Ref, consumer: Ref, first: number, end: number): void {
  const { space } = ctx;
  let i = first;
  try {
    for (; i < end; i++) {
      given.get(i, id);
      if (!options.noAck) {
        makePending(ctx, group, consumer, id);
        logClaim(ctx, id, 1, 0);
      }
      // Above the group's last ID they all are.
      streams.countRead(space, ref, group, id);
      streams.setGroupLastId(space, group, id);
    }
  } finally {
    // Also what was done before the memory was full.
    endClaims(ctx);
    if (i > first) logGroup(ctx, key, options.group, group);
  }
}

/** The entry was delivered to the consumer for the first time. It may be pending already, when XGROUP SETID went back. */
function makePending(ctx: Context, group: Ref, consumer: Ref, entry: streams.StreamId): void {
  const { space } = ctx;
  const pending = streams.findPending(space, group, entry);
  if (pending === 0) streams.addPending(space, group, consumer, entry, ctx.now, 1, 0);
  else {
    streams.assignPending(space, pending, consumer, entry);
    streams.setDeliveryTime(space, pending, ctx.now);
    streams.setDeliveryCount(space, pending, 1, 0);
  }
  streams.setActiveTime(space, consumer, ctx.now);
}

const history = new streams.PendingCursor();

/** Answers the consumer's pending entries from `id` on. */
function replyHistory(ctx: Context, ref: Ref, consumer: Ref): void {
  const { space, reply } = ctx;
  const mark = reply.beginAggregate();
  let entries = 0;
  history.startConsumer(space, consumer, id);
  while ((options.count === 0 || entries < options.count) && history.next()) {
    if (replyEntryOf(ctx, ref, history.id)) {
      const { pending } = history;
      given.push(history.id);
      expectClaim(streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
    } else {
      reply.array(2);
      replyId(reply, history.id);
      reply.nilArray();
    }
    entries++;
  }
  reply.endAggregate(mark, 'array', entries);
}

/** That is a delivery more for those which are still there. */
function deliverAgain(ctx: Context, group: Ref, first: number, end: number): void {
  const { space } = ctx;
  for (let i = first; i < end; i++) {
    given.get(i, id);
    const pending = streams.findPending(space, group, id);
    streams.setDeliveryTime(space, pending, ctx.now);
    streams.countDelivery(space, pending);
    logClaim(ctx, id, streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
  }
  endClaims(ctx);
}

// --- waiting -----------------------------------------------------------------------------------------------------------

/** What a client that waits wanted. */
interface Wanted extends Readonly<typeof options> {
  /** Of XREAD: per key the ID behind which it reads. What `$` stood for is decided when the wait begins. */
  readonly ids: IdList;
}

const mayWait = (ctx: Context): boolean => options.blockMs >= 0 && ctx.depth === 1;

function wait(ctx: Context, blocker: Blocker, mark: number): void {
  ctx.reply.truncate(mark);
  const own = new IdList(options.streams);
  for (let n = 0; n < options.streams; n++) {
    ids.get(n, id);
    own.push(id);
  }
  const wanted: Wanted = { ...options, ids: own };
  ctx.blocked.wait(blocker, options.keys, options.streams, options.blockMs, wanted);
}

/** Aims what the functions above read at what the client wanted, of the key in argument `i` alone. */
function restore(waiter: Waiter, i: number): Wanted {
  const wanted = waiter.state as Wanted;
  options.count = wanted.count;
  options.noAck = wanted.noAck;
  options.group = wanted.group;
  options.keys = i;
  options.streams = 1;
  return wanted;
}

/** XREAD: whether the stream has had an entry since. As in Redis that counts also when it was deleted within the same transaction. */
const READER: Blocker = {
  type: TYPE_STREAM,
  writes: false,
  has(ctx, i, ref, { state }) {
    const wanted = state as Wanted;
    wanted.ids.get(i - wanted.keys, id);
    streams.lastId(ctx.space, ref, from);
    return streams.compareIds(from, id) > 0;
  },
  serve(ctx, i, waiter) {
    const ref = ctx.lookupWrite(i);
    const wanted = restore(waiter, i);
    const mark = ctx.reply.beginAggregate();
    replyKey(ctx, ctx.req, i);
    wanted.ids.get(i - wanted.keys, id);
    streams.incrementId(id);
    replyEntries(ctx, ref, id, streams.ID_MAX, options.count, false);
    endReply(ctx, mark, 1);
  },
};

const GROUP_READER: Blocker = {
  type: TYPE_STREAM,
  writes: true,
  lost: 'UNBLOCKED the stream key no longer exists',
  has(ctx, _i, ref, { state }) {
    const group = groupArg(ctx, ref, (state as Wanted).group);
    if (group === 0) return true;
    streams.groupLastId(ctx.space, group, id);
    streams.lastId(ctx.space, ref, from);
    return streams.compareIds(from, id) > 0;
  },
  serve(ctx, i, waiter) {
    const { reply } = ctx;
    const ref = ctx.lookupWrite(i);
    restore(waiter, i);
    const group = groupArg(ctx, ref, options.group);
    if (group === 0) return reply.error('NOGROUP the consumer group this client was blocked on no longer exists');
    const mark = reply.beginAggregate();
    expectClaims();
    expectNames(ctx, i, options.group, options.group + 1);
    given.reset();
    ids.reset();
    ids.push(streams.ID_MAX);
    replyKey(ctx, ctx.req, i);
    streams.groupLastId(ctx.space, group, id);
    streams.incrementId(id);
    replyNew(ctx, ref);
    refs[0] = ref;
    givenEnds[0] = given.length;
    if (claimsFit(ctx)) {
      endReply(ctx, mark, 1);
      change(ctx, 0, 1);
    } else {
      reply.truncate(mark);
      reply.error(CLAIMS_TOO_LONG);
    }
  },
};
