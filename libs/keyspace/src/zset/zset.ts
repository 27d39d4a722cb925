/**
 * Sorted sets. Small ones are a listpack (packed.ts). Large ones, whose encoding is called "skiplist" as in Redis, are a table of
 * elements by member and a tree of the same elements by score (tree.ts). The root of a large one is the state block of its table.
 *
 * | bytes of an element | content       |
 * |---------------------|---------------|
 * | 0–3                 | zero           |
 * | 4–7                 | member length  |
 * | 8–15                | score (f64)    |
 * | then                | member         |
 *
 * Every function leaves the value as it was when it throws ArenaFullError; removing never throws.
 */

import type { Arena, Ref } from '@weir/memory';
import { dismantleTable } from '../dismantle.ts';
import { ENC_LISTPACK, ENC_SKIPLIST, copyIn, encodingOf, setEncoding } from '../entry.ts';
import * as listpack from '../listpack/index.ts';
import { Element } from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { TABLE_STATE_BYTES } from '../table.ts';
import { LEAF_REFS, SCORES } from './nodes.ts';
import * as packed from './packed.ts';
import { readScore } from './score.ts';
import * as tree from './tree.ts';

/** Beyond this a listpack is not to grow, whatever the limits say (LISTPACK_MAX_SAFETY_LIMIT). */
const LISTPACK_SAFE_BYTES = 1 << 30;
const ELEMENT_HEAD_BYTES = 16;

// Conditions of `add`.
export const NX = 1;
export const XX = 2;
export const GT = 4;
export const LT = 8;
/** The score is an increment. */
export const INCR = 16;

// Answers of `add`.
/** The conditions forbade it. */
export const SKIPPED = 0;
export const UNCHANGED = 1;
export const UPDATED = 2;
export const ADDED = 3;
/** The sum is no number; nothing changed. */
export const NOT_A_NUMBER = 4;

/** After `add`, unless it was skipped: the member's score. */
export const outcome = { score: 0 };

/** Members. */
export function size(space: Space, holder: Ref): number {
  const root = rootOf(space.arena, holder);
  if (root === 0) return 0;
  if (encodingOf(space.arena, holder) === ENC_LISTPACK) return packed.size(space.arena, root);
  return space.arena.i32[root * 4];
}

/** The score of a member, or NaN, which no member has. */
export function scoreOf(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): number {
  const { arena } = space;
  const root = rootOf(arena, holder);
  if (root === 0) return NaN;
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    const pos = packed.find(arena, root, buf, off, len);
    return pos === 0 ? NaN : packed.scoreAt(arena, root, pos);
  }
  const ref = space.members.open(root).find(space.hash(buf, off, len), buf, off, len);
  return ref === 0 ? NaN : arena.f64[ref * 2 + 1];
}

/** Members before this one in the order; -1: it is not there. */
export function rankOf(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): number {
  const { arena } = space;
  const root = rootOf(arena, holder);
  if (root === 0) return -1;
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    const pos = packed.find(arena, root, buf, off, len);
    return pos === 0 ? -1 : packed.rankAt(arena, root, pos);
  }
  const ref = space.members.open(root).find(space.hash(buf, off, len), buf, off, len);
  return ref === 0 ? -1 : tree.rankOf(arena, root, arena.f64[ref * 2 + 1], ref);
}

/** Adds a member or changes its score, under the conditions of `flags` (zsetAdd in Redis). The score may not be NaN. */
export function add(
  space: Space,
  holder: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  score: number,
  flags: number,
): number {
  if (score !== score) throw new Error('sorted set: a score that is no number');
  const { arena } = space;
  let root = rootOf(arena, holder);
  if (root === 0) {
    if ((flags & XX) !== 0) return SKIPPED;
    outcome.score = score;
    begin(space, holder, 1, len);
    root = rootOf(arena, holder);
  }
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    const pos = packed.find(arena, root, buf, off, len);
    if (pos !== 0) {
      const old = packed.scoreAt(arena, root, pos);
      const result = changed(old, score, flags);
      if (result === UPDATED) packed.rescore(arena, holder, pos, buf, off, len, outcome.score);
      return result;
    }
    if ((flags & XX) !== 0) return SKIPPED;
    outcome.score = score;
    const { zsetMaxListpackEntries, zsetMaxListpackValue } = space.limits;
    const fits =
      packed.size(arena, root) + 1 <= zsetMaxListpackEntries &&
      len <= zsetMaxListpackValue &&
      listpack.bytesOf(arena, root) + len <= LISTPACK_SAFE_BYTES;
    if (fits) {
      try {
        packed.insert(arena, holder, buf, off, len, score);
      } catch (error) {
        dropEmpty(space, holder);
        throw error;
      }
      return ADDED;
    }
    convert(space, holder);
    root = rootOf(arena, holder);
  }
  const hash = space.hash(buf, off, len);
  const ref = space.members.open(root).find(hash, buf, off, len);
  if (ref !== 0) {
    const old = arena.f64[ref * 2 + 1];
    const result = changed(old, score, flags);
    if (result === UPDATED) {
      tree.rescore(arena, root, old, ref, outcome.score);
      arena.f64[ref * 2 + 1] = outcome.score;
    }
    return result;
  }
  if ((flags & XX) !== 0) return SKIPPED;
  outcome.score = score;
  try {
    insertElement(space, root, hash, buf, off, len, score);
  } catch (error) {
    dropEmpty(space, holder);
    throw error;
  }
  return ADDED;
}

/** What becomes of a member that is there; leaves its new score in `outcome`. */
function changed(old: number, score: number, flags: number): number {
  if ((flags & NX) !== 0) return SKIPPED;
  if ((flags & INCR) !== 0) {
    score += old;
    if (score !== score) return NOT_A_NUMBER;
  }
  if ((flags & LT) !== 0 && score >= old) return SKIPPED;
  if ((flags & GT) !== 0 && score <= old) return SKIPPED;
  outcome.score = score;
  return score === old ? UNCHANGED : UPDATED;
}

/**
 * Gives a holder without a value an empty one, in the encoding for so many members of such a length: for those who fill it at once, member
 * by member. (One that a command finds is never empty.)
 */
export function begin(space: Space, holder: Ref, members: number, longest: number): void {
  const { arena, limits } = space;
  if (members <= limits.zsetMaxListpackEntries && longest <= limits.zsetMaxListpackValue) {
    setRoot(arena, holder, listpack.create(arena));
    setEncoding(arena, holder, ENC_LISTPACK);
  } else {
    setRoot(arena, holder, arena.allocZeroed(TABLE_STATE_BYTES));
    setEncoding(arena, holder, ENC_SKIPLIST);
  }
}

/** So many members may be added next: more than a listpack is to have are a reason to convert it now, as in Redis 7.2. */
export function expect(space: Space, holder: Ref, members: number): void {
  if (members > space.limits.zsetMaxListpackEntries && isPacked(space, holder)) convert(space, holder);
}

/** An empty value that the first member did not fit into goes again. */
function dropEmpty(space: Space, holder: Ref): void {
  if (size(space, holder) > 0) return;
  free(space, holder);
}

/** Frees the value of a holder, and leaves it without. */
export function free(space: Space, holder: Ref): void {
  const { arena } = space;
  const root = rootOf(arena, holder);
  if (root === 0) return;
  if (encodingOf(arena, holder) === ENC_LISTPACK) arena.free(root);
  else freeTable(space, root, Infinity);
  setRoot(arena, holder, 0);
}

/** Gives back about `budget` blocks of a tree and its table; less were left when it returns less. */
export function freeTable(space: Space, home: Ref, budget: number): number {
  const did = tree.freeStep(space.arena, home, budget);
  return did < budget ? did + dismantleTable(space, home, budget - did) : did;
}

export function newElement(arena: Arena, buf: Uint8Array, off: number, len: number, score: number): Ref {
  const ref = arena.alloc(ELEMENT_HEAD_BYTES + len);
  arena.u32[ref * 4] = 0;
  arena.u32[ref * 4 + 1] = len;
  arena.f64[ref * 2 + 1] = score;
  copyIn(arena.u8, ref * 16 + ELEMENT_HEAD_BYTES, buf, off, len);
  return ref;
}

/** Adds an element that is not there to table and tree. */
function insertElement(
  space: Space,
  home: Ref,
  hash: number,
  buf: Uint8Array,
  off: number,
  len: number,
  score: number,
): void {
  const { arena, members } = space;
  const ref = newElement(arena, buf, off, len, score);
  let inTable = false;
  try {
    members.insert(hash, ref);
    inTable = true;
    tree.insert(arena, home, score, ref);
  } catch (error) {
    if (inTable) members.remove(hash, ref);
    arena.free(ref);
    throw error;
  }
}

const element = new Element();

/** Makes a table and a tree of a listpack. */
function convert(space: Space, holder: Ref): void {
  const { arena, members } = space;
  const lp = rootOf(arena, holder);
  const home = arena.allocZeroed(TABLE_STATE_BYTES);
  try {
    members.open(home);
    const stop = listpack.end(arena, lp);
    for (let pos = listpack.FIRST; pos < stop;) {
      const scoreAt = listpack.next(arena, lp, pos);
      listpack.get(arena, lp, scoreAt, element);
      const score = readScore(element);
      listpack.get(arena, lp, pos, element);
      const hash = space.hash(element.buf, element.off, element.len);
      insertElement(space, home, hash, element.buf, element.off, element.len, score);
      pos = listpack.next(arena, lp, scoreAt);
    }
  } catch (error) {
    freeTable(space, home, Infinity);
    throw error;
  }
  arena.free(lp);
  setRoot(arena, holder, home);
  setEncoding(arena, holder, ENC_SKIPLIST);
}

/** A copy of a large value; returns its root. */
export function copyTable(space: Space, from: Ref): Ref {
  const { arena, members } = space;
  const home = arena.allocZeroed(TABLE_STATE_BYTES);
  try {
    // In order, so that the leaves of the copy are full.
    members.open(home).reserve(arena.i32[from * 4]);
    for (let leaf = tree.firstLeaf(arena, from); leaf !== 0; leaf = arena.u32[leaf * 4 + 2]) {
      for (let i = 0; i < arena.u32[leaf * 4]; i++) {
        const ref = arena.u32[leaf * 4 + LEAF_REFS + i];
        const at = ref * 16 + ELEMENT_HEAD_BYTES;
        const len = arena.u32[ref * 4 + 1];
        insertElement(space, home, members.hashOf(ref), arena.u8, at, len, arena.f64[leaf * 2 + SCORES + i]);
      }
    }
  } catch (error) {
    freeTable(space, home, Infinity);
    throw error;
  }
  return home;
}

/** Removes a member; false: it is not there. Cannot fail. */
export function remove(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const { arena, members } = space;
  const root = rootOf(arena, holder);
  if (root === 0) return false;
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    const pos = packed.find(arena, root, buf, off, len);
    if (pos === 0) return false;
    packed.removeAt(arena, holder, pos, 1);
    return true;
  }
  const hash = space.hash(buf, off, len);
  const ref = members.open(root).find(hash, buf, off, len);
  if (ref === 0) return false;
  removeElement(space, root, hash, ref);
  return true;
}

function removeElement(space: Space, home: Ref, hash: number, ref: Ref): void {
  const { arena, members } = space;
  tree.remove(arena, home, arena.f64[ref * 2 + 1], ref);
  members.remove(hash, ref);
  arena.free(ref);
}

/** Removes the members of the ranks from `from` to before `to`, which are all there. Cannot fail. */
export function removeRange(space: Space, holder: Ref, from: number, to: number): void {
  const { arena, members } = space;
  const root = rootOf(arena, holder);
  if (root === 0 || from >= to) return;
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    packed.removeAt(arena, holder, listpack.seek(arena, root, 2 * from), to - from);
    return;
  }
  members.open(root);
  for (let n = to - from; n > 0; n--) {
    tree.seek(arena, root, from);
    const ref = tree.refAt(arena);
    removeElement(space, root, members.hashOf(ref), ref);
  }
}

/** Whether the value is a listpack; else a table and a tree. */
export function isPacked(space: Space, holder: Ref): boolean {
  return encodingOf(space.arena, holder) === ENC_LISTPACK;
}

/** The ref of the listpack of a value that is one. */
export function listpackOf(space: Space, holder: Ref): Ref {
  return rootOf(space.arena, holder);
}

// --- loading -------------------------------------------------------------------------------------------------------------

/** A holder without a value gets a copy of a valid, not empty listpack of pairs, or, when it is too long, what that would become. */
export function loadListpack(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): void {
  const { arena } = space;
  setRoot(arena, holder, listpack.fromBytes(arena, buf, off, len));
  setEncoding(arena, holder, ENC_LISTPACK);
  if (size(space, holder) <= space.limits.zsetMaxListpackEntries) return;
  try {
    convert(space, holder);
  } catch (error) {
    free(space, holder);
    throw error;
  }
}

/** Adds a member of a value that is loaded, in any order (ascending and descending are fastest). False: it is there already. */
export function loadMember(
  space: Space,
  holder: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  score: number,
): boolean {
  return add(space, holder, buf, off, len, score, NX) === ADDED;
}

/** For loading: so many members will come, of which the longest has that length, if it is known. Only with a holder without a value. */
export function reserve(space: Space, holder: Ref, members: number, longest = 0): void {
  begin(space, holder, members, longest);
  if (!isPacked(space, holder)) space.members.open(rootOf(space.arena, holder)).reserve(members);
}

/** One step of a scan of a large value: appends refs of elements to `out`, and returns the next cursor (KeyTable.scan). */
export function scan(space: Space, holder: Ref, cursor: number, out: Ref[]): number {
  return space.members.open(rootOf(space.arena, holder)).scan(cursor, out);
}
