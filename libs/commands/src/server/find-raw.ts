import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';

/** The entry as it stands, whether its time has come or not. */
export function findRaw(ctx: Context, i: number): Ref {
  const { req, keyspace, db } = ctx;
  // What stands there may not be committed yet.
  ctx.waitForAll();
  return db.keys.find(keyspace.hash(req.buf, req.off(i), req.len(i)), req.buf, req.off(i), req.len(i));
}
