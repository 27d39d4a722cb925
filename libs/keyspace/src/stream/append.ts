import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { equals } from '../listpack/listpack.ts';
import { compareIds, newId, readId } from './id.ts';
import type { StreamId } from './id.ts';
import {
  LISTPACK_HEADER_BYTES,
  bytesBound,
  elementsOf,
  intBytes,
  putBytes,
  putFrame,
  putInt,
  readCount,
  skip,
} from './packed.ts';
import { LAST_ID, countEntry, init, nodesOf } from './root.ts';
import { TreeCursor, insert, keyWord, seekLast, setValueAt, valueAt } from './tree.ts';

/**
 * A stream's entries lie in *nodes*, each a listpack, byte for byte Redis's (`t_stream.c`). A node has a master ID, that of its
 * first entry, and begins with the master entry, whose fields are those of the first entry too:
 *
 *     live entries · deleted entries · number of fields · field … · 0
 *
 * Then entries follow, with IDs as differences to the master ID; one whose fields are the master's (a flag) has values only:
 *
 *     flags · ms difference · seq difference · [number of fields] · [field] value … · elements of the entry before this one
 *
 * Deleted entries are marked (the other flag) and stay. The last node's block has room to grow and is cut to its content when
 * the next node begins. Every block has SLACK_BYTES behind the listpack, so that deleting never needs memory: the
 * count of deleted entries may become that much longer.
 */
export const FLAG_DELETED = 1;
export const FLAG_SAME_FIELDS = 2;
export const SLACK_BYTES = 4;

/** Neither a node nor an entry may be larger (STREAM_LISTPACK_MAX_SIZE). */
export const NODE_BYTES_MAX = 1 << 30;

const tail = new TreeCursor();
const master = newId();

/** Where the live count, the first element of a node, is. */
const LIVE_AT = LISTPACK_HEADER_BYTES;

/**
 * Adds an entry behind all others: its ID is above the last one, its fields together not above NODE_BYTES_MAX. Fields and values are
 * `args[2 * first]`, `args[2 * first + 1]` (offset and length in `buf`) and so on, `fields` pairs of them. Throws ArenaFullError
 * with the stream as it was.
 */
export function append(
  space: Space,
  holder: Ref,
  id: StreamId,
  buf: Uint8Array,
  args: Int32Array,
  first: number,
  fields: number,
): void {
  const arena = space.arena;
  let root = rootOf(arena, holder);
  if (root === 0) {
    init(space, holder);
    root = rootOf(arena, holder);
    try {
      appendTo(space, root, id, buf, args, first, fields);
    } catch (error) {
      arena.free(root);
      setRoot(arena, holder, 0);
      throw error;
    }
  } else appendTo(space, root, id, buf, args, first, fields);
}

function appendTo(
  space: Space,
  root: Ref,
  id: StreamId,
  buf: Uint8Array,
  args: Int32Array,
  first: number,
  fields: number,
): void {
  const arena = space.arena;
  readId(arena, root * 4 + LAST_ID, master);
  if (compareIds(id, master) <= 0) throw new Error('a stream entry must be above the last one');
  let content = 0;
  let bound = 0;
  for (let i = 2 * first, end = i + 4 * fields; i < end; i += 2) {
    const len = args[i + 1];
    content += len;
    bound += bytesBound(len);
  }
  if (content > NODE_BYTES_MAX) throw new Error('a stream entry is too large');
  seekLast(arena, nodesOf(root), tail);
  if (tail.node === 0) startNode(space, root, id, buf, args, first, fields, bound);
  else {
    const lp = valueAt(arena, tail);
    if (isFull(space, lp, content)) {
      startNode(space, root, id, buf, args, first, fields, bound);
      cut(arena, root, lp, id);
    } else extend(arena, lp, id, buf, args, first, fields, bound);
  }
  countEntry(arena, root, id);
}

/** Whether an entry of that many bytes begins a new node. */
function isFull(space: Space, lp: Ref, content: number): boolean {
  const { streamNodeMaxBytes, streamNodeMaxEntries } = space.limits;
  const u8 = space.arena.u8;
  const bytesMax = streamNodeMaxBytes === 0 ? NODE_BYTES_MAX : Math.min(streamNodeMaxBytes, NODE_BYTES_MAX);
  if (space.arena.u32[lp * 4] + content >= bytesMax) return true;
  if (streamNodeMaxEntries === 0) return false;
  const live = lp * 16 + LIVE_AT;
  return readCount(u8, live) + readCount(u8, skip(u8, live)) >= streamNodeMaxEntries;
}

/** The fixed elements of an entry and the master entry, at their longest. */
const FIXED_BYTES = 48;

function startNode(
  space: Space,
  root: Ref,
  id: StreamId,
  buf: Uint8Array,
  args: Int32Array,
  first: number,
  fields: number,
  bound: number,
): void {
  const arena = space.arena;
  // The fields stand in the master entry, the values in the entry.
  const lp = arena.alloc(LISTPACK_HEADER_BYTES + bound + FIXED_BYTES + SLACK_BYTES);
  const u8 = arena.u8;
  const start = lp * 16;
  let at = putInt(u8, start + LIVE_AT, 1, 0);
  at = putInt(u8, at, 0, 0);
  at = putInt(u8, at, fields, 0);
  const stop = first + 2 * fields;
  for (let i = first; i < stop; i += 2) at = putBytes(u8, at, buf, args[2 * i], args[2 * i + 1]);
  at = putInt(u8, at, 0, 0);
  at = putInt(u8, at, FLAG_SAME_FIELDS, 0);
  at = putInt(u8, at, 0, 0);
  at = putInt(u8, at, 0, 0);
  for (let i = first; i < stop; i += 2) at = putBytes(u8, at, buf, args[2 * i + 2], args[2 * i + 3]);
  at = putInt(u8, at, fields + 3, 0);
  putFrame(u8, start, at + 1 - start, 2 * fields + 8);
  try {
    insert(arena, nodesOf(root), id, lp);
  } catch (error) {
    arena.free(lp);
    throw error;
  }
}

/** The node before the new last one gives back the room that it does not need. */
function cut(arena: Arena, root: Ref, lp: Ref, id: StreamId): void {
  const bytes = arena.u32[lp * 4];
  if (arena.usableBytes(lp) === Arena.roundUp(bytes + SLACK_BYTES)) return;
  let next: Ref;
  try {
    next = arena.realloc(lp, bytes + SLACK_BYTES, bytes);
  } catch (error) {
    // Then it stays too large.
    if (error instanceof ArenaFullError) return;
    throw error;
  }
  if (next === lp) return;
  seekLast(arena, nodesOf(root), tail);
  readId(arena, keyWord(tail), master);
  if (compareIds(master, id) !== 0) throw new Error('the new node is not the last one');
  tail.index--;
  if (tail.index < 0) {
    tail.node = arena.u32[tail.node * 4 + 3];
    tail.index = arena.u32[tail.node * 4] - 1;
  }
  setValueAt(arena, tail, next);
}

function extend(
  arena: Arena,
  lp: Ref,
  id: StreamId,
  buf: Uint8Array,
  args: Int32Array,
  first: number,
  fields: number,
  bound: number,
): void {
  readId(arena, keyWord(tail), master);
  const bytes = arena.u32[lp * 4];
  const need = bytes + bound + FIXED_BYTES + SLACK_BYTES;
  if (need > arena.usableBytes(lp)) {
    lp = grown(arena, lp, need, bytes);
    setValueAt(arena, tail, lp);
  }
  const u8 = arena.u8;
  const start = lp * 16;
  const live = readCount(u8, start + LIVE_AT) + 1;
  const longer = setCounts(u8, start, bytes, live, readCount(u8, skip(u8, start + LIVE_AT)));
  const same = hasFields(arena, lp, buf, args, first, fields);
  let at = start + longer - 1;
  at = putInt(u8, at, same ? FLAG_SAME_FIELDS : 0, 0);
  // Differences as signed 64-bit integers, which is what Redis makes of them.
  at = putInt(u8, at, (id[1] - master[1]) | 0, (id[0] - master[0] - (id[1] < master[1] ? 1 : 0)) | 0);
  at = putInt(u8, at, (id[3] - master[3]) | 0, (id[2] - master[2] - (id[3] < master[3] ? 1 : 0)) | 0);
  const stop = first + 2 * fields;
  let elements = fields + 3;
  if (same) for (let i = first; i < stop; i += 2) at = putBytes(u8, at, buf, args[2 * i + 2], args[2 * i + 3]);
  else {
    at = putInt(u8, at, fields, 0);
    for (let i = first; i < stop; i++) at = putBytes(u8, at, buf, args[2 * i], args[2 * i + 1]);
    elements += fields + 1;
  }
  at = putInt(u8, at, elements, 0);
  putFrame(u8, start, at + 1 - start, elementsOf(u8, start) + elements + 1);
}

/** Twice the room, or what is needed. */
function grown(arena: Arena, lp: Ref, need: number, bytes: number): Ref {
  try {
    return arena.realloc(lp, Math.max(need, bytes < 1024 * 1024 ? 2 * bytes : bytes + 1024 * 1024), bytes);
  } catch (error) {
    if (!(error instanceof ArenaFullError)) throw error;
    return arena.realloc(lp, need, bytes);
  }
}

/** Whether the fields are those of the node's master entry. */
function hasFields(arena: Arena, lp: Ref, buf: Uint8Array, args: Int32Array, first: number, fields: number): boolean {
  const u8 = arena.u8;
  const start = lp * 16;
  let at = skip(u8, skip(u8, start + LIVE_AT));
  if (readCount(u8, at) !== fields) return false;
  at = skip(u8, at);
  for (let i = 2 * first, end = i + 4 * fields; i < end; i += 4) {
    if (!equals(arena, lp, at - start, buf, args[i], args[i + 1])) return false;
    at = skip(u8, at);
  }
  return true;
}

/** Writes the counts at the begin of a node of `bytes` bytes, which may become longer or shorter; its bytes then. */
export function setCounts(u8: Uint8Array, start: number, bytes: number, live: number, deleted: number): number {
  const at = start + LIVE_AT;
  // Both below 128: the two bytes are where they are.
  if (live < 128 && deleted < 128 && u8[at] < 128 && u8[at + 2] < 128) {
    u8[at] = live;
    u8[at + 2] = deleted;
    return bytes;
  }
  const behind = skip(u8, skip(u8, at));
  const room = intBytes(live | 0, 0) + intBytes(deleted | 0, 0);
  const longer = room - (behind - at);
  if (longer !== 0) u8.copyWithin(behind + longer, behind, start + bytes);
  putInt(u8, putInt(u8, at, live | 0, 0), deleted | 0, 0);
  const total = bytes + longer;
  if (longer !== 0) {
    u8[start] = total;
    u8[start + 1] = total >> 8;
    u8[start + 2] = total >> 16;
    u8[start + 3] = total >> 24;
  }
  return total;
}
