import type { Command } from '../core/command.ts';

export const monitor: Command = {
  name: 'monitor',
  arity: 1,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Listen for all requests received by the server in real time',
    since: '1.0.0',
    group: 'server',
  },
  run(ctx) {
    const { session } = ctx;
    if (ctx.depth > 1) return ctx.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    // As in Redis there is no answer to a second one.
    if (session.isMonitor) return;
    ctx.startMonitor(session);
    ctx.reply.ok();
  },
};
