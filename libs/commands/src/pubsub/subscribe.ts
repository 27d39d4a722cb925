// SUBSCRIBE and its kind. Each name is answered for itself, with a push in RESP3 and an array like it in RESP2, whatever CLIENT REPLY says.

import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { CHANNEL, NAME_BYTES_MAX, PATTERN, SHARD, SUBSCRIPTIONS_MAX } from '../core/pubsub.ts';
import type { SubscriptionKind } from '../core/pubsub.ts';

const FLAGS = ['pubsub', 'noscript', 'loading', 'stale'] as const;
const SHARD_KEYS = [{ flags: ['not_key'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }] as const;
const TOO_MANY = `ERR clients have at most ${SUBSCRIPTIONS_MAX} subscriptions with names of ${NAME_BYTES_MAX} bytes, all together`;

export const subscribe: Command = {
  name: 'subscribe',
  arity: -2,
  flags: FLAGS,
  docs: {
    summary: 'Listen for messages published to the given channels',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) where N is the number of channels to subscribe to.',
    arguments: [{ name: 'channel', type: 'string', flags: ['multiple'] }],
  },
  run(ctx, req) {
    begin(ctx, req, CHANNEL);
  },
};

export const psubscribe: Command = {
  name: 'psubscribe',
  arity: -2,
  flags: FLAGS,
  docs: {
    summary: 'Listen for messages published to channels matching the given patterns',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) where N is the number of patterns the client is already subscribed to.',
    arguments: [
      { name: 'pattern', type: 'block', flags: ['multiple'], arguments: [{ name: 'pattern', type: 'pattern' }] },
    ],
  },
  run(ctx, req) {
    begin(ctx, req, PATTERN);
  },
};

export const ssubscribe: Command = {
  name: 'ssubscribe',
  arity: -2,
  flags: FLAGS,
  keySpecs: SHARD_KEYS,
  docs: {
    summary: 'Listen for messages published to the given shard channels',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) where N is the number of shard channels to subscribe to.',
    arguments: [{ name: 'shardchannel', type: 'string', flags: ['multiple'] }],
  },
  run(ctx, req) {
    // In a transaction the other two may, which is older.
    if (ctx.depth > 1) return ctx.reply.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    begin(ctx, req, SHARD);
  },
};

export const unsubscribe: Command = {
  name: 'unsubscribe',
  arity: -1,
  flags: FLAGS,
  docs: {
    summary: 'Stop listening for messages posted to the given channels',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) where N is the number of clients already subscribed to a channel.',
    arguments: [{ name: 'channel', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    end(ctx, req, CHANNEL);
  },
};

export const punsubscribe: Command = {
  name: 'punsubscribe',
  arity: -1,
  flags: FLAGS,
  docs: {
    summary: 'Stop listening for messages posted to channels matching the given patterns',
    since: '2.0.0',
    group: 'pubsub',
    complexity:
      'O(N+M) where N is the number of patterns the client is already subscribed and M is the number of total patterns subscribed in the system (by any client).',
    arguments: [{ name: 'pattern', type: 'pattern', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    end(ctx, req, PATTERN);
  },
};

export const sunsubscribe: Command = {
  name: 'sunsubscribe',
  arity: -1,
  flags: FLAGS,
  keySpecs: SHARD_KEYS,
  docs: {
    summary: 'Stop listening for messages posted to the given shard channels',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) where N is the number of clients already subscribed to a shard channel.',
    arguments: [{ name: 'shardchannel', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    end(ctx, req, SHARD);
  },
};

const BEGINS = ['subscribe', 'psubscribe', 'ssubscribe'] as const;
const ENDS = ['unsubscribe', 'punsubscribe', 'sunsubscribe'] as const;

function begin(ctx: Context, req: Request, kind: SubscriptionKind): void {
  let bytes = 0;
  for (let i = 1; i < req.argc; i++) bytes += req.len(i);
  if (!ctx.pubsub.hasRoom(req.argc - 1, bytes)) return ctx.reply.error(TOO_MANY);
  for (let i = 1; i < req.argc; i++) {
    ctx.pubsub.subscribe(ctx.session, kind, req.buf, req.off(i), req.len(i));
    confirm(ctx, BEGINS[kind], kind, req.buf, req.off(i), req.len(i));
  }
  ctx.pushed();
}

function end(ctx: Context, req: Request, kind: SubscriptionKind): void {
  const { pubsub, session } = ctx;
  for (let i = 1; i < req.argc; i++) {
    pubsub.unsubscribe(session, kind, req.buf, req.off(i), req.len(i));
    confirm(ctx, ENDS[kind], kind, req.buf, req.off(i), req.len(i));
  }
  if (req.argc === 1) {
    const topics = session.subscriptions?.of[kind];
    if (topics === undefined || topics.size === 0) confirm(ctx, ENDS[kind], kind, null, 0, 0);
    else {
      for (const topic of topics) {
        pubsub.leave(session, kind, topic);
        confirm(ctx, ENDS[kind], kind, topic.bytes, 0, topic.bytes.length);
      }
    }
  }
  ctx.pushed();
}

/** Null: there was no subscription to end. */
function confirm(
  { reply, session: { subscriptions } }: Context,
  word: string,
  kind: SubscriptionKind,
  buf: Uint8Array | null,
  off: number,
  len: number,
): void {
  reply.push(3);
  reply.bulkLatin1(word);
  if (buf === null) reply.nil();
  else reply.bulk(buf, off, len);
  reply.int(subscriptions === null ? 0 : kind === SHARD ? subscriptions.of[SHARD].size : subscriptions.count);
}
