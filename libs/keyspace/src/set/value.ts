/**
 * A set is an intset while all its members are integers and there are few of them, a listpack while they are few and
 * short, and a table of members otherwise. It changes its encoding where Redis 7.2 does (t_set.c): also ahead, when a
 * command announces by the number of its arguments that it will not stay small. It never changes back by itself.
 *
 * The members of a table have a block each: 16 bytes of head (entry.ts), of which only the length is used, and the bytes.
 */

import { ArenaFullError } from '@weir/memory';
import type { Arena, Ref } from '@weir/memory';
import { dismantleTable } from '../dismantle.ts';
import { ENC_HASHTABLE, ENC_INTSET, ENC_LISTPACK, HEADER_BYTES, copyIn, encodingOf, setEncoding } from '../entry.ts';
import * as lp from '../listpack/index.ts';
import { Element, halves, parseHalves } from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { TABLE_STATE_BYTES } from '../table.ts';
import * as intset from './intset.ts';

const element = new Element();

/** Members of the set; 0 for a holder without a value. */
export function size(space: Space, holder: Ref): number {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return 0;
  const encoding = encodingOf(arena, holder);
  if (encoding === ENC_INTSET) return intset.count(arena, root);
  if (encoding === ENC_LISTPACK) return lp.count(arena, root);
  return space.members.open(root).size;
}

export function has(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return false;
  const encoding = encodingOf(arena, holder);
  if (encoding === ENC_HASHTABLE) return space.members.open(root).find(space.hash(buf, off, len), buf, off, len) !== 0;
  if (encoding === ENC_LISTPACK) return lp.find(arena, root, lp.FIRST, buf, off, len, 0) !== 0;
  return parseHalves(buf, off, len) && intset.find(arena, root, halves.lo, halves.hi);
}

/** The same for an element of another value. */
export function hasElement(space: Space, holder: Ref, of: Element): boolean {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (of.isInt && root !== 0 && encodingOf(arena, holder) === ENC_INTSET) {
    return intset.find(arena, root, of.lo, of.hi);
  }
  return has(space, holder, of.buf, of.off, of.len);
}

/**
 * Chooses the encoding of an empty set by its first member and by how many are to come, which may turn out fewer; or changes that of a
 * set to a table already now, when so many are to come. Throws ArenaFullError with the set as it was.
 */
export function prepare(space: Space, holder: Ref, more: number, buf: Uint8Array, off: number, len: number): void {
  const { arena, limits } = space;
  if (rootOf(arena, holder) !== 0) {
    const encoding = encodingOf(arena, holder);
    if (
      (encoding === ENC_LISTPACK && more > limits.setMaxListpackEntries) ||
      (encoding === ENC_INTSET && more > limits.setMaxIntsetEntries)
    ) {
      toTable(space, holder, more);
    }
    return;
  }
  if (more <= limits.setMaxIntsetEntries && parseHalves(buf, off, len)) setEncoding(arena, holder, ENC_INTSET);
  else if (more <= limits.setMaxListpackEntries) setEncoding(arena, holder, ENC_LISTPACK);
  else {
    setEncoding(arena, holder, ENC_HASHTABLE);
    setRoot(arena, holder, newTable(space, more));
  }
}

/**
 * Adds a member: 1, or 0 when it is there. A holder without a value gets an empty one of its encoding first. The bytes may lie in the
 * arena, but not in this set. Throws ArenaFullError with all members as they were.
 */
export function add(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): number {
  const arena = space.arena;
  const encoding = encodingOf(arena, holder);
  let root = rootOf(arena, holder);
  if (root === 0) root = begin(space, holder, encoding, len);
  if (encoding === ENC_HASHTABLE) return addToTable(space, root, buf, off, len);
  if (encoding === ENC_LISTPACK) return addToListpack(space, holder, root, buf, off, len);
  if (parseHalves(buf, off, len)) return addToIntset(space, holder, root, halves.lo, halves.hi);
  return addToIntegers(space, holder, root, buf, off, len);
}

/** The same for an element of another value. */
export function addElement(space: Space, holder: Ref, of: Element): number {
  const arena = space.arena;
  if (of.isInt && encodingOf(arena, holder) === ENC_INTSET) {
    let root = rootOf(arena, holder);
    if (root === 0) root = begin(space, holder, ENC_INTSET, 0);
    return addToIntset(space, holder, root, of.lo, of.hi);
  }
  return add(space, holder, of.buf, of.off, of.len);
}

/** Takes a member out: 1, or 0 when it is not there. Cannot fail. The set may be empty then: its key has to go. */
export function remove(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): number {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return 0;
  const encoding = encodingOf(arena, holder);
  if (encoding === ENC_HASHTABLE) {
    const hash = space.hash(buf, off, len);
    const members = space.members.open(root);
    const ref = members.find(hash, buf, off, len);
    if (ref === 0) return 0;
    members.remove(hash, ref);
    arena.free(ref);
    return 1;
  }
  if (encoding === ENC_LISTPACK) {
    const pos = lp.find(arena, root, lp.FIRST, buf, off, len, 0);
    if (pos === 0) return 0;
    setRoot(arena, holder, lp.remove(arena, root, pos, 1));
    return 1;
  }
  if (!parseHalves(buf, off, len) || !intset.find(arena, root, halves.lo, halves.hi)) return 0;
  setRoot(arena, holder, intset.removeAt(arena, root, intset.found.index));
  return 1;
}

/** The same for an element of another value. */
export function removeElement(space: Space, holder: Ref, of: Element): number {
  return remove(space, holder, of.buf, of.off, of.len);
}

/** An empty value of the holder's encoding. */
function begin(space: Space, holder: Ref, encoding: number, len: number): Ref {
  const arena = space.arena;
  let root: Ref;
  if (encoding === ENC_INTSET) root = intset.create(arena);
  else if (encoding === ENC_LISTPACK) root = lp.create(arena, 7 + Math.min(len, 4096) + 4);
  else root = newTable(space, 0);
  setRoot(arena, holder, root);
  return root;
}

function addToTable(space: Space, root: Ref, buf: Uint8Array, off: number, len: number): number {
  const hash = space.hash(buf, off, len);
  const members = space.members.open(root);
  if (members.find(hash, buf, off, len) !== 0) return 0;
  insertMember(space, hash, buf, off, len);
  return 1;
}

/** Adds a member that is not there to the open table. */
function insertMember(space: Space, hash: number, buf: Uint8Array, off: number, len: number): void {
  const arena = space.arena;
  const ref = arena.alloc(HEADER_BYTES + len);
  const at = ref * 4;
  const u32 = arena.u32;
  u32[at] = 0;
  u32[at + 1] = len;
  u32[at + 2] = 0;
  u32[at + 3] = 0;
  copyIn(arena.u8, ref * 16 + HEADER_BYTES, buf, off, len);
  try {
    space.members.insert(hash, ref);
  } catch (error) {
    arena.free(ref);
    throw error;
  }
}

function addToListpack(space: Space, holder: Ref, root: Ref, buf: Uint8Array, off: number, len: number): number {
  const { arena, limits } = space;
  if (lp.find(arena, root, lp.FIRST, buf, off, len, 0) !== 0) return 0;
  const n = lp.count(arena, root);
  if (
    n < limits.setMaxListpackEntries &&
    len <= limits.setMaxListpackValue &&
    lp.bytesOf(arena, root) + len <= lp.BYTES_MAX
  ) {
    setRoot(arena, holder, lp.append(arena, root, buf, off, len));
  } else {
    toTable(space, holder, n + 1);
    insertMember(space, space.hash(buf, off, len), buf, off, len);
  }
  return 1;
}

/** No intset is longer, whatever the limit (intset.c counts its bytes in 32 bits). */
const INTSET_ENTRIES_MAX = 1 << 30;

function addToIntset(space: Space, holder: Ref, root: Ref, lo: number, hi: number): number {
  const arena = space.arena;
  if (intset.find(arena, root, lo, hi)) return 0;
  const n = intset.count(arena, root);
  if (n < Math.min(space.limits.setMaxIntsetEntries, INTSET_ENTRIES_MAX)) {
    setRoot(arena, holder, intset.insertFound(arena, root, lo, hi));
  } else {
    toTable(space, holder, n + 1);
    element.setInt(lo, hi);
    const { buf, off, len } = element;
    insertMember(space, space.hash(buf, off, len), buf, off, len);
  }
  return 1;
}

/** The first member that is no integer: what was an intset becomes a listpack, or a table. */
function addToIntegers(space: Space, holder: Ref, root: Ref, buf: Uint8Array, off: number, len: number): number {
  const { arena, limits } = space;
  const n = intset.count(arena, root);
  let longest = 0;
  let widest = 0;
  if (n > 0) {
    for (let i = 0; i < n; i += Math.max(1, n - 1)) {
      intset.get(arena, root, i);
      element.setInt(intset.found.lo, intset.found.hi);
      longest = Math.max(longest, element.len);
      widest = Math.max(widest, lp.entryBytes(element.buf, element.off, element.len));
    }
  }
  if (
    n < limits.setMaxListpackEntries &&
    len <= limits.setMaxListpackValue &&
    longest <= limits.setMaxListpackValue &&
    7 + n * widest + len <= lp.BYTES_MAX
  ) {
    let list = lp.create(arena, 7 + n * widest + lp.entryBytes(buf, off, len));
    try {
      for (let i = 0; i < n; i++) {
        intset.get(arena, root, i);
        list = lp.appendInt(arena, list, intset.found.lo, intset.found.hi);
      }
      list = lp.append(arena, list, buf, off, len);
    } catch (error) {
      arena.free(list);
      throw error;
    }
    arena.free(root);
    setEncoding(arena, holder, ENC_LISTPACK);
    setRoot(arena, holder, list);
  } else {
    toTable(space, holder, n + 1);
    insertMember(space, space.hash(buf, off, len), buf, off, len);
  }
  return 1;
}

// --- tables ------------------------------------------------------------------------------------------------------------

/** The root of an empty table with room for so many members, which is open then. */
export function newTable(space: Space, capacity: number): Ref {
  const root = space.arena.allocZeroed(TABLE_STATE_BYTES);
  space.members.open(root);
  // What a client announces is not believed beyond this.
  if (capacity > 12) space.members.reserve(Math.min(capacity, 1 << 20));
  return root;
}

/** Gives a table back with its members. */
export function freeTable(space: Space, root: Ref): void {
  dismantleTable(space, root, Infinity);
}

/**
 * Makes a table of an intset or listpack, with room for so many members, and leaves it open. Throws ArenaFullError with the set as
 * it was.
 */
export function toTable(space: Space, holder: Ref, capacity: number): void {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  const table = newTable(space, Math.max(capacity, size(space, holder)));
  try {
    if (encodingOf(arena, holder) === ENC_INTSET) {
      const n = intset.count(arena, root);
      for (let i = 0; i < n; i++) {
        intset.get(arena, root, i);
        element.setInt(intset.found.lo, intset.found.hi);
        insertElement(space);
      }
    } else {
      const end = lp.end(arena, root);
      for (let pos = lp.FIRST; pos < end; pos = lp.next(arena, root, pos)) {
        lp.get(arena, root, pos, element);
        insertElement(space);
      }
    }
  } catch (error) {
    freeTable(space, table);
    throw error;
  }
  arena.free(root);
  setEncoding(arena, holder, ENC_HASHTABLE);
  setRoot(arena, holder, table);
}

function insertElement(space: Space): void {
  const { buf, off, len } = element;
  insertMember(space, space.hash(buf, off, len), buf, off, len);
}

/** Address of the bytes of a member of a table. */
export function memberAddress(ref: Ref): number {
  return ref * 16 + HEADER_BYTES;
}

export function memberLength(arena: Arena, ref: Ref): number {
  return arena.u32[ref * 4 + 1];
}

/** Makes a table a listpack where the limits allow it; does nothing where they, or the memory, do not. */
export function tryListpack(space: Space, holder: Ref): void {
  const { arena, limits } = space;
  const root = rootOf(arena, holder);
  const members = space.members.open(root);
  if (members.size > limits.setMaxListpackEntries) return;
  let bytes = 7;
  let longest = 0;
  members.forEach((ref) => {
    const len = memberLength(arena, ref);
    longest = Math.max(longest, len);
    bytes += lp.entryBytes(arena.u8, memberAddress(ref), len);
  });
  if (longest > limits.setMaxListpackValue || bytes > lp.BYTES_MAX) return;
  let list: Ref = 0;
  try {
    list = lp.create(arena, bytes);
    members.forEach((ref) => {
      list = lp.append(arena, list, arena.u8, memberAddress(ref), memberLength(arena, ref));
    });
  } catch (error) {
    if (!(error instanceof ArenaFullError)) throw error;
    if (list !== 0) arena.free(list);
    return;
  }
  freeTable(space, root);
  setEncoding(arena, holder, ENC_LISTPACK);
  setRoot(arena, holder, list);
}

/** Makes a set of integers an intset if it is not too large for one; does nothing when the memory does not suffice. */
export function tryIntset(space: Space, holder: Ref): void {
  const arena = space.arena;
  const encoding = encodingOf(arena, holder);
  const n = size(space, holder);
  if (encoding === ENC_INTSET || n > Math.min(space.limits.setMaxIntsetEntries, INTSET_ENTRIES_MAX)) return;
  const root = rootOf(arena, holder);
  let ints: Ref = 0;
  let strings = false;
  const insert = (buf: Uint8Array, off: number, len: number): void => {
    if (!parseHalves(buf, off, len)) strings = true;
    else if (!intset.find(arena, ints, halves.lo, halves.hi))
      ints = intset.insertFound(arena, ints, halves.lo, halves.hi);
  };
  try {
    ints = intset.create(arena);
    if (encoding === ENC_LISTPACK) {
      const end = lp.end(arena, root);
      for (let pos = lp.FIRST; pos < end; pos = lp.next(arena, root, pos)) {
        lp.get(arena, root, pos, element);
        insert(element.buf, element.off, element.len);
      }
    } else {
      space.members.open(root).forEach((ref) => insert(arena.u8, memberAddress(ref), memberLength(arena, ref)));
    }
  } catch (error) {
    if (!(error instanceof ArenaFullError)) throw error;
    if (ints !== 0) arena.free(ints);
    return;
  }
  if (strings) {
    arena.free(ints);
    return;
  }
  if (encoding === ENC_LISTPACK) arena.free(root);
  else freeTable(space, root);
  setEncoding(arena, holder, ENC_INTSET);
  setRoot(arena, holder, ints);
}
