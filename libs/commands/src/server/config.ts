import { findDirective } from '@weir/config';
import type { SetResult } from '@weir/config';
import type { ReplyWriter } from '@weir/resp';
import { SYNTAX_ERROR } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';
import { isLocal, replyFailure } from './host-replies.ts';

const get: Command = {
  name: 'get',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Get the values of configuration parameters',
    since: '2.0.0',
    group: 'server',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    history: [['7.0.0', 'Added the ability to pass multiple pattern parameters in one call']],
    arguments: [
      { name: 'parameter', type: 'block', flags: ['multiple'], arguments: [{ name: 'parameter', type: 'string' }] },
    ],
  },
  run(ctx, req) {
    const patterns = Array.from({ length: req.argc - 2 }, (_, i) => req.latin1(i + 2));
    const found = ctx.config.get(patterns);
    ctx.reply.map(found.length);
    for (const [name, value] of found) {
      ctx.reply.bulkLatin1(name);
      ctx.reply.bulkLatin1(value);
    }
  },
};

const set: Command = {
  name: 'set',
  arity: -4,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Set configuration parameters to the given values',
    since: '2.0.0',
    group: 'server',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    history: [['7.0.0', 'Added the ability to set multiple parameters in one call.']],
    arguments: [
      {
        name: 'parameter_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'parameter', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
  },
  run(ctx, req) {
    // Before anything is refused: the slow log keeps refused commands too, and those with one argument too many.
    for (let i = 2; i < req.argc; i++) {
      if (findDirective(req.latin1(i))?.options.sensitive === true) ctx.redacted.push(i + 1);
    }
    if (req.argc % 2 !== 0) return ctx.reply.error(SYNTAX_ERROR);
    const pairs: [string, string][] = [];
    for (let i = 2; i < req.argc; i += 2) pairs.push([req.latin1(i), req.latin1(i + 1)]);
    const local = isLocal(ctx.session);
    const result = ctx.config.setInOrder(pairs, () => ({ loading: ctx.role.isLoading, local }));
    if (!(result instanceof Promise)) return replySet(ctx.reply, result);
    // An OK says that it holds. A transaction cannot wait for that.
    if (ctx.depth > 1) return ctx.reply.ok();
    const answer = ctx.defer();
    void result.then((later) => answer((reply) => replySet(reply, later)));
  },
};

function replySet(reply: ReplyWriter, result: SetResult): void {
  if (result.ok) reply.ok();
  else reply.error(result.error);
}

const resetstat: Command = {
  name: 'resetstat',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Reset the stats returned by INFO',
    since: '2.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.stats.reset();
    ctx.keyspace.later.freed = 0;
    for (const entry of ctx.table.all) entry.resetCounters();
    ctx.reply.ok();
  },
};

const rewrite: Command = {
  name: 'rewrite',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Rewrite the configuration file with the in memory configuration',
    since: '2.8.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    if (ctx.host.process().configFile === '') {
      return ctx.reply.error('ERR The server is running without a config file');
    }
    const failure = ctx.host.rewriteConfig();
    if (failure === null) ctx.reply.ok();
    else replyFailure(ctx.reply, failure, 'Rewriting config file: ');
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'CONFIG', [
      'GET <pattern>',
      '    Return parameters matching the glob-like <pattern> and their values.',
      'SET <directive> <value>',
      '    Set the configuration <directive> to <value>.',
      'RESETSTAT',
      '    Reset statistics reported by the INFO command.',
      'REWRITE',
      '    Rewrite the configuration file.',
    ]);
  },
};

export const config: Command = {
  name: 'config',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for server configuration commands',
    since: '2.0.0',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [get, help, resetstat, rewrite, set],
};
