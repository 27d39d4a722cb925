/**
 * Which entry to evict, as in Redis `evict.c`: true LRU would need a list through all entries, so a few are sampled from
 * every database, and the best candidates of all samples so far are kept in a pool, which comes close.
 *
 * The pool holds refs, and a ref may be reused for another entry after its own is gone. A candidate counts only if the
 * table still holds that ref under that hash; at worst an entry that took over ref and hash is judged by the score of
 * the one before it.
 */

import type { Ref } from '@weir/memory';
import { expireOf, lruOf } from './entry.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import type { KeyTable } from './table.ts';

export type EvictionOrder = 'lru' | 'lfu' | 'ttl' | 'random';

const POOL_SIZE = 16;

export class EvictionPool {
  /** What `pick` found. */
  db!: Database;
  hash = 0;
  ref: Ref = 0;

  readonly #keyspace: Keyspace;
  /** Candidates in ascending order of score: the last is evicted first. */
  readonly #scores = new Float64Array(POOL_SIZE);
  readonly #refs = new Float64Array(POOL_SIZE);
  readonly #hashes = new Int32Array(POOL_SIZE);
  readonly #dbs: (Database | undefined)[] = new Array<Database | undefined>(POOL_SIZE).fill(undefined);
  #count = 0;
  #nextDb = 0;
  readonly #sample: Ref[] = [];

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Forgets all candidates: their scores have another meaning under another policy. */
  clear(): void {
    this.#count = 0;
    this.#dbs.fill(undefined);
  }

  /** Chooses an entry, among those with an expire time if `volatile`; false when there is none. */
  pick(order: EvictionOrder, volatile: boolean, samples: number, nowMs: number): boolean {
    if (order === 'random') return this.#pickRandom(volatile);
    for (;;) {
      let candidates = 0;
      for (const db of this.#keyspace.dbs) {
        const table = volatile ? db.expires : db.keys;
        if (table.size === 0) continue;
        candidates += table.size;
        this.#populate(db, table, order, samples, nowMs);
      }
      if (candidates === 0) return false;
      while (this.#count > 0) {
        const at = --this.#count;
        this.db = this.#dbs[at]!;
        this.ref = this.#refs[at];
        this.hash = this.#hashes[at];
        this.#dbs[at] = undefined;
        const table = volatile ? this.db.expires : this.db.keys;
        if (table.holds(this.hash, this.ref) && table.hashOf(this.ref) === this.hash) return true;
      }
    }
  }

  #pickRandom(volatile: boolean): boolean {
    const { dbs, random } = this.#keyspace;
    for (let tried = 0; tried < dbs.length; tried++) {
      this.#nextDb = (this.#nextDb + 1) % dbs.length;
      const db = dbs[this.#nextDb];
      const table = volatile ? db.expires : db.keys;
      if (table.size === 0) continue;
      this.db = db;
      this.ref = table.random(random.u32);
      this.hash = table.hashOf(this.ref);
      return true;
    }
    return false;
  }

  #populate(db: Database, table: KeyTable, order: EvictionOrder, samples: number, nowMs: number): void {
    const { random } = this.#keyspace;
    const sample = this.#sample;
    table.sample(samples, random.u32, sample);
    if (sample.length === 0) sample.push(table.random(random.u32));
    for (const ref of sample) this.#offer(db, table, ref, this.#score(ref, order, nowMs));
    sample.length = 0;
  }

  /** The higher, the sooner it goes. */
  #score(ref: Ref, order: EvictionOrder, nowMs: number): number {
    const { arena, recency } = this.#keyspace;
    if (order === 'ttl') return -expireOf(arena, ref);
    if (order === 'lfu') return 255 - recency.lfuCounter(lruOf(arena, ref), nowMs);
    return recency.idleSeconds(lruOf(arena, ref), nowMs);
  }

  #offer(db: Database, table: KeyTable, ref: Ref, score: number): void {
    let at = 0;
    while (at < this.#count && this.#scores[at] < score) at++;
    if (this.#count === POOL_SIZE && at === 0) return; // worse than all
    for (let i = 0; i < this.#count; i++) if (this.#refs[i] === ref) return;
    let from = this.#count;
    if (this.#count === POOL_SIZE) {
      // The worst one, at the front, makes room.
      at--;
      for (let i = 0; i < at; i++) this.#move(i + 1, i);
    } else {
      for (; from > at; from--) this.#move(from - 1, from);
      this.#count++;
    }
    this.#scores[at] = score;
    this.#refs[at] = ref;
    this.#hashes[at] = table.hashOf(ref);
    this.#dbs[at] = db;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from];
    this.#refs[to] = this.#refs[from];
    this.#hashes[to] = this.#hashes[from];
    this.#dbs[to] = this.#dbs[from];
  }
}
