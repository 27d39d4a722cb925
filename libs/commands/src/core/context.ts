import type { Config } from '@weir/config';
import {
  FLAG_EXPIRE,
  TYPE_STRING,
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
import { DEL, UNLINK } from './effect-words.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import type { DeferredReply, DeferredWork, Host } from './host.ts';
import type { Session } from './session.ts';
import type { Slowlog } from './slowlog.ts';
import { Stats } from './stats.ts';
import type { CommandTable } from './table.ts';

/**
 * What a handler works with: one long-lived object, aimed at another session and request for every command, so that
 * executing a command allocates nothing.
 *
 * **Effects.** A handler that changed something says so with `propagate()` (the request itself is deterministic) or
 * writes what happened with `effect(argc)` and the effect writer. Nothing else reaches the log.
 *
 * **Visibility** (invariant `no-uncommitted-reads`). `pending` holds, by a hash of database and key, the number of the
 * last record that wrote a key which hashes there. A lookup raises `waitSeq` to it, and the reply leaves when that
 * record is committed. A table of hashes instead of keys costs one load a lookup, never needs cleaning, and can only
 * err by waiting for a commit that another key needs.
 *
 * **Expiry.** On a master an access deletes a key whose time has come, and tells the log; on a slave such a key is
 * absent for clients and still there for the log, whose DEL will come.
 */

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** The effects of one command are no larger, but for those that it divides itself: a record of the log has to hold them. */
export const EFFECT_BYTES_MAX = 1920 * 1024 * 1024;
/** What an effect may need beyond the request: a time, an ID, SELECT. */
export const REQUEST_BYTES_MAX = EFFECT_BYTES_MAX - 1024 * 1024;

/** The effects of the command would be too large for a record. Thrown before anything has changed. */
export class EffectTooLargeError extends Error {
  override readonly name = 'EffectTooLargeError';
}

/** No reply is longer: it is built in one piece. */
const REPLY_BYTES_MAX = 4 * 1024 ** 3;

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
  /** Hash of the key that was looked up last. */
  hash = 0;
  /** Record that must be committed before the reply leaves; 0 is none. */
  waitSeq = 0;
  /** Changes made by the command at hand. */
  dirty = 0;
  /** Arguments that are secrets: the slow log shows none of them. */
  readonly redacted: number[] = [];
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
  /** The effects of the record being filled. */
  effects: CommandWriter;
  /** Number of the record being filled; counts up by one with each record. */
  recordSeq = 1;
  /** Applying the log: expiry is the master's, nothing is propagated. */
  replaying = false;
  /** True on a slave: writes of clients are refused, keys are never expired by itself. */
  slave = false;
  /** On a slave: the log is being followed right now. */
  linkUp = true;
  /** Data set is being loaded for the first time: nothing can be served but what is flagged `loading`. */
  loading = false;
  /** While set, writes are refused with this error. */
  writeRefusal = '';
  /** While set, it is what is answered while `loading`, in place of LOADING: what is missing does not come by waiting. */
  dataRefusal = '';
  /** Tests set less. */
  effectBytesMax = EFFECT_BYTES_MAX;
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
  /** Set by a handler through `defer`. */
  deferred = false;
  /**
   * Installed by the engine: what was written so far may become a record now if it is large. Called right before an effect, by those who make
   * many that nobody has to see together (eviction, the expire cycle, DEBUG POPULATE).
   */
  divideEffects: () => void = () => {};
  /** Installed by the engine: hands out the way to answer later. */
  onDefer: (session: Session) => DeferredReply = () => {
    throw new Error('this engine cannot defer replies');
  };

  /** The same for `deferWork`. */
  onDeferWork: (session: Session) => DeferredWork = () => {
    throw new Error('this engine cannot defer work');
  };

  readonly #pending = new Float64Array(PENDING_SLOTS);
  /** Last record that changed everything (FLUSHALL, SWAPDB). */
  #pendingAll = 0;
  #touched = new Int32Array(16);
  #touchedCount = 0;
  /** Database that the effects written so far have selected. */
  #effectsDb = -1;

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
    this.req = new Request();
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
    const ref = this.find(i, false);
    if (ref === 0) {
      this.stats.keyspaceMisses++;
      return 0;
    }
    this.stats.keyspaceHits++;
    this.touch(ref);
    return ref;
  }

  /** The same for a command that may write: the key belongs to the record if the command changes something. */
  lookupWrite(i: number): Ref {
    const ref = this.find(i, true);
    if (ref !== 0) this.touch(ref);
    return ref;
  }

  /** The entry without touching its recency or the statistics (TTL, TYPE, OBJECT …). */
  peek(i: number): Ref {
    return this.find(i, false);
  }

  /** The entry of the key in argument `i`, expired ones removed or hidden. */
  find(i: number, forWrite: boolean): Ref {
    const req = this.req;
    const off = req.args[2 * i];
    const len = req.args[2 * i + 1];
    const hash = req.hashed === i ? req.hash : this.keyspace.hash(req.buf, off, len);
    return this.#findHashed(this.db, hash, req.buf, off, len, forWrite);
  }

  /** The same for any key. */
  findKey(db: Database, buf: Uint8Array, off: number, len: number, forWrite: boolean): Ref {
    return this.#findHashed(db, this.keyspace.hash(buf, off, len), buf, off, len, forWrite);
  }

  #findHashed(db: Database, hash: number, buf: Uint8Array, off: number, len: number, forWrite: boolean): Ref {
    this.hash = hash;
    const slot = (hash ^ Math.imul(db.index, 0x9e3779b1)) & PENDING_MASK;
    const pending = this.#pending[slot];
    if (pending > this.waitSeq) this.waitSeq = pending;
    if (this.#pendingAll > this.waitSeq) this.waitSeq = this.#pendingAll;
    if (forWrite) {
      if (this.#touchedCount === this.#touched.length) this.#growTouched();
      this.#touched[this.#touchedCount++] = slot;
    }
    const ref = db.keys.find(hash, buf, off, len);
    if (ref === 0) return 0;
    if ((this.keyspace.arena.u8[ref * 16 + 1] & FLAG_EXPIRE) !== 0 && this.#expired(db, hash, ref)) return 0;
    return ref;
  }

  /** Whether the time of an entry has come; a master then removes it. */
  #expired(db: Database, hash: number, ref: Ref): boolean {
    if (this.replaying) return false;
    if (expireOf(this.arena, ref) > this.now) return false;
    if (this.slave) return true;
    this.expire(db, hash, ref);
    return true;
  }

  /** Whether clients see the entry as gone already; removes nothing. For walks over the keyspace. */
  isExpired(ref: Ref): boolean {
    const when = expireOf(this.arena, ref);
    return when >= 0 && when <= this.now && !this.replaying;
  }

  /** Removes an entry whose time has come and tells the log. Replies need not wait for that: time alone decides. */
  expire(db: Database, hash: number, ref: Ref): void {
    const later = this.keyspace.lazyfree.lazyfreeLazyExpire;
    this.#effectDel(db, ref, later);
    this.stats.expiredKeys++;
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
   * A new entry for the key in argument `i`, which does not exist: a holder without a value, to be given its first element at once.
   * When that fails, `removeEntry` takes it out again.
   */
  create(i: number, type: number, encoding: number): Ref {
    const { req, keyspace } = this;
    const off = req.args[2 * i];
    const len = req.args[2 * i + 1];
    const hash = keyspace.hash(req.buf, off, len);
    return keyspace.create(this.db, hash, req.buf, off, len, type, encoding, this.now);
  }

  /** The key in argument `i` gets the value of a detached holder, instead of the entry `replaced` (0: none). */
  attach(i: number, holder: Ref, replaced: Ref): Ref {
    const { req, keyspace } = this;
    const off = req.args[2 * i];
    const len = req.args[2 * i + 1];
    const hash = keyspace.hash(req.buf, off, len);
    return keyspace.attach(this.db, hash, replaced, req.buf, off, len, holder, this.now);
  }

  /** Takes an entry of the session's database out of it; effects are the caller's. */
  removeEntry(ref: Ref): void {
    this.keyspace.remove(this.db, this.db.keys.hashOf(ref), ref);
  }

  /** Replies a string entry's value. */
  replyString(ref: Ref): void {
    this.reply.bulk(this.arena.u8, valueAddress(this.arena, ref), valueLength(this.arena, ref));
  }

  // --- effects -----------------------------------------------------------------------------------------------------

  /** The request itself goes to the log, byte for byte: it is deterministic and it changed something. */
  propagate(changes = 1): void {
    this.dirty += changes;
    if (this.replaying) return;
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
    if (this.replaying) return;
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
    if (this.replaying) return;
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
    this.keyspace.remove(this.db, this.db.keys.hashOf(ref), ref, later);
  }

  #select(db: number): void {
    if (db === this.#effectsDb) return;
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

  /** The whole keyspace changed (FLUSHALL, FLUSHDB, SWAPDB): every later read waits for this record. */
  markAllPending(): void {
    if (!this.replaying) this.#pendingAll = this.recordSeq;
  }

  markPending(hash: number, db: Database): void {
    this.#pending[(hash ^ Math.imul(db.index, 0x9e3779b1)) & PENDING_MASK] = this.recordSeq;
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
    this.#touchedCount = 0;
    this.deferred = false;
    if (this.redacted.length > 0) this.redacted.length = 0;
  }

  /** Called by the dispatcher after it: what the command wrote belongs to the record, and its reply waits for it. */
  end(): void {
    if (this.dirty === 0) return;
    this.changes += this.dirty;
    if (this.replaying) return;
    const seq = this.recordSeq;
    for (let i = 0; i < this.#touchedCount; i++) this.#pending[this.#touched[i]] = seq;
    this.waitSeq = seq;
  }

  /** A new data set: nothing of the old one is pending. */
  resetPending(): void {
    this.#pending.fill(0);
    this.#pendingAll = 0;
    this.#effectsDb = -1;
  }

  #growTouched(): void {
    const grown = new Int32Array(this.#touched.length * 2);
    grown.set(this.#touched);
    this.#touched = grown;
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

  /** Answers later: the session executes nothing more until the returned function was called. Write no reply now. */
  defer(): DeferredReply {
    this.deferred = true;
    return this.onDefer(this.session);
  }

  /**
   * The same for a command that changes the data set when it answers. The work is done between other commands, as if it were
   * one of the session: it may look up keys, change them, write effects and replies. The request is gone by then.
   */
  deferWork(): DeferredWork {
    this.deferred = true;
    return this.onDeferWork(this.session);
  }

  /** For the engine: aims at a session whose deferred work is to be done now. Then `begin`, the work, `end`. */
  aim(session: Session, now: number): void {
    this.session = session;
    this.now = now;
    this.db = this.keyspace.dbs[session.db];
    this.reply.resp = session.resp;
  }
}
