import { printable, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';

const get: Command = {
  name: 'get',
  arity: -2,
  flags: ['admin', 'loading', 'stale'],
  tips: ['request_policy:all_nodes', 'nondeterministic_output'],
  docs: {
    summary: "Get the slow log's entries",
    since: '2.2.12',
    group: 'server',
    complexity: 'O(N) where N is the number of entries returned',
    history: [['4.0.0', 'Added client IP address, port and name to the reply.']],
    arguments: [{ name: 'count', type: 'integer', flags: ['optional'] }],
  },
  run(ctx, req) {
    const { reply } = ctx;
    if (req.argc > 3) {
      return reply.error(
        `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1)}'. Try SLOWLOG HELP.`,
      );
    }
    let count = 10;
    if (req.argc === 3) {
      count = rangeArg(ctx, 2, -1, Infinity, 'ERR count should be greater than or equal to -1');
      if (count !== count) return;
    }
    const all = ctx.slowlog.entries;
    const entries = count === -1 ? all : all.slice(0, count);
    reply.array(entries.length);
    for (const entry of entries) {
      reply.array(6);
      reply.int(entry.id);
      reply.int(entry.timeSeconds);
      reply.int(entry.micros);
      reply.array(entry.args.length);
      for (const arg of entry.args) reply.bulk(arg, 0, arg.length);
      reply.bulkLatin1(entry.addr);
      reply.bulkLatin1(entry.name);
    }
  },
};

const len: Command = {
  name: 'len',
  arity: 2,
  flags: ['admin', 'loading', 'stale'],
  tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
  docs: {
    summary: "Get the slow log's length",
    since: '2.2.12',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.int(ctx.slowlog.entries.length);
  },
};

const reset: Command = {
  name: 'reset',
  arity: 2,
  flags: ['admin', 'loading', 'stale'],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Clear all entries from the slow log',
    since: '2.2.12',
    group: 'server',
    complexity: 'O(N) where N is the number of entries in the slowlog',
  },
  run(ctx) {
    ctx.slowlog.entries.length = 0;
    ctx.reply.ok();
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '6.2.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'SLOWLOG', [
      'GET [<count>]',
      '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
      '    Entries are made of:',
      '    id, timestamp, time in microseconds, arguments array, client IP and port,',
      '    client name',
      'LEN',
      '    Return the length of the slowlog.',
      'RESET',
      '    Reset the slowlog.',
    ]);
  },
};

export const slowlog: Command = {
  name: 'slowlog',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for slow log commands',
    since: '2.2.12',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [get, help, len, reset],
};
