import { TYPE_STREAM, events, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { SYNTAX_ERROR, integerArg, isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { consumerArg, groupArg, lookupGroups, replyConsumerName } from './entries.ts';
import { IdList, boundArg, idArgs, replyId, replyInt64 } from './ids.ts';

const ids = new IdList();
const id = streams.newId();
const start = streams.newId();
const end = streams.newId();
const cursor = new streams.PendingCursor();

export const xack: Command = {
  name: 'xack',
  arity: -4,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary:
      'Marks a pending message as correctly processed, effectively removing it from the pending entries list of the consumer group. Return value of the command is the number of messages successfully acknowledged, that is, the IDs we were actually able to resolve in the PEL.',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1) for each message ID processed.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'group', type: 'string' },
      { name: 'id', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx) {
    const { reply } = ctx;
    const ref = lookupGroups(ctx, 1);
    if (ref === -1) return;
    const group = ref === 0 ? 0 : groupArg(ctx, ref, 2);
    if (group === 0) return reply.int(0);
    if (!idArgs(ctx, 3, ids)) return;
    let acknowledged = 0;
    for (let i = 0; i < ids.length; i++) {
      ids.get(i, id);
      if (streams.removePending(ctx.space, group, id)) acknowledged++;
    }
    if (acknowledged > 0) {
      ctx.announce(events.QUIET, 1);
      ctx.propagate(acknowledged);
    }
    reply.int(acknowledged);
  },
};

export const xpending: Command = {
  name: 'xpending',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary:
      'Return information and entries from a stream consumer group pending entries list, that are messages fetched but never acknowledged.',
    since: '5.0.0',
    group: 'stream',
    complexity:
      'O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.',
    history: [['6.2.0', 'Added the `IDLE` option and exclusive range intervals.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'group', type: 'string' },
      {
        name: 'filters',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'min-idle-time', type: 'integer', token: 'IDLE', since: '6.2.0', flags: ['optional'] },
          { name: 'start', type: 'string' },
          { name: 'end', type: 'string' },
          { name: 'count', type: 'integer' },
          { name: 'consumer', type: 'string', flags: ['optional'] },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    const { argc } = req;
    if (argc !== 3 && (argc < 6 || argc > 9)) return reply.error(SYNTAX_ERROR);
    let count = 0;
    let minIdle = 0;
    let at = 3;
    if (argc >= 6) {
      if (isWord(req, 3, 'idle')) {
        minIdle = integerArg(ctx, 4);
        if (minIdle !== minIdle) return;
        if (argc < 8) return reply.error(SYNTAX_ERROR);
        at = 5;
      }
      count = integerArg(ctx, at + 2);
      if (count !== count) return;
      if (!boundArg(ctx, at, start, false) || !boundArg(ctx, at + 1, end, true)) return;
    }
    const ref = ctx.lookupRead(1);
    if (ref !== 0 && !ctx.isType(ref, TYPE_STREAM)) return;
    const group = ref === 0 ? 0 : groupArg(ctx, ref, 2);
    if (group === 0) {
      return reply.error(`NOGROUP No such key '${printable(req, 1)}' or consumer group '${printable(req, 2)}'`);
    }
    if (argc === 3) return replySummary(ctx, group);
    let consumer: Ref = 0;
    if (at + 3 < argc) {
      consumer = consumerArg(ctx, group, at + 3);
      if (consumer === 0) return reply.array(0);
    }
    replyPending(ctx, group, consumer, count, minIdle);
  },
};

/** How many entries are pending, the lowest and highest ID, and how many each consumer has. */
function replySummary(ctx: Context, group: Ref): void {
  const { reply, space } = ctx;
  const pending = streams.pendingCount(space, group);
  reply.array(4);
  reply.int(pending);
  if (pending === 0) {
    reply.nil();
    reply.nil();
    reply.nilArray();
    return;
  }
  cursor.startGroup(space, group, streams.ID_MIN);
  if (cursor.next()) replyId(reply, cursor.id);
  cursor.startLast(space, group);
  if (cursor.next()) replyId(reply, cursor.id);
  const mark = reply.beginAggregate();
  let consumers = 0;
  for (let i = 0; i < streams.consumerCount(space, group); i++) {
    const consumer = streams.consumerAt(space, group, i);
    const own = streams.consumerPendingCount(space, consumer);
    if (own === 0) continue;
    reply.array(2);
    replyConsumerName(ctx, consumer);
    reply.bulkLatin1(String(own));
    consumers++;
  }
  reply.endAggregate(mark, 'array', consumers);
}

/** The pending entries of the group, or of one consumer, from `start` to `end`. */
function replyPending(ctx: Context, group: Ref, consumer: Ref, count: number, minIdle: number): void {
  const { reply, space } = ctx;
  if (consumer === 0) cursor.startGroup(space, group, start);
  else cursor.startConsumer(space, consumer, start);
  const mark = reply.beginAggregate();
  let entries = 0;
  while (entries < count && cursor.next() && streams.compareIds(cursor.id, end) <= 0) {
    const { pending } = cursor;
    const idle = ctx.now - streams.deliveryTime(space, pending);
    if (minIdle !== 0 && idle < minIdle) continue;
    entries++;
    reply.array(4);
    replyId(reply, cursor.id);
    replyConsumerName(ctx, streams.pendingConsumer(space, pending));
    reply.int(Math.max(0, idle));
    replyInt64(reply, streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
  }
  reply.endAggregate(mark, 'array', entries);
}
