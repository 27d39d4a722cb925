import type { Arena, Ref } from '@weir/memory';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { readId, writeId } from './id.ts';
import type { StreamId } from './id.ts';

/**
 * The root block of a stream:
 *
 * | words | content                                                          |
 * |-------|------------------------------------------------------------------|
 * | 0–1   | entries, as a double                                             |
 * | 2–5   | last ID that was given out                                       |
 * | 6–9   | ID of the first entry; 0-0 when there is none                    |
 * | 10–13 | highest ID that was ever deleted by name                         |
 * | 14–15 | entries ever added: low and high half                            |
 * | 16–17 | tree of the nodes (tree.ts), by master ID; values are listpacks   |
 * | 18–19 | groups (names.ts)                                                |
 */
const ROOT_BYTES = 80;
export const LAST_ID = 2;
export const FIRST_ID = 6;
export const MAX_DELETED_ID = 10;
const ENTRIES_ADDED = 14;
const NODES = 16;
const GROUPS = 18;

/** Makes an empty holder hold an empty stream. */
export function init(space: Space, holder: Ref): void {
  setRoot(space.arena, holder, space.arena.allocZeroed(ROOT_BYTES));
}

/** The root, made if it is not there. */
export function rootFor(space: Space, holder: Ref): Ref {
  if (rootOf(space.arena, holder) === 0) init(space, holder);
  return rootOf(space.arena, holder);
}

/** Entries. */
export function length(space: Space, holder: Ref): number {
  return space.arena.f64[rootOf(space.arena, holder) * 2];
}

export function setLength(arena: Arena, root: Ref, entries: number): void {
  arena.f64[root * 2] = entries;
}

export function lastId(space: Space, holder: Ref, out: StreamId): void {
  readId(space.arena, rootOf(space.arena, holder) * 4 + LAST_ID, out);
}

/** 0-0 when there is no entry. */
export function firstId(space: Space, holder: Ref, out: StreamId): void {
  readId(space.arena, rootOf(space.arena, holder) * 4 + FIRST_ID, out);
}

export function maxDeletedId(space: Space, holder: Ref, out: StreamId): void {
  readId(space.arena, rootOf(space.arena, holder) * 4 + MAX_DELETED_ID, out);
}

export function setLastId(space: Space, holder: Ref, id: StreamId): void {
  writeId(space.arena, rootOf(space.arena, holder) * 4 + LAST_ID, id);
}

export function setMaxDeletedId(space: Space, holder: Ref, id: StreamId): void {
  writeId(space.arena, rootOf(space.arena, holder) * 4 + MAX_DELETED_ID, id);
}

/** Halves of an unsigned 64-bit integer. */
export function entriesAddedHi(space: Space, holder: Ref): number {
  return space.arena.u32[rootOf(space.arena, holder) * 4 + ENTRIES_ADDED + 1];
}

export function entriesAddedLo(space: Space, holder: Ref): number {
  return space.arena.u32[rootOf(space.arena, holder) * 4 + ENTRIES_ADDED];
}

export function setEntriesAdded(space: Space, holder: Ref, lo: number, hi: number): void {
  const at = rootOf(space.arena, holder) * 4 + ENTRIES_ADDED;
  space.arena.u32[at] = lo;
  space.arena.u32[at + 1] = hi;
}

/** One more entry, with that ID. */
export function countEntry(arena: Arena, root: Ref, id: StreamId): void {
  const added = root * 4 + ENTRIES_ADDED;
  arena.u32[added]++;
  if (arena.u32[added] === 0) arena.u32[added + 1]++;
  const entries = arena.f64[root * 2] + 1;
  arena.f64[root * 2] = entries;
  writeId(arena, root * 4 + LAST_ID, id);
  if (entries === 1) writeId(arena, root * 4 + FIRST_ID, id);
}

/** Index in `arena.u32` of the tree of nodes. */
export function nodesOf(root: Ref): number {
  return root * 4 + NODES;
}

/** Index in `arena.u32` of the table of groups. */
export function groupsOf(root: Ref): number {
  return root * 4 + GROUPS;
}
