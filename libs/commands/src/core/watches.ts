/**
 * Keys that sessions watch (WATCH). A change of one, whoever makes it, makes the transactions of all who watch it stale, and they watch nothing more.
 *
 * The data set tells of every change as long as somebody watches; a table of counters by the key's hash lets nearly all pass at once. A key whose
 * time had come when it was watched is as good as absent: its removal is no change. FLUSHDB, FLUSHALL and SWAPDB change a key if it was there,
 * or is now.
 *
 * Keys are kept as bytes, not as strings, which cannot be as long as a key.
 */

import { events, expireOf } from '@weir/keyspace';
import type { ChangeListener, Keyspace } from '@weir/keyspace';
import type { Session } from './session.ts';
import { Transaction } from './transaction.ts';

interface WatchedKey {
  readonly db: number;
  readonly hash: number;
  readonly bytes: Uint8Array;
  /** Who watches it. */
  readonly by: Map<Session, Watch>;
}

interface Watch {
  readonly session: Session;
  readonly key: WatchedKey;
  /** The key was there. */
  readonly existed: boolean;
  /** It was there still, though its time had come. */
  expired: boolean;
}

/** All sessions together watch no more keys: they are on the heap, whose end is the end of the process. */
export const WATCHED_MAX = 2 ** 20;
/** Besides the key's bytes. */
const WATCH_BYTES = 640;
const SLOTS = 4096;
const ABSENT = 0;
const PRESENT = 1;
const EXPIRED = 2;

export class Watches implements ChangeListener {
  /** Keys that are watched, one that several sessions watch as often. */
  count = 0;
  #keyspace: Keyspace;
  /** Milliseconds since 1970, for the command at hand. */
  readonly #now: () => number;
  #stop: (() => void) | null = null;
  /** Keys whose hash, mixed with their database, is the same. */
  readonly #byHash = new Map<number, WatchedKey[]>();
  readonly #bySession = new Map<Session, Watch[]>();
  readonly #slots = new Uint32Array(SLOTS);

  constructor(keyspace: Keyspace, now: () => number) {
    this.#keyspace = keyspace;
    this.#now = now;
  }

  /** The session watches a key of a database from now on, if it does not already. */
  add(keyspace: Keyspace, session: Session, db: number, buf: Uint8Array, off: number, len: number): void {
    this.#keyspace = keyspace;
    const key = this.#keyOf(db, keyspace.hash(buf, off, len), buf, off, len);
    if (key.by.has(session)) return;
    const state = this.#stateOf(key);
    const watch: Watch = { session, key, existed: state === PRESENT, expired: state === EXPIRED };
    key.by.set(session, watch);
    this.count++;
    const own = this.#bySession.get(session);
    if (own === undefined) this.#bySession.set(session, [watch]);
    else own.push(watch);
    this.#slots[mixed(key.hash, db) & (SLOTS - 1)]++;
    (session.transaction ??= new Transaction()).watchedBytes += len + WATCH_BYTES;
    this.#stop ??= keyspace.changes.subscribe(events.CLASS_CHANGE | events.CLASS_WHOLE, this);
  }

  /** The session watches nothing more. */
  drop(session: Session): void {
    const own = this.#bySession.get(session);
    if (own === undefined) return;
    this.#bySession.delete(session);
    session.transaction!.watchedBytes = 0;
    this.count -= own.length;
    for (const { key } of own) {
      this.#slots[mixed(key.hash, key.db) & (SLOTS - 1)]--;
      key.by.delete(session);
      if (key.by.size === 0) this.#forget(key);
    }
    if (this.#bySession.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  /** Whether the time of a key that the session watches has come since; nobody has removed it yet. */
  hasExpired(session: Session): boolean {
    const own = this.#bySession.get(session);
    return own !== undefined && own.some((watch) => !watch.expired && this.#stateOf(watch.key) === EXPIRED);
  }

  key(event: number, db: number, hash: number, buf: Uint8Array, off: number, len: number): void {
    if (this.#slots[mixed(hash, db) & (SLOTS - 1)] === 0) return;
    const key = this.#find(db, hash, buf, off, len);
    if (key === undefined) return;
    const isGone = event === events.EXPIRED || event === events.DEL || event === events.EVICTED;
    for (const watch of key.by.values()) {
      if (watch.expired && isGone) watch.expired = false;
      else this.#spoil(watch.session);
    }
  }

  whole(event: number, a: number, b: number): void {
    // SWAPDB of a database with itself.
    if (a === b && a !== -1) return;
    // A copy: who is spoiled watches nothing more.
    for (const own of [...this.#bySession.values()]) {
      const isSpoiled = own.some((watch) => {
        if (event === events.REPLACED) return true;
        const { db } = watch.key;
        return (a === -1 || db === a || db === b) && this.#isSpoiled(watch, event);
      });
      if (isSpoiled) this.#spoil(own[0].session);
    }
  }

  /** Whether the key of a database that was emptied, or is another one now, is not what it was. */
  #isSpoiled(watch: Watch, event: number): boolean {
    const state = event === events.SWAPPED ? this.#stateOf(watch.key) : ABSENT;
    if (watch.existed || state === PRESENT) return true;
    // It was as good as absent, and is.
    watch.expired = state === EXPIRED;
    return false;
  }

  #stateOf({ db, hash, bytes }: WatchedKey): number {
    const { arena, dbs } = this.#keyspace;
    const ref = dbs[db].keys.find(hash, bytes, 0, bytes.length);
    if (ref === 0) return ABSENT;
    const when = expireOf(arena, ref);
    return when >= 0 && when <= this.#now() ? EXPIRED : PRESENT;
  }

  #find(db: number, hash: number, buf: Uint8Array, off: number, len: number): WatchedKey | undefined {
    const same = this.#byHash.get(mixed(hash, db));
    return same?.find((key) => {
      const { bytes } = key;
      return key.db === db && bytes.length === len && Buffer.compare(bytes, buf.subarray(off, off + len)) === 0;
    });
  }

  #keyOf(db: number, hash: number, buf: Uint8Array, off: number, len: number): WatchedKey {
    const found = this.#find(db, hash, buf, off, len);
    if (found !== undefined) return found;
    const key: WatchedKey = { db, hash, bytes: new Uint8Array(buf.subarray(off, off + len)), by: new Map() };
    const at = mixed(hash, db);
    const same = this.#byHash.get(at);
    if (same === undefined) this.#byHash.set(at, [key]);
    else same.push(key);
    return key;
  }

  #forget(key: WatchedKey): void {
    const at = mixed(key.hash, key.db);
    const left = this.#byHash.get(at)!.filter((other) => other !== key);
    if (left.length === 0) this.#byHash.delete(at);
    else this.#byHash.set(at, left);
  }

  #spoil(session: Session): void {
    session.transaction!.isStale = true;
    this.drop(session);
  }
}

function mixed(hash: number, db: number): number {
  return hash ^ Math.imul(db, 0x9e3779b1);
}
