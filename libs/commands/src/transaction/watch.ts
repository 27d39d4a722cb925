import type { Command } from '../core/command.ts';
import { WATCHED_MAX } from '../core/watches.ts';

export const watch: Command = {
  name: 'watch',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  keySpecs: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  docs: {
    summary: 'Watch the given keys to determine execution of the MULTI/EXEC block',
    since: '2.2.0',
    group: 'transactions',
    complexity: 'O(1) for every key.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    const { session } = ctx;
    if (session.phase === 'queuing') return ctx.reply.error('ERR WATCH inside MULTI is not allowed');
    if (session.transaction?.isStale !== true) {
      const { keyspace, watches } = ctx;
      if (watches.count + req.argc - 1 > WATCHED_MAX) {
        return ctx.reply.error(`ERR clients watch at most ${WATCHED_MAX} keys, all together`);
      }
      for (let i = 1; i < req.argc; i++) {
        watches.add(keyspace, session, session.db, req.buf, req.off(i), req.len(i));
      }
    }
    ctx.reply.ok();
  },
};

export const unwatch: Command = {
  name: 'unwatch',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  docs: {
    summary: 'Forget about all watched keys',
    since: '2.2.0',
    group: 'transactions',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { session } = ctx;
    ctx.watches.drop(session);
    if (session.transaction !== null) session.transaction.isStale = false;
    ctx.reply.ok();
  },
};
