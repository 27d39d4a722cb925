/**
 * What a handler works with: one long-lived object, aimed at another session and request for every command, so that
 * executing a command allocates nothing.
 *
 * **Effects.** A handler that changed something says so with `propagate()` (the request itself is deterministic) or
 * writes what happened with `effect(argc)` and the effect writer. Nothing else reaches the log.
 *
 * **Announcements** (docs/internals/announcements.md). What happens to a key is announced right after it has happened,
 * with its kind, whoever changes it: `announce` for what goes to the log as well, `notice` for what does not.
 * Visibility hears of it here, everybody else through the keyspace's `changes`.
 *
 * **Visibility** (invariant `no-uncommitted-reads`). `pending` holds, by a hash of database and key, the number of the
 * last record that wrote a key which hashes there. A lookup raises `waitSeq` to it, and the reply leaves when that
 * record is committed. A table of hashes instead of keys costs one load a lookup, never needs cleaning, and can only
 * err by waiting for a commit that another key needs.
 *
 * **Expiry.** On a master an access deletes a key whose time has come, and tells the log; on a slave such a key is
 * absent for clients and still there for the log, whose DEL will come.
 */

import type { Config } from '@weir/config';
import {
  FLAG_EXPIRE,
  TYPE_STRING,
  events,
  expireOf,
  keyAddress,
  keyLength,
  lruOf,
  setLru,
  typeOf,
  valueAddress,
  valueLength,
} from '@weir/keyspace';
import type { Database, Keyspace, Space } from '@weir/keyspace';
import type { Arena, Ref } from '@weir/memory';
import { CommandWriter, Request } from '@weir/resp';
import type { ReplyWriter } from '@weir/resp';
import { Acl } from '../acl/acl.ts';
import { DEL, UNLINK } from './effect-words.ts';
import { BlockedClients } from './blocking.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import type { Frame } from './frame.ts';
import type { Deferred, Host } from './host.ts';
import { Pause } from './pause.ts';
import { Role } from './role.ts';
import { Monitors } from './monitors.ts';
import { Notifications } from './notifications.ts';
import { PubSub } from './pubsub.ts';
import { REPLY_ON } from './session.ts';
import type { Session } from './session.ts';
import type { Slowlog } from './slowlog.ts';
import { Stats } from './stats.ts';
import type { CommandTable } from './table.ts';
import type { Scripting } from '../scripting/scripting.ts';
import { TrackingTable } from './tracking.ts';
import type { TrackingMode } from './tracking.ts';
import { Watches } from './watches.ts';

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** The effects of one command are no larger, but for those that it divides itself: a record of the log has to hold them. */
export const EFFECT_BYTES_MAX = 1920 * 1024 * 1024;
/** What an effect may need beyond the request: a time, an ID, SELECT. */
export const REQUEST_BYTES_MAX = EFFECT_BYTES_MAX - 1024 * 1024;

/** The effects of the command would be too large for a record. Thrown before anything has changed. */
export class EffectTooLargeError extends Error {
  override readonly name = 'EffectTooLargeError';
}

/** A command inside another one (of a transaction, a script) would have to wait. Thrown before anything has changed. */
export class CannotWaitError extends Error {
  override readonly name = 'CannotWaitError';
}

/** No reply is longer: it is built in one piece. */
const REPLY_BYTES_MAX = 4 * 1024 ** 3;

const MULTI_FIRST = -2;
const PENDING_SLOTS = 16384;
const PENDING_MASK = PENDING_SLOTS - 1;

export class Context {
  // --- for the command at hand -------------------------------------------------------------------------------------
  session!: Session;
  req: Request;
  db!: Database;
  reply: ReplyWriter;
  /** Milliseconds since 1970; the same for the whole command. */
  now = 0;
  /** Milliseconds of a clock that nobody sets, about as current: ages and idle times of clients. */
  monotonicMs = 0;
  /** Hash of the key that was looked up last, and the argument that it is, or 0. */
  hash = 0;
  hashed = 0;
  /** Record that must be committed before the reply leaves; 0 is none. */
  waitSeq = 0;
  /** Changes made by the command at hand. */
  dirty = 0;
  /** What it may log at most, where that depends on what it finds: inside a transaction, what is left of a record. */
  effectBytesMax = EFFECT_BYTES_MAX;
  /** Arguments that are secrets: the slow log shows none of them. */
  redacted: number[] = [];
  /** The reply is an error that was asked for (DEBUG ERROR): no statistics count it. Reset by the one who looks. */
  uncountedError = false;

  // --- for the engine ----------------------------------------------------------------------------------------------
  keyspace: Keyspace;
  readonly config: Config;
  readonly host: Host;
  readonly table: CommandTable;
  readonly stats = new Stats();
  readonly latency = new LatencyMonitor();
  readonly slowlog: Slowlog;
  /** The users, and what was denied to them. */
  readonly acl: Acl;
  /** The effects of the record being filled. */
  effects: CommandWriter;
  /** Number of the record being filled; counts up by one with each record. */
  recordSeq = 1;
  /** What the node's role lets commands do. */
  readonly role = new Role();
  /** Scripts and what runs them: see scripting/scripting.ts, which makes it when it is needed first. */
  scripting: Scripting | null = null;
  /** Keys that sessions watch. */
  readonly watches: Watches;
  /** Clients that wait for keys. */
  readonly blocked: BlockedClients;
  /** Channels and patterns that sessions listen to. */
  readonly pubsub: PubSub;
  readonly notifications: Notifications;
  readonly monitors = new Monitors();
  readonly tracking = new TrackingTable(this);
  /** Somebody wants to hear of commands: see observe.ts. */
  observed = false;
  /** How far the replies written so far are pushes, which CLIENT REPLY does not silence; kept while something silences the session. */
  pushedTo = 0;
  readonly pause: Pause;
  /** DEBUG SET-ACTIVE-EXPIRE. */
  activeExpire = true;
  /** Changes since the start (rdb_changes_since_last_save is derived from it). */
  changes = 0;
  /** Records handed to the log and not committed yet, and the bytes of their effects; the engine keeps them. */
  inFlightRecords = 0;
  inFlightBytes = 0;
  /** Snapshots that BGREWRITEAOF, and BGSAVE SCHEDULE behind it, asked for and that are not finished. */
  readonly saving = { rewriting: false, scheduled: false };
  /** When it was last said that somebody sends HTTP, by the host's clock. */
  httpWarnedMicros = -Infinity;
  /** Commands at work, one inside the other: 0 between commands. See frame.ts, which keeps these fields. */
  depth = 0;
  /** What the commands keep that have another one inside them at work. */
  readonly frames: Frame[] = [];
  /** What became ready and is done when the outermost command is (`whenDone`). */
  readonly ready: (() => void)[] = [];
  serving = false;
  /** Somebody executes commands one after another, and serves what is ready after each. */
  busy = false;
  /** Set by a handler through `defer`. */
  deferred = false;
  /**
   * Installed by the engine: what was written so far may become a record now if it is large. Called right before an effect, by those who make
   * many that nobody has to see together (eviction, the expire cycle, DEBUG POPULATE).
   */
  divideEffects: () => void = () => {};
  /**
   * Installed by the engine: calls back when that record is stored, at once if it is; with false when this node will not know of it any more.
   */
  whenStored: (record: number, done: (stored: boolean) => void) => void = (_record, done) => done(true);
  isStored: (record: number) => boolean = () => true;
  /** Installed by the engine: does that when this turn of the event loop is over, between commands. */
  atEndOfTurn: (run: () => void) => void = (run) => run();
  /** Installed by the engine: a message goes to the other nodes as well. Its bytes are lent for the call. */
  onPublished: Published = () => {};
  /** Bytes of messages that wait until what their publishers wrote before is stored. */
  waitingMessageBytes = 0;
  /** Installed by the engine: the request, which a pause keeps from running, is looked at again when that is over. */
  onPostpone: (session: Session, req: Request) => void = () => {
    throw new Error('this engine cannot postpone requests');
  };
  /** Installed by the engine: hands out the way to go on later. */
  onDefer: (session: Session) => Deferred = () => {
    throw new Error('this engine cannot defer replies');
  };

  readonly #pending = new Float64Array(PENDING_SLOTS);
  /** Last record that changed everything (FLUSHALL, SWAPDB). */
  #pendingAll = 0;
  /** Database that the effects written so far have selected; -1: none, MULTI_FIRST: that is `#outerDb`, and a transaction begins. */
  #effectsDb = -1;
  #outerDb = -1;

  constructor(init: {
    keyspace: Keyspace;
    config: Config;
    host: Host;
    table: CommandTable;
    reply: ReplyWriter;
    effects: CommandWriter;
    slowlog: Slowlog;
  }) {
    this.keyspace = init.keyspace;
    this.config = init.config;
    this.host = init.host;
    this.table = init.table;
    this.reply = init.reply;
    this.reply.bytesMax = REPLY_BYTES_MAX;
    this.effects = init.effects;
    this.slowlog = init.slowlog;
    this.acl = new Acl(init.table.commands, init.config);
    this.watches = new Watches(init.keyspace, () => this.now);
    this.blocked = new BlockedClients(this);
    this.pubsub = new PubSub({
      hash: (buf, off, len) => this.keyspace.hash(buf, off, len),
      push: (session, buf, start, end) => this.push(session, buf, start, end),
    });
    this.pause = new Pause(this);
    this.req = new Request();
    this.notifications = new Notifications(this);
  }

  get arena(): Arena {
    return this.keyspace.arena;
  }

  /** What functions on lists, hashes, sets, sorted sets and streams take first. */
  get space(): Space {
    return this.keyspace.space;
  }

  // --- keys --------------------------------------------------------------------------------------------------------

  /** The entry of the key in argument `i` for reading: counts hit or miss, touches its recency. 0: no such key. */
  lookupRead(i: number): Ref {
    const ref = this.find(i);
    if (ref === 0) {
      this.missed(i);
      return 0;
    }
    this.stats.keyspaceHits++;
    this.touch(ref);
    return ref;
  }

  /** The same for a command that may write: nobody counts it. */
  lookupWrite(i: number): Ref {
    const ref = this.find(i);
    if (ref !== 0) this.touch(ref);
    return ref;
  }

  /** Counts a read of the key in argument `i`, which is not there, and announces it. */
  missed(i: number): void {
    this.stats.keyspaceMisses++;
    if ((this.keyspace.changes.wanted & events.CLASS_KEY_MISS) !== 0) this.#tell(events.KEYMISS, i, this.db, false);
  }

  /** The same for any key of the session's database. */
  missedKey(buf: Uint8Array, off: number, len: number): void {
    this.stats.keyspaceMisses++;
    const { changes } = this.keyspace;
    if ((changes.wanted & events.CLASS_KEY_MISS) === 0) return;
    changes.tell(events.KEYMISS, this.db.index, this.keyspace.hash(buf, off, len), buf, off, len, false);
  }

  /**
   * The entry of the key in argument `i`, expired ones removed or hidden; its recency and the statistics stay as they
   * are.
   */
  find(i: number): Ref {
    const req = this.req;
    const off = req.args[2 * i];
    const len = req.args[2 * i + 1];
    const hash = req.hashed === i ? req.hash : this.keyspace.hash(req.buf, off, len);
    this.hashed = i;
    return this.#findHashed(this.db, hash, req.buf, off, len);
  }

  /** The same for any key. */
  findKey(db: Database, buf: Uint8Array, off: number, len: number): Ref {
    this.hashed = 0;
    return this.#findHashed(db, this.keyspace.hash(buf, off, len), buf, off, len);
  }

  #findHashed(db: Database, hash: number, buf: Uint8Array, off: number, len: number): Ref {
    this.hash = hash;
    const pending = this.#pending[slotOf(hash, db)];
    if (pending > this.waitSeq) this.waitSeq = pending;
    if (this.#pendingAll > this.waitSeq) this.waitSeq = this.#pendingAll;
    const ref = db.keys.find(hash, buf, off, len);
    if (ref === 0) return 0;
    if ((this.keyspace.arena.u8[ref * 16 + 1] & FLAG_EXPIRE) !== 0 && this.#expired(db, hash, ref)) return 0;
    return ref;
  }

  /** Hash of the key in argument `i`. */
  #hashOf(i: number): number {
    return i === this.hashed ? this.hash : this.#hashAgain(i);
  }

  /** Apart, so that what calls `#hashOf` stays small enough to be inlined. */
  #hashAgain(i: number): number {
    const { req } = this;
    return this.keyspace.hash(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  }

  /** Whether the time of an entry has come; a master then removes it. */
  #expired(db: Database, hash: number, ref: Ref): boolean {
    if (this.role.isReplay) return false;
    if (expireOf(this.arena, ref) > this.now) return false;
    if (this.role.ownsExpiry && this.role.paused === 'nothing') this.expire(db, hash, ref);
    return true;
  }

  /** Whether clients see the entry as gone already; removes nothing. For walks over the keyspace. */
  isExpired(ref: Ref): boolean {
    const when = expireOf(this.arena, ref);
    return when >= 0 && when <= this.now && !this.role.isReplay;
  }

  /** Removes an entry whose time has come and tells the log. Replies need not wait for that: time alone decides. */
  expire(db: Database, hash: number, ref: Ref): void {
    const later = this.keyspace.lazyfree.lazyfreeLazyExpire;
    this.#effectDel(db, ref, later);
    this.stats.expiredKeys++;
    this.#tellEntry(events.EXPIRED, db, hash, ref);
    const started = this.latencyStart();
    this.keyspace.remove(db, hash, ref, later);
    if (started !== 0) this.latencyEnd('expire-del', started);
  }

  /** Removes an entry for want of memory and tells the log. */
  evict(db: Database, hash: number, ref: Ref): void {
    const later = this.keyspace.lazyfree.lazyfreeLazyEviction;
    this.#effectDel(db, ref, later);
    this.markPending(hash, db);
    this.stats.evictedKeys++;
    this.#tellEntry(events.EVICTED, db, hash, ref);
    const started = this.latencyStart();
    this.keyspace.remove(db, hash, ref, later);
    if (started !== 0) this.latencyEnd('eviction-del', started);
  }

  touch(ref: Ref): void {
    if (this.session.noTouch) return;
    const recency = this.keyspace.recency;
    setLru(this.arena, ref, recency.touched(lruOf(this.arena, ref), this.now));
  }

  /** Answers WRONGTYPE and returns false unless the entry is a string. */
  isString(ref: Ref): boolean {
    return this.isType(ref, TYPE_STRING);
  }

  /** Answers WRONGTYPE and returns false unless the entry is of the type. */
  isType(ref: Ref, type: number): boolean {
    if (typeOf(this.arena, ref) === type) return true;
    this.reply.error(WRONG_TYPE);
    return false;
  }

  /**
   * A new entry for the key in argument `i`, which does not exist: a holder without a value, to be given its first
   * element at once, which is announced. When that fails, `undoCreate` takes it out again.
   */
  create(i: number, type: number, encoding: number): Ref {
    const { req, keyspace } = this;
    const off = req.args[2 * i];
    const len = req.args[2 * i + 1];
    return keyspace.create(keyspace.key(this.db, this.#hashOf(i), req.buf, off, len), type, encoding, this.now);
  }

  /** Takes an entry out again that nobody was told of. */
  undoCreate(ref: Ref): void {
    this.keyspace.remove(this.db, this.db.keys.hashOf(ref), ref, false);
  }

  /**
   * The key in argument `i` gets the value of a detached holder, instead of the entry `replaced` (0: none): `event`.
   */
  attach(event: number, i: number, holder: Ref, replaced: Ref): Ref {
    const { req, keyspace } = this;
    const off = req.args[2 * i];
    const len = req.args[2 * i + 1];
    const ref = keyspace.attach(keyspace.key(this.db, this.#hashOf(i), req.buf, off, len), replaced, holder, this.now);
    this.announce(event, i, replaced === 0);
    return ref;
  }

  /** Removes the entry of the key in argument `i`; effects are the caller's. */
  removeEntry(i: number, ref: Ref, later?: boolean): void {
    this.keyspace.remove(this.db, this.#hashOf(i), ref, later);
    this.announce(events.DEL, i);
  }

  /** Gives the key in argument `i` an expire time (ms since 1970). */
  setExpire(i: number, ref: Ref, whenMs: number): void {
    this.keyspace.setExpire(this.db, this.#hashOf(i), ref, whenMs);
    this.announce(events.EXPIRE, i);
  }

  /** Takes the expire time of the key in argument `i`, which has one. */
  clearExpire(i: number, ref: Ref): void {
    this.keyspace.clearExpire(this.db, this.#hashOf(i), ref);
    this.announce(events.PERSIST, i);
  }

  /** Replies a string entry's value. */
  replyString(ref: Ref): void {
    this.reply.bulk(this.arena.u8, valueAddress(this.arena, ref), valueLength(this.arena, ref));
  }

  // --- effects -----------------------------------------------------------------------------------------------------

  /** The request itself goes to the log, byte for byte: it is deterministic and it changed something. */
  propagate(changes = 1): void {
    this.dirty += changes;
    if (this.role.isReplay) return;
    this.#select(this.db.index);
    if (this.table.renamed) this.#rewrite(this.req.argc);
    else if (this.req.borrowed) this.effects.frameLater(this.req.buf, this.req.start, this.req.end);
    else this.effects.frame(this.req.buf, this.req.start, this.req.end);
  }

  /**
   * Of the request only the first `argc` arguments go to the log: what was done before the memory was full. Then throw the
   * ArenaFullError on, and the client gets its -OOM.
   */
  propagateFirst(argc: number, changes = 1): void {
    this.dirty += changes;
    if (this.role.isReplay) return;
    this.#select(this.db.index);
    this.#rewrite(argc);
  }

  /**
   * The request's first `argc` arguments under the name that everybody knows: what `rename-command` calls a command is this
   * node's affair.
   */
  #rewrite(argc: number): void {
    const { req, effects } = this;
    const command = this.table.find(req.buf, req.args[0], req.args[1])!;
    effects.command(argc);
    effects.argLatin1(command.command.name.toUpperCase());
    for (let i = 1; i < argc; i++) effects.argBytes(req.buf, req.args[2 * i], req.args[2 * i + 1]);
  }

  /**
   * Begins a command of `argc` arguments in the log: that many calls of the returned writer's arg methods must follow.
   * `db` is the database that it is about.
   */
  effect(argc: number, db: Database = this.db): CommandWriter {
    this.dirty++;
    this.#select(db.index);
    this.effects.command(argc);
    return this.effects;
  }

  /** DEL of an entry by its key, or UNLINK when its value is given back later. */
  #effectDel(db: Database, ref: Ref, later: boolean): void {
    if (this.role.isReplay) return;
    this.#select(db.index);
    this.effects.command(2);
    this.effects.raw(later ? UNLINK : DEL);
    this.effects.argBytes(this.arena.u8, keyAddress(this.arena, ref), keyLength(this.arena, ref));
    this.changes++;
  }

  /**
   * Removes the entry of the key in argument `i` for the command at hand and tells the log: as DEL, or as UNLINK when the value is given
   * back later.
   */
  removeKey(i: number, ref: Ref, later: boolean): void {
    const { req } = this;
    const effect = this.effect(2);
    effect.raw(later ? UNLINK : DEL);
    effect.argBytes(req.buf, req.args[2 * i], req.args[2 * i + 1]);
    this.removeEntry(i, ref, later);
  }

  /** From here on, what is written for the log is one transaction: MULTI goes before it, if something is. */
  openTransaction(): void {
    this.#outerDb = this.#effectsDb;
    this.#effectsDb = MULTI_FIRST;
  }

  /** Ends the session's transaction without running it, or after it ran. It watches nothing more. */
  discard(): void {
    const { session } = this;
    if (session.phase === 'queuing') session.on('queueEnded');
    this.watches.drop(session);
    session.transaction?.clear();
  }

  closeTransaction(): void {
    if (this.#effectsDb === MULTI_FIRST) this.#effectsDb = this.#outerDb;
    else this.#mark('EXEC');
  }

  /** A command of the log that is no change of its own. */
  #mark(name: string): void {
    this.effects.command(1);
    this.effects.argLatin1(name);
    this.effects.count--;
  }

  #select(db: number): void {
    if (db !== this.#effectsDb) this.#selectAnother(db);
  }

  /** Apart, as `#hashAgain` is. */
  #selectAnother(db: number): void {
    if (this.#effectsDb === MULTI_FIRST) {
      this.#mark('MULTI');
      this.#effectsDb = this.#outerDb;
      if (db === this.#outerDb) return;
    }
    this.#effectsDb = db;
    this.effects.command(2);
    this.effects.argLatin1('SELECT');
    this.effects.argInt(db);
    this.effects.count--; // not a change of its own
  }

  /** The engine took the effects away: a new record begins. */
  recordTaken(): void {
    this.recordSeq++;
    this.#effectsDb = -1;
  }

  // --- announcements -----------------------------------------------------------------------------------------------

  /**
   * The key in argument `i` has changed: an event of @weir/keyspace's `events`. The command logs it (`propagate`,
   * `effect`): later reads of the key wait for that. `isNew`: there was no such key before.
   */
  announce(event: number, i: number, isNew = false, db: Database = this.db): void {
    if (!this.role.isReplay) this.#pending[slotOf(this.#hashOf(i), db)] = this.recordSeq;
    if (this.keyspace.changes.wanted !== 0) this.#tellChange(event, i, isNew, db);
  }

  #tellChange(event: number, i: number, isNew: boolean, db: Database): void {
    if (isNew) this.#tell(events.NEW, i, db, true);
    this.#tell(event, i, db, true);
  }

  /** Another event of the key in argument `i`, whose change was announced right before. */
  announceAlso(event: number, i: number): void {
    if (this.keyspace.changes.wanted !== 0) this.#tell(event, i, this.db, true);
  }

  /** As `announce`, for any key, whose hash is given. */
  announceKey(event: number, db: Database, hash: number, buf: Uint8Array, off: number, len: number): void {
    this.markPending(hash, db);
    const { changes } = this.keyspace;
    if (changes.wanted !== 0) changes.tell(event, db.index, hash, buf, off, len);
  }

  /** The same where nothing changed and nothing is logged, but Redis tells it all the same. */
  notice(event: number, i: number): void {
    if (this.keyspace.changes.wanted !== 0) this.#tell(event, i, this.db, false);
  }

  /**
   * All keys of database `a` (-1: of all) have changed, and of database `b` (-1: of no other): every later read waits
   * for this record.
   */
  announceAll(event: number, a = -1, b = -1): void {
    this.markAllPending();
    this.keyspace.changes.tellWhole(event, a, b);
  }

  #tell(event: number, i: number, db: Database, changed: boolean): void {
    const { req } = this;
    const { changes } = this.keyspace;
    changes.tell(event, db.index, this.#hashOf(i), req.buf, req.args[2 * i], req.args[2 * i + 1], changed);
  }

  #tellEntry(event: number, db: Database, hash: number, ref: Ref): void {
    const { arena } = this;
    const { changes } = this.keyspace;
    if (changes.wanted === 0) return;
    changes.tell(event, db.index, hash, arena.u8, keyAddress(arena, ref), keyLength(arena, ref));
  }

  /** Something about all keys changed: every later read waits for this record. */
  markAllPending(): void {
    if (!this.role.isReplay) this.#pendingAll = this.recordSeq;
  }

  markPending(hash: number, db: Database): void {
    if (!this.role.isReplay) this.#pending[slotOf(hash, db)] = this.recordSeq;
  }

  /** The reply waits for everything that was written so far: for commands that read the whole keyspace. */
  waitForAll(): void {
    const last = this.effects.count > 0 ? this.recordSeq : this.recordSeq - 1;
    if (last > this.waitSeq) this.waitSeq = last;
  }

  /** Called by the dispatcher before a handler. */
  begin(): void {
    this.waitSeq = 0;
    this.dirty = 0;
    this.hashed = 0;
    this.deferred = false;
    if (this.redacted.length > 0) this.redacted.length = 0;
  }

  /** Called by the dispatcher after it: what the command wrote belongs to the record, and its reply waits for it. */
  end(): void {
    if (this.dirty === 0) return;
    if (this.depth === 1) this.changes += this.dirty; // those of inner commands included
    if (this.role.isReplay) return;
    this.waitSeq = this.recordSeq;
    this.session.lastRecord = this.recordSeq;
  }

  /** A new data set: nothing of the old one is pending. */
  resetPending(): void {
    this.#pending.fill(0);
    this.#pendingAll = 0;
    this.#effectsDb = -1;
  }

  // --- pushes ------------------------------------------------------------------------------------------------------

  /** Tells a session something that is no reply: `buf[start, end)`, lent for the call. The session at work gets it among its replies. */
  push(session: Session, buf: Uint8Array, start: number, end: number): void {
    if (this.depth === 0 || session !== this.session) return session.control.push?.(buf, start, end);
    this.reply.raw(buf, start, end);
    this.pushed();
  }

  /** The session is told of all commands from now on. */
  startMonitor(session: Session): void {
    session.on('monitor');
    this.monitors.add(session);
    this.observed = true;
  }

  /** The session hears of nothing any more that others do. */
  dropListener(session: Session): void {
    this.pubsub.drop(session);
    this.monitors.drop(session);
    this.stopTracking(session);
  }

  startTracking(session: Session, mode: TrackingMode, prefixes: readonly Uint8Array[]): void {
    this.tracking.start(session, mode, prefixes);
    this.observed = true;
  }

  stopTracking(session: Session): void {
    this.tracking.drop(session);
    this.observed = this.monitors.size > 0 || this.tracking.sessions.size > 0;
  }

  /** What was written so far for the session at work is a push, and is sent whatever CLIENT REPLY says. */
  pushed(): void {
    if (this.depth === 1 && this.session.replyMode !== REPLY_ON) this.pushedTo = this.reply.pos;
  }

  // --- latency -----------------------------------------------------------------------------------------------------

  /** Microseconds of the clock when the latency monitor is on, else 0: then there is nothing to end. */
  latencyStart(): number {
    return this.config.num.latencyMonitorThreshold > 0 ? this.host.clockMicros() : 0;
  }

  /** Something that began then has ended. */
  latencyEnd(event: string, startMicros: number): void {
    this.latencySample(event, this.host.clockMicros() - startMicros);
  }

  /** Something took that long: the monitor keeps it when that is long enough. */
  latencySample(event: string, micros: number): void {
    const threshold = this.config.num.latencyMonitorThreshold;
    const ms = Math.floor(micros / 1000);
    if (threshold > 0 && ms >= threshold) {
      this.latency.add(event, ms, Math.floor(this.host.wallClockMicros() / 1e6));
    }
  }

  // --- later ---------------------------------------------------------------------------------------------------------

  /**
   * The command at hand goes on later: its session executes nothing more until the returned function was called. Write no reply now. What that
   * function is given is done between commands, as a command of the session: it may look up keys, change them, write effects and
   * replies. The request is gone by then. Inside another command (`depth` above 1) nothing can wait: then it throws, and the client is told so.
   */
  defer(): Deferred {
    if (this.depth > 1) throw new CannotWaitError();
    this.deferred = true;
    return this.onDefer(this.session);
  }
}

/** A message of a channel, or of a shard channel. */
export type Published = (
  isShard: boolean,
  buf: Uint8Array,
  off: number,
  len: number,
  payload: Uint8Array,
  payloadOff: number,
  payloadLen: number,
) => void;

function slotOf(hash: number, db: Database): number {
  return (hash ^ Math.imul(db.index, 0x9e3779b1)) & PENDING_MASK;
}
