import type { Request } from '@weir/resp';
import { printable } from '../core/args.ts';
import type { Context } from '../core/context.ts';

/** DEBUG is one command for Redis, not a container: its subcommands have no metadata of their own. */
export interface Subcommand {
  /** Arguments, DEBUG and the subcommand's name included. */
  readonly min: number;
  readonly max: number;
  readonly help: readonly string[];
  run(ctx: Context, req: Request): void;
}

export function unknownSubcommand(ctx: Context, req: Request): void {
  const name = printable(req, 1).slice(0, 128);
  ctx.reply.error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`);
}
