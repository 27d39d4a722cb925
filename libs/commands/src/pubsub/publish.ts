/**
 * PUBLISH and SPUBLISH. A message goes to the subscribers of this node at once, and through the engine to those of the others.
 *
 * Not before what its publisher has written is stored, though: a subscriber must not hear of what may still be lost, and on a slave it must find
 * what the message is about. That is the publisher's own affair: it may not even have waited for its reply. What others have written holds nobody up.
 */

import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

/** Messages that wait for the log, all together. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const TOO_MANY = `ERR more than ${WAITING_BYTES_MAX} bytes of messages wait for the replication log`;

export const publish: Command = {
  name: 'publish',
  arity: 3,
  flags: ['pubsub', 'loading', 'stale', 'fast'],
  docs: {
    summary: 'Post a message to a channel',
    since: '2.0.0',
    group: 'pubsub',
    complexity:
      'O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).',
    arguments: [
      { name: 'channel', type: 'string' },
      { name: 'message', type: 'string' },
    ],
  },
  run(ctx, req) {
    send(ctx, req, false);
  },
};

export const spublish: Command = {
  name: 'spublish',
  arity: 3,
  flags: ['pubsub', 'loading', 'stale', 'fast'],
  keySpecs: [{ flags: ['not_key'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  docs: {
    summary: 'Post a message to a shard channel',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) where N is the number of clients subscribed to the receiving shard channel.',
    arguments: [
      { name: 'shardchannel', type: 'string' },
      { name: 'message', type: 'string' },
    ],
  },
  run(ctx, req) {
    send(ctx, req, true);
  },
};

function send(ctx: Context, req: Request, isShard: boolean): void {
  const { lastRecord } = ctx.session;
  const { buf } = req;
  const [off, len, payload, payloadLen] = [req.off(1), req.len(1), req.off(2), req.len(2)];
  if (lastRecord !== 0 && !ctx.isStored(lastRecord)) return sendLater(ctx, req, isShard);
  ctx.notifications.flush();
  const receivers = ctx.pubsub.publish(isShard, buf, off, len, buf, payload, payloadLen);
  ctx.onPublished(isShard, buf, off, len, buf, payload, payloadLen);
  ctx.reply.int(receivers);
}

function sendLater(ctx: Context, req: Request, isShard: boolean): void {
  const channel = req.bytes(1);
  const payload = req.bytes(2);
  const bytes = channel.length + payload.length;
  if (ctx.waitingMessageBytes + bytes > WAITING_BYTES_MAX) return ctx.reply.error(TOO_MANY);
  ctx.waitingMessageBytes += bytes;
  ctx.reply.int(ctx.pubsub.receivers(isShard, channel, 0, channel.length));
  ctx.notifications.cut();
  ctx.whenStored(ctx.session.lastRecord, (stored) => {
    ctx.waitingMessageBytes -= bytes;
    if (!stored) return;
    ctx.pubsub.publish(isShard, channel, 0, channel.length, payload, 0, payload.length);
    ctx.onPublished(isShard, channel, 0, channel.length, payload, 0, payload.length);
  });
}
