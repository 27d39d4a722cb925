import type { Command } from '../core/command.ts';
import { REPLY_ON, REPLY_SKIP } from '../core/session.ts';

export const quit: Command = {
  name: 'quit',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  docs: {
    summary: 'Close the connection',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.session.on('quit');
    ctx.reply.ok();
  },
};

export const reset: Command = {
  name: 'reset',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  docs: {
    summary: 'Reset the connection',
    since: '6.2.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run(ctx) {
    const session = ctx.session;
    ctx.discard();
    ctx.dropListener(session);
    session.on('reset');
    session.db = 0;
    session.resp = ctx.reply.resp = 2;
    session.name = '';
    session.noTouch = false;
    // NO-EVICT stays, as in Redis 7.0; and so does a SKIP that is about this very reply.
    if (session.replyMode !== REPLY_SKIP) session.replyMode = REPLY_ON;
    session.user = ctx.acl.defaultUser;
    session.authenticated = ctx.acl.isOpen;
    ctx.reply.simple('RESET');
  },
};
