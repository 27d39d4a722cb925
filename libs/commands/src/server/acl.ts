import { printable } from '../core/args.ts';
import { ACL_CATEGORIES } from '../core/categories.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { sha256Hex } from '../core/sha256.ts';

// One user, `default`, who may do everything once the password of `requirepass` was given. What would change users is
// left out.

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
    if (req.argc > 3)
      return ctx.reply.error(
        `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1)}'. Try ACL HELP.`,
      );
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
    ctx.reply.bulkLatin1('default');
  },
};

const users: Command = {
  name: 'users',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'List the username of all the configured ACL rules',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  run(ctx) {
    replyNames(ctx, ['default']);
  },
};

const list: Command = {
  name: 'list',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'List the current ACL rules in ACL config file format',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  run(ctx) {
    const hash = passwordHash(ctx);
    replyNames(ctx, [`user default on ${hash === '' ? 'nopass' : `#${hash}`} ~* &* +@all`]);
  },
};

const getuser: Command = {
  name: 'getuser',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Get the rules for a specific ACL user',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N). Where N is the number of password, command and pattern rules that the user has.',
    history: [
      ['6.2.0', 'Added Pub/Sub channel patterns.'],
      [
        '7.0.0',
        'Added selectors and changed the format of key and channel patterns from a list to their rule representation.',
      ],
    ],
    arguments: [{ name: 'username', type: 'string' }],
  },
  run(ctx, req) {
    const { reply } = ctx;
    if (req.latin1(2) !== 'default') return reply.nil();
    reply.map(6);
    reply.bulkLatin1('flags');
    const hash = passwordHash(ctx);
    const flags = hash === '' ? ['on', 'nopass'] : ['on'];
    reply.set(flags.length);
    for (const flag of flags) reply.bulkLatin1(flag);
    reply.bulkLatin1('passwords');
    replyNames(ctx, hash === '' ? [] : [hash]);
    reply.bulkLatin1('commands');
    reply.bulkLatin1('+@all');
    reply.bulkLatin1('keys');
    reply.bulkLatin1('~*');
    reply.bulkLatin1('channels');
    reply.bulkLatin1('&*');
    reply.bulkLatin1('selectors');
    reply.array(0);
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
      'GETUSER <username>',
      "    Get the user's details.",
      'LIST',
      '    Show users details in config file format.',
      'USERS',
      '    List all the registered usernames.',
      'WHOAMI',
      '    Return the current connection username.',
    ]);
  },
};

function passwordHash(ctx: Context): string {
  const password = ctx.config.bytes('requirepass');
  return password.length === 0 ? '' : sha256Hex(password);
}

function replyNames(ctx: Context, names: readonly string[]): void {
  ctx.reply.array(names.length);
  for (const name of names) ctx.reply.bulkLatin1(name);
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
  subcommands: [cat, getuser, help, list, users, whoami],
};
