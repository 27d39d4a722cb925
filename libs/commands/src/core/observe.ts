import type { Request } from '@weir/resp';
import type { Context } from './context.ts';
import type { Session } from './session.ts';
import { F_HIDDEN, F_READONLY } from './table.ts';
import type { TableCommand } from './table.ts';

/**
 * What is done behind a command only while some client wants to hear of it. `Context.observed` says whether one does, so that the others pay for no more
 * than that look.
 */
export function observe(ctx: Context, req: Request, command: TableCommand): void {
  const { session, tracking } = ctx;
  if (tracking.sessions.size > 0) {
    const own = session.tracking;
    // Of a script that only reads, what it runs is looked at.
    if (own !== null && (command.flags & (F_READONLY | F_HIDDEN)) === F_READONLY)
      tracking.remember(session, req, command);
    // Those of a transaction come behind its reply.
    if (ctx.depth === 1) {
      tracking.tellOwn(session);
      // CLIENT CACHING is about one command, or one transaction.
      if (own?.isCaching === true && session.phase !== 'queuing' && command.parent?.command.name !== 'client')
        own.isCaching = false;
    }
  }
  if ((command.flags & F_HIDDEN) === 0) showMonitors(ctx, req);
}

/** Shows a request to those who monitor. */
export function showMonitors(ctx: Context, req: Request): void {
  if (ctx.monitors.size > 0) ctx.monitors.show(ctx, req, addressOf(ctx.session));
}

function addressOf({ unixSocket, localAddr, remoteAddr }: Session): string {
  return unixSocket ? `unix:${localAddr.replace(/:0$/, '')}` : remoteAddr;
}
