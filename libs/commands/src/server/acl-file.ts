// ACL: users in a file of their own, `aclfile`.

import { endForbiddenSubscriptions, endSessionsOf, settleSessions } from '../acl/sessions.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

const NO_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.';

const load: Command = {
  name: 'load',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Reload the ACLs from the configured ACL file',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  run(ctx) {
    if (ctx.config.text.aclfile === '') return ctx.reply.error(NO_FILE);
    const error = loadAclFile(ctx);
    if (error === '') ctx.reply.ok();
    else ctx.reply.error(`ERR ${error}`);
  },
};

const save: Command = {
  name: 'save',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Save the current ACL rules in the configured ACL file',
    since: '6.0.0',
    group: 'server',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  run(ctx) {
    if (ctx.config.text.aclfile === '') return ctx.reply.error(NO_FILE);
    const error = ctx.host.writeAclFile(ctx.acl.text());
    if (error === null) return ctx.reply.ok();
    ctx.host.log?.(`ACL SAVE: ${error}`);
    ctx.reply.error(
      'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
    );
  },
};

/**
 * Takes the users of `aclfile` in place of those there are. Whoever is logged in stays, unless his user is gone or his subscriptions are not
 * allowed any more. Answers what is wrong with the file, and then nothing has changed; or ''.
 */
export function loadAclFile(ctx: Context): string {
  const { acl, host } = ctx;
  const file = host.readAclFile();
  const name = ctx.config.value('aclfile');
  if ('error' in file) return `Error loading ACLs, opening file '${name}': ${file.error}`;
  const before = acl.users.map((user) => ({ user, rights: user.copy() }));
  const error = acl.load(file.text, name);
  if (error !== '') return error;
  for (const { user, rights } of before) {
    if (acl.find(user.name) !== user) endSessionsOf(ctx, user);
    else {
      settleSessions(ctx, user);
      endForbiddenSubscriptions(ctx, user, rights);
    }
  }
  return '';
}

export const aclFileCommands: readonly Command[] = [load, save];
