import { ENC_EMBSTR, ENC_INT, ENC_RAW, parseHalves } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from './context.ts';

/** Strings up to this length are "embstr" in OBJECT ENCODING. */
export const EMBSTR_BYTES_MAX = 44;

/** Encoding that Redis gives a string which is stored as a whole (tryObjectEncoding). */
export function stringEncoding(buf: Uint8Array, off: number, len: number): number {
  if (len <= 20 && len > 0) {
    // Most values are no numbers: the first byte tells.
    const first = buf[off];
    if ((first === 45 || (first >= 48 && first <= 57)) && parseHalves(buf, off, len)) return ENC_INT;
  }
  return len <= EMBSTR_BYTES_MAX ? ENC_EMBSTR : ENC_RAW;
}

/** Stores argument `v` under the key in argument `k`, which was looked up last and has the entry `ref` (0: none). */
export function storeArg(ctx: Context, ref: Ref, k: number, v: number, keepExpire: boolean): void {
  const buf = ctx.req.buf;
  const args = ctx.req.args;
  const off = args[2 * v];
  const len = args[2 * v + 1];
  const encoding = stringEncoding(buf, off, len);
  const keyOff = args[2 * k];
  const keyLen = args[2 * k + 1];
  ctx.keyspace.setString(ctx.db, ctx.hash, ref, buf, keyOff, keyLen, buf, off, len, encoding, keepExpire, ctx.now);
}

/** The same with a new expire time. */
export function storeExpiringArg(ctx: Context, ref: Ref, k: number, v: number, expireMs: number): void {
  const buf = ctx.req.buf;
  const args = ctx.req.args;
  const off = args[2 * v];
  const len = args[2 * v + 1];
  const encoding = stringEncoding(buf, off, len);
  const keyOff = args[2 * k];
  const keyLen = args[2 * k + 1];
  ctx.keyspace.setExpiringString(
    ctx.db,
    ctx.hash,
    ref,
    buf,
    keyOff,
    keyLen,
    buf,
    off,
    len,
    encoding,
    expireMs,
    ctx.now,
  );
}
