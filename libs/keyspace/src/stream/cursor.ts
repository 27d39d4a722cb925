import type { Arena, Ref } from '@weir/memory';
import { Element } from '../listpack/element.ts';
import { read, skipBack } from '../listpack/listpack.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { FLAG_DELETED, FLAG_SAME_FIELDS } from './append.ts';
import { ID_MAX, ID_MIN, compareIds, copyId, newId, readId } from './id.ts';
import type { StreamId } from './id.ts';
import { LISTPACK_END, LISTPACK_HEADER_BYTES, int64, readCount, readInt, skip } from './packed.ts';
import { nodesOf } from './root.ts';
import { TreeCursor, back, forward, keyWord, seekAtMost, seekFirst, seekLast, valueAt } from './tree.ts';

/** Reads the ID of the entry whose flags are at an address; the address behind it. */
function readEntryId(u8: Uint8Array, flagsAt: number, master: StreamId, out: StreamId): number {
  let at = readInt(u8, skip(u8, flagsAt));
  // Differences are added modulo 2^64.
  let low = master[1] + (int64.lo >>> 0);
  out[0] = master[0] + int64.hi + (low > 0xffffffff ? 1 : 0);
  out[1] = low;
  at = readInt(u8, at);
  low = master[3] + (int64.lo >>> 0);
  out[2] = master[2] + int64.hi + (low > 0xffffffff ? 1 : 0);
  out[3] = low;
  return at;
}

/** Reads the ID of a node's last entry, deleted or not; false: it has none. */
export function lastIdOfNode(arena: Arena, lp: Ref, master: StreamId, out: StreamId): boolean {
  const u8 = arena.u8;
  let at = skipBack(u8, lp * 16 + arena.u32[lp * 4] - 1);
  const elements = readCount(u8, at);
  if (elements === 0) return false;
  for (let i = elements; i > 0; i--) at = skipBack(u8, at);
  readEntryId(u8, at, master, out);
  return true;
}

/** Reads the ID of a node's first entry; false: it has none, or the entry is marked deleted. */
export function firstIdOfNode(arena: Arena, lp: Ref, master: StreamId, out: StreamId): boolean {
  const u8 = arena.u8;
  let at = skip(u8, skip(u8, lp * 16 + LISTPACK_HEADER_BYTES));
  const masterFields = readCount(u8, at);
  // The count itself, the fields, and the terminator.
  for (let i = masterFields + 2; i > 0; i--) at = skip(u8, at);
  if (u8[at] === LISTPACK_END || (readCount(u8, at) & FLAG_DELETED) !== 0) return false;
  readEntryId(u8, at, master, out);
  return true;
}

/**
 * Goes over the entries of a range of IDs, forward or backward, without making anything: one object is used again and again. It
 * dies with the next change of the stream, but for `markDeleted`.
 *
 *     cursor.start(space, holder, from, to, false);
 *     while (cursor.next()) {
 *       … cursor.id, cursor.fields
 *       for (let i = cursor.fields; i > 0; i--) { cursor.nextField(); … cursor.field, cursor.value }
 *     }
 */
export class EntryCursor {
  /** Of the entry at hand. */
  readonly id: StreamId = newId();
  /** How many pairs of field and value it has. */
  fields = 0;
  readonly field = new Element();
  readonly value = new Element();
  /** Address of the entry's flags. */
  flagsAt = 0;

  readonly #from: StreamId = newId();
  readonly #to: StreamId = newId();
  readonly #master: StreamId = newId();
  readonly #place = new TreeCursor();
  #arena!: Arena;
  #u8!: Uint8Array;
  #reverse = false;
  /** Includes entries that are marked deleted. */
  #deletedToo = false;
  /** Address of the node at hand; 0: before the first. */
  #node = 0;
  #masterFields = 0;
  /** Address of the first master field. */
  #masterStart = 0;
  /** Where reading goes on: in the entry at hand forward; at an element behind the entry to come backward. */
  #at = 0;
  /** Elements of the entry at hand that were not read, and the master field that is next (0: fields stand in the entry). */
  #unread = 0;
  #masterAt = 0;

  /** Aims at the entries from `from` to `to`, both included; backward from `to`. */
  start(
    space: Space,
    holder: Ref,
    from: StreamId = ID_MIN,
    to: StreamId = ID_MAX,
    reverse = false,
    deletedToo = false,
  ): void {
    const arena = space.arena;
    this.#arena = arena;
    this.#u8 = arena.u8;
    this.#reverse = reverse;
    this.#deletedToo = deletedToo;
    this.#node = 0;
    copyId(this.#from, from);
    copyId(this.#to, to);
    const root = rootOf(arena, holder);
    const place = this.#place;
    if (root === 0) {
      place.node = 0;
      return;
    }
    const nodes = nodesOf(root);
    if (!reverse) {
      seekAtMost(arena, nodes, from, place);
      if (place.node === 0) seekFirst(arena, nodes, place);
    } else if (compareIds(to, ID_MAX) === 0) seekLast(arena, nodes, place);
    else seekAtMost(arena, nodes, to, place);
  }

  /** Goes to the next entry; false: there is none. */
  next(): boolean {
    return this.#reverse ? this.#previous() : this.#following();
  }

  #following(): boolean {
    const u8 = this.#u8;
    for (;;) {
      let at = this.#at;
      if (this.#node === 0) {
        if (this.#place.node === 0) return false;
        at = this.#openNode();
        // Behind the master entry's terminator.
        for (let i = this.#masterFields; i >= 0; i--) at = skip(u8, at);
      } else {
        // What is left of the entry before, and its count of elements.
        for (let i = this.#unread; i >= 0; i--) at = skip(u8, at);
      }
      if (u8[at] === LISTPACK_END) {
        this.#node = 0;
        forward(this.#arena, this.#place);
        continue;
      }
      const flags = this.#readHead(at);
      if (compareIds(this.id, this.#to) > 0) {
        this.#end();
        return false;
      }
      if ((flags & FLAG_DELETED) !== 0 && !this.#deletedToo) continue;
      if (compareIds(this.id, this.#from) >= 0) return true;
    }
  }

  #previous(): boolean {
    const u8 = this.#u8;
    for (;;) {
      if (this.#node === 0) {
        if (this.#place.node === 0) return false;
        this.#openNode();
        this.flagsAt = this.#node + this.#arena.u32[this.#node / 4] - 1;
      }
      // The element before the entry that was at hand: how many elements the one before has.
      let at = skipBack(u8, this.flagsAt);
      const elements = readCount(u8, at);
      if (elements === 0) {
        this.#node = 0;
        back(this.#arena, this.#place);
        continue;
      }
      for (let i = elements; i > 0; i--) at = skipBack(u8, at);
      const flags = this.#readHead(at);
      if (compareIds(this.id, this.#from) < 0) {
        this.#end();
        return false;
      }
      if ((flags & FLAG_DELETED) !== 0 && !this.#deletedToo) continue;
      if (compareIds(this.id, this.#to) <= 0) return true;
    }
  }

  #end(): void {
    this.#node = 0;
    this.#place.node = 0;
  }

  /** Reads the master entry of the node that comes; the address of its first field. */
  #openNode(): number {
    const arena = this.#arena;
    const u8 = this.#u8;
    const place = this.#place;
    readId(arena, keyWord(place), this.#master);
    const start = valueAt(arena, place) * 16;
    this.#node = start;
    const count = skip(u8, skip(u8, start + LISTPACK_HEADER_BYTES));
    this.#masterFields = readCount(u8, count);
    this.#masterStart = skip(u8, count);
    return this.#masterStart;
  }

  /** Reads the entry at an address up to its first field or value; its flags. */
  #readHead(flagsAt: number): number {
    const u8 = this.#u8;
    this.flagsAt = flagsAt;
    const flags = readCount(u8, flagsAt);
    let at = readEntryId(u8, flagsAt, this.#master, this.id);
    if ((flags & FLAG_SAME_FIELDS) !== 0) {
      this.fields = this.#masterFields;
      this.#unread = this.#masterFields;
      this.#masterAt = this.#masterStart;
    } else {
      this.fields = readCount(u8, at);
      this.#unread = 2 * this.fields;
      this.#masterAt = 0;
      at = skip(u8, at);
    }
    this.#at = at;
    return flags;
  }

  /** Reads the next pair of the entry at hand into `field` and `value`. */
  nextField(): void {
    const u8 = this.#u8;
    if (this.#masterAt !== 0) {
      read(u8, this.#masterAt, this.field);
      this.#masterAt = skip(u8, this.#masterAt);
      this.#unread--;
    } else {
      read(u8, this.#at, this.field);
      this.#at = skip(u8, this.#at);
      this.#unread -= 2;
    }
    read(u8, this.#at, this.value);
    this.#at = skip(u8, this.#at);
  }

  /** Whether the entry at hand is one of those that are marked deleted. */
  get deleted(): boolean {
    return (this.#u8[this.flagsAt] & FLAG_DELETED) !== 0;
  }

  /** The master ID of the node that the entry at hand lies in. */
  masterId(out: StreamId): void {
    copyId(out, this.#master);
  }

  /** The listpack that the entry at hand lies in. */
  get node(): Ref {
    return this.#node / 16;
  }
}
