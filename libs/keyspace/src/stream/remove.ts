// Deleting and trimming, as Redis does both: whole nodes go, entries in a node that stays are marked. Nothing here needs memory.

import type { Arena, Ref } from '@weir/memory';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { FLAG_DELETED, setCounts } from './append.ts';
import { EntryCursor, lastIdOfNode } from './cursor.ts';
import { ID_MAX, ID_MIN, compareIds, copyId, newId, readId, writeId } from './id.ts';
import type { StreamId } from './id.ts';
import { LISTPACK_HEADER_BYTES, readCount, skip } from './packed.ts';
import { FIRST_ID, MAX_DELETED_ID, nodesOf, setLength } from './root.ts';
import { TreeCursor, keyWord, remove, seekFirst, valueAt } from './tree.ts';

const cursor = new EntryCursor();
const place = new TreeCursor();
const master = newId();
const found = newId();

/** Whether there is an entry of that ID. */
export function has(space: Space, holder: Ref, id: StreamId): boolean {
  cursor.start(space, holder, id, id);
  return cursor.next();
}

/** The ID of the first or last entry; false: there is none. */
export function edgeId(space: Space, holder: Ref, last: boolean, out: StreamId): boolean {
  cursor.start(space, holder, ID_MIN, ID_MAX, last);
  if (!cursor.next()) return false;
  out.set(cursor.id);
  return true;
}

/** Deletes an entry by its ID; false: there is none. */
export function deleteEntry(space: Space, holder: Ref, id: StreamId): boolean {
  cursor.start(space, holder, id, id);
  if (!cursor.next()) return false;
  const arena = space.arena;
  const u8 = arena.u8;
  const root = rootOf(arena, holder);
  const lp = cursor.node;
  u8[cursor.flagsAt] |= FLAG_DELETED;
  const live = liveOf(u8, lp);
  if (live === 1) {
    cursor.masterId(master);
    remove(arena, nodesOf(root), master);
    arena.free(lp);
  } else setCounts(u8, lp * 16, arena.u32[lp * 4], live - 1, deletedOf(u8, lp) + 1);
  const entries = arena.f64[root * 2] - 1;
  setLength(arena, root, entries);
  readId(arena, root * 4 + MAX_DELETED_ID, found);
  if (compareIds(id, found) > 0) writeId(arena, root * 4 + MAX_DELETED_ID, id);
  readId(arena, root * 4 + FIRST_ID, found);
  if (entries === 0 || compareIds(id, found) === 0) updateFirst(space, holder, root, entries);
  return true;
}

function liveOf(u8: Uint8Array, lp: Ref): number {
  return readCount(u8, lp * 16 + LISTPACK_HEADER_BYTES);
}

function deletedOf(u8: Uint8Array, lp: Ref): number {
  return readCount(u8, skip(u8, lp * 16 + LISTPACK_HEADER_BYTES));
}

function updateFirst(space: Space, holder: Ref, root: Ref, entries: number): void {
  if (entries === 0 || !edgeId(space, holder, false, found)) found.fill(0);
  writeId(space.arena, root * 4 + FIRST_ID, found);
}

/**
 * Trims to the last `entries` entries; approximately: only whole nodes go. `limit`: no more entries than that go (0: no limit).
 * Returns how many went.
 */
export function trimByLength(
  space: Space,
  holder: Ref,
  entries: number,
  approximately: boolean,
  limit: number,
): number {
  return trim(space, holder, entries, null, approximately, limit);
}

/** The same for all entries below an ID. */
export function trimById(space: Space, holder: Ref, id: StreamId, approximately: boolean, limit: number): number {
  return trim(space, holder, 0, id, approximately, limit);
}

function trim(
  space: Space,
  holder: Ref,
  maxLength: number,
  minId: StreamId | null,
  approximately: boolean,
  limit: number,
): number {
  const arena = space.arena;
  const u8 = arena.u8;
  const root = rootOf(arena, holder);
  const nodes = nodesOf(root);
  const before = arena.f64[root * 2];
  let length = before;
  for (;;) {
    if (minId === null && length <= maxLength) break;
    seekFirst(arena, nodes, place);
    if (place.node === 0) break;
    const lp = valueAt(arena, place);
    const live = liveOf(u8, lp);
    if (limit !== 0 && before - length + live > limit) break;
    readId(arena, keyWord(place), master);
    const whole = minId === null ? length - live >= maxLength : isBelow(arena, lp, minId);
    if (!whole) {
      if (approximately) break;
      length -= markUpTo(space, holder, root, length - maxLength, minId);
      setLength(arena, root, length);
      return before - length;
    }
    remove(arena, nodes, master);
    arena.free(lp);
    length -= live;
  }
  setLength(arena, root, length);
  if (length !== before) updateFirst(space, holder, root, length);
  return before - length;
}

/** Whether the last entry of a node, deleted or not, is below an ID. */
function isBelow(arena: Arena, lp: Ref, minId: StreamId): boolean {
  return !lastIdOfNode(arena, lp, master, found) || compareIds(found, minId) < 0;
}

/** Marks the first `entries` live entries, or those below the ID, which are all in the first node; how many. */
function markUpTo(space: Space, holder: Ref, root: Ref, entries: number, minId: StreamId | null): number {
  const arena = space.arena;
  const u8 = arena.u8;
  let lp = 0;
  let marked = 0;
  // The entry that stays is the first one then; 0-0 when none does.
  found.fill(0);
  cursor.start(space, holder, ID_MIN, ID_MAX);
  while (cursor.next()) {
    if (minId === null ? marked === entries : compareIds(cursor.id, minId) >= 0) {
      copyId(found, cursor.id);
      break;
    }
    lp = cursor.node;
    u8[cursor.flagsAt] |= FLAG_DELETED;
    marked++;
  }
  writeId(arena, root * 4 + FIRST_ID, found);
  if (marked > 0) setCounts(u8, lp * 16, arena.u32[lp * 4], liveOf(u8, lp) - marked, deletedOf(u8, lp) + marked);
  return marked;
}
