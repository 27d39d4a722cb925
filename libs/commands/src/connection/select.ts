import { intArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';

export const select: Command = {
  name: 'select',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  docs: {
    summary: 'Change the selected database for the current connection',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [{ name: 'index', type: 'integer' }],
  },
  run(ctx) {
    const index = intArg(ctx, 1);
    if (index !== index) return;
    if (index < 0 || index >= ctx.keyspace.dbs.length) ctx.reply.error('ERR DB index is out of range');
    else {
      ctx.session.db = index;
      ctx.reply.ok();
    }
  },
};
