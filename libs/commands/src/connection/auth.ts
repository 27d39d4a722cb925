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
    if (req.argc === 2 && ctx.config.text.requirepass === '') {
      return ctx.reply.error(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      );
    }
    const user = req.argc === 2 ? 'default' : req.latin1(1);
    if (!authenticate(ctx, user, req.bytes(req.argc - 1))) return ctx.reply.error(WRONG_PASSWORD);
    ctx.reply.ok();
  },
};

/** Makes the session the user's if the password is right. There is one user, `default`. */
export function authenticate(ctx: Context, user: string, password: Uint8Array): boolean {
  if (user !== 'default') return false;
  const expected = ctx.config.bytes('requirepass');
  if (expected.length > 0 && !sameBytes(expected, password)) return false;
  ctx.session.authenticated = true;
  return true;
}

/** Takes as long for a password that is wrong early as for one that is wrong late. */
function sameBytes(expected: Uint8Array, given: Uint8Array): boolean {
  let difference = expected.length ^ given.length;
  for (let i = 0; i < given.length; i++) difference |= given[i] ^ expected[i % expected.length];
  return difference === 0;
}
