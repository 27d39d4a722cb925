import { globMatch } from '@weir/config';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { CommandTable } from '../core/table.ts';
import type { TableCommand } from '../core/table.ts';
import { replyDocs, replyInfo, replyWords } from './command-reply.ts';
import { hasKeys, keyPositions } from '../core/key-positions.ts';

const count: Command = {
  name: 'count',
  arity: 2,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  docs: {
    summary: 'Get total number of Redis commands',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.int(ctx.table.all.length);
  },
};

const info: Command = {
  name: 'info',
  arity: -2,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get array of specific Redis command details, or all when no argument is given.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(N) where N is the number of commands to look up',
    history: [['7.0.0', 'Allowed to be called with no argument to get info on all commands.']],
    arguments: [{ name: 'command-name', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    if (req.argc === 2) return replyAll(ctx);
    ctx.reply.array(req.argc - 2);
    for (let i = 2; i < req.argc; i++) {
      const entry = CommandTable.byFullName(ctx.table, req.latin1(i));
      if (entry === undefined) ctx.reply.nil();
      else replyInfo(ctx.reply, entry);
    }
  },
};

function replyAll(ctx: Context): void {
  ctx.reply.array(ctx.table.all.length);
  for (const entry of ctx.table.all) replyInfo(ctx.reply, entry);
}

const docs: Command = {
  name: 'docs',
  arity: -2,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get array of specific Redis command documentation',
    since: '7.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of commands to look up',
    arguments: [{ name: 'command-name', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    const entries: TableCommand[] = [];
    if (req.argc === 2) entries.push(...ctx.table.all);
    for (let i = 2; i < req.argc; i++) {
      const entry = CommandTable.byFullName(ctx.table, req.latin1(i));
      if (entry !== undefined) entries.push(entry);
    }
    ctx.reply.map(entries.length);
    for (const entry of entries) {
      ctx.reply.bulkLatin1(entry.fullName);
      replyDocs(ctx.reply, entry);
    }
  },
};

const getkeys: Command = {
  name: 'getkeys',
  arity: -4,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  docs: {
    summary: 'Extract keys given a full Redis command',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(N) where N is the number of arguments to the command',
  },
  run(ctx, req) {
    replyKeys(ctx, req, false);
  },
};

const getkeysandflags: Command = {
  name: 'getkeysandflags',
  arity: -4,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  docs: {
    summary: 'Extract keys and access flags given a full Redis command',
    since: '7.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of arguments to the command',
  },
  run(ctx, req) {
    replyKeys(ctx, req, true);
  },
};

function replyKeys(ctx: Context, req: Request, withFlags: boolean): void {
  const { reply } = ctx;
  let entry = ctx.table.find(req.buf, req.off(2), req.len(2));
  if (entry !== undefined && entry.subcommands.length > 0 && req.argc > 3) {
    entry = CommandTable.findSubcommand(entry, req.buf, req.off(3), req.len(3));
  }
  if (entry === undefined) return reply.error('ERR Invalid command specified');
  const { command } = entry;
  if (!hasKeys(command)) return reply.error('ERR The command has no key arguments');
  const argc = req.argc - 2;
  if (command.arity > 0 ? command.arity !== argc : argc < -command.arity) {
    return reply.error('ERR Invalid number of arguments specified for command');
  }
  const keys = keyPositions(command, req, 2);
  if (keys === null || keys.length === 0) {
    if (command.flags.includes('no_mandatory_keys')) reply.array(0);
    else reply.error('ERR Invalid arguments specified for command');
    return;
  }
  reply.array(keys.length);
  for (const key of keys) {
    if (withFlags) reply.array(2);
    reply.bulk(req.buf, req.off(key.index), req.len(key.index));
    if (withFlags) replyWords(reply, key.flags);
  }
}

const list: Command = {
  name: 'list',
  arity: -2,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get an array of Redis command names',
    since: '7.0.0',
    group: 'server',
    complexity: 'O(N) where N is the total number of Redis commands',
    arguments: [
      {
        name: 'filterby',
        type: 'oneof',
        token: 'FILTERBY',
        flags: ['optional'],
        arguments: [
          { name: 'module-name', type: 'string', token: 'MODULE' },
          { name: 'category', type: 'string', token: 'ACLCAT' },
          { name: 'pattern', type: 'pattern', token: 'PATTERN' },
        ],
      },
    ],
  },
  run(ctx, req) {
    let wanted: (entry: TableCommand) => boolean = () => true;
    const filtered = req.argc > 2;
    if (filtered) {
      if (req.argc !== 5 || !isWord(req, 2, 'filterby')) return ctx.reply.error(SYNTAX_ERROR);
      const argument = req.latin1(4);
      if (isWord(req, 3, 'module')) wanted = () => false;
      else if (isWord(req, 3, 'aclcat')) {
        const category = argument.toLowerCase();
        wanted = (entry) => entry.acl.some((own) => own === category);
      } else if (isWord(req, 3, 'pattern')) {
        const pattern = req.bytes(4);
        wanted = (entry) => globMatch(pattern, Buffer.from(entry.fullName, 'latin1'), true);
      } else return ctx.reply.error(SYNTAX_ERROR);
    }
    const names: string[] = [];
    for (const entry of ctx.table.all) {
      if (wanted(entry)) names.push(entry.fullName);
      for (const sub of entry.subcommands) if (wanted(sub)) names.push(sub.fullName);
    }
    ctx.reply.array(names.length);
    for (const name of names) ctx.reply.bulkLatin1(name);
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'COMMAND', [
      '(no subcommand)',
      '    Return details about all Redis commands.',
      'COUNT',
      '    Return the total number of commands in this Redis server.',
      'LIST',
      '    Return a list of all commands in this Redis server.',
      'INFO [<command-name> ...]',
      '    Return details about multiple Redis commands.',
      '    If no command names are given, documentation details for all',
      '    commands are returned.',
      'DOCS [<command-name> ...]',
      '    Return documentation details about multiple Redis commands.',
      '    If no command names are given, documentation details for all',
      '    commands are returned.',
      'GETKEYS <full-command>',
      '    Return the keys from a full Redis command.',
      'GETKEYSANDFLAGS <full-command>',
      '    Return the keys and the access flags from a full Redis command.',
    ]);
  },
};

export const command: Command = {
  name: 'command',
  arity: -1,
  flags: ['loading', 'stale'],
  acl: ['connection'],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get array of Redis command details',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(N) where N is the total number of Redis commands',
  },
  run: replyAll,
  subcommands: [count, docs, getkeys, getkeysandflags, help, info, list],
};
