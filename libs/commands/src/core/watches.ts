import { events, expireOf } from '@weir/keyspace';
import type { ChangeListener, Keyspace } from '@weir/keyspace';
import type { Session } from './session.ts';
import { Transaction } from './transaction.ts';

/**
 * Keys that sessions watch (WATCH). A change of one, whoever makes it, makes the transactions of all who watch it stale, and they watch nothing more.
 *
 * The data set tells of every change as long as somebody watches; a table of counters by the key's hash lets nearly all pass at once. A key whose
 * time had come when it was watched is as good as absent: its removal is no change. FLUSHDB, FLUSHALL and SWAPDB change a key if it was there,
 * or is now.
 */

interface Watch {
  readonly session: Session;
  readonly db: number;
  readonly name: string;
  readonly slot: number;
  /** The key was there. */
  readonly existed: boolean;
  /** It was there still, though its time had come. */
  expired: boolean;
}

/** Besides the key's bytes. */
const WATCH_BYTES = 96;
const SLOTS = 4096;

export class Watches implements ChangeListener {
  #keyspace: Keyspace;
  #stop: (() => void) | null = null;
  readonly #byKey = new Map<string, Watch[]>();
  readonly #bySession = new Map<Session, Watch[]>();
  readonly #slots = new Uint32Array(SLOTS);

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** The session watches a key of a database from now on, if it does not already. `now` in ms since 1970. */
  add(keyspace: Keyspace, session: Session, db: number, buf: Uint8Array, off: number, len: number, now: number): void {
    this.#keyspace = keyspace;
    const name = nameOf(db, buf, off, len);
    const own = this.#bySession.get(session) ?? [];
    if (own.some((watch) => watch.name === name)) return;
    const hash = keyspace.hash(buf, off, len);
    const expired = isExpired(keyspace, db, hash, buf, off, len, now);
    const existed = keyspace.dbs[db].keys.find(hash, buf, off, len) !== 0 && !expired;
    const watch: Watch = { session, db, name, slot: slotOf(hash, db), existed, expired };
    own.push(watch);
    this.#bySession.set(session, own);
    const same = this.#byKey.get(name);
    if (same === undefined) this.#byKey.set(name, [watch]);
    else same.push(watch);
    this.#slots[watch.slot]++;
    (session.transaction ??= new Transaction()).watchedBytes += len + WATCH_BYTES;
    this.#stop ??= keyspace.changes.subscribe(events.CLASS_CHANGE | events.CLASS_WHOLE, this);
  }

  /** The session watches nothing more. */
  drop(session: Session): void {
    const own = this.#bySession.get(session);
    if (own === undefined) return;
    this.#bySession.delete(session);
    session.transaction!.watchedBytes = 0;
    for (const watch of own) {
      this.#slots[watch.slot]--;
      const left = this.#byKey.get(watch.name)!.filter((other) => other !== watch);
      if (left.length === 0) this.#byKey.delete(watch.name);
      else this.#byKey.set(watch.name, left);
    }
    if (this.#bySession.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  /** Whether the time of a key that the session watches has come since; nobody has removed it yet. */
  hasExpired(keyspace: Keyspace, session: Session, now: number): boolean {
    const own = this.#bySession.get(session);
    if (own === undefined) return false;
    return own.some(({ db, name, expired }) => {
      if (expired) return false;
      const key = keyOf(name);
      return isExpired(keyspace, db, keyspace.hash(key, 0, key.length), key, 0, key.length, now);
    });
  }

  key(event: number, db: number, hash: number, buf: Uint8Array, off: number, len: number): void {
    if (this.#slots[slotOf(hash, db)] === 0) return;
    const watches = this.#byKey.get(nameOf(db, buf, off, len));
    if (watches === undefined) return;
    const isGone = event === events.EXPIRED || event === events.DEL || event === events.EVICTED;
    for (const watch of watches) {
      if (watch.expired && isGone) watch.expired = false;
      else this.#spoil(watch.session);
    }
  }

  whole(event: number, a: number, b: number): void {
    // A copy: who is spoiled watches nothing more.
    for (const own of [...this.#bySession.values()]) {
      const spoiled = own.some((watch) => {
        if (event === events.REPLACED) return true;
        const isMeant = a === -1 || watch.db === a || watch.db === b;
        if (!isMeant || watch.expired) return false;
        return watch.existed || (event === events.SWAPPED && this.#exists(watch));
      });
      if (spoiled) this.#spoil(own[0].session);
    }
  }

  #exists({ db, name }: Watch): boolean {
    const key = keyOf(name);
    const keyspace = this.#keyspace;
    return keyspace.dbs[db].keys.find(keyspace.hash(key, 0, key.length), key, 0, key.length) !== 0;
  }

  #spoil(session: Session): void {
    session.transaction!.isStale = true;
    this.drop(session);
  }
}

function slotOf(hash: number, db: number): number {
  return (hash ^ Math.imul(db, 0x9e3779b1)) & (SLOTS - 1);
}

function nameOf(db: number, buf: Uint8Array, off: number, len: number): string {
  return `${db}:${Buffer.from(buf.buffer, buf.byteOffset + off, len).toString('latin1')}`;
}

function keyOf(name: string): Uint8Array {
  return Buffer.from(name.slice(name.indexOf(':') + 1), 'latin1');
}

function isExpired(
  keyspace: Keyspace,
  db: number,
  hash: number,
  buf: Uint8Array,
  off: number,
  len: number,
  now: number,
): boolean {
  const ref = keyspace.dbs[db].keys.find(hash, buf, off, len);
  if (ref === 0) return false;
  const when = expireOf(keyspace.arena, ref);
  return when >= 0 && when <= now;
}
