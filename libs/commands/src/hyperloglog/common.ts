import { ENC_RAW, copyIn, setEncoding, valueAddress, valueLength } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';
import { putString, resizeString } from '../core/strings.ts';
import { DENSE_BYTES, isHyperLogLog } from './registers.ts';
import { Sketch } from './sketch.ts';

export const CORRUPTED_ERROR = 'INVALIDOBJ Corrupted HLL object detected';

/** What the command at hand changes. */
export const sketch = new Sketch();

/** Whether the entry is a HyperLogLog; else that is answered. */
export function checkSketch(ctx: Context, ref: Ref): boolean {
  if (!ctx.isString(ref)) return false;
  if (isHyperLogLog(ctx.arena.u8, valueAddress(ctx.arena, ref), valueLength(ctx.arena, ref))) return true;
  ctx.reply.error('WRONGTYPE Key is not a valid HyperLogLog string value.');
  return false;
}

/**
 * What a sparse one may have: the log says when the master made it dense (`propagateDense`), a replica with another
 * limit must not know better, as the strings must be the same.
 */
export function sparseBytesMax(ctx: Context): number {
  return ctx.role.isReplay ? Infinity : ctx.config.num.hllSparseMaxBytes;
}

/** Redis makes a string of its own of whatever is used as a HyperLogLog. */
export function unshare(ctx: Context, ref: Ref): void {
  setEncoding(ctx.arena, ref, ENC_RAW);
}

/**
 * Stores `sketch` under the key in argument `i`, which was looked up last: `event`. Throws ArenaFullError with nothing
 * done.
 */
export function storeSketch(ctx: Context, event: number, i: number, ref: Ref): void {
  const { arena } = ctx;
  const { len } = sketch;
  // A dense one never grows again; room ahead would be wasted on it.
  const next =
    ref === 0 || (len === DENSE_BYTES && valueLength(arena, ref) !== len)
      ? putString(ctx, event, ref, i, len, ENC_RAW)
      : resizeString(ctx, event, ref, i, len, ENC_RAW);
  copyIn(arena.u8, valueAddress(arena, next), sketch.buf, 0, len);
}

/** The log is told that the HyperLogLog in argument `i` is dense now. */
export function propagateDense(ctx: Context, i: number): void {
  const { req } = ctx;
  const effect = ctx.effect(3);
  effect.argLatin1('PFDEBUG');
  effect.argLatin1('TODENSE');
  effect.argBytes(req.buf, req.off(i), req.len(i));
}
