/**
 * How commands change strings: each function announces what it did, as the event that is given. The key is argument
 * `k`, was looked up last, and has the entry `ref` (0: none).
 */

import { ENC_EMBSTR, ENC_INT, ENC_RAW, events, parseHalves } from '@weir/keyspace';
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

/** Stores argument `v`. */
export function storeArg(ctx: Context, event: number, ref: Ref, k: number, v: number, keepExpire: boolean): void {
  const buf = ctx.req.buf;
  const args = ctx.req.args;
  const off = args[2 * v];
  const len = args[2 * v + 1];
  const encoding = stringEncoding(buf, off, len);
  const keyOff = args[2 * k];
  const keyLen = args[2 * k + 1];
  const { keyspace } = ctx;
  const key = keyspace.key(ctx.db, ctx.hash, buf, keyOff, keyLen);
  keyspace.setString(key, ref, buf, off, len, encoding, keepExpire, ctx.now);
  ctx.announce(event, k, ref === 0);
}

/** Stores argument `v`, with a new expire time. */
export function storeExpiringArg(ctx: Context, event: number, ref: Ref, k: number, v: number, expireMs: number): void {
  const { req, keyspace, db, hash, now } = ctx;
  const { buf, args } = req;
  const off = args[2 * v];
  const len = args[2 * v + 1];
  const encoding = stringEncoding(buf, off, len);
  const keyOff = args[2 * k];
  const keyLen = args[2 * k + 1];
  const key = keyspace.key(db, hash, buf, keyOff, keyLen);
  keyspace.setExpiringString(key, ref, buf, off, len, encoding, expireMs, now);
  ctx.announce(event, k, ref === 0);
  ctx.announceAlso(events.EXPIRE, k);
}

/** Stores bytes that may lie in the arena, without an expire time. */
export function storeBytes(
  ctx: Context,
  event: number,
  ref: Ref,
  k: number,
  buf: Uint8Array,
  off: number,
  len: number,
  encoding: number,
): void {
  const { req, keyspace, db, hash, now } = ctx;
  keyspace.setString(keyspace.key(db, hash, req.buf, req.off(k), req.len(k)), ref, buf, off, len, encoding, false, now);
  ctx.announce(event, k, ref === 0);
}

/**
 * Makes the key hold a string of `len` bytes, which the caller writes at `valueAddress` of the returned entry; what was
 * there is not kept, but its expire time.
 */
export function putString(ctx: Context, event: number, ref: Ref, k: number, len: number, encoding: number): Ref {
  const { req, keyspace, db, hash, now } = ctx;
  const { buf, args } = req;
  const key = keyspace.key(db, hash, buf, args[2 * k], args[2 * k + 1]);
  const next = keyspace.putString(key, ref, len, encoding, true, now);
  ctx.announce(event, k, ref === 0);
  return next;
}

/** Makes the string `len` bytes long; what was there is kept, what is new is zero. */
export function resizeString(ctx: Context, event: number, ref: Ref, k: number, len: number, encoding: number): Ref {
  const next = ctx.keyspace.resizeString(ctx.db, ctx.hash, ref, len, encoding, ctx.now);
  ctx.announce(event, k);
  return next;
}

/** Adds a string to the session's database under a key that is not there. */
export function addString(ctx: Context, key: Uint8Array, value: Uint8Array): void {
  const { keyspace, db, now } = ctx;
  const hash = keyspace.hash(key, 0, key.length);
  const encoding = stringEncoding(value, 0, value.length);
  keyspace.setString(keyspace.key(db, hash, key, 0, key.length), 0, value, 0, value.length, encoding, false, now);
  ctx.announceKey(events.NEW, db, hash, key, 0, key.length);
  ctx.announceKey(events.CHANGED, db, hash, key, 0, key.length);
}
