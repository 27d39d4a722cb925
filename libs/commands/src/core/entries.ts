/** How commands change where keys and whole databases are: each function announces what it did. */

import { events } from '@weir/keyspace';
import type { Database } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from './context.ts';
import { stringEncoding } from './strings.ts';

/** Gives the entry of the key in argument `from` the key in argument `to`, where `replaced` (0: none) goes. */
export function renameEntry(ctx: Context, ref: Ref, from: number, to: number, replaced: Ref): void {
  const { keyspace, db, req } = ctx;
  // The one that is renamed was looked up first.
  const key = keyspace.key(db, ctx.hash, req.buf, req.off(to), req.len(to));
  keyspace.rename(db, db.keys.hashOf(ref), ref, key, replaced);
  // As in Redis, which deletes the one and adds the other: it is new.
  ctx.announce(events.NEW, to);
  ctx.announce(events.RENAME_FROM, from);
  ctx.announce(events.RENAME_TO, to);
}

/**
 * Moves the entry of the key in argument `i`, which was looked up last, to another database, where there is no such
 * key.
 */
export function moveEntry(ctx: Context, ref: Ref, i: number, to: Database): void {
  const { keyspace, db, hash, req } = ctx;
  keyspace.rename(db, hash, ref, keyspace.key(to, hash, req.buf, req.off(i), req.len(i)));
  ctx.announce(events.NEW, i, false, to);
  ctx.announce(events.MOVE_FROM, i);
  ctx.announce(events.MOVE_TO, i, false, to);
}

/**
 * Copies an entry to the key in argument `i` of a database, which was looked up last and where `replaced` (0: none)
 * goes.
 */
export function copyEntry(ctx: Context, ref: Ref, to: Database, i: number, replaced: Ref): Ref {
  const { keyspace, hash, req } = ctx;
  const next = keyspace.copy(ref, keyspace.key(to, hash, req.buf, req.off(i), req.len(i)), replaced);
  ctx.announce(events.COPY_TO, i, true, to);
  return next;
}

/** Removes the entry of a key of any database, which was looked up last. */
export function removeEntryOf(ctx: Context, db: Database, key: Uint8Array, ref: Ref): void {
  ctx.keyspace.remove(db, ctx.hash, ref);
  ctx.announceKey(events.DEL, db, ctx.hash, key, 0, key.length);
}

/** Removes all entries of the session's database; `later` gives them back later. */
export function flushDatabase(ctx: Context, later: boolean): void {
  ctx.keyspace.flush(ctx.db, later);
  ctx.announceAll(events.FLUSHED, ctx.db.index);
}

/** Removes all entries; `later` gives them back later. */
export function flushDatabases(ctx: Context, later: boolean): void {
  ctx.keyspace.flushAll(later);
  ctx.announceAll(events.FLUSHED);
}

/** Exchanges two databases. */
export function swapDatabases(ctx: Context, a: number, b: number): void {
  ctx.keyspace.swap(a, b);
  ctx.announceAll(events.SWAPPED, a, b);
}

/**
 * The key in argument `i`, which was looked up last, gets the value of a detached holder, which is gone then in any
 * case, and an expire time unless `whenMs` is negative, in place of the entry `replaced` (0: none). Throws
 * ArenaFullError with the key as it was.
 */
export function restoreEntry(ctx: Context, i: number, holder: Ref, whenMs: number, replaced: Ref): Ref {
  const { keyspace, db, hash, now, req } = ctx;
  let next: Ref;
  try {
    // For a moment two entries have the key: nothing of the old one goes before all of the new one is there.
    next = keyspace.attach(keyspace.key(db, hash, req.buf, req.off(i), req.len(i)), 0, holder, now);
  } catch (error) {
    keyspace.dropDetached(holder);
    throw error;
  }
  if (whenMs >= 0) {
    try {
      next = keyspace.setExpire(db, hash, next, whenMs);
    } catch (error) {
      keyspace.remove(db, hash, next);
      throw error;
    }
  }
  if (replaced !== 0) keyspace.remove(db, hash, replaced);
  // As in Redis, which has deleted what is replaced.
  ctx.announce(events.RESTORE, i, true);
  return next;
}

/** The same with a string's bytes. */
export function restoreString(
  ctx: Context,
  i: number,
  buf: Uint8Array,
  off: number,
  len: number,
  whenMs: number,
  replaced: Ref,
): Ref {
  const { keyspace, db, hash, now, req } = ctx;
  const key = keyspace.key(db, hash, req.buf, req.off(i), req.len(i));
  const encoding = stringEncoding(buf, off, len);
  const next =
    whenMs >= 0
      ? keyspace.setExpiringString(key, replaced, buf, off, len, encoding, whenMs, now)
      : keyspace.setString(key, replaced, buf, off, len, encoding, false, now);
  ctx.announce(events.RESTORE, i, true);
  return next;
}
