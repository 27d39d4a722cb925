import { ENC_LISTPACK, TYPE_HASH, hashes } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';

/** The hash in argument 1 for reading. 0: no such key; -1: answered, it holds something else. */
export function readHash(ctx: Context): Ref {
  const ref = ctx.lookupRead(1);
  return ref === 0 || ctx.isType(ref, TYPE_HASH) ? ref : -1;
}

/** Of the last `makeHash`: it was made. */
export const made = { value: false };

/** The same for a change; made when there is no such key. */
export function makeHash(ctx: Context): Ref {
  const ref = ctx.lookupWrite(1);
  made.value = ref === 0;
  if (ref === 0) return ctx.create(1, TYPE_HASH, ENC_LISTPACK);
  return ctx.isType(ref, TYPE_HASH) ? ref : -1;
}

/** Takes a hash out that was made for a change which then failed. */
export function dropIfEmpty(ctx: Context, ref: Ref): void {
  if (hashes.length(ctx.space, ref) === 0) ctx.undoCreate(ref);
}

/**
 * Sets the field in argument `i` to bytes that are no argument: `event`. A hash that was made for it does not outlive a
 * full arena.
 */
export function setField(ctx: Context, event: number, ref: Ref, i: number, buf: Uint8Array, len: number): void {
  const { req } = ctx;
  try {
    hashes.set(ctx.space, ref, req.buf, req.args[2 * i], req.args[2 * i + 1], buf, 0, len);
  } catch (error) {
    dropIfEmpty(ctx, ref);
    throw error;
  }
  ctx.announce(event, 1, made.value);
}
