/** Denials in Redis's words: before a command runs, when it is queued, when EXEC comes to it, inside a script. Each stands in ACL LOG. */

import type { Request } from '@weir/resp';
import { clientLine } from '../connection/client-list.ts';
import type { Context } from '../core/context.ts';
import type { Session } from '../core/session.ts';
import type { TableCommand } from '../core/table.ts';
import { ALLOWED, DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from './check.ts';
import type { Verdict } from './check.ts';
import type { AclContext, AclReason } from './log.ts';

const CHANGED =
  'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ';

const REASONS: Readonly<Record<Exclude<Verdict, 0>, AclReason>> = {
  [DENIED_COMMAND]: 'command',
  [DENIED_KEY]: 'key',
  [DENIED_CHANNEL]: 'channel',
};

/** Why the session's user may not run the command; ''. */
export function refusalOfAcl(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  const verdict = check(ctx, session, req, command, session.phase === 'queuing' ? 'multi' : 'toplevel');
  switch (verdict) {
    case ALLOWED:
      return '';
    case DENIED_COMMAND:
      return `NOPERM this user has no permissions to run the '${originalName(command)}' command`;
    case DENIED_KEY:
      return 'NOPERM this user has no permissions to access one of the keys used as arguments';
    case DENIED_CHANNEL:
      return 'NOPERM this user has no permissions to access one of the channels used as arguments';
  }
}

/** The same of a command that EXEC has come to. */
export function refusalInExec(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  switch (check(ctx, session, req, command, 'multi')) {
    case ALLOWED:
      return '';
    case DENIED_COMMAND:
      return `${CHANGED}no permission to execute the command or subcommand`;
    case DENIED_KEY:
      return `${CHANGED}no permission to touch the specified keys`;
    case DENIED_CHANNEL:
      return `${CHANGED}no permission to access one of the channels used as arguments to the command`;
  }
}

/** The same of a command that a script calls. */
export function refusalInScript(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  switch (check(ctx, session, req, command, 'lua')) {
    case ALLOWED:
      return '';
    case DENIED_COMMAND:
      return "ERR The user executing the script can't run this command or subcommand";
    case DENIED_KEY:
      return "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments";
    case DENIED_CHANNEL:
      return "ERR The user executing the script can't publish to the channel mentioned in the command";
  }
}

function check(ctx: Context, session: Session, req: Request, command: TableCommand, context: AclContext): Verdict {
  const { user } = session;
  if (user === null || user.isUnrestricted) return ALLOWED;
  const { checker } = ctx.acl;
  const verdict = checker.check(user, command.command, req);
  if (verdict === ALLOWED) return ALLOWED;
  const object = verdict === DENIED_COMMAND ? originalName(command) : req.latin1(checker.at);
  logDenied(ctx, REASONS[verdict], context, object, user.name);
  return verdict;
}

/** An entry in ACL LOG about the client of the outermost command at hand. */
export function logDenied(
  ctx: Context,
  reason: AclReason,
  context: AclContext,
  object: string,
  username: string,
): void {
  const client = clientLine(ctx.session, ctx.monotonicMs);
  ctx.acl.log.add({ reason, context, object, username, timeMs: ctx.now, client }, ctx.config.num.acllogMaxLen);
}

/** As in Redis, a command that `rename-command` gave another name is told by its first one. */
function originalName({ command, parent }: TableCommand): string {
  return parent === null ? command.name : `${parent.command.name}|${command.name}`;
}
