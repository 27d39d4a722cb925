import type { Command } from '../core/command.ts';
import { Transaction } from '../core/transaction.ts';

export const multi: Command = {
  name: 'multi',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  docs: {
    summary: 'Mark the start of a transaction block',
    since: '1.2.0',
    group: 'transactions',
    complexity: 'O(1)',
  },
  run(ctx) {
    // In the log it marks what is one transaction. A record is applied whole anyway.
    if (ctx.role.isReplay) return;
    const { session } = ctx;
    if (session.phase === 'queuing') return ctx.reply.error('ERR MULTI calls can not be nested');
    session.transaction ??= new Transaction();
    session.on('multi');
    ctx.reply.ok();
  },
};

export const discard: Command = {
  name: 'discard',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  docs: {
    summary: 'Discard all commands issued after MULTI',
    since: '2.0.0',
    group: 'transactions',
    complexity: 'O(N), when N is the number of queued commands',
  },
  run(ctx) {
    const { session } = ctx;
    if (session.phase !== 'queuing') return ctx.reply.error('ERR DISCARD without MULTI');
    ctx.discard();
    ctx.reply.ok();
  },
};
