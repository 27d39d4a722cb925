import { logDenied } from '../acl/refusal.ts';
import { SYNTAX_ERROR } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

export const auth: Command = {
  name: 'auth',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  docs: {
    summary: 'Authenticate to the server',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(N) where N is the number of passwords defined for the user',
    history: [['6.0.0', 'Added ACL style (username and password).']],
    arguments: [
      { name: 'username', type: 'string', since: '6.0.0', flags: ['optional'] },
      { name: 'password', type: 'string' },
    ],
  },
  run(ctx, req) {
    if (req.argc > 3) return ctx.reply.error(SYNTAX_ERROR);
    for (let i = 1; i < req.argc; i++) ctx.redacted.push(i);
    if (req.argc === 2 && ctx.acl.defaultUser.nopass) {
      return ctx.reply.error(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      );
    }
    const user = req.argc === 2 ? 'default' : req.latin1(1);
    if (!authenticate(ctx, user, req.bytes(req.argc - 1))) return ctx.reply.error(WRONG_PASSWORD);
    ctx.reply.ok();
  },
};

/** Makes the session the user's if the password is right; else that stands in ACL LOG. */
export function authenticate(ctx: Context, name: string, password: Uint8Array): boolean {
  const { session } = ctx;
  const user = ctx.acl.find(name);
  if (user === undefined || !user.accepts(password)) {
    logDenied(ctx, 'auth', session.phase === 'queuing' ? 'multi' : 'toplevel', ctx.req.latin1(0), name);
    return false;
  }
  session.user = user;
  session.authenticated = true;
  return true;
}
