// ACL: what is about no single user. See acl-users.ts for the others, and docs/internals/acl.md.

import type { Request } from '@weir/resp';
import { integerArg, isWord, printable } from '../core/args.ts';
import { ACL_CATEGORIES } from '../core/categories.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { aclFileCommands } from './acl-file.ts';
import { aclUserCommands } from './acl-users.ts';

const cat: Command = {
  name: 'cat',
  arity: -2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'List the ACL categories or the commands inside a category',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(1) since the categories and commands are a fixed set.',
    arguments: [{ name: 'categoryname', type: 'string', flags: ['optional'] }],
  },
  run(ctx, req) {
    if (req.argc > 3) return ctx.reply.error(wrongForm(req));
    if (req.argc === 2) return replyNames(ctx, ACL_CATEGORIES);
    const name = req.latin1(2).toLowerCase();
    const category = ACL_CATEGORIES.find((one) => one === name);
    if (category === undefined) return ctx.reply.error(`ERR Unknown category '${printable(req, 2)}'`);
    const names: string[] = [];
    for (const entry of ctx.table.all) {
      if (entry.acl.includes(category)) names.push(entry.fullName);
      for (const sub of entry.subcommands) if (sub.acl.includes(category)) names.push(sub.fullName);
    }
    replyNames(ctx, names);
  },
};

const whoami: Command = {
  name: 'whoami',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Return the name of the user associated to the current connection',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { user } = ctx.session;
    if (user === null) ctx.reply.nil();
    else ctx.reply.bulkLatin1(user.name);
  },
};

const GENPASS_BITS_MAX = 4096;

const genpass: Command = {
  name: 'genpass',
  arity: -2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Generate a pseudorandom secure password to use for ACL users',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'bits', type: 'integer', flags: ['optional'] }],
  },
  run(ctx, req) {
    if (req.argc > 3) return ctx.reply.error(wrongForm(req));
    const bits = req.argc === 2 ? 256 : integerArg(ctx, 2);
    if (bits !== bits) return;
    if (bits <= 0 || bits > GENPASS_BITS_MAX) {
      return ctx.reply.error(
        `ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to ${GENPASS_BITS_MAX}`,
      );
    }
    const letters = Math.ceil(bits / 4);
    const bytes = ctx.host.randomBytes(Math.ceil(letters / 2));
    ctx.reply.bulkLatin1(Buffer.from(bytes).toString('hex').slice(0, letters));
  },
};

const log: Command = {
  name: 'log',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'List latest events denied because of ACLs in place',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N) with N being the number of entries shown.',
    arguments: [
      {
        name: 'operation',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer' },
          { name: 'reset', type: 'pure-token', token: 'RESET' },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    if (req.argc > 3) return reply.error(wrongForm(req));
    const { log: kept } = ctx.acl;
    if (req.argc === 3 && isWord(req, 2, 'reset')) {
      kept.reset();
      return reply.ok();
    }
    const count = req.argc === 2 ? 10 : integerArg(ctx, 2);
    if (count !== count) return;
    const entries = kept.entries.slice(0, Math.max(0, count));
    reply.array(entries.length);
    for (const entry of entries) {
      reply.map(7);
      reply.bulkLatin1('count');
      reply.int(entry.count);
      reply.bulkLatin1('reason');
      reply.bulkLatin1(entry.reason);
      reply.bulkLatin1('context');
      reply.bulkLatin1(entry.context);
      reply.bulkLatin1('object');
      reply.bulkLatin1(entry.object);
      reply.bulkLatin1('username');
      reply.bulkLatin1(entry.username);
      reply.bulkLatin1('age-seconds');
      reply.double((ctx.now - entry.timeMs) / 1000);
      reply.bulkLatin1('client-info');
      reply.bulkLatin1(entry.client);
    }
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'ACL', [
      'CAT [<category>]',
      '    List all commands that belong to <category>, or all command categories',
      '    when no category is specified.',
      'DELUSER <username> [<username> ...]',
      '    Delete a list of users.',
      'DRYRUN <username> <command> [<arg> ...]',
      '    Returns whether the user can execute the given command without executing the command.',
      'GETUSER <username>',
      "    Get the user's details.",
      'GENPASS [<bits>]',
      '    Generate a secure 256-bit user password. The optional `bits` argument can',
      '    be used to specify a different size.',
      'LIST',
      '    Show users details in config file format.',
      'LOAD',
      '    Reload users from the ACL file.',
      'LOG [<count> | RESET]',
      '    Show the ACL log entries.',
      'SAVE',
      '    Save the current config to the ACL file.',
      'SETUSER <username> <attribute> [<attribute> ...]',
      '    Create or modify a user with the specified attributes.',
      'USERS',
      '    List all the registered usernames.',
      'WHOAMI',
      '    Return the current connection username.',
    ]);
  },
};

function replyNames(ctx: Context, names: readonly string[]): void {
  ctx.reply.array(names.length);
  for (const name of names) ctx.reply.bulkLatin1(name);
}

function wrongForm(req: Request): string {
  return `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1)}'. Try ACL HELP.`;
}

export const acl: Command = {
  name: 'acl',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for Access List Control commands ',
    since: '6.0.0',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [cat, genpass, help, log, whoami, ...aclUserCommands, ...aclFileCommands],
};
