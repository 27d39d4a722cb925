/**
 * A data set: numbered databases over one arena. It stores and finds; what an access means (expiry, statistics,
 * replication) is decided by the commands. Changing an entry may move its block: every method that can do so returns
 * the new ref, and the old one is dead.
 *
 * What happens to keys is announced in `changes` by whoever calls these methods: only the caller knows what it was.
 * Commands do not call those that change keys but have `Context` do it, which announces as well
 * (docs/internals/announcements.md).
 */

import { FunctionLibraries } from './functions.ts';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import {
  EXPIRE_BYTES,
  FLAG_EXPIRE,
  FLAG_EXTERNAL,
  HEADER_BYTES,
  INLINE_BYTES_MAX,
  TYPE_STRING,
  alignedTo4,
  copyIn,
  entryBytes,
  externalSlot,
  keyAddress,
  keyLength,
  lruOf,
  setLru,
  valueAddress,
} from './entry.ts';
import { Changes } from './changes.ts';
import { Database, KeyRef } from './database.ts';
import { REPLACED } from './events.ts';
import { EvictionPool } from './eviction.ts';
import { hashBytes } from './hash.ts';
import type { HashSeed } from './hash.ts';
import { Random } from './random.ts';
import { Recency } from './recency.ts';
import { DEFAULT_LIMITS, Space, rootOf, setRoot } from './space.ts';
import type { EncodingLimits } from './space.ts';
import { FreeLater } from './free-later.ts';
import type { LazyfreeSettings } from './free-later.ts';
import type { TableLimits } from './table.ts';
import { freeValue, opsOf } from './values.ts';

export interface KeyspaceOptions {
  readonly databases?: number;
  /** Where everything lies; of this keyspace alone (`flush` may reset it). */
  readonly arena?: Arena;
  /** Secret of the hash tables. */
  readonly seed: HashSeed;
  /** Seed of sampling (RANDOMKEY, eviction, LFU, SPOP). */
  readonly randomSeed: number;
  /** Looked at whenever a value changes, so the live configuration may be given. Default: Redis's defaults. */
  readonly limits?: EncodingLimits;
  /** What is freed later (free-later.ts); the live configuration. Default: Redis's, only what UNLINK and ASYNC say. */
  readonly lazyfree?: LazyfreeSettings;
}

const NOTHING_LATER: LazyfreeSettings = {
  lazyfreeLazyEviction: false,
  lazyfreeLazyExpire: false,
  lazyfreeLazyServerDel: false,
  lazyfreeLazyUserDel: false,
  lazyfreeLazyUserFlush: false,
};

/** Internal values of an expire time that is none. */
const NO_EXPIRE = -1;
const KEEP_EXPIRE = -2;

export class Keyspace {
  readonly arena: Arena;
  readonly dbs: Database[] = [];
  readonly random: Random;
  readonly recency: Recency;
  readonly limits: TableLimits = { softBytes: Infinity };
  /** Database that the active expire cycle visits next, and whether its last run had to stop early. */
  expireDb = 0;
  expireCutShort = false;
  readonly eviction: EvictionPool;
  /** What the values that are no strings need. */
  readonly space: Space;
  readonly lazyfree: LazyfreeSettings;
  /** Values that are in no database any more and not given back yet. */
  readonly later: FreeLater;
  /** Function libraries: no database has them. */
  readonly functions = new FunctionLibraries();
  /** Where what happens to keys is announced. */
  #changes = new Changes();
  readonly #k0: number;
  readonly #k1: number;
  readonly #key: KeyRef;

  constructor(options: KeyspaceOptions) {
    this.arena = options.arena ?? new Arena();
    this.#k0 = options.seed.k0 | 0;
    this.#k1 = options.seed.k1 | 0;
    const seed = { k0: this.#k0, k1: this.#k1 };
    for (let i = 0; i < (options.databases ?? 16); i++) this.dbs.push(new Database(i, this.arena, seed, this.limits));
    this.#key = new KeyRef(this.dbs[0]);
    this.random = new Random(options.randomSeed);
    this.recency = new Recency(this.random);
    this.eviction = new EvictionPool(this);
    this.space = new Space(this.arena, seed, this.limits, options.limits ?? DEFAULT_LIMITS, this.random);
    this.lazyfree = options.lazyfree ?? NOTHING_LATER;
    this.later = new FreeLater(this.space, (entry) => this.#freeEntry(entry));
    this.arena.onFull = () => this.later.onFull();
  }

  get changes(): Changes {
    return this.#changes;
  }

  /** This data set takes the place of another one: who listened there listens here from now on, and is told. */
  takePlaceOf(other: Keyspace): void {
    this.#changes = other.#changes;
    this.#changes.tellWhole(REPLACED, -1, -1);
  }

  hash(buf: Uint8Array, off: number, len: number): number {
    return hashBytes(buf, off, len, this.#k0, this.#k1);
  }

  /** Names a key for one of the methods below: one object, used again by the next call. */
  key(db: Database, hash: number, buf: Uint8Array, off: number, len: number): KeyRef {
    const key = this.#key;
    // Mostly the same as before, and a comparison is cheaper than a reference stored (the collector's write barrier).
    if (key.db !== db) key.db = db;
    key.hash = hash;
    if (key.buf !== buf) key.buf = buf;
    key.off = off;
    key.len = len;
    return key;
  }

  /** Bytes in use by keys, values and indexes. */
  get usedBytes(): number {
    return this.arena.usedBytes;
  }

  /** Keys in all databases. */
  get size(): number {
    let keys = 0;
    for (const db of this.dbs) keys += db.keys.size;
    return keys;
  }

  /**
   * Makes the key hold a string of `valueLen` bytes whose content the caller writes at `valueAddress` (bytes that were
   * there before are not kept). `ref` is the key's entry or 0; the expire time is kept or dropped. Throws
   * ArenaFullError with everything as it was, like all methods here.
   */
  putString(key: KeyRef, ref: Ref, valueLen: number, encoding: number, keepExpire: boolean, nowMs: number): Ref {
    const expireMs = keepExpire ? KEEP_EXPIRE : NO_EXPIRE;
    const next = this.#put(key, ref, valueLen, encoding, expireMs, nowMs);
    if (ref !== 0 && next !== ref) this.#freeReplaced(ref);
    return next;
  }

  /** Returns the entry with room for the value; when that is another block than `ref`, the caller frees `ref`. */
  #put(key: KeyRef, ref: Ref, valueLen: number, encoding: number, expireMs: number, nowMs: number): Ref {
    const arena = this.arena;
    const keyLen = key.len;
    const external = valueLen > INLINE_BYTES_MAX;
    const hadExpire = ref !== 0 && (arena.u8[ref * 16 + 1] & FLAG_EXPIRE) !== 0;
    const hasExpire = expireMs === KEEP_EXPIRE ? hadExpire : expireMs >= 0;
    const head = HEADER_BYTES + (hasExpire ? EXPIRE_BYTES : 0);
    if (ref !== 0 && !external && hadExpire === hasExpire) {
      // In place: same shape, same block size.
      if ((arena.u8[ref * 16 + 1] & FLAG_EXTERNAL) === 0 && (arena.u8[ref * 16] & 15) === TYPE_STRING) {
        if (arena.u32[ref * 4 + 3] === valueLen || Arena.roundUp(head + keyLen + valueLen) === arena.usableBytes(ref)) {
          arena.u8[ref * 16] = TYPE_STRING | (encoding << 4);
          arena.u32[ref * 4 + 3] = valueLen;
          if (expireMs >= 0) arena.f64[ref * 2 + 2] = expireMs;
          return ref;
        }
      }
    }
    let valueRef = 0;
    const next = arena.alloc(entryBytes(keyLen, valueLen, external, hasExpire));
    if (external) {
      try {
        valueRef = arena.alloc(valueLen);
      } catch (error) {
        arena.free(next);
        throw error;
      }
    }
    arena.u8[next * 16] = TYPE_STRING | (encoding << 4);
    arena.u8[next * 16 + 1] = (hasExpire ? FLAG_EXPIRE : 0) | (external ? FLAG_EXTERNAL : 0);
    arena.u8[next * 16 + 2] = 0;
    arena.u8[next * 16 + 3] = 0;
    arena.u32[next * 4 + 1] = keyLen;
    arena.u32[next * 4 + 2] = ref === 0 ? this.recency.initial(nowMs) : arena.u32[ref * 4 + 2];
    arena.u32[next * 4 + 3] = valueLen;
    if (hasExpire) arena.f64[next * 2 + 2] = expireMs >= 0 ? expireMs : arena.f64[ref * 2 + 2];
    copyIn(arena.u8, next * 16 + head, key.buf, key.off, keyLen);
    if (external) arena.u32[externalSlot(arena, next)] = valueRef;
    const { db, hash } = key;
    if (ref === 0) this.#link(db, hash, next, true);
    else {
      if (hadExpire && hasExpire) db.expires.replace(hash, ref, next);
      else if (hadExpire) db.expires.remove(hash, ref);
      else if (hasExpire) this.#linkExpire(db, hash, next, true);
      db.keys.replace(hash, ref, next);
    }
    return next;
  }

  /** Enters a new entry in the tables; when there is no room it is freed, with its value if that is its own. */
  #link(db: Database, hash: number, next: Ref, ownsValue: boolean): void {
    if ((this.arena.u8[next * 16 + 1] & FLAG_EXPIRE) !== 0) this.#linkExpire(db, hash, next, ownsValue);
    try {
      db.keys.insert(hash, next);
    } catch (error) {
      if ((this.arena.u8[next * 16 + 1] & FLAG_EXPIRE) !== 0) db.expires.remove(hash, next);
      this.#discard(next, ownsValue);
      throw error;
    }
  }

  #linkExpire(db: Database, hash: number, next: Ref, ownsValue: boolean): void {
    try {
      db.expires.insert(hash, next);
    } catch (error) {
      this.#discard(next, ownsValue);
      throw error;
    }
  }

  #discard(entry: Ref, ownsValue: boolean): void {
    if (ownsValue) this.#freeEntry(entry);
    else this.arena.free(entry);
  }

  /** `putString` with the value's bytes, which may lie in the arena, in the key's old value too. */
  setString(
    key: KeyRef,
    ref: Ref,
    valueBuf: Uint8Array,
    valueOff: number,
    valueLen: number,
    encoding: number,
    keepExpire: boolean,
    nowMs: number,
  ): Ref {
    const expireMs = keepExpire ? KEEP_EXPIRE : NO_EXPIRE;
    const next = this.#put(key, ref, valueLen, encoding, expireMs, nowMs);
    copyIn(this.arena.u8, valueAddress(this.arena, next), valueBuf, valueOff, valueLen);
    if (ref !== 0 && next !== ref) this.#freeReplaced(ref);
    return next;
  }

  /** `setString` that gives the key a new expire time in the same step: both happen or neither. */
  setExpiringString(
    key: KeyRef,
    ref: Ref,
    valueBuf: Uint8Array,
    valueOff: number,
    valueLen: number,
    encoding: number,
    expireMs: number,
    nowMs: number,
  ): Ref {
    const next = this.#put(key, ref, valueLen, encoding, expireMs, nowMs);
    copyIn(this.arena.u8, valueAddress(this.arena, next), valueBuf, valueOff, valueLen);
    if (ref !== 0 && next !== ref) this.#freeReplaced(ref);
    return next;
  }

  /**
   * Makes the string of an entry `valueLen` bytes long, keeping what is there and zeroing what is new; the encoding
   * becomes `encoding`. Amortized: a value that grows again and again is given room ahead.
   */
  resizeString(db: Database, hash: number, ref: Ref, valueLen: number, encoding: number, nowMs: number): Ref {
    const arena = this.arena;
    const oldLen = arena.u32[ref * 4 + 3];
    const flags = arena.u8[ref * 16 + 1];
    if ((flags & FLAG_EXTERNAL) !== 0 && valueLen > INLINE_BYTES_MAX) {
      const slot = externalSlot(arena, ref);
      const valueRef = arena.u32[slot];
      if (valueLen > arena.usableBytes(valueRef)) {
        // Redis's sds: twice as much below 1 MiB, 1 MiB more above; refused room ahead is no error.
        const ahead = valueLen < 1024 * 1024 ? valueLen * 2 : valueLen + 1024 * 1024;
        arena.u32[slot] = this.#grown(valueRef, ahead, valueLen, oldLen);
      }
      arena.u32[ref * 4 + 3] = valueLen;
      if (valueLen > oldLen) {
        const at = arena.u32[slot] * 16;
        arena.u8.fill(0, at + oldLen, at + valueLen);
      }
      arena.u8[ref * 16] = TYPE_STRING | (encoding << 4);
      return ref;
    }
    const keyLen = keyLength(arena, ref);
    if ((flags & FLAG_EXTERNAL) === 0 && valueLen <= INLINE_BYTES_MAX) {
      const bytes = keyAddress(arena, ref) - ref * 16 + keyLen + valueLen;
      if (bytes <= arena.usableBytes(ref)) {
        const at = valueAddress(arena, ref);
        if (valueLen > oldLen) arena.u8.fill(0, at + oldLen, at + valueLen);
        arena.u32[ref * 4 + 3] = valueLen;
        arena.u8[ref * 16] = TYPE_STRING | (encoding << 4);
        return ref;
      }
    }
    const kept = Math.min(oldLen, valueLen);
    const from = valueAddress(arena, ref);
    const key = this.key(db, hash, arena.u8, keyAddress(arena, ref), keyLen);
    const next = this.#put(key, ref, valueLen, encoding, KEEP_EXPIRE, nowMs);
    const to = valueAddress(arena, next);
    if (next !== ref) {
      arena.u8.copyWithin(to, from, from + kept);
      this.#freeEntry(ref);
    }
    if (valueLen > kept) arena.u8.fill(0, to + kept, to + valueLen);
    return next;
  }

  /** Room ahead if there is any, else what is needed. */
  #grown(valueRef: Ref, ahead: number, bytes: number, keepBytes: number): Ref {
    try {
      return this.arena.realloc(valueRef, ahead, keepBytes);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      return this.arena.realloc(valueRef, bytes, keepBytes);
    }
  }

  /** Sets the expire time of an entry (ms since 1970, not negative). */
  setExpire(db: Database, hash: number, ref: Ref, whenMs: number): Ref {
    const { arena } = this;
    const entry = (arena.u8[ref * 16 + 1] & FLAG_EXPIRE) === 0 ? this.#withExpire(db, hash, ref) : ref;
    arena.f64[entry * 2 + 2] = whenMs;
    return entry;
  }

  /** Apart, so that a new expire time for an entry that has one stays small enough to be inlined. */
  #withExpire(db: Database, hash: number, ref: Ref): Ref {
    const next = this.#reshaped(ref, true);
    this.#linkExpire(db, hash, next, false);
    db.keys.replace(hash, ref, next);
    this.arena.free(ref);
    return next;
  }

  /** Drops the expire time of an entry that has one. */
  clearExpire(db: Database, hash: number, ref: Ref): Ref {
    const next = this.#reshaped(ref, false);
    db.expires.remove(hash, ref);
    db.keys.replace(hash, ref, next);
    this.arena.free(ref);
    return next;
  }

  /** A block with or without the expire field for an entry; the value's own block is shared. */
  #reshaped(ref: Ref, hasExpire: boolean): Ref {
    const arena = this.arena;
    const flags = arena.u8[ref * 16 + 1];
    const external = (flags & FLAG_EXTERNAL) !== 0;
    const isString = (arena.u8[ref * 16] & 15) === TYPE_STRING;
    const keyLen = keyLength(arena, ref);
    const inlineLen = isString && !external ? arena.u32[ref * 4 + 3] : 0;
    const next = arena.alloc(entryBytes(keyLen, inlineLen, external, hasExpire));
    arena.u8.copyWithin(next * 16, ref * 16, ref * 16 + HEADER_BYTES);
    arena.u8[next * 16 + 1] = (flags & ~FLAG_EXPIRE) | (hasExpire ? FLAG_EXPIRE : 0);
    const from = keyAddress(arena, ref);
    arena.u8.copyWithin(keyAddress(arena, next), from, from + keyLen + inlineLen);
    if (external) arena.u32[externalSlot(arena, next)] = arena.u32[externalSlot(arena, ref)];
    return next;
  }

  /** Removes an entry with its value, which is given back later if it is large and `later` says so. */
  remove(db: Database, hash: number, ref: Ref, later: boolean = this.lazyfree.lazyfreeLazyServerDel): void {
    this.#unlink(db, hash, ref);
    if (!later || !this.later.take(ref)) this.#freeEntry(ref);
  }

  /** An entry made way for another one. */
  #freeReplaced(ref: Ref): void {
    if (!this.lazyfree.lazyfreeLazyServerDel || !this.later.take(ref)) this.#freeEntry(ref);
  }

  #unlink(db: Database, hash: number, ref: Ref): void {
    db.keys.remove(hash, ref);
    if ((this.arena.u8[ref * 16 + 1] & FLAG_EXPIRE) !== 0) db.expires.remove(hash, ref);
  }

  #freeEntry(ref: Ref): void {
    this.#freeValue(ref);
    this.arena.free(ref);
  }

  #freeValue(ref: Ref): void {
    if ((this.arena.u8[ref * 16] & 15) !== TYPE_STRING) {
      if (rootOf(this.arena, ref) !== 0) freeValue(this.space, ref);
    } else if ((this.arena.u8[ref * 16 + 1] & FLAG_EXTERNAL) !== 0)
      this.arena.free(this.arena.u32[externalSlot(this.arena, ref)]);
  }

  /**
   * A holder in no table (space.ts), for a value that is made before its key is: of that type and encoding, without a
   * root. Then `attach` it or `dropDetached` it; nobody else knows of it.
   */
  detached(type: number, encoding: number): Ref {
    const arena = this.arena;
    const holder = arena.alloc(HEADER_BYTES);
    arena.u32.fill(0, holder * 4, holder * 4 + 4);
    arena.u8[holder * 16] = type | (encoding << 4);
    return holder;
  }

  /** Gives a detached holder back with its value. */
  dropDetached(holder: Ref): void {
    this.#freeEntry(holder);
  }

  /**
   * Makes the key hold the value of a detached holder, which is gone then; without an expire time. `replaced` is the
   * key's entry (0: none), which goes with its value. Throws ArenaFullError with everything as it was, the holder too.
   */
  attach(key: KeyRef, replaced: Ref, holder: Ref, nowMs: number): Ref {
    const arena = this.arena;
    const byte = arena.u8[holder * 16];
    const next = this.#newEntry(key, byte & 15, byte >> 4, nowMs);
    setRoot(arena, next, rootOf(arena, holder));
    arena.free(holder);
    if (replaced !== 0) {
      setLru(arena, next, lruOf(arena, replaced));
      this.remove(key.db, key.hash, replaced);
    }
    return next;
  }

  /**
   * Enters a key that does not exist, for a value that is no string: the entry is a holder without a root. The caller
   * gives it its first element at once, or takes it out again (`remove`): no empty value is ever seen.
   */
  create(key: KeyRef, type: number, encoding: number, nowMs: number): Ref {
    return this.#newEntry(key, type, encoding, nowMs);
  }

  #newEntry(key: KeyRef, type: number, encoding: number, nowMs: number): Ref {
    const arena = this.arena;
    const { len: keyLen } = key;
    const next = arena.alloc(entryBytes(keyLen, 0, false, false));
    arena.u8[next * 16] = type | (encoding << 4);
    arena.u8[next * 16 + 1] = 0;
    arena.u8[next * 16 + 2] = 0;
    arena.u8[next * 16 + 3] = 0;
    arena.u32[next * 4 + 1] = keyLen;
    arena.u32[next * 4 + 2] = this.recency.initial(nowMs);
    arena.u32[next * 4 + 3] = 0;
    copyIn(arena.u8, next * 16 + HEADER_BYTES, key.buf, key.off, keyLen);
    this.#link(key.db, key.hash, next, true);
    return next;
  }

  /**
   * Gives the entry another key, in the same or another database. The value's block, when it has one, is handed over,
   * not copied. `replaced` is the entry that has that key now (0: none); it goes when nothing can fail any more.
   */
  rename(from: Database, hash: number, ref: Ref, to: KeyRef, replaced: Ref = 0): Ref {
    const next = this.#cloneHead(ref, to, true);
    // For a moment two entries with the key are in the table; nobody looks.
    this.#link(to.db, to.hash, next, false);
    this.#unlink(from, hash, ref);
    this.arena.free(ref);
    if (replaced !== 0) this.remove(to.db, to.hash, replaced);
    return next;
  }

  /** Copies an entry to another key, with its expire time. `replaced` as for `rename`. */
  copy(ref: Ref, to: KeyRef, replaced: Ref = 0): Ref {
    const next = this.#cloneHead(ref, to, false);
    this.#link(to.db, to.hash, next, true);
    if (replaced !== 0) this.remove(to.db, to.hash, replaced);
    return next;
  }

  #cloneHead(ref: Ref, key: KeyRef, shareValue: boolean): Ref {
    const arena = this.arena;
    const { len: keyLen } = key;
    const flags = arena.u8[ref * 16 + 1];
    const external = (flags & FLAG_EXTERNAL) !== 0;
    const isString = (arena.u8[ref * 16] & 15) === TYPE_STRING;
    const valueLen = isString ? arena.u32[ref * 4 + 3] : 0;
    const next = arena.alloc(entryBytes(keyLen, valueLen, external, (flags & FLAG_EXPIRE) !== 0));
    const headBytes = HEADER_BYTES + ((flags & FLAG_EXPIRE) !== 0 ? EXPIRE_BYTES : 0);
    arena.u8.copyWithin(next * 16, ref * 16, ref * 16 + headBytes);
    arena.u32[next * 4 + 1] = keyLen;
    copyIn(arena.u8, next * 16 + headBytes, key.buf, key.off, keyLen);
    if (!external && isString) {
      const from = valueAddress(arena, ref);
      arena.u8.copyWithin(next * 16 + headBytes + keyLen, from, from + valueLen);
      return next;
    }
    let valueRef = external ? arena.u32[externalSlot(arena, ref)] : 0;
    if (!shareValue) {
      try {
        if (external) valueRef = this.#copiedBlock(valueRef, valueLen);
        else {
          setRoot(arena, next, 0);
          opsOf(this.space, ref).copy(this.space, ref, next);
        }
      } catch (error) {
        arena.free(next);
        throw error;
      }
    }
    if (external) arena.u32[alignedTo4(next * 16 + headBytes + keyLen) / 4] = valueRef;
    return next;
  }

  #copiedBlock(ref: Ref, bytes: number): Ref {
    const copy = this.arena.alloc(bytes);
    this.arena.u8.copyWithin(copy * 16, ref * 16, ref * 16 + bytes);
    return copy;
  }

  /** Removes all entries of a database; `later` gives them back later. */
  flush(db: Database, later = false): void {
    if (db.keys.size === this.size) {
      this.flushAll(later);
      return;
    }
    db.expireCursor = 0;
    db.avgTtlMs = 0;
    if (later) {
      this.later.takeTables(db.keys.takeOut(), db.expires.takeOut());
      return;
    }
    db.expires.clear();
    db.keys.forEach((ref) => this.#freeEntry(ref));
    db.keys.clear();
  }

  /**
   * Removes all entries of all databases without looking at any, and forgets what waits in `later`, which counts them
   * if they were for later.
   */
  flushAll(later = false): void {
    this.later.forget(later ? this.size : 0);
    for (const db of this.dbs) {
      db.keys.forget();
      db.expires.forget();
      db.expireCursor = 0;
      db.avgTtlMs = 0;
    }
    this.space.members.leave();
    this.arena.reset();
  }

  /** Exchanges two databases. */
  swap(a: number, b: number): void {
    const first = this.dbs[a];
    this.dbs[a] = this.dbs[b];
    this.dbs[b] = first;
    this.dbs[a].index = a;
    this.dbs[b].index = b;
  }
}
