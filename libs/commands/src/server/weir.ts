// Weir's own commands.

import { datasetDigest } from '@weir/keyspace';
import type { ReplyWriter } from '@weir/resp';
import { isWord, SYNTAX_ERROR } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';
import type { LogView } from '../core/host.ts';
import { hex, replyFailure } from './host-replies.ts';

const handshake: Command = {
  name: 'handshake',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Tell another node how to reach the log: a JSON object',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'replication', type: 'pure-token', token: 'REPLICATION', flags: ['optional'] }],
  },
  run(ctx, req) {
    const replication = req.argc === 3 && isWord(req, 2, 'replication');
    if (req.argc > 2 && !replication) return ctx.reply.error(SYNTAX_ERROR);
    const answer = ctx.host.handshake(replication ? 'replication' : 'slave');
    if ('json' in answer) ctx.reply.bulkText(answer.json);
    else replyFailure(ctx.reply, answer.error);
  },
};

const digest: Command = {
  name: 'digest',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale', 'whole_keyspace'],
  docs: {
    summary:
      'Sequence and offset in the log, and the digest of the data set there: equal on every node at the same sequence',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(N) where N is the number of keys',
  },
  run(ctx) {
    // The data set holds what the log has and what is on its way there: the reply leaves when that has arrived, with the
    // position that it will then have. Other commands may yet join the record being filled; the offset stays exact.
    const { seq, offset } = ctx.host.replication();
    const filling = ctx.effects.count > 0;
    ctx.reply.array(3);
    ctx.reply.int(seq + ctx.inFlightRecords + (filling ? 1 : 0));
    ctx.reply.int(offset + ctx.inFlightBytes + ctx.effects.pos - ctx.effects.reserved);
    ctx.reply.bulkLatin1(hex(datasetDigest(ctx.keyspace)));
  },
};

const position: Command = {
  name: 'position',
  arity: 2,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  docs: {
    summary:
      'Epoch, sequence and offset of the last record that this node knows to be in the log, and the id of the log',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const view = ctx.host.replication();
    ctx.reply.array(4);
    ctx.reply.int(view.epoch);
    ctx.reply.int(view.seq);
    ctx.reply.int(view.offset);
    ctx.reply.bulkLatin1(view.replid);
  },
};

/** An ingress that routes answers these itself; here they come from a client of one node alone. */
const NOT_ROUTED = 'is for clients of an ingress that routes: this is the address of one node';

const consistency: Command = {
  name: 'consistency',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_multi'],
  docs: {
    summary: 'Tell or set how fresh the reads of this connection are, at an ingress that routes',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'level',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'session', type: 'pure-token', token: 'SESSION' },
          { name: 'linearizable', type: 'pure-token', token: 'LINEARIZABLE' },
          { name: 'eventual', type: 'pure-token', token: 'EVENTUAL' },
        ],
      },
    ],
  },
  run(ctx) {
    ctx.reply.error(`ERR WEIR CONSISTENCY ${NOT_ROUTED}`);
  },
};

const token: Command = {
  name: 'token',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_multi'],
  docs: {
    summary:
      'Tell how far this connection has seen, or have it see as far as another one has, at an ingress that routes',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'token', type: 'string', flags: ['optional'] }],
  },
  run(ctx) {
    ctx.reply.error(`ERR WEIR TOKEN ${NOT_ROUTED}`);
  },
};

const repair: Command = {
  name: 'repair',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Tell what keeps this node from its role, and decide how it goes on',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(N) where N is the number of keys and records',
  },
  run(ctx, req) {
    const args: string[] = [];
    for (let i = 2; i < req.argc; i++) args.push(req.latin1(i));
    const answer = ctx.defer();
    ctx.host.repair(args, (result) =>
      answer((reply) => {
        if ('error' in result) return replyFailure(reply, result.error);
        reply.array(result.lines.length);
        for (const line of result.lines) reply.bulkText(line);
      }),
    );
  },
};

const logs: Command = {
  name: 'logs',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'List the logs that are stored where this node has its own, or remove one that nobody needs any more',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(N) where N is the number of logs',
    arguments: [{ name: 'log-id', type: 'string', token: 'FORGET', flags: ['optional'] }],
  },
  run(ctx, req) {
    if (req.argc === 2) {
      const answer = ctx.defer();
      ctx.host.logs((found) => answer((reply) => replyLogs(reply, found)));
      return;
    }
    if (req.argc !== 4 || !isWord(req, 2, 'forget')) return ctx.reply.error(SYNTAX_ERROR);
    const answer = ctx.defer();
    ctx.host.forgetLog(req.latin1(3), (failure) =>
      answer((reply) => {
        if (failure === null) reply.ok();
        else replyFailure(reply, failure);
      }),
    );
  },
};

function replyLogs(reply: ReplyWriter, found: readonly LogView[] | string): void {
  if (typeof found === 'string') return replyFailure(reply, found);
  reply.array(found.length);
  for (const log of found) {
    reply.map(7);
    reply.bulkLatin1('id');
    reply.bulkLatin1(log.id);
    reply.bulkLatin1('state');
    reply.bulkLatin1(
      log.own ? 'own' : log.named ? 'cluster' : log.members.length + log.readers > 0 ? 'followed' : 'old',
    );
    for (const [name, value] of [
      ['messages', log.messages],
      ['bytes', log.bytes],
      ['last-write', Math.floor(log.lastWriteMs / 1000)],
      ['readers', log.readers],
    ] as const) {
      reply.bulkLatin1(name);
      reply.int(value);
    }
    reply.bulkLatin1('members');
    reply.array(log.members.length);
    for (const member of log.members) reply.bulkText(member);
  }
}

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '0.1.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'WEIR', [
      'CONSISTENCY [SESSION|LINEARIZABLE|EVENTUAL]',
      '    Return or set how fresh the reads of this connection are, at an ingress that routes.',
      'DIGEST',
      '    Return the sequence and the offset in the log, and the digest of the data set there.',
      'HANDSHAKE [REPLICATION]',
      '    Return how to reach the log, for a slave or for a replication app that runs elsewhere.',
      'LOGS [FORGET <id>]',
      '    List the logs that are stored where this node has its own, or remove one that nobody needs.',
      'REPAIR [CUT|SKIP|SNAPSHOT <id>|MEMORY|EMPTY|DISCARD|FORGET <id>] [CONFIRM]',
      '    Return what keeps this node from its role and what would help, or do that.',
      'POSITION',
      '    Return the epoch, the sequence and the offset in the log, and its id.',
      'TOKEN [<token>]',
      '    Return how far this connection has seen, or have it see as far, at an ingress that routes.',
    ]);
  },
};

export const weir: Command = {
  name: 'weir',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for commands of Weir that Redis does not have',
    since: '0.1.0',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [consistency, digest, handshake, help, logs, position, repair, token],
};
