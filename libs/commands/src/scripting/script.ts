/** SCRIPT: the scripts that EVALSHA can name. */

import type { Request } from '@weir/resp';
import { isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';
import { scriptingOf } from './scripting.ts';

const flush: Command = {
  name: 'flush',
  arity: -2,
  flags: ['noscript'],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Remove all the scripts from the script cache.',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'O(N) with N being the number of scripts in cache',
    history: [['6.2.0', 'Added the `ASYNC` and `SYNC` flushing mode modifiers.']],
    arguments: [
      {
        name: 'async',
        type: 'oneof',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          { name: 'async', type: 'pure-token', token: 'ASYNC' },
          { name: 'sync', type: 'pure-token', token: 'SYNC' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (!isFlushMode(req)) return ctx.reply.error('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
    scriptingOf(ctx).flush();
    ctx.reply.ok();
  },
};

const debug: Command = {
  name: 'debug',
  arity: 3,
  flags: ['noscript'],
  docs: {
    summary: 'Set the debug mode for executed scripts.',
    since: '3.2.0',
    group: 'scripting',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'mode',
        type: 'oneof',
        arguments: [
          { name: 'yes', type: 'pure-token', token: 'YES' },
          { name: 'sync', type: 'pure-token', token: 'SYNC' },
          { name: 'no', type: 'pure-token', token: 'NO' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (isWord(req, 2, 'no')) ctx.reply.ok();
    else if (isWord(req, 2, 'yes') || isWord(req, 2, 'sync')) ctx.reply.error('ERR Weir has no debugger for scripts');
    else ctx.reply.error('ERR Use SCRIPT DEBUG YES/SYNC/NO');
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'scripting',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'SCRIPT', HELP);
  },
};

const load: Command = {
  name: 'load',
  arity: 3,
  flags: ['noscript', 'stale'],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Load the specified Lua script into the script cache.',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'O(N) with N being the length in bytes of the script body.',
    arguments: [{ name: 'script', type: 'string' }],
  },
  run(ctx, req) {
    const script = scriptingOf(ctx).load(req.bytes(2), true);
    if (typeof script === 'string') ctx.reply.error(script);
    else ctx.reply.bulkLatin1(script.name);
  },
};

const exists: Command = {
  name: 'exists',
  arity: -3,
  flags: ['noscript'],
  tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
  docs: {
    summary: 'Check existence of scripts in the script cache.',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).',
    arguments: [{ name: 'sha1', type: 'string', flags: ['multiple'] }],
  },
  run(ctx, req) {
    const { reply } = ctx;
    const scripting = scriptingOf(ctx);
    reply.array(req.argc - 2);
    for (let i = 2; i < req.argc; i++) reply.int(scripting.find(req.latin1(i).toLowerCase()) === undefined ? 0 : 1);
  },
};

const kill: Command = {
  name: 'kill',
  arity: 2,
  flags: ['noscript', 'allow_busy'],
  tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  docs: { summary: 'Kill the script currently in execution.', since: '2.6.0', group: 'scripting', complexity: 'O(1)' },
  run(ctx) {
    ctx.reply.error('NOTBUSY No scripts in execution right now.');
  },
};

export const script: Command = {
  name: 'script',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for Lua scripts management commands',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [flush, debug, help, load, exists, kill],
};

/** FLUSH, with or without SYNC or ASYNC. */
export function isFlushMode(req: Request): boolean {
  return req.argc === 2 || (req.argc === 3 && (isWord(req, 2, 'sync') || isWord(req, 2, 'async')));
}

const HELP = [
  'DEBUG (YES|SYNC|NO)',
  '    Set the debug mode for subsequent scripts executed.',
  'EXISTS <sha1> [<sha1> ...]',
  '    Return information about the existence of the scripts in the script cache.',
  'FLUSH [ASYNC|SYNC]',
  '    Flush the Lua scripts cache. Very dangerous on replicas.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the scripts cache.',
  '    * SYNC: Synchronously flush the scripts cache.',
  'KILL',
  '    Kill the currently executing Lua script.',
  'LOAD <script>',
  '    Load a script into the scripts cache without executing it.',
];
