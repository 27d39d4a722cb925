/**
 * Clients that wait for keys: BLPOP and its kind, XREAD BLOCK. See docs/internals/blocking.md.
 *
 * A client that waits stands in the queue of each of its keys. Nothing looks at a queue until a key is announced that may have something for
 * those who wait: then the key is *ready*, once, however often it is announced. When the outermost command is done and answered, the keys
 * that are ready are served in the order in which they became so; each serves its queue from the head on, as long as it has something. To serve a client is to
 * run the rest of its command, as one of its own between commands; that may make further keys ready, which come behind those that are.
 *
 * What a client gets is decided when it is served, and not when the key is announced: by then a transaction may have taken it away again.
 *
 * Only keys that come into being are ready, and streams that get an entry: of a list that is there nobody can wait but who met another type
 * there before. As in Redis, a value that takes the place of another one (SET over a list, SORT … STORE over a string) makes nothing ready.
 */

import { TYPE_STREAM, events, typeOf } from '@weir/keyspace';
import type { ChangeListener } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { commandOf } from '../acl/acl.ts';
import { refusalOfAcl } from '../acl/refusal.ts';
import type { Context } from './context.ts';
import type { Deferred } from './host.ts';
import type { Session } from './session.ts';

/** What a command that waits does with its keys. One object a command. */
export interface Blocker {
  /** The type of value that it waits for; keys of other types it leaves alone. */
  readonly type: number;
  /** It changes what it gets: a node that may not write serves nobody who waits for that. */
  readonly writes: boolean;
  /** Whether the key in argument `i` of `ctx.req` has something for it; absent: whenever it is there. Looks, and answers nothing. */
  has?(ctx: Context, i: number, ref: Ref, waiter: Waiter): boolean;
  /** Answers from the key in argument `i`, in a frame of its own; `ctx.req` is what the client sent. */
  serve(ctx: Context, i: number, waiter: Waiter): void;
  /** What it is told when the key is gone or of another type. Absent: it goes on waiting. */
  readonly lost?: string;
}

/** A client that waits. */
export class Waiter {
  readonly session: Session;
  readonly blocker: Blocker;
  readonly req: Request;
  /** What the command knows of its keys besides: the IDs behind which XREAD reads. */
  readonly state: unknown;
  readonly places: Place[] = [];
  /** Goes on with the command. */
  later: Deferred | null = null;
  cancelTimer: (() => void) | null = null;

  constructor(session: Session, blocker: Blocker, req: Request, state: unknown) {
    this.session = session;
    this.blocker = blocker;
    this.req = req;
    this.state = state;
  }
}

interface WaitedKey {
  readonly db: number;
  readonly hash: number;
  readonly bytes: Uint8Array;
  head: Place | null;
  tail: Place | null;
  /** Of its value, as far as it was announced; NO_TYPE: there is none. */
  type: number;
  /** It is among those that are to be served. */
  isReady: boolean;
}

/** A client's place in the queue of one of its keys. One that was left keeps its `next`, for whoever walks along the queue just then. */
interface Place {
  readonly waiter: Waiter;
  readonly key: WaitedKey;
  /** Argument of the key. */
  readonly arg: number;
  prev: Place | null;
  next: Place | null;
  isLeft: boolean;
}

/** All clients together wait for no more keys: they are on the heap, whose end is the end of the process. */
export const WAITED_MAX = 2 ** 20;
const TOO_MANY = `ERR clients wait for ${WAITED_MAX} keys already`;
/** What a client that waits, and each of its places, take besides the bytes of the request. */
const WAITER_BYTES = 400;
const PLACE_BYTES = 320;
const SLOTS = 4096;
const TYPES = 256;

export const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';
const ROLE_CHANGED = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';

/** Events after which the key is not there, though it may be still when they are announced. */
const GONE = new Set([events.DEL, events.EXPIRED, events.EVICTED, events.RENAME_FROM, events.MOVE_FROM]);
const NO_TYPE = -1;

export class BlockedClients implements ChangeListener {
  /** Places of all clients, in all queues. */
  places = 0;
  /** Clients that wait not longer than for some time. */
  timed = 0;
  readonly #ctx: Context;
  readonly #byHash = new Map<number, WaitedKey[]>();
  readonly #slots = new Uint32Array(SLOTS);
  readonly #ready: WaitedKey[] = [];
  /** How many clients wait for a type. */
  readonly #byType = new Uint32Array(TYPES);
  #stop: (() => void) | null = null;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /**
   * The client of the command at hand waits for the keys in arguments `first`, `first` + 1, … as long as `timeoutMs` (0: without end). A
   * command inside another one must not call it.
   */
  wait(blocker: Blocker, first: number, keys: number, timeoutMs: number, state: unknown = null): void {
    const ctx = this.#ctx;
    if (this.places + keys > WAITED_MAX) return ctx.reply.error(TOO_MANY);
    const { session } = ctx;
    const waiter = new Waiter(session, blocker, ctx.req.copy(), state);
    for (let i = 0; i < keys; i++) this.#queue(waiter, first + i);
    waiter.later = ctx.defer();
    this.#byType[blocker.type]++;
    session.waitingBytes = waiter.req.end + WAITER_BYTES + waiter.places.length * PLACE_BYTES;
    session.unblock = (error, quits) => this.#end(waiter, error, quits);
    if (timeoutMs > 0) {
      this.timed++;
      waiter.cancelTimer = ctx.host.after(timeoutMs, () => this.#end(waiter, ''));
    }
    const wanted = events.CLASS_CHANGE | events.CLASS_STREAM | events.CLASS_WHOLE;
    this.#stop ??= ctx.keyspace.changes.subscribe(wanted, this);
  }

  /** What it waited for did not come: it is told the error, or without one what a time-out is answered. */
  #end(waiter: Waiter, error: string, quits = false): void {
    this.#leave(waiter);
    waiter.later!((reply) => {
      if (error === '') reply.nilArray();
      else reply.error(error);
      if (quits) waiter.session.on('quit');
    });
  }

  #queue(waiter: Waiter, arg: number): void {
    const { keyspace, session } = this.#ctx;
    const { req, places } = waiter;
    const [off, len] = [req.off(arg), req.len(arg)];
    const hash = keyspace.hash(req.buf, off, len);
    const key = this.#find(session.db, hash, req.buf, off, len) ?? this.#add(session.db, hash, req.bytes(arg));
    // Named twice, it counts once: nobody else has come into the queue meanwhile.
    if (key.tail?.waiter === waiter) return;
    const place: Place = { waiter, key, arg, prev: key.tail, next: null, isLeft: false };
    if (key.tail === null) key.head = place;
    else key.tail.next = place;
    key.tail = place;
    places.push(place);
    this.places++;
  }

  /** The client waits no more. */
  #leave(waiter: Waiter): void {
    for (const place of waiter.places) {
      const { key, prev, next } = place;
      if (prev === null) key.head = next;
      else prev.next = next;
      if (next === null) key.tail = prev;
      else next.prev = prev;
      place.isLeft = true;
      if (key.head === null) this.#forget(key);
    }
    this.places -= waiter.places.length;
    this.#byType[waiter.blocker.type]--;
    waiter.session.waitingBytes = 0;
    waiter.session.unblock = null;
    if (waiter.cancelTimer !== null) {
      this.timed--;
      waiter.cancelTimer();
    }
    if (this.places > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  // --- keys that become ready --------------------------------------------------------------------------------------

  key(event: number, db: number, hash: number, buf: Uint8Array, off: number, len: number): void {
    if (this.#slots[mixed(hash, db) & (SLOTS - 1)] === 0) return;
    const key = this.#find(db, hash, buf, off, len);
    if (key === undefined || key.isReady) return;
    const before = key.type;
    key.type = GONE.has(event) ? NO_TYPE : this.#typeOf(key);
    const isMore = event === events.NEW || event === events.XADD || event === events.XGROUP_DESTROY;
    if (this.#concerns(key, before, isMore)) this.#setReady(key);
  }

  whole(event: number, a: number, b: number): void {
    for (const same of this.#byHash.values()) {
      for (const key of same) {
        if (a !== -1 && key.db !== a && key.db !== b) continue;
        const before = key.type;
        key.type = event === events.FLUSHED ? NO_TYPE : this.#typeOf(key);
        if (event === events.REPLACED || this.#concerns(key, before, event === events.SWAPPED)) this.#setReady(key);
      }
    }
  }

  /**
   * Whether a key that was of another type before may have something for somebody: there is more of it, or a stream is none any more. As in Redis that counts only
   * while clients wait for the type, be it with another key; which shows when a value takes the place of another one.
   */
  #concerns({ type }: WaitedKey, before: number, isMore: boolean): boolean {
    if (before === TYPE_STREAM && type !== TYPE_STREAM && this.#byType[TYPE_STREAM] > 0) return true;
    return isMore && type !== NO_TYPE && this.#byType[type] > 0;
  }

  #setReady(key: WaitedKey): void {
    if (key.isReady) return;
    key.isReady = true;
    if (this.#ready.push(key) === 1) this.#ctx.ready.push(() => this.#serve());
  }

  /** Keys that are ready still, since there was no data set to serve them from, are served with what is ready. */
  serveLater(): void {
    if (this.#ready.length > 0) this.#ctx.ready.push(() => this.#serve());
  }

  #serve(): void {
    const ctx = this.#ctx;
    const ready = this.#ready;
    if (ctx.role.isLoading) return;
    ctx.now = Math.floor(ctx.host.wallClockMicros() / 1000);
    try {
      // Who is served may make more ready.
      for (let i = 0; i < ready.length; i++) {
        const key = ready[i];
        key.isReady = false;
        key.type = this.#typeOf(key);
        this.#serveKey(key);
      }
    } finally {
      ready.length = 0;
    }
  }

  #serveKey(key: WaitedKey): void {
    const ctx = this.#ctx;
    const { role } = ctx;
    const mayWrite = role.mayWrite();
    for (let place = key.head; place !== null; place = place.next) {
      if (place.isLeft) continue;
      const { waiter, arg } = place;
      const { blocker } = waiter;
      // Who waits for a role is told when that changes (`releaseAll`).
      if (blocker.writes && !mayWrite) continue;
      const ref = this.#refOf(key);
      if (ref === 0 || typeOf(ctx.arena, ref) !== blocker.type) {
        if (blocker.lost !== undefined) this.#goOn(waiter, () => ctx.reply.error(blocker.lost!));
      } else if (this.#has(waiter, arg, ref)) {
        this.#goOn(waiter, () => this.#serveWaiter(waiter, arg));
        ctx.divideEffects();
      }
    }
  }

  /** What its user may do may be less than when it began to wait. */
  #serveWaiter(waiter: Waiter, arg: number): void {
    const ctx = this.#ctx;
    const { req, session, blocker } = waiter;
    const command = commandOf(ctx.table, req);
    const denied = command === undefined ? '' : refusalOfAcl(ctx, session, req, command);
    if (denied === '') blocker.serve(ctx, arg, waiter);
    else ctx.reply.error(denied);
  }

  #has(waiter: Waiter, arg: number, ref: Ref): boolean {
    const { blocker } = waiter;
    if (blocker.has === undefined) return true;
    this.#ctx.req = waiter.req;
    return blocker.has(this.#ctx, arg, ref, waiter);
  }

  #goOn(waiter: Waiter, run: () => void): void {
    this.#leave(waiter);
    waiter.later!(() => {
      this.#ctx.req = waiter.req;
      run();
    }, true);
  }

  /** In the midst of a command nothing but the type of a value is to be looked at. */
  #typeOf(key: WaitedKey): number {
    const { arena, dbs } = this.#ctx.keyspace;
    const ref = dbs[key.db].keys.find(key.hash, key.bytes, 0, key.bytes.length);
    return ref === 0 ? NO_TYPE : typeOf(arena, ref);
  }

  /** The entry of the key, or 0. One whose time has come is as good as gone. */
  #refOf({ db, hash, bytes }: WaitedKey): Ref {
    const ctx = this.#ctx;
    const ref = ctx.keyspace.dbs[db].keys.find(hash, bytes, 0, bytes.length);
    return ref === 0 || ctx.isExpired(ref) ? 0 : ref;
  }

  // --- the table of keys -------------------------------------------------------------------------------------------

  #find(db: number, hash: number, buf: Uint8Array, off: number, len: number): WaitedKey | undefined {
    const same = this.#byHash.get(mixed(hash, db));
    return same?.find((key) => key.db === db && isSame(key.bytes, buf, off, len));
  }

  #add(db: number, hash: number, bytes: Uint8Array): WaitedKey {
    const key: WaitedKey = { db, hash, bytes, head: null, tail: null, type: NO_TYPE, isReady: false };
    key.type = this.#typeOf(key);
    const at = mixed(hash, db);
    const same = this.#byHash.get(at);
    if (same === undefined) this.#byHash.set(at, [key]);
    else same.push(key);
    this.#slots[at & (SLOTS - 1)]++;
    return key;
  }

  #forget(key: WaitedKey): void {
    const at = mixed(key.hash, key.db);
    this.#slots[at & (SLOTS - 1)]--;
    const left = this.#byHash.get(at)!.filter((other) => other !== key);
    if (left.length === 0) this.#byHash.delete(at);
    else this.#byHash.set(at, left);
  }
}

function isSame(key: Uint8Array, buf: Uint8Array, off: number, len: number): boolean {
  return key.length === len && Buffer.compare(key, buf.subarray(off, off + len)) === 0;
}

/** The node is not what it was: all who wait for something, WAIT included, are told so, and their connections end. */
export function unblockAll(sessions: Iterable<Session>): void {
  for (const session of sessions) session.unblock?.(ROLE_CHANGED, true);
}

function mixed(hash: number, db: number): number {
  return hash ^ Math.imul(db, 0x9e3779b1);
}
