import { TYPE_STREAM, halves, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { integerArg, isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { keyAt } from '../core/key-specs.ts';
import { groupArg, replyConsumerName, replyEdgeEntry, replyEntries } from './entries.ts';
import { replyId, replyInt64 } from './ids.ts';

const id = streams.newId();
const cursor = new streams.PendingCursor();

/** The stream in argument 2; 0: answered. */
function streamArg(ctx: Context): Ref {
  const ref = ctx.lookupRead(2);
  if (ref === 0) ctx.reply.error('ERR no such key');
  return ref !== 0 && ctx.isType(ref, TYPE_STREAM) ? ref : 0;
}

function syntax(ctx: Context): void {
  ctx.reply.error(
    `ERR unknown subcommand or wrong number of arguments for '${printable(ctx.req, 1).slice(0, 128)}'. Try ${printable(ctx.req, 0).toUpperCase()} HELP.`,
  );
}

function replyGroupName(ctx: Context, group: Ref): void {
  ctx.reply.bulk(ctx.arena.u8, streams.groupName(group), streams.nameLength(ctx.space, group));
}

/** Names and values that XINFO GROUPS and XINFO STREAM FULL have in common. */
function replyProgress(ctx: Context, ref: Ref, group: Ref): void {
  const { reply, space } = ctx;
  reply.bulkLatin1('last-delivered-id');
  streams.groupLastId(space, group, id);
  replyId(reply, id);
  reply.bulkLatin1('entries-read');
  const lo = streams.entriesReadLo(space, group);
  const hi = streams.entriesReadHi(space, group);
  if (lo === -1 && hi === -1) reply.nil();
  else replyInt64(reply, lo, hi);
  reply.bulkLatin1('lag');
  if (streams.lag(space, ref, group)) replyInt64(reply, halves.lo, halves.hi);
  else reply.nil();
}

const stream: Command = {
  name: 'stream',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO', 'access')],
  docs: {
    summary: 'Get information about a stream',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    history: [
      ['6.0.0', 'Added the `FULL` modifier.'],
      [
        '7.0.0',
        'Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields',
      ],
      ['7.2.0', 'Added the `active-time` field, and changed the meaning of `seen-time`.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'full',
        type: 'block',
        token: 'FULL',
        flags: ['optional'],
        arguments: [{ name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] }],
      },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    const ref = streamArg(ctx);
    if (ref === 0) return;
    const full = req.argc > 3;
    let count = 10;
    if (full) {
      if ((req.argc !== 4 && req.argc !== 6) || !isWord(req, 3, 'full')) return syntax(ctx);
      if (req.argc === 6) {
        if (!isWord(req, 4, 'count')) return syntax(ctx);
        count = integerArg(ctx, 5);
        if (count !== count) return;
        if (count < 0) count = 10;
      }
    }
    reply.map(full ? 9 : 10);
    reply.bulkLatin1('length');
    reply.int(streams.length(space, ref));
    reply.bulkLatin1('radix-tree-keys');
    reply.int(streams.nodeCount(space, ref));
    reply.bulkLatin1('radix-tree-nodes');
    reply.int(Math.max(1, streams.treeNodeCount(space, ref))); // Redis's empty tree has a root
    reply.bulkLatin1('last-generated-id');
    streams.lastId(space, ref, id);
    replyId(reply, id);
    reply.bulkLatin1('max-deleted-entry-id');
    streams.maxDeletedId(space, ref, id);
    replyId(reply, id);
    reply.bulkLatin1('entries-added');
    replyInt64(reply, streams.entriesAddedLo(space, ref) | 0, streams.entriesAddedHi(space, ref) | 0);
    reply.bulkLatin1('recorded-first-entry-id');
    streams.firstId(space, ref, id);
    replyId(reply, id);
    if (!full) {
      reply.bulkLatin1('groups');
      reply.int(streams.groupCount(space, ref));
      reply.bulkLatin1('first-entry');
      replyEdgeEntry(ctx, ref, false);
      reply.bulkLatin1('last-entry');
      replyEdgeEntry(ctx, ref, true);
      return;
    }
    reply.bulkLatin1('entries');
    replyEntries(ctx, ref, streams.ID_MIN, streams.ID_MAX, count, false);
    reply.bulkLatin1('groups');
    const groups = streams.groupCount(space, ref);
    reply.array(groups);
    for (let i = 0; i < groups; i++) replyFullGroup(ctx, ref, streams.groupAt(space, ref, i), count);
  },
};

function replyFullGroup(ctx: Context, ref: Ref, group: Ref, count: number): void {
  const { reply, space } = ctx;
  reply.map(7);
  reply.bulkLatin1('name');
  replyGroupName(ctx, group);
  replyProgress(ctx, ref, group);
  reply.bulkLatin1('pel-count');
  reply.int(streams.pendingCount(space, group));
  reply.bulkLatin1('pending');
  cursor.startGroup(space, group, streams.ID_MIN);
  replyPending(ctx, count, true);
  reply.bulkLatin1('consumers');
  const consumers = streams.consumerCount(space, group);
  reply.array(consumers);
  for (let i = 0; i < consumers; i++) {
    const consumer = streams.consumerAt(space, group, i);
    reply.map(5);
    reply.bulkLatin1('name');
    replyConsumerName(ctx, consumer);
    reply.bulkLatin1('seen-time');
    reply.int(streams.seenTime(space, consumer));
    reply.bulkLatin1('active-time');
    reply.int(streams.activeTime(space, consumer));
    reply.bulkLatin1('pel-count');
    reply.int(streams.consumerPendingCount(space, consumer));
    reply.bulkLatin1('pending');
    cursor.startConsumer(space, consumer, streams.ID_MIN);
    replyPending(ctx, count, false);
  }
}

/** The pending entries that the cursor has, `count` at most (0: all). */
function replyPending(ctx: Context, count: number, withConsumer: boolean): void {
  const { reply, space } = ctx;
  const mark = reply.beginAggregate();
  let entries = 0;
  while ((count === 0 || entries < count) && cursor.next()) {
    const { pending } = cursor;
    entries++;
    reply.array(withConsumer ? 4 : 3);
    replyId(reply, cursor.id);
    if (withConsumer) replyConsumerName(ctx, streams.pendingConsumer(space, pending));
    reply.int(streams.deliveryTime(space, pending));
    replyInt64(reply, streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending));
  }
  reply.endAggregate(mark, 'array', entries);
}

const groups: Command = {
  name: 'groups',
  arity: 3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO', 'access')],
  docs: {
    summary: 'List the consumer groups of a stream',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the `entries-read` and `lag` fields']],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const { reply, space } = ctx;
    const ref = streamArg(ctx);
    if (ref === 0) return;
    const groups = streams.groupCount(space, ref);
    reply.array(groups);
    for (let i = 0; i < groups; i++) {
      const group = streams.groupAt(space, ref, i);
      reply.map(6);
      reply.bulkLatin1('name');
      replyGroupName(ctx, group);
      reply.bulkLatin1('consumers');
      reply.int(streams.consumerCount(space, group));
      reply.bulkLatin1('pending');
      reply.int(streams.pendingCount(space, group));
      replyProgress(ctx, ref, group);
    }
  },
};

const consumers: Command = {
  name: 'consumers',
  arity: 4,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'List the consumers in a consumer group',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    history: [['7.2.0', 'Added the `inactive` field, and changed the meaning of `idle`.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'groupname', type: 'string' },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    const ref = streamArg(ctx);
    if (ref === 0) return;
    const group = groupArg(ctx, ref, 3);
    if (group === 0) {
      return reply.error(`NOGROUP No such consumer group '${printable(req, 3)}' for key name '${printable(req, 2)}'`);
    }
    const consumers = streams.consumerCount(space, group);
    reply.array(consumers);
    for (let i = 0; i < consumers; i++) {
      const consumer = streams.consumerAt(space, group, i);
      const active = streams.activeTime(space, consumer);
      reply.map(4);
      reply.bulkLatin1('name');
      replyConsumerName(ctx, consumer);
      reply.bulkLatin1('pending');
      reply.int(streams.consumerPendingCount(space, consumer));
      reply.bulkLatin1('idle');
      reply.int(Math.max(0, ctx.now - streams.seenTime(space, consumer)));
      reply.bulkLatin1('inactive');
      reply.int(active === -1 ? -1 : Math.max(0, ctx.now - active));
    }
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'XINFO', [
      'CONSUMERS <key> <groupname>',
      '    Show consumers of <groupname>.',
      'GROUPS <key>',
      '    Show the stream consumer groups.',
      'STREAM <key> [FULL [COUNT <count>]',
      '    Show information about the stream.',
    ]);
  },
};

export const xinfo: Command = {
  name: 'xinfo',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for stream introspection commands',
    since: '5.0.0',
    group: 'stream',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [consumers, groups, help, stream],
};
