/**
 * EXEC: the queue, one command after the other inside this one, so that all that they change is in one record of the log, between MULTI and
 * EXEC. A slave applies the record whole, the reply waits for it, and so does everybody who reads what it changed.
 *
 * As in Redis a command that fails does not undo the others. Commands were admitted when they were queued, and EXEC is with all their flags.
 * What the user may do is looked at again: it may be less by now, or he another one (AUTH in the queue).
 */

import type { Request } from '@weir/resp';
import { refusalInExec } from '../acl/refusal.ts';
import type { Command } from '../core/command.ts';
import { EFFECT_BYTES_MAX } from '../core/context.ts';
import type { Context } from '../core/context.ts';
import { executeInside } from '../core/execute.ts';
import { TOO_LARGE } from '../core/frame.ts';
import { F_WRITE } from '../core/table.ts';
import type { TableCommand } from '../core/table.ts';

/** An error in the place of a reply that finds no room needs no more. */
const ERROR_BYTES_MAX = 128;
/** What a write may log beside its own bytes: SELECT, an absolute time, DEL of keys that it found expired. */
const EFFECT_SLACK_BYTES = 4096;

export const exec: Command = {
  name: 'exec',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
  docs: {
    summary: 'Execute all commands issued after MULTI',
    since: '1.2.0',
    group: 'transactions',
    complexity: 'Depends on commands in the transaction',
  },
  run(ctx) {
    if (ctx.role.isReplay) return;
    const { session, reply } = ctx;
    const { transaction } = session;
    if (session.phase !== 'queuing' || transaction === null) return reply.error('ERR EXEC without MULTI');
    const isStale = transaction.isStale || ctx.watches.hasExpired(session);
    if (transaction.isDoomed || isStale) {
      const { isDoomed } = transaction;
      ctx.discard();
      if (isDoomed) reply.error('EXECABORT Transaction discarded because of previous errors.');
      else reply.nilArray();
      return;
    }
    session.on('queueEnded');
    ctx.watches.drop(session);
    runAll(ctx, transaction.count, (run) => transaction.each(run));
    ctx.discard();
  },
};

type Each = (run: (req: Request, command: TableCommand) => void) => void;

function runAll(ctx: Context, count: number, each: Each): void {
  const { reply, session } = ctx;
  // What was executed before may be a record of its own; what comes now is one with this.
  ctx.divideEffects();
  const from = ctx.effects.pos;
  const { bytesMax } = reply;
  reply.array(count);
  // An error always has room: without it, what was changed before would have no reply.
  reply.bytesMax = bytesMax - count * ERROR_BYTES_MAX;
  ctx.openTransaction();
  each((req, command) => {
    reply.bytesMax += ERROR_BYTES_MAX;
    ctx.effectBytesMax = EFFECT_BYTES_MAX - (ctx.effects.pos - from) - EFFECT_SLACK_BYTES;
    const tooLarge = (command.flags & F_WRITE) !== 0 && 2 * (req.end - req.start) > ctx.effectBytesMax;
    const denied = tooLarge ? '' : refusalInExec(ctx, session, req, command);
    if (tooLarge) reply.error(TOO_LARGE);
    else if (denied !== '') {
      reply.error(denied);
      ctx.stats.countError('NOPERM');
    } else executeInside(ctx, session, req, command);
  });
  ctx.closeTransaction();
  ctx.effectBytesMax = EFFECT_BYTES_MAX;
  reply.bytesMax = bytesMax;
}
