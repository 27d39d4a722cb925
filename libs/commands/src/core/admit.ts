import type { Request } from '@weir/resp';
import { REQUEST_BYTES_MAX } from './context.ts';
import type { Context } from './context.ts';
import { evictToLimit } from './evict.ts';
import { TOO_LARGE } from './frame.ts';
import type { Session } from './session.ts';
import { F_DENYOOM, F_LOADING, F_NO_AUTH, F_STALE, F_WRITE } from './table.ts';
import type { TableCommand } from './table.ts';

/** The error that keeps a command from running, or ''. In the order of Redis's processCommand, so that a request that is wrong twice gets the same error. */
export function admit(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  // A container without a subcommand.
  if (command.run === undefined) return wrongArity(command);
  const arity = command.arity;
  if (arity > 0 ? req.argc !== arity : req.argc < -arity) return wrongArity(command);
  const flags = command.flags;
  if (!session.authenticated && (flags & F_NO_AUTH) === 0 && ctx.config.text.requirepass !== '') {
    return 'NOAUTH Authentication required.';
  }
  if (ctx.config.num.maxmemory > 0 && !ctx.slave && !ctx.loading) {
    const enough = evictToLimit(ctx);
    if (!enough && (flags & F_DENYOOM) !== 0) return "OOM command not allowed when used memory > 'maxmemory'.";
  }
  if ((flags & F_WRITE) !== 0) {
    if (ctx.writeRefusal !== '') return ctx.writeRefusal;
    // Whatever replica-read-only says: a slave's writes would go nowhere.
    if (ctx.slave) return "READONLY You can't write against a read only replica.";
    if (req.end - req.start > REQUEST_BYTES_MAX) return TOO_LARGE;
  }
  if (ctx.loading && (flags & F_LOADING) === 0)
    return ctx.dataRefusal !== '' ? ctx.dataRefusal : 'LOADING Redis is loading the dataset in memory';
  if (ctx.slave && (flags & F_STALE) === 0 && !ctx.config.bool.replicaServeStaleData && !ctx.linkUp) {
    return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
  }
  return '';
}

function wrongArity(command: TableCommand): string {
  return `ERR wrong number of arguments for '${command.fullName}' command`;
}
