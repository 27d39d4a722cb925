import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';

/** The entry of the key in argument `i`; counts hit or miss, leaves its recency alone (TTL, TYPE, OBJECT …). */
export function peekRead(ctx: Context, i: number): Ref {
  const ref = ctx.find(i);
  if (ref === 0) ctx.missed(i);
  else ctx.stats.keyspaceHits++;
  return ref;
}
