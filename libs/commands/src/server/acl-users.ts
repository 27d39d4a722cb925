// ACL: users, and what they may do.

import type { Request } from '@weir/resp';
import { commandOf, mergeSelectors } from '../acl/acl.ts';
import { ALLOWED, DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from '../acl/check.ts';
import type { Verdict } from '../acl/check.ts';
import { describeChannels, describeCommands, describeKeys } from '../acl/describe.ts';
import { hasSpaces } from '../acl/selector.ts';
import type { Selector } from '../acl/selector.ts';
import { endForbiddenSubscriptions, endSessionsOf, settleSessions } from '../acl/sessions.ts';
import { printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

const setuser: Command = {
  name: 'setuser',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Modify or create the rules for a specific ACL user',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N). Where N is the number of rules provided.',
    history: [
      ['6.2.0', 'Added Pub/Sub channel patterns.'],
      ['7.0.0', 'Added selectors and key based permissions.'],
    ],
    arguments: [
      { name: 'username', type: 'string' },
      { name: 'rule', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run(ctx, req) {
    const { reply, acl } = ctx;
    for (let i = 2; i < req.argc; i++) ctx.redacted.push(i);
    const name = req.latin1(2);
    if (hasSpaces(name)) return reply.error("ERR Usernames can't contain spaces or null characters");
    const rules = mergeSelectors(Array.from({ length: req.argc - 3 }, (_, i) => req.latin1(3 + i)));
    if (typeof rules === 'number') {
      return reply.error(`ERR Unmatched parenthesis in acl selector starting at '${printable(req, 3 + rules)}'.`);
    }
    const draft = acl.draft(name);
    for (const rule of rules) {
      const error = draft.apply(rule);
      if (error !== '') return reply.error(`ERR Error in ACL SETUSER modifier '${rule}': ${error}`);
    }
    const before = acl.find(name)?.copy();
    acl.put(draft);
    const user = acl.find(name)!;
    settleSessions(ctx, user);
    if (before !== undefined) endForbiddenSubscriptions(ctx, user, before);
    reply.ok();
  },
};

const deluser: Command = {
  name: 'deluser',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Remove the specified ACL users and the associated rules',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(1) amortized time considering the typical user.',
    arguments: [{ name: 'username', type: 'string', flags: ['multiple'] }],
  },
  run(ctx, req) {
    const names = Array.from({ length: req.argc - 2 }, (_, i) => req.latin1(2 + i));
    if (names.includes('default')) return ctx.reply.error("ERR The 'default' user cannot be removed");
    let deleted = 0;
    for (const name of names) {
      const user = ctx.acl.remove(name);
      if (user === undefined) continue;
      deleted++;
      endSessionsOf(ctx, user);
    }
    ctx.reply.int(deleted);
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
    const user = ctx.acl.find(req.latin1(2));
    if (user === undefined) return reply.nil();
    reply.map(6);
    reply.bulkLatin1('flags');
    reply.set(user.flags.length);
    for (const flag of user.flags) reply.bulkLatin1(flag);
    reply.bulkLatin1('passwords');
    replyTexts(ctx, user.passwords);
    replySelector(ctx, user.root);
    reply.bulkLatin1('selectors');
    reply.array(user.selectors.length - 1);
    for (const selector of user.selectors.slice(1)) {
      reply.map(3);
      replySelector(ctx, selector);
    }
  },
};

function replySelector({ reply, acl }: Context, selector: Selector): void {
  reply.bulkLatin1('commands');
  reply.bulkLatin1(describeCommands(acl.catalog, selector));
  reply.bulkLatin1('keys');
  reply.bulkLatin1(describeKeys(selector));
  reply.bulkLatin1('channels');
  reply.bulkLatin1(describeChannels(selector));
}

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
    replyTexts(
      ctx,
      ctx.acl.lines().map((line) => `user ${line}`),
    );
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
    replyTexts(
      ctx,
      ctx.acl.users.map(({ name }) => name),
    );
  },
};

const dryrun: Command = {
  name: 'dryrun',
  arity: -4,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Returns whether the user can execute the given command without executing the command.',
    since: '7.0.0',
    group: 'server',
    complexity: 'O(1).',
    arguments: [
      { name: 'username', type: 'string' },
      { name: 'command', type: 'string' },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run(ctx, req) {
    const { reply, acl, table } = ctx;
    const user = acl.find(req.latin1(2));
    if (user === undefined) return reply.error(`ERR User '${printable(req, 2)}' not found`);
    const command = commandOf(table, req, 3);
    if (command === undefined) return reply.error(`ERR Command '${printable(req, 3)}' not found`);
    const { arity, fullName } = command;
    const argc = req.argc - 3;
    if (arity > 0 ? argc !== arity : argc < -arity) {
      return reply.error(`ERR wrong number of arguments for '${fullName}' command`);
    }
    const verdict = acl.checker.check(user, command.command, req, 3);
    if (verdict === ALLOWED) reply.ok();
    else reply.bulkLatin1(denial(req, verdict, fullName, acl.checker.at));
  },
};

function denial(req: Request, verdict: Exclude<Verdict, 0>, name: string, at: number): string {
  switch (verdict) {
    case DENIED_COMMAND:
      return `This user has no permissions to run the '${name}' command`;
    case DENIED_KEY:
      return `This user has no permissions to access the '${printable(req, at)}' key`;
    case DENIED_CHANNEL:
      return `This user has no permissions to access the '${printable(req, at)}' channel`;
  }
}

function replyTexts({ reply }: Context, texts: readonly string[]): void {
  reply.array(texts.length);
  for (const text of texts) reply.bulkLatin1(text);
}

export const aclUserCommands: readonly Command[] = [deluser, dryrun, getuser, list, setuser, users];
