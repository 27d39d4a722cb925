import type { Request } from '@weir/resp';
import { integerArg, isWord, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyFailure } from './host-replies.ts';

export const replicaof: Command = {
  name: 'replicaof',
  arity: 3,
  flags: ['admin', 'noscript', 'stale', 'no_async_loading', 'in_trouble'],
  docs: {
    summary: 'Make the server a replica of another instance, or promote it as master.',
    since: '5.0.0',
    group: 'server',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'args',
        type: 'oneof',
        arguments: [
          {
            name: 'host-port',
            type: 'block',
            arguments: [
              { name: 'host', type: 'string' },
              { name: 'port', type: 'integer' },
            ],
          },
          {
            name: 'no-one',
            type: 'block',
            arguments: [
              { name: 'no', type: 'pure-token', token: 'NO' },
              { name: 'one', type: 'pure-token', token: 'ONE' },
            ],
          },
        ],
      },
    ],
  },
  run: replicaOf,
};

export const slaveof: Command = {
  name: 'slaveof',
  arity: 3,
  flags: ['admin', 'noscript', 'stale', 'no_async_loading', 'in_trouble'],
  docs: {
    summary: 'Make the server a replica of another instance, or promote it as master.',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
    deprecatedSince: '5.0.0',
    replacedBy: '`REPLICAOF`',
    docFlags: ['deprecated'],
    arguments: [
      {
        name: 'args',
        type: 'oneof',
        arguments: [
          {
            name: 'host-port',
            type: 'block',
            arguments: [
              { name: 'host', type: 'string' },
              { name: 'port', type: 'integer' },
            ],
          },
          {
            name: 'no-one',
            type: 'block',
            arguments: [
              { name: 'no', type: 'pure-token', token: 'NO' },
              { name: 'one', type: 'pure-token', token: 'ONE' },
            ],
          },
        ],
      },
    ],
  },
  run: replicaOf,
};

const CHOOSES =
  'ERR REPLICAOF not allowed in a cluster, whose nodes choose their leader: see FAILOVER and WEIR HANDOVER';

function replicaOf(ctx: Context, req: Request): void {
  if (ctx.host.isClustered()) return ctx.reply.error(CHOOSES);
  if (isWord(req, 1, 'no') && isWord(req, 2, 'one')) {
    const promoted = ctx.host.replicaOf(null);
    if (!promoted || ctx.depth > 1) return ctx.reply.ok();
    // Clients write as soon as they have the OK.
    const answer = ctx.defer();
    void promoted.then((failure) =>
      answer((reply) => {
        if (failure === null) reply.ok();
        else replyFailure(reply, failure);
      }),
    );
    return;
  }
  const port = rangeArg(ctx, 2, 0, 65535, 'ERR Invalid master port');
  if (port !== port) return;
  const host = req.latin1(1);
  // The node that was named, which is not always the one that leads: naming the leader makes that last.
  const named = ctx.config.replicaof;
  if (named !== null && named.port === port && named.host.toLowerCase() === host.toLowerCase()) {
    return ctx.reply.simple('OK Already connected to specified master');
  }
  void ctx.host.replicaOf({ host, port }); // goes on by itself
  ctx.reply.ok();
}

export const role: Command = {
  name: 'role',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  acl: ['admin', 'dangerous'],
  docs: {
    summary: 'Return the role of the instance in the context of replication',
    since: '2.8.12',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { reply } = ctx;
    const view = ctx.host.replication();
    if (view.role === 'slave' && view.master !== null) {
      reply.array(5);
      reply.bulkLatin1('slave');
      reply.bulkLatin1(view.master.host);
      reply.int(view.master.port);
      reply.bulkLatin1(view.master.state);
      reply.int(view.master.state === 'connected' ? view.offset : -1);
      return;
    }
    const online = view.slaves.filter((slave) => slave.state === 'online');
    reply.array(3);
    reply.bulkLatin1('master');
    reply.int(view.offset);
    reply.array(online.length);
    for (const slave of online) {
      reply.array(3);
      reply.bulkLatin1(slave.ip);
      reply.bulkLatin1(String(slave.port));
      reply.bulkLatin1(String(slave.offset));
    }
  },
};

export const failover: Command = {
  name: 'failover',
  arity: -1,
  flags: ['admin', 'noscript', 'stale'],
  docs: {
    summary: 'Start a coordinated failover between this server and one of its replicas.',
    since: '6.2.0',
    group: 'server',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'target',
        type: 'block',
        token: 'TO',
        flags: ['optional'],
        arguments: [
          { name: 'host', type: 'string' },
          { name: 'port', type: 'integer' },
          { name: 'force', type: 'pure-token', token: 'FORCE', flags: ['optional'] },
        ],
      },
      { name: 'abort', type: 'pure-token', token: 'ABORT', flags: ['optional'] },
      { name: 'milliseconds', type: 'integer', token: 'TIMEOUT', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    if (req.argc === 2 && isWord(req, 1, 'abort')) return reply.error('ERR No failover in progress.');
    let timed = false;
    let targeted = false;
    let forced = false;
    for (let i = 1; i < req.argc; i++) {
      if (isWord(req, i, 'timeout') && i + 1 < req.argc && !timed) {
        const timeout = integerArg(ctx, ++i);
        if (timeout !== timeout) return;
        if (timeout <= 0) return reply.error('ERR FAILOVER timeout must be greater than 0');
        timed = true;
      } else if (isWord(req, i, 'to') && i + 2 < req.argc && !targeted) {
        if (Number.isNaN(integerArg(ctx, i + 2))) return;
        targeted = true;
        i += 2;
      } else if (isWord(req, i, 'force') && !forced) forced = true;
      else return reply.error('ERR syntax error');
    }
    const view = ctx.host.replication();
    if (view.role === 'slave') return reply.error('ERR FAILOVER is not valid when server is a replica.');
    if (view.slaves.length === 0) return reply.error('ERR FAILOVER requires connected replicas.');
    reply.error('ERR FAILOVER is not supported: this version of Weir hands the log to no other node');
  },
};

const NO_CLUSTER = 'ERR This instance has cluster support disabled';

export const readonly: Command = {
  name: 'readonly',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  acl: ['connection'],
  docs: {
    summary: 'Enables read queries for a connection to a cluster replica node',
    since: '3.0.0',
    group: 'cluster',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.error(NO_CLUSTER);
  },
};

export const readwrite: Command = {
  name: 'readwrite',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  acl: ['connection'],
  docs: {
    summary: 'Disables read queries for a connection to a cluster replica node',
    since: '3.0.0',
    group: 'cluster',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.error(NO_CLUSTER);
  },
};
