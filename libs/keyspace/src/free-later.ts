/**
 * What Redis leaves to its lazyfree thread: values of many blocks that were removed or replaced, and databases that were flushed. There
 * is no thread here that could free them, so it is done in steps between the commands, by whoever owns the keyspace (`onBegin`, `step`).
 *
 * A removed entry's own block stands in the queue: it is chained through its header, where the time of its last access was. So
 * queueing takes no memory, cannot fail, and costs no JavaScript object. Nobody finds an entry here: it is in no table.
 *
 * What waits still counts as used, as in Redis. Before the arena refuses an allocation for want of room it is given back (`onFull`), in the
 * middle of whatever needs the room; and before a key is evicted.
 */

import type { Ref } from '@weir/memory';
import { TYPE_STRING, typeOf } from './entry.ts';
import { rootOf } from './space.ts';
import type { Space } from './space.ts';
import type { KeyTable } from './table.ts';
import { opsOf } from './values.ts';

/** Redis's settings by the same names: what is freed later although nobody said UNLINK or ASYNC. */
export interface LazyfreeSettings {
  readonly lazyfreeLazyEviction: boolean;
  readonly lazyfreeLazyExpire: boolean;
  /** Values that are overwritten, or whose key a command removes on the way. */
  readonly lazyfreeLazyServerDel: boolean;
  /** DEL is UNLINK. */
  readonly lazyfreeLazyUserDel: boolean;
  readonly lazyfreeLazyUserFlush: boolean;
}

/** Values of no more blocks are given back at once (LAZYFREE_THRESHOLD). */
const AT_ONCE_MAX = 64;
/** Blocks given back at a time when the arena is full. */
const ON_FULL_BUDGET = 256;

const refs: Ref[] = [];

export class FreeLater {
  /** Values given back here since the start, or since somebody set it to 0 (INFO lazyfreed_objects). */
  freed = 0;
  /** Called when something waits and nothing did before. */
  onBegin: () => void = () => {};
  readonly #space: Space;
  readonly #freeEntry: (entry: Ref) => void;
  #head: Ref = 0;
  #tail: Ref = 0;
  /** Entries in the queue. */
  #queued = 0;
  /** Tables of flushed databases; those of keys have their entries to themselves. */
  #tables: { readonly table: KeyTable; readonly keys: boolean }[] = [];

  constructor(space: Space, freeEntry: (entry: Ref) => void) {
    this.#space = space;
    this.#freeEntry = freeEntry;
  }

  /** Values that wait (INFO lazyfree_pending_objects). */
  get pending(): number {
    let pending = this.#queued;
    for (const { table, keys } of this.#tables) if (keys) pending += table.size;
    return pending;
  }

  get idle(): boolean {
    return this.#queued === 0 && this.#tables.length === 0;
  }

  /** Takes an entry that is in no table any more, with its value; false: that is small, free it yourself. Cannot fail. */
  take(entry: Ref): boolean {
    const { arena } = this.#space;
    if (typeOf(arena, entry) === TYPE_STRING || rootOf(arena, entry) === 0) return false;
    if (opsOf(this.#space, entry).effort(this.#space, entry) <= AT_ONCE_MAX) return false;
    const begins = this.idle;
    arena.u32[entry * 4 + 2] = 0;
    if (this.#tail === 0) this.#head = entry;
    else arena.u32[this.#tail * 4 + 2] = entry;
    this.#tail = entry;
    this.#queued++;
    if (begins) this.onBegin();
    return true;
  }

  /** Takes the tables of a database that was flushed. */
  takeTables(keys: KeyTable, expires: KeyTable): void {
    const begins = this.idle;
    this.#tables.push({ table: expires, keys: false }, { table: keys, keys: true });
    if (begins) this.onBegin();
  }

  /** Gives back about `budget` blocks. Returns how many; 0: nothing waits. */
  step(budget: number): number {
    const { arena } = this.#space;
    let did = 0;
    while (did < budget) {
      const entry = this.#head;
      if (entry === 0) {
        if (this.#tables.length === 0) break;
        did += this.#tableStep();
        continue;
      }
      const left = budget - did;
      const work = opsOf(this.#space, entry).freeStep(this.#space, entry, left);
      did += work;
      if (work >= left) break;
      this.#head = arena.u32[entry * 4 + 2];
      if (this.#head === 0) this.#tail = 0;
      arena.free(entry);
      did++;
      this.#queued--;
      this.freed++;
    }
    return did;
  }

  /** One chain of a flushed database. Large values of it join the queue. */
  #tableStep(): number {
    const { arena } = this.#space;
    const { table, keys } = this.#tables[0];
    let did = 1;
    if (table.dismantle(1, refs) === 0) this.#tables.shift();
    else if (keys) {
      for (let i = 0; i < refs.length; i++) {
        const entry = refs[i];
        if (this.take(entry)) continue;
        did += typeOf(arena, entry) === TYPE_STRING ? 1 : 1 + opsOf(this.#space, entry).effort(this.#space, entry);
        this.#freeEntry(entry);
        this.freed++;
      }
    }
    refs.length = 0;
    return did;
  }

  /** For the arena: whether something was given back. */
  onFull(): boolean {
    return this.step(ON_FULL_BUDGET) > 0;
  }

  /** The arena is reset, or goes: nothing waits any more, and `more` entries of databases went with it. */
  forget(more = 0): void {
    this.freed += this.pending + more;
    this.#head = 0;
    this.#tail = 0;
    this.#queued = 0;
    this.#tables = [];
    this.#space.dying.leave();
  }

  /** For tests: throws when the queue is not what its counter says. */
  verify(): void {
    const { arena } = this.#space;
    let queued = 0;
    let last = 0;
    for (let entry = this.#head; entry !== 0; entry = arena.u32[entry * 4 + 2]) {
      last = entry;
      if (++queued > this.#queued) break;
    }
    if (queued !== this.#queued) throw new Error(`${this.#queued} values are to be freed, the queue has others`);
    if (last !== this.#tail) throw new Error('the queue of what is to be freed does not end where it should');
  }
}
