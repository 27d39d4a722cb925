import { globMatchAt } from '@weir/config';
import type { Request } from '@weir/resp';
import { printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { CHANNEL, PATTERN, SHARD } from '../core/pubsub.ts';
import type { Topic } from '../core/pubsub.ts';

const FLAGS = ['pubsub', 'loading', 'stale'] as const;

const channels: Command = {
  name: 'channels',
  arity: -2,
  flags: FLAGS,
  docs: {
    summary: 'List active channels',
    since: '2.8.0',
    group: 'pubsub',
    complexity:
      'O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)',
    arguments: [{ name: 'pattern', type: 'pattern', flags: ['optional'] }],
  },
  run(ctx, req) {
    listTopics(ctx, req, CHANNEL);
  },
};

const shardchannels: Command = {
  name: 'shardchannels',
  arity: -2,
  flags: FLAGS,
  docs: {
    summary: 'List active shard channels',
    since: '7.0.0',
    group: 'pubsub',
    complexity:
      'O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).',
    arguments: [{ name: 'pattern', type: 'pattern', flags: ['optional'] }],
  },
  run(ctx, req) {
    listTopics(ctx, req, SHARD);
  },
};

const numsub: Command = {
  name: 'numsub',
  arity: -2,
  flags: FLAGS,
  docs: {
    summary: 'Get the count of subscribers for channels',
    since: '2.8.0',
    group: 'pubsub',
    complexity: 'O(N) for the NUMSUB subcommand, where N is the number of requested channels',
    arguments: [{ name: 'channel', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    countSubscribers(ctx, req, CHANNEL);
  },
};

const shardnumsub: Command = {
  name: 'shardnumsub',
  arity: -2,
  flags: FLAGS,
  docs: {
    summary: 'Get the count of subscribers for shard channels',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels',
    arguments: [{ name: 'shardchannel', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    countSubscribers(ctx, req, SHARD);
  },
};

const numpat: Command = {
  name: 'numpat',
  arity: 2,
  flags: FLAGS,
  docs: {
    summary: 'Get the count of unique patterns pattern subscriptions',
    since: '2.8.0',
    group: 'pubsub',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.int(ctx.pubsub.topics[PATTERN].size);
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  acl: [],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '6.2.0',
    group: 'pubsub',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'PUBSUB', [
      'CHANNELS [<pattern>]',
      "    Return the currently active channels matching a <pattern> (default: '*').",
      'NUMPAT',
      '    Return number of subscriptions to patterns.',
      'NUMSUB [<channel> ...]',
      '    Return the number of subscribers for the specified channels, excluding',
      '    pattern subscriptions(default: no channels).',
      'SHARDCHANNELS [<pattern>]',
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
      'SHARDNUMSUB [<shardchannel> ...]',
      '    Return the number of subscribers for the specified shard level channel(s)',
    ]);
  },
};

function listTopics({ pubsub, reply }: Context, req: Request, kind: typeof CHANNEL | typeof SHARD): void {
  if (req.argc > 3) {
    return reply.error(
      `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1)}'. Try PUBSUB HELP.`,
    );
  }
  const start = reply.beginAggregate();
  let count = 0;
  for (const topic of pubsub.topics[kind]) {
    if (req.argc === 3 && !isMatched(req, topic)) continue;
    reply.bulk(topic.bytes, 0, topic.bytes.length);
    count++;
  }
  reply.endAggregate(start, 'array', count);
}

function isMatched(req: Request, { bytes }: Topic): boolean {
  const off = req.off(2);
  return globMatchAt(req.buf, off, off + req.len(2), bytes, 0, bytes.length, false);
}

function countSubscribers(
  { keyspace, pubsub, reply }: Context,
  req: Request,
  kind: typeof CHANNEL | typeof SHARD,
): void {
  reply.array(2 * (req.argc - 2));
  for (let i = 2; i < req.argc; i++) {
    const [off, len] = [req.off(i), req.len(i)];
    reply.bulk(req.buf, off, len);
    const topic = pubsub.topics[kind].find(keyspace.hash(req.buf, off, len), req.buf, off, len);
    reply.int(topic === null ? 0 : topic.subscribers.size);
  }
}

export const pubsub: Command = {
  name: 'pubsub',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for Pub/Sub commands',
    since: '2.8.0',
    group: 'pubsub',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [channels, help, numpat, numsub, shardchannels, shardnumsub],
};
