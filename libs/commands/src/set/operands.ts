/** What SINTER, SUNION, SDIFF and their kind have in common: their sets, and the key that some store the result in. */

import { ENC_INTSET, TYPE_SET, sets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';

/** The sets of the command at hand; 0 for a key that does not exist. */
export const operands: Ref[] = [];

/** Looks up `n` keys from argument `first` on. False: answered with the error. */
export function lookupSets(ctx: Context, first: number, n: number): boolean {
  operands.length = 0;
  for (let i = first; i < first + n; i++) {
    const ref = ctx.lookupRead(i);
    if (ref !== 0 && !ctx.isType(ref, TYPE_SET)) return false;
    operands.push(ref);
  }
  return true;
}

/** An empty set in no table. */
export function emptySet(ctx: Context, encoding = ENC_INTSET): Ref {
  return ctx.keyspace.detached(TYPE_SET, encoding);
}

/** Makes a set the value of the key in argument 1, or removes that key when the set is empty; answers its size. */
export function storeResult(ctx: Context, event: number, result: Ref): void {
  const size = result === 0 ? 0 : sets.size(ctx.space, result);
  const replaced = ctx.find(1);
  if (size > 0) {
    ctx.attach(event, 1, result, replaced);
    ctx.propagate();
  } else {
    if (result !== 0) ctx.keyspace.dropDetached(result);
    if (replaced !== 0) {
      ctx.removeEntry(1, replaced);
      ctx.propagate();
    }
  }
  ctx.reply.int(size);
}
