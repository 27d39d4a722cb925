/**
 * The hash table of entries, after Valkey 8.1's `hashtable.c`: an array of buckets (buckets.ts), or two of them.
 *
 * The table grows and shrinks by factors of two, incrementally, a step with each insertion and removal and the rest from
 * `rehashStep` in idle time: first the new buckets are zeroed (32 MB at once would stop the engine for 10 ms), then
 * they are filled bucket by bucket, and both tables are looked at meanwhile. A finished bucket of the old table is empty.
 *
 * SCAN's cursor counts buckets in reversed bit order (`dict.c` dictScan, by Pieter Noordhuis): with tables of power of
 * two sizes, an index that was visited in the small table stands for exactly the indexes in the large one that share
 * its low bits, so an entry that stays in the table for the whole scan is reported at least once whatever
 * the table does between the calls. A chain is always reported whole, so moving entries within a chain is free to do.
 */

import { ArenaFullError } from '@weir/memory';
import type { Arena, Ref } from '@weir/memory';
import {
  BUCKET_BYTES,
  CHAIN_SLOTS,
  SLOTS,
  addToChain,
  childOf,
  drawFromChain,
  findInChain,
  freeChildren,
  listChain,
  placeInChain,
  pullUpChild,
  removeFromChain,
  verifyChain,
} from './buckets.ts';
import { FLAG_EXPIRE, HEADER_BYTES } from './entry.ts';
import { hashBytes } from './hash.ts';

/** Entries per bucket above which the table doubles: 75 %. */
const GROW_AT = 9;
/** Entries per bucket below which it shrinks: 17 %. */
const SHRINK_AT = 2;
/** Entries per bucket that shrinking aims at. */
const SHRINK_TO = 6;
/** Entries per bucket that are borne while growing would exceed the limit of the memory. */
const CROWDED_AT = 16;
/** Bytes of a new table that are zeroed in one step; smaller ones at once. */
const ZERO_STEP_BYTES = 16384;

/** Bytes of the block of `KeyTable.open`; the u32 at index 11 is free for the owner. */
export const TABLE_STATE_BYTES = 48;

/** Shared by all tables of a keyspace. */
export interface TableLimits {
  /** A table grows late if it would bring the arena above this (`maxmemory`): doubling must not evict the keys. */
  softBytes: number;
}

export class KeyTable {
  readonly arena: Arena;
  readonly #k0: number;
  readonly #k1: number;
  readonly #limits: TableLimits;
  /** Entries in the table. */
  size = 0;
  /** After a `find` that found: index in `arena.u32` of the slot that holds the ref; 0 as soon as entries may have moved. */
  slot = 0;

  #buckets0: Ref = 0;
  #mask0 = -1;
  #buckets1: Ref = 0;
  #mask1 = -1;
  /** Next bucket of table 0 to move to table 1; -1 when not rehashing. */
  #rehashAt = -1;
  /** The coming table 1 while it is being zeroed: nobody looks there yet. */
  #coming: Ref = 0;
  #comingMask = -1;
  #zeroedBytes = 0;
  /** Size at which the table grows. */
  #growAt = 0;
  /** Buckets of chains, for the statistics. */
  #children = 0;
  /** Block that keeps the state of the table that is open; 0: this object is the only one that has it. */
  #home: Ref = 0;

  constructor(arena: Arena, k0: number, k1: number, limits: TableLimits = { softBytes: Infinity }) {
    this.arena = arena;
    this.#k0 = k0;
    this.#k1 = k1;
    this.#limits = limits;
  }

  /**
   * Turns to the table whose state the block `home` keeps (TABLE_STATE_BYTES; all zero is an empty table). One object
   * serves the tables of all values in this way: they cost no objects. Whatever changes the table is written to the block at once.
   * An object that was opened once is never again a table of its own.
   */
  open(home: Ref): this {
    if (home === this.#home) return this;
    this.#home = home;
    this.slot = 0;
    const i32 = this.arena.i32;
    const at = home * 4;
    this.size = i32[at];
    this.#buckets0 = this.arena.u32[at + 1];
    // Masks and indexes are kept one higher, so that zeros say: no table.
    this.#mask0 = i32[at + 2] - 1;
    this.#buckets1 = this.arena.u32[at + 3];
    this.#mask1 = i32[at + 4] - 1;
    this.#rehashAt = i32[at + 5] - 1;
    this.#coming = this.arena.u32[at + 6];
    this.#comingMask = i32[at + 7] - 1;
    this.#zeroedBytes = this.arena.u32[at + 8];
    this.#growAt = i32[at + 9];
    this.#children = i32[at + 10];
    return this;
  }

  /** Forgets which block is open: it is given back, or the arena was reset. */
  leave(): void {
    this.#home = 0;
    this.forget();
  }

  /** The same if it is that block. */
  leaveIf(home: Ref): void {
    if (this.#home === home) this.leave();
  }

  #save(): void {
    if (this.#home === 0) return;
    const { i32, u32 } = this.arena;
    const at = this.#home * 4;
    i32[at] = this.size;
    u32[at + 1] = this.#buckets0;
    i32[at + 2] = this.#mask0 + 1;
    u32[at + 3] = this.#buckets1;
    i32[at + 4] = this.#mask1 + 1;
    i32[at + 5] = this.#rehashAt + 1;
    u32[at + 6] = this.#coming;
    i32[at + 7] = this.#comingMask + 1;
    u32[at + 8] = this.#zeroedBytes;
    i32[at + 9] = this.#growAt;
    i32[at + 10] = this.#children;
  }

  get rehashing(): boolean {
    return this.#rehashAt >= 0 || this.#coming !== 0;
  }

  /** Bytes of the buckets. */
  get bytes(): number {
    return (this.#mask0 + 1 + (this.#mask1 + 1) + (this.#comingMask + 1) + this.#children) * BUCKET_BYTES;
  }

  /** Slots in both tables, chains not counted (DEBUG HTSTATS, SCAN's estimate). */
  get slots(): number {
    return (this.#mask0 + 1 + this.#mask1 + 1) * SLOTS;
  }

  /** First bucket of the chain for a hash, where `find` reads first; 0: the table is empty. Reads nothing of it. */
  bucketOf(hash: number): Ref {
    if (this.#mask0 < 0) return 0;
    const at = hash & this.#mask0;
    if (this.#rehashAt > at) return this.#buckets1 + (hash & this.#mask1) * 4;
    return this.#buckets0 + at * 4;
  }

  /** The entry with that key, or 0. Leaves its place in `slot`. */
  find(hash: number, buf: Uint8Array, off: number, len: number): Ref {
    if (this.#mask0 < 0) return 0;
    const { u32, u8 } = this.arena;
    const at = hash & this.#mask0;
    let place = 0;
    if (at >= this.#rehashAt) place = findInChain(u32, u8, this.#buckets0 + at * 4, hash, buf, off, len);
    if (place === 0) {
      if (this.#rehashAt < 0) return 0;
      place = findInChain(u32, u8, this.#buckets1 + (hash & this.#mask1) * 4, hash, buf, off, len);
      if (place === 0) return 0;
    }
    this.slot = place;
    return u32[place];
  }

  /** Whether this very entry is in the table; leaves its place in `slot`. Compares refs, reads no key. */
  holds(hash: number, ref: Ref): boolean {
    return this.#chainWith(hash, ref) !== 0;
  }

  /** The first bucket of the chain that an entry is in, or 0. Leaves its place in `slot`. */
  #chainWith(hash: number, ref: Ref): Ref {
    if (this.#mask0 < 0) return 0;
    const { u32 } = this.arena;
    const at = hash & this.#mask0;
    let bucket = this.#buckets0 + at * 4;
    let place = at >= this.#rehashAt ? placeInChain(u32, bucket, ref) : 0;
    if (place === 0) {
      if (this.#rehashAt < 0) return 0;
      bucket = this.#buckets1 + (hash & this.#mask1) * 4;
      place = placeInChain(u32, bucket, ref);
      if (place === 0) return 0;
    }
    this.slot = place;
    return bucket;
  }

  /** Puts another ref (of an entry with the same key) in the place of one that is in the table. */
  replace(hash: number, from: Ref, to: Ref): void {
    // Mostly it was looked up right before, and stands where that found it.
    if (this.arena.u32[this.slot] !== from && !this.holds(hash, from)) {
      throw new Error('table: replaced entry is not in the table');
    }
    this.arena.u32[this.slot] = to;
  }

  /** Adds an entry whose key is not in the table. Throws ArenaFullError with the table unchanged. */
  insert(hash: number, ref: Ref): void {
    if (this.#mask0 < 0) {
      this.#buckets0 = this.arena.allocZeroed(BUCKET_BYTES);
      this.#setMask0(0);
    }
    if (this.#rehashAt >= 0 || this.#coming !== 0) this.rehashStep();
    else if (this.size >= this.#growAt) this.#grow();
    // Saved even when the entry finds no room: the table may have grown.
    if (this.#home !== 0) this.#save();
    const bucket =
      this.#rehashAt >= 0 ? this.#buckets1 + (hash & this.#mask1) * 4 : this.#buckets0 + (hash & this.#mask0) * 4;
    this.#children += addToChain(this.arena, bucket, hash, ref);
    this.size++;
    if (this.#home !== 0) this.#save();
  }

  /** Takes an entry that is in the table out of it (the entry's block stays allocated). Needs no memory, cannot fail. */
  remove(hash: number, ref: Ref): void {
    if (this.#rehashAt >= 0 || this.#coming !== 0) this.rehashStep();
    const bucket = this.#chainWith(hash, ref);
    if (bucket === 0) throw new Error('table: removed entry is not in the table');
    this.#children -= removeFromChain(this.arena, bucket, this.slot);
    this.slot = 0;
    this.size--;
    if (this.size < (this.#mask0 + 1) * SHRINK_AT) this.trim();
    this.#save();
  }

  /** Begins to shrink a table with few entries; removals do so by themselves. */
  trim(): void {
    if (this.size === 0) this.clear();
    else if (this.#mask0 > 0 && this.size < (this.#mask0 + 1) * SHRINK_AT && !this.rehashing) {
      let buckets = 1;
      while (buckets * SHRINK_TO < this.size) buckets *= 2;
      this.#resize(buckets);
      this.#save();
    }
  }

  #setMask0(mask: number): void {
    this.#mask0 = mask;
    this.#growAt = (mask + 1) * GROW_AT;
  }

  #grow(): void {
    const buckets = this.#mask0 + 1;
    const crowded = this.size >= buckets * CROWDED_AT;
    const fits = this.arena.usedBytes + buckets * 2 * BUCKET_BYTES <= this.#limits.softBytes;
    if ((fits || crowded) && this.#resize(buckets * 2)) return;
    // Chains grow longer instead, and the next try is some insertions away: finding no room takes time, too.
    this.#growAt = this.size + Math.ceil(buckets / 8);
  }

  /** Begins to move everything to a table of that size; false when there is no room. */
  #resize(buckets: number): boolean {
    const bytes = buckets * BUCKET_BYTES;
    const cleanRef = this.arena.cleanRef;
    let ref: Ref;
    try {
      ref = bytes <= ZERO_STEP_BYTES ? this.arena.allocZeroed(bytes) : this.arena.alloc(bytes);
    } catch (error) {
      if (error instanceof ArenaFullError) return false;
      throw error;
    }
    if (bytes > ZERO_STEP_BYTES && ref < cleanRef) {
      this.#coming = ref;
      this.#comingMask = buckets - 1;
      this.#zeroedBytes = 0;
    } else this.#begin(ref, buckets - 1);
    return true;
  }

  #begin(buckets: Ref, mask: number): void {
    this.#buckets1 = buckets;
    this.#mask1 = mask;
    this.#rehashAt = 0;
  }

  /**
   * Zeroes a piece of the new table, or moves one used bucket (and passes at most ten empty ones). False when there is
   * nothing to do or, with a full arena, nothing can be done.
   */
  rehashStep(): boolean {
    if (this.#coming === 0 && this.#rehashAt < 0) return false;
    const did = this.#rehash();
    this.#save();
    return did;
  }

  #rehash(): boolean {
    if (this.#coming !== 0) {
      this.#zeroStep();
      return true;
    }
    this.slot = 0;
    for (let visits = 0; visits < 10; visits++) {
      const bucket = this.#buckets0 + this.#rehashAt * 4;
      const empty = this.arena.u32[bucket * 4] === 0;
      if (!empty && !this.#moveChain(bucket)) return false;
      this.#rehashAt++;
      if (this.#rehashAt > this.#mask0) {
        this.arena.free(this.#buckets0);
        this.#buckets0 = this.#buckets1;
        this.#setMask0(this.#mask1);
        this.#buckets1 = 0;
        this.#mask1 = -1;
        this.#rehashAt = -1;
        return true;
      }
      if (!empty) return true;
    }
    return true;
  }

  #zeroStep(): void {
    const bytes = (this.#comingMask + 1) * BUCKET_BYTES;
    const from = this.#coming * 16 + this.#zeroedBytes;
    this.#zeroedBytes = Math.min(bytes, this.#zeroedBytes + ZERO_STEP_BYTES);
    this.arena.u8.fill(0, from, this.#coming * 16 + this.#zeroedBytes);
    if (this.#zeroedBytes < bytes) return;
    this.#begin(this.#coming, this.#comingMask);
    this.#coming = 0;
    this.#comingMask = -1;
  }

  /**
   * Moves a chain to table 1. An entry leaves its old slot once it has a new one, and a child bucket moves up into
   * its emptied head, so that the arena may be full at any moment (false) and every entry is in one table.
   */
  #moveChain(first: Ref): boolean {
    const { arena } = this;
    const { u32 } = arena;
    try {
      for (;;) {
        for (let slot = 0; slot < SLOTS; slot++) {
          if ((u32[first * 4] & (1 << slot)) === 0) continue;
          const ref = u32[first * 4 + 4 + slot];
          const hash = this.hashOf(ref);
          this.#children += addToChain(arena, this.#buckets1 + (hash & this.#mask1) * 4, hash, ref);
          u32[first * 4] &= ~(1 << slot);
        }
        if (!pullUpChild(arena, first)) return true;
        this.#children--;
      }
    } catch (error) {
      if (error instanceof ArenaFullError) return false;
      throw error;
    }
  }

  /** Hash of an entry's key under this table's seed. */
  hashOf(ref: Ref): number {
    const arena = this.arena;
    const key = ref * 16 + HEADER_BYTES + ((arena.u8[ref * 16 + 1] & FLAG_EXPIRE) << 3);
    return hashBytes(arena.u8, key, arena.u32[ref * 4 + 1], this.#k0, this.#k1);
  }

  /** Gives the buckets back; the entries' blocks are the caller's. */
  clear(): void {
    if (this.#children > 0) {
      for (let at = 0; at <= this.#mask0; at++) freeChildren(this.arena, this.#buckets0 + at * 4);
      for (let at = 0; at <= this.#mask1; at++) freeChildren(this.arena, this.#buckets1 + at * 4);
    }
    if (this.#buckets0 !== 0) this.arena.free(this.#buckets0);
    if (this.#buckets1 !== 0) this.arena.free(this.#buckets1);
    if (this.#coming !== 0) this.arena.free(this.#coming);
    this.forget();
  }

  /** Forgets all buckets without giving them back: the arena was reset. */
  forget(): void {
    this.#buckets0 = this.#buckets1 = this.#coming = 0;
    this.#mask0 = this.#mask1 = this.#comingMask = -1;
    this.#rehashAt = -1;
    this.#children = 0;
    this.#growAt = 0;
    this.slot = 0;
    this.size = 0;
    this.#save();
  }

  /** Hands all that is in the table to a new object that is a table of its own, and is empty then. */
  takeOut(): KeyTable {
    const other = new KeyTable(this.arena, this.#k0, this.#k1, this.#limits);
    other.size = this.size;
    other.#buckets0 = this.#buckets0;
    other.#mask0 = this.#mask0;
    other.#buckets1 = this.#buckets1;
    other.#mask1 = this.#mask1;
    other.#rehashAt = this.#rehashAt;
    other.#coming = this.#coming;
    other.#comingMask = this.#comingMask;
    other.#zeroedBytes = this.#zeroedBytes;
    other.#growAt = this.#growAt;
    other.#children = this.#children;
    this.forget();
    return other;
  }

  /**
   * For a table that nobody will ask again: takes chains off its end until `count` entries and chains were taken, and appends the
   * entries to `out`. Returns how many chains; 0 when there were none left: then the buckets are given back and the table is empty.
   * Until then it is good for nothing else.
   */
  dismantle(count: number, out: Ref[]): number {
    let chains = 0;
    const before = out.length;
    while (chains + out.length - before < count) {
      let bucket: Ref;
      if (this.#mask0 >= 0) bucket = this.#buckets0 + this.#mask0-- * 4;
      else if (this.#mask1 >= 0) bucket = this.#buckets1 + this.#mask1-- * 4;
      else break;
      chains++;
      listChain(this.arena.u32, bucket, out);
      freeChildren(this.arena, bucket);
    }
    this.size -= out.length - before;
    if (chains > 0) this.#save();
    else {
      this.#children = 0;
      this.clear();
    }
    return chains;
  }

  /** Makes room for `entries` in an empty table at once; for loading. Only a hint: with too little memory it does nothing. */
  reserve(entries: number): void {
    if (this.size > 0) return;
    this.clear();
    let buckets = 1;
    while (buckets * GROW_AT < entries && buckets < 1 << 24) buckets *= 2;
    try {
      this.#buckets0 = this.arena.allocZeroed(buckets * BUCKET_BYTES);
    } catch (error) {
      if (error instanceof ArenaFullError) return;
      throw error;
    }
    this.#setMask0(buckets - 1);
    this.#save();
  }

  /**
   * One step of SCAN: appends the refs of at least one bucket's chain to `out` and returns the next cursor; 0 when the
   * scan is complete. Cursors are unsigned 32-bit integers.
   */
  scan(cursor: number, out: Ref[]): number {
    if (this.#mask0 < 0) return 0;
    const { u32 } = this.arena;
    if (this.#rehashAt < 0) {
      listChain(u32, this.#buckets0 + (cursor & this.#mask0) * 4, out);
      return nextCursor(cursor, this.#mask0);
    }
    const oneIsLarger = this.#mask1 > this.#mask0;
    const small = oneIsLarger ? this.#buckets0 : this.#buckets1;
    const smallMask = oneIsLarger ? this.#mask0 : this.#mask1;
    const large = oneIsLarger ? this.#buckets1 : this.#buckets0;
    const largeMask = oneIsLarger ? this.#mask1 : this.#mask0;
    listChain(u32, small + (cursor & smallMask) * 4, out);
    do {
      listChain(u32, large + (cursor & largeMask) * 4, out);
      cursor = nextCursor(cursor, largeMask);
    } while ((cursor & (smallMask ^ largeMask)) !== 0);
    return cursor;
  }

  /** Calls `visit` with every entry. The table must not change meanwhile. */
  forEach(visit: (ref: Ref) => void): void {
    const chain: Ref[] = [];
    for (let which = 0; which < 2; which++) {
      const base = which === 0 ? this.#buckets0 : this.#buckets1;
      const mask = which === 0 ? this.#mask0 : this.#mask1;
      for (let at = 0; at <= mask; at++) {
        listChain(this.arena.u32, base + at * 4, chain);
        for (let i = 0; i < chain.length; i++) visit(chain[i]);
        chain.length = 0;
      }
    }
  }

  /**
   * A random entry from `random`, a source of unsigned 32-bit integers; 0 when the table is empty. Every entry is equally
   * likely, but for those in chains of three buckets and more (one bucket in 100,000 of a full table), which are a third less so.
   */
  random(random: () => number): Ref {
    if (this.size === 0) return 0;
    const u32 = this.arena.u32;
    const done = this.#rehashAt < 0 ? 0 : this.#rehashAt;
    const buckets = this.#mask0 + 1 - done + (this.#mask1 + 1);
    // One draw over all slots that a bucket may have, refused when there is none or it is empty: so neither the entries of
    // emptier buckets are preferred, nor those without a chain. (Over the slots of the bucket that was hit, an entry in a
    // chain had half the chance of the others.) Most draws are refused, and each is a cache miss: so four at once, which the
    // processor waits for together.
    const slots = this.#children === 0 ? SLOTS : CHAIN_SLOTS;
    for (;;) {
      const a = this.#bucketAt(done + (random() % buckets));
      const b = this.#bucketAt(done + (random() % buckets));
      const c = this.#bucketAt(done + (random() % buckets));
      const d = this.#bucketAt(done + (random() % buckets));
      const metaA = u32[a * 4];
      const metaB = u32[b * 4];
      const metaC = u32[c * 4];
      const metaD = u32[d * 4];
      let ref = drawFromChain(u32, a, metaA, random, slots);
      if (ref === 0) ref = drawFromChain(u32, b, metaB, random, slots);
      if (ref === 0) ref = drawFromChain(u32, c, metaC, random, slots);
      if (ref === 0) ref = drawFromChain(u32, d, metaD, random, slots);
      if (ref !== 0) return ref;
    }
  }

  /** The bucket of an index that counts on from the first table into the second. */
  #bucketAt(at: number): Ref {
    return at <= this.#mask0 ? this.#buckets0 + at * 4 : this.#buckets1 + (at - this.#mask0 - 1) * 4;
  }

  /**
   * Appends up to `count` entries to `out`, from buckets that follow a random one in the order of SCAN: cheap samples for
   * eviction. There may be fewer, even none, in a table of which most is empty.
   */
  sample(count: number, random: () => number, out: Ref[]): void {
    const start = out.length;
    let cursor = random();
    for (let visits = 0; this.size > 0 && visits < count * 20 && out.length - start < count; visits++) {
      cursor = this.scan(cursor, out);
    }
    const extra = out.length - start - count;
    if (extra > 0) {
      // Which of a bucket's entries stand first is no accident: start at a random one of what was gathered.
      const skip = random() % (extra + 1);
      if (skip > 0) for (let i = start; i < start + count; i++) out[i] = out[i + skip];
      out.length = start + count;
    }
  }

  /** For tests: throws when a bucket is not as this file says, or the counters are wrong. */
  verify(): void {
    let entries = 0;
    let children = 0;
    const fail = (what: string, at: number): never => {
      throw new Error(`table: ${what} (bucket ${at}, size ${this.size})`);
    };
    for (let which = 0; which < 2; which++) {
      const mask = which === 0 ? this.#mask0 : this.#mask1;
      for (let at = 0; at <= mask; at++) {
        const head = (which === 0 ? this.#buckets0 : this.#buckets1) + at * 4;
        if (which === 0 && at < this.#rehashAt && this.arena.u32[head * 4] !== 0) fail('moved bucket is in use', at);
        // Only the head of the chain that is being moved may have holes.
        const moving = which === 0 && at === this.#rehashAt;
        const wrong = verifyChain(this.arena, head, moving, (ref) => {
          entries++;
          const hash = this.hashOf(ref);
          if ((hash & mask) !== at) fail('entry is in a foreign bucket', at);
          return hash;
        });
        if (wrong !== null) fail(wrong, at);
        for (let child = childOf(this.arena.u32, head); child !== 0; child = childOf(this.arena.u32, child)) children++;
      }
    }
    if (entries !== this.size) fail(`${entries} entries`, -1);
    if (children !== this.#children) fail(`${children} children, the counter says ${this.#children}`, -1);
  }
}

function nextCursor(cursor: number, mask: number): number {
  let v = (cursor | ~mask) >>> 0;
  v = reverseBits(v);
  v = (v + 1) >>> 0;
  return reverseBits(v);
}

function reverseBits(v: number): number {
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return ((v >>> 16) | (v << 16)) >>> 0;
}

/** First bucket of the chain for a hash, in the table whose state the block `home` keeps (`KeyTable.open`); 0: no table. */
export function bucketIn(arena: Arena, home: Ref, hash: number): Ref {
  const { i32, u32 } = arena;
  const at = home * 4;
  const mask0 = i32[at + 2] - 1;
  if (mask0 < 0) return 0;
  const index = hash & mask0;
  if (i32[at + 5] - 1 > index) return u32[at + 3] + (hash & (i32[at + 4] - 1)) * 4;
  return u32[at + 1] + index * 4;
}
