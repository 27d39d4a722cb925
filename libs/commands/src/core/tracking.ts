/**
 * Client-side caching: clients that keep what they have read are told when it changes (CLIENT TRACKING).
 *
 * By default the server remembers which keys a client has read, by their names, whatever the database, and tells once: then the client has to read
 * again. In BCAST mode nothing is remembered, and all changes of keys with some prefixes are told, those of one turn of the event loop together.
 *
 * An invalidation is sent while the change is made. A client that reads again at once waits on a master until that change is stored, and on a slave the
 * change is there: so what it reads then is not what it was told to forget. The client that made the change itself is told behind its reply.
 */

import { events } from '@weir/keyspace';
import type { ChangeListener } from '@weir/keyspace';
import { ReplyWriter } from '@weir/resp';
import type { Request } from '@weir/resp';
import { keyPositions } from './key-positions.ts';
import { ByteTable } from './byte-table.ts';
import type { Named } from './byte-table.ts';
import type { Context } from './context.ts';
import type { Session } from './session.ts';
import type { TableCommand } from './table.ts';

/** What CLIENT TRACKING ON asked for. */
export interface TrackingMode {
  readonly isBroadcast: boolean;
  readonly isOptIn: boolean;
  readonly isOptOut: boolean;
  readonly noLoop: boolean;
  /** Id of the client that is told instead; 0: none. */
  readonly redirect: number;
}

export interface Tracking extends TrackingMode {
  /** The client that is told instead is gone. */
  isBroken: boolean;
  /** CLIENT CACHING was called: counts for the command that follows. */
  isCaching: boolean;
  readonly prefixes: Prefix[];
}

/** A key that somebody has read. */
class TrackedKey implements Named {
  readonly hash: number;
  readonly bytes: Uint8Array;
  next: this | null = null;
  /** Ids of clients: some may be gone. */
  readonly by = new Set<number>();

  constructor(hash: number, bytes: Uint8Array) {
    this.hash = hash;
    this.bytes = bytes;
  }
}

/** A key that changed in this turn. */
interface Changed {
  readonly bytes: Buffer;
  /** Who changed it last; null: nobody. */
  by: Session | null;
}

interface Prefix {
  readonly bytes: Buffer;
  readonly sessions: Set<Session>;
  changed: Map<string, Changed>;
}

/** Names of changed keys that wait for the end of the turn: beyond it they are told earlier. */
const CHANGED_BYTES_MAX = 16 * 1024 * 1024;
const CHANNEL = '__redis__:invalidate';

export class TrackingTable implements ChangeListener {
  /** Clients that track. */
  readonly sessions = new Set<Session>();
  readonly keys = new ByteTable<TrackedKey>();
  /** How often a client is remembered for a key. */
  items = 0;
  readonly prefixes: Prefix[] = [];
  readonly #ctx: Context;
  #stop: (() => void) | null = null;
  /** Of the session at work: told behind its reply. Null stands for all keys. */
  #own: (Uint8Array | null)[] = [];
  #changedBytes = 0;
  #isScheduled = false;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  // --- clients -------------------------------------------------------------------------------------------------------

  /** The session tracks from now on, or in another way. */
  start(session: Session, mode: TrackingMode, prefixes: readonly Uint8Array[]): void {
    const before = session.tracking?.prefixes ?? [];
    session.tracking = { ...mode, isBroken: false, isCaching: false, prefixes: [...before] };
    this.sessions.add(session);
    if (mode.isBroadcast) {
      // Without a prefix it is all keys, beside the prefixes that there were.
      for (const bytes of prefixes.length === 0 ? [new Uint8Array(0)] : prefixes) this.#addPrefix(session, bytes);
    }
    const { changes } = this.#ctx.keyspace;
    this.#stop ??= changes.subscribe(events.CLASS_CHANGE | events.CLASS_WHOLE, this);
  }

  #addPrefix(session: Session, bytes: Uint8Array): void {
    let prefix = this.prefixes.find((one) => one.bytes.equals(bytes));
    if (prefix === undefined) {
      prefix = { bytes: Buffer.from(bytes), sessions: new Set(), changed: new Map() };
      this.prefixes.push(prefix);
      this.prefixes.sort((one, other) => one.bytes.compare(other.bytes));
    }
    if (prefix.sessions.has(session)) return;
    prefix.sessions.add(session);
    session.tracking!.prefixes.push(prefix);
  }

  /** The session tracks nothing more. What is remembered of it goes when its keys do. */
  drop(session: Session): void {
    const { tracking } = session;
    if (tracking === null) return;
    for (const prefix of tracking.prefixes) {
      prefix.sessions.delete(session);
      if (prefix.sessions.size === 0) this.prefixes.splice(this.prefixes.indexOf(prefix), 1);
    }
    session.tracking = null;
    this.sessions.delete(session);
    if (session === this.#ctx.session) this.#own = [];
    if (this.sessions.size > 0) return;
    this.#stop?.();
    this.#stop = null;
    this.#forgetAll();
  }

  #forgetAll(): void {
    for (const key of [...this.keys]) this.keys.remove(key);
    this.items = 0;
  }

  // --- reads ---------------------------------------------------------------------------------------------------------

  /** A client that tracks has executed a command that reads: its keys are remembered for it. */
  remember({ id, tracking }: Session, req: Request, { command }: TableCommand): void {
    const { isBroadcast, isCaching, isOptIn, isOptOut } = tracking!;
    if (isBroadcast || (isOptIn && !isCaching) || (isOptOut && isCaching)) return;
    for (const { index } of keyPositions(command, req, 0) ?? []) {
      this.#rememberKey(id, req.buf, req.off(index), req.len(index));
    }
    this.#limit();
  }

  #rememberKey(id: number, buf: Uint8Array, off: number, len: number): void {
    const hash = this.#ctx.keyspace.hash(buf, off, len);
    let key = this.keys.find(hash, buf, off, len);
    if (key === null) {
      key = new TrackedKey(hash, new Uint8Array(buf.subarray(off, off + len)));
      this.keys.add(key);
    }
    if (key.by.has(id)) return;
    key.by.add(id);
    this.items++;
  }

  /** `tracking-table-max-keys`: who is remembered for a key that has no room is told to forget it. */
  #limit(): void {
    const max = this.#ctx.config.num.trackingTableMaxKeys;
    if (max === 0 || this.keys.size <= max) return;
    for (const key of this.keys) {
      this.#invalidate(key, null);
      if (this.keys.size <= max) return;
    }
  }

  // --- changes -------------------------------------------------------------------------------------------------------

  key(event: number, _db: number, hash: number, buf: Uint8Array, off: number, len: number, changed: boolean): void {
    // What made a new key is told right behind that it is new.
    if (!changed || event === events.NEW) return;
    const by = this.#ctx.depth > 0 ? this.#ctx.session : null;
    if (this.prefixes.length > 0) this.#noteChanged(buf, off, len, by);
    if (this.keys.size === 0) return;
    const key = this.keys.find(hash, buf, off, len);
    if (key !== null) this.#invalidate(key, by);
  }

  whole(): void {
    const by = this.#ctx.depth > 0 ? this.#ctx.session : null;
    for (const session of this.sessions) {
      if (session === by) this.#own.push(null);
      else this.#tell(session, nullOf(session));
    }
    this.#forgetAll();
  }

  #invalidate(key: TrackedKey, by: Session | null): void {
    this.keys.remove(key);
    this.items -= key.by.size;
    for (const id of key.by) {
      const session = this.#ctx.host.sessions.get(id);
      const tracking = session?.tracking ?? null;
      if (tracking === null || tracking.isBroadcast) continue;
      if (session === by && tracking.noLoop) continue;
      if (session === by) this.#own.push(key.bytes);
      else this.#tell(session!, [key.bytes]);
    }
  }

  /** The outermost command of this session is done: what it has to be told comes behind the reply. */
  tellOwn(session: Session): void {
    if (this.#own.length === 0) return;
    const own = this.#own;
    this.#own = [];
    for (const bytes of own) {
      if (session.tracking !== null) this.#tell(session, bytes === null ? nullOf(session) : [bytes]);
    }
  }

  // --- BCAST ---------------------------------------------------------------------------------------------------------

  #noteChanged(buf: Uint8Array, off: number, len: number, by: Session | null): void {
    for (const { bytes, changed } of this.prefixes) {
      if (bytes.length > len || bytes.compare(buf, off, off + bytes.length) !== 0) continue;
      const key = Buffer.from(buf.subarray(off, off + len));
      const name = key.toString('latin1');
      const known = changed.get(name);
      if (known !== undefined) known.by = by;
      else {
        changed.set(name, { bytes: key, by });
        this.#changedBytes += len;
      }
    }
    if (this.#changedBytes > CHANGED_BYTES_MAX) return this.#broadcast();
    if (this.#isScheduled || this.#changedBytes === 0) return;
    this.#isScheduled = true;
    this.#ctx.atEndOfTurn(() => {
      this.#isScheduled = false;
      this.#broadcast();
    });
  }

  #broadcast(): void {
    this.#changedBytes = 0;
    for (const prefix of this.prefixes) {
      const { changed } = prefix;
      if (changed.size === 0) continue;
      prefix.changed = new Map();
      const all = [...changed.values()].sort((a, b) => a.bytes.compare(b.bytes));
      const keys = all.map(({ bytes }) => bytes);
      for (const session of prefix.sessions) {
        const others = session.tracking!.noLoop ? all.filter(({ by }) => by !== session) : all;
        if (others.length > 0) this.#tell(session, others === all ? keys : others.map(({ bytes }) => bytes));
      }
    }
  }

  // --- telling -------------------------------------------------------------------------------------------------------

  /** Tells a session, or who is told instead, that keys, or all of them, are not what they were. */
  #tell(session: Session, what: readonly Uint8Array[] | 2 | 3): void {
    const tracking = session.tracking!;
    const { redirect } = tracking;
    const to = redirect === 0 ? session : this.#ctx.host.sessions.get(redirect);
    const out = new ReplyWriter();
    if (to === undefined) {
      tracking.isBroken = true;
      if (session.resp === 2) return;
      out.resp = 3;
      out.push(2);
      out.bulkLatin1('tracking-redir-broken');
      out.int(redirect);
      return this.#ctx.push(session, out.buf, 0, out.pos);
    }
    if (to.resp === 3) {
      out.resp = 3;
      out.push(2);
      out.bulkLatin1('invalidate');
    } else {
      // In RESP2 only who is told instead, and listens to something, can tell it from a reply.
      if (redirect === 0 || !to.isSubscriber) return;
      out.array(3);
      out.bulkLatin1('message');
      out.bulkLatin1(CHANNEL);
    }
    if (typeof what === 'number') {
      out.resp = what;
      out.nil();
    } else {
      out.array(what.length);
      for (const bytes of what) out.bulk(bytes, 0, bytes.length);
    }
    this.#ctx.push(to, out.buf, 0, out.pos);
  }
}

/** "All keys", in the protocol of the session that tracks, as in Redis. */
function nullOf(session: Session): 2 | 3 {
  return session.resp;
}
