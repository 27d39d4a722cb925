import type { Context } from '@weir/commands';
import type { RoleView } from './view.ts';

/** The one place where a role reaches what commands see of it. */
export function tellClients(ctx: Context, view: RoleView, isLinkUp: boolean): void {
  ctx.slave = view.slave;
  ctx.loading = view.loading;
  ctx.writeRefusal = view.writeRefusal;
  ctx.dataRefusal = view.dataRefusal;
  tellLink(ctx, view.role === 'master' || isLinkUp);
}

/** The link of a slave to its master changed, and nothing else. */
export function tellLink(ctx: Context, isUp: boolean): void {
  ctx.linkUp = isUp;
}
