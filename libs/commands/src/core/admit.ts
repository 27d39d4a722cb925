/**
 * May it run? The one place that decides, in the order of Redis's processCommand, so that a request that is wrong twice gets the same error.
 */

import type { Request } from '@weir/resp';
import { refusalOfAcl } from '../acl/refusal.ts';
import { REQUEST_BYTES_MAX } from './context.ts';
import type { Context } from './context.ts';
import { evictToLimit } from './evict.ts';
import { TOO_LARGE } from './frame.ts';
import type { Session } from './session.ts';
import {
  F_DENYOOM,
  F_EXEC,
  F_IN_TROUBLE,
  F_LOADING,
  F_NEVER_PAUSED,
  F_NOT_QUEUED,
  F_NO_AUTH,
  F_NO_MULTI,
  F_PAUSED_WRITE,
  F_STALE,
  F_SUBSCRIBED,
  F_TOUCHES,
  CommandTable,
  F_WRITE,
} from './table.ts';
import { QUEUED_MAX } from './transaction.ts';
import type { TableCommand } from './table.ts';

/** It is admitted, and runs when EXEC comes. */
export const QUEUE = 'queue';
/** It is not run now, and decided about anew when the pause is over. */
export const PAUSED = 'paused';
const TOO_MANY = `ERR a transaction has at most ${QUEUED_MAX} commands`;

/** The error that keeps the command from running, or QUEUE, or PAUSED, or ''. */
export function admit(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  // Nothing stands in the way of most commands, and they should pay no more than to see that.
  const { arity } = command;
  if (
    (arity > 0 ? req.argc === arity : req.argc >= -arity) &&
    session.isPlain &&
    ctx.role.isPlain &&
    ctx.config.num.maxmemory === 0 &&
    req.end - req.start <= REQUEST_BYTES_MAX &&
    command.run !== undefined
  ) {
    return '';
  }
  return refusal(ctx, session, req, command);
}

function refusal(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  // A container without a subcommand.
  if (command.run === undefined) return wrongArity(command);
  const { arity } = command;
  let { flags } = command;
  let admitted = '';
  if (arity > 0 ? req.argc !== arity : req.argc < -arity) return wrongArity(command);
  if (!session.authenticated && (flags & F_NO_AUTH) === 0 && !ctx.acl.isOpen) {
    return 'NOAUTH Authentication required.';
  }
  const isQueuing = session.phase === 'queuing';
  if (isQueuing && (flags & F_NO_MULTI) !== 0) return 'ERR Command not allowed inside a transaction';
  const denied = refusalOfAcl(ctx, session, req, command);
  if (denied !== '') return denied;
  if (isQueuing) {
    if ((flags & F_EXEC) !== 0) flags = session.transaction!.flags(flags);
    // A queue needs memory, whatever is in it.
    else if ((flags & F_NOT_QUEUED) === 0) {
      if (session.transaction!.count >= QUEUED_MAX) return TOO_MANY;
      flags |= F_DENYOOM;
      admitted = QUEUE;
    }
  }
  const { role } = ctx;
  if (ctx.config.num.maxmemory > 0 && role.ownsExpiry && !role.isLoading && role.paused === 'nothing') {
    const enough = evictToLimit(ctx);
    if (!enough && (flags & F_DENYOOM) !== 0) return "OOM command not allowed when used memory > 'maxmemory'.";
  }
  const ofWrite = refusalOfWrite(ctx, flags);
  if (ofWrite !== '') return ofWrite;
  if (session.phase === 'subscribed' && (flags & F_SUBSCRIBED) === 0) return notSubscribed(command);
  if (!role.isPlain) {
    const ofData = refusalOfData(ctx, flags);
    if (ofData !== '') return ofData;
    if (role.leaseRefusal !== '' && admitted === '' && isOfData(command, flags)) return role.leaseRefusal;
  }
  if ((flags & F_TOUCHES) !== 0 && session.isMonitor) return "ERR Replica can't interact with the keyspace";
  // Weir's own: no record of the log could hold it.
  if ((flags & F_WRITE) !== 0 && req.end - req.start > REQUEST_BYTES_MAX) return TOO_LARGE;
  return isPaused(ctx, flags) ? PAUSED : admitted;
}

function isPaused({ role }: Context, flags: number): boolean {
  if (role.paused === 'nothing' || (flags & F_NEVER_PAUSED) !== 0) return false;
  return role.paused === 'all' || (flags & F_PAUSED_WRITE) !== 0;
}

/** Why this node, as what it is now, does not run a command with such flags; or ''. Also for those that find out late that they write. */
export function refusalOfRole(ctx: Context, flags: number): string {
  return refusalOfWrite(ctx, flags) || refusalOfData(ctx, flags);
}

function refusalOfWrite({ role }: Context, flags: number): string {
  if (role.isPlain || (flags & F_WRITE) === 0) return '';
  if (role.writeRefusal !== '') return role.writeRefusal;
  // Whatever replica-read-only says: a slave's writes would go nowhere.
  return role.isSlave ? "READONLY You can't write against a read only replica." : '';
}

function refusalOfData(ctx: Context, flags: number): string {
  const { role } = ctx;
  // Where data is missing for good, that is said rather than that the link is down.
  const { dataRefusal } = role;
  const stale = role.isSlave && !role.linkUp && !ctx.config.bool.replicaServeStaleData;
  if (stale && (flags & F_STALE) === 0 && (dataRefusal === '' || !role.isLoading)) {
    return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
  }
  if (role.isLoading && (flags & F_LOADING) === 0) {
    if (dataRefusal === '') return 'LOADING Redis is loading the dataset in memory';
    if ((flags & F_IN_TROUBLE) === 0) return dataRefusal;
  }
  return '';
}

function notSubscribed({ fullName }: TableCommand): string {
  return `ERR Can't execute '${fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}

/** Whether a request would read or change the data set when it is executed now, so that a master without a lease must not answer it. */
export function needsData(ctx: Context, session: Session, req: Request): boolean {
  const found = ctx.table.find(req.buf, req.args[0], req.args[1]);
  const command =
    found === undefined || found.subcommands.length === 0 || req.argc < 2
      ? found
      : CommandTable.findSubcommand(found, req.buf, req.args[2], req.args[3]);
  if (command === undefined || (!session.authenticated && ctx.config.text.requirepass !== '')) return false;
  if (session.phase !== 'queuing') return isOfData(command, command.flags);
  if ((command.flags & F_EXEC) === 0) return false;
  return isOfData(command, session.transaction!.flags(command.flags));
}

/** What runs while data is loaded needs none, and what is about the connection alone. */
function isOfData({ acl }: TableCommand, flags: number): boolean {
  return (flags & F_LOADING) === 0 && !acl.includes('connection');
}

function wrongArity(command: TableCommand): string {
  return `ERR wrong number of arguments for '${command.fullName}' command`;
}
