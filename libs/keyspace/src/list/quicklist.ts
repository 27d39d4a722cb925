// The operations on a quicklist (layout.ts): what can fail for want of memory fails before anything has changed.

import { ArenaFullError } from '@weir/memory';
import type { Arena, Ref } from '@weir/memory';
import * as listpack from '../listpack/index.ts';
import {
  EMPTY_LISTPACK_BYTES,
  ENTRY_OVERHEAD,
  NODE_BYTES,
  ROOT_BYTES,
  addLength,
  allowsInsert,
  allowsMerge,
  clampFill,
  countOf,
  exceeds,
  fillOf,
  headOf,
  isAlone,
  isLarge,
  lengthOf,
  listpackOf,
  nextOf,
  nodesOf,
  prevOf,
  setListpack,
  setMarks,
  tailOf,
} from './layout.ts';
import * as marks from './marks.ts';

/** An LSET makes a node larger than its limit, as in Redis 7.2, but not larger than this. */
const REPLACED_BYTES_MAX = 1024 * 1024;

// --- whole lists -------------------------------------------------------------------------------------------------------

/** An empty quicklist. */
export function create(arena: Arena, fill: number): Ref {
  const root = arena.alloc(ROOT_BYTES);
  arena.u32.fill(0, root * 4, root * 4 + ROOT_BYTES / 4);
  arena.i32[root * 4 + 3] = clampFill(fill);
  return root;
}

/** A quicklist whose only node has the listpack, which it takes over. */
export function fromListpack(arena: Arena, fill: number, lp: Ref): Ref {
  const root = create(arena, fill);
  try {
    adoptListpack(arena, root, lp);
  } catch (error) {
    arena.free(root);
    throw error;
  }
  return root;
}

/** Adds a node with the listpack, which must not be empty, behind the tail. */
export function adoptListpack(arena: Arena, root: Ref, lp: Ref): void {
  const node = arena.alloc(NODE_BYTES);
  const count = listpack.count(arena, lp);
  setListpack(arena, node, lp, count);
  link(arena, root, tailOf(arena, root), node, true);
  addLength(arena, root, node, count);
}

/** Frees a quicklist of one node, whose listpack is returned. */
export function intoListpack(arena: Arena, root: Ref): Ref {
  const node = headOf(arena, root);
  const lp = listpackOf(arena, node);
  arena.free(node);
  arena.free(root);
  return lp;
}

export function free(arena: Arena, root: Ref): void {
  freeStep(arena, root, Infinity);
}

/** Gives back about `budget` blocks of a list that nobody will ask again. Returns how many: less than the budget when none is left. */
export function freeStep(arena: Arena, root: Ref, budget: number): number {
  let did = 0;
  let node = headOf(arena, root);
  for (; node !== 0 && did < budget; did += 2) {
    const next = nextOf(arena, node);
    arena.free(listpackOf(arena, node));
    arena.free(node);
    node = next;
  }
  arena.u32[root * 4] = node;
  if (did < budget) arena.free(root);
  return did;
}

export function copy(arena: Arena, root: Ref): Ref {
  const to = create(arena, fillOf(arena, root));
  try {
    for (let node = headOf(arena, root); node !== 0; node = nextOf(arena, node)) {
      const lp = listpack.copy(arena, listpackOf(arena, node));
      try {
        adoptListpack(arena, to, lp);
      } catch (error) {
        arena.free(lp);
        throw error;
      }
    }
  } catch (error) {
    free(arena, to);
    throw error;
  }
  return to;
}

// --- nodes -------------------------------------------------------------------------------------------------------------

/** A node with one element, in no list yet. */
function newNode(arena: Arena, buf: Uint8Array, off: number, len: number): Ref {
  const node = arena.alloc(NODE_BYTES);
  try {
    setListpack(arena, node, newListpack(arena, buf, off, len), 1);
  } catch (error) {
    arena.free(node);
    throw error;
  }
  return node;
}

/** A listpack with one element. */
export function newListpack(arena: Arena, buf: Uint8Array, off: number, len: number): Ref {
  const lp = listpack.create(arena, EMPTY_LISTPACK_BYTES + listpack.entryBytes(buf, off, len));
  return listpack.append(arena, lp, buf, off, len);
}

/** Links a node behind (or before) another one; into an empty list when `at` is 0. The length is the caller's. */
function link(arena: Arena, root: Ref, at: Ref, node: Ref, after: boolean): void {
  const u32 = arena.u32;
  const prev = after ? at : at === 0 ? 0 : u32[at * 4];
  const next = after ? (at === 0 ? 0 : u32[at * 4 + 1]) : at;
  u32[node * 4] = prev;
  u32[node * 4 + 1] = next;
  if (prev === 0) u32[root * 4] = node;
  else u32[prev * 4 + 1] = node;
  if (next === 0) u32[root * 4 + 1] = node;
  else u32[next * 4] = node;
  u32[root * 4 + 2]++;
}

/** Frees a node with its elements. */
function removeNode(arena: Arena, root: Ref, node: Ref): void {
  const u32 = arena.u32;
  const prev = u32[node * 4];
  const next = u32[node * 4 + 1];
  if (prev === 0) u32[root * 4] = next;
  else u32[prev * 4 + 1] = next;
  if (next === 0) u32[root * 4 + 1] = prev;
  else u32[next * 4] = prev;
  u32[root * 4 + 2]--;
  addLength(arena, root, node, -countOf(arena, node));
  setMarks(arena, root, 0);
  arena.free(listpackOf(arena, node));
  arena.free(node);
}

/** Puts an element in front of a position of a node. */
function insertInto(arena: Arena, root: Ref, node: Ref, pos: number, buf: Uint8Array, off: number, len: number): void {
  const lp = listpack.insert(arena, listpackOf(arena, node), pos, buf, off, len);
  setListpack(arena, node, lp, countOf(arena, node) + 1);
  addLength(arena, root, node, 1);
}

function addNode(arena: Arena, root: Ref, at: Ref, after: boolean, buf: Uint8Array, off: number, len: number): Ref {
  const node = newNode(arena, buf, off, len);
  link(arena, root, at, node, after);
  addLength(arena, root, node, 1);
  return node;
}

/**
 * Moves the elements of a node from `boundary` on (`after`) or before it into a new node, which is linked there. Its listpack has
 * room for `room` bytes more.
 */
function split(arena: Arena, root: Ref, node: Ref, boundary: number, after: boolean, room: number): Ref {
  const lp = listpackOf(arena, node);
  const stop = listpack.end(arena, lp);
  const from = after ? boundary : listpack.FIRST;
  const to = after ? stop : boundary;
  let count = 0;
  for (let pos = from; pos < to; pos = listpack.next(arena, lp, pos)) count++;
  const next = arena.alloc(NODE_BYTES);
  let moved: Ref;
  try {
    moved = listpack.create(arena, EMPTY_LISTPACK_BYTES + to - from + room);
  } catch (error) {
    arena.free(next);
    throw error;
  }
  appendEntries(arena, moved, lp, from, to, count);
  setListpack(arena, next, moved, count);
  setListpack(arena, node, listpack.remove(arena, lp, from, count), countOf(arena, node) - count);
  link(arena, root, node, next, after);
  setMarks(arena, root, 0);
  return next;
}

/** Copies entries of one listpack behind those of another one, which has the room. */
function appendEntries(arena: Arena, lp: Ref, source: Ref, from: number, to: number, count: number): void {
  const u8 = arena.u8;
  const end = listpack.end(arena, lp);
  const known = u8[lp * 16 + 4] | (u8[lp * 16 + 5] << 8);
  u8.copyWithin(lp * 16 + end, source * 16 + from, source * 16 + to);
  const bytes = end + to - from + 1;
  u8[lp * 16 + bytes - 1] = 0xff;
  arena.u32[lp * 4] = bytes;
  // 65535: has to be counted.
  const total = Math.min(65535, known + count);
  u8[lp * 16 + 4] = total;
  u8[lp * 16 + 5] = total >> 8;
}

/** Moves the elements of `b` into `a`, the node before it, if there is the memory to do so. */
function merge(arena: Arena, root: Ref, a: Ref, b: Ref): boolean {
  let lp = listpackOf(arena, a);
  const source = listpackOf(arena, b);
  const bytes = listpack.bytesOf(arena, lp);
  const total = bytes + listpack.bytesOf(arena, source) - EMPTY_LISTPACK_BYTES;
  if (total > arena.usableBytes(lp)) {
    try {
      lp = arena.realloc(lp, total, bytes);
    } catch (error) {
      if (error instanceof ArenaFullError) return false;
      throw error;
    }
  }
  const count = countOf(arena, b);
  appendEntries(arena, lp, source, listpack.FIRST, listpack.end(arena, source), count);
  setListpack(arena, a, lp, countOf(arena, a) + count);
  removeNode(arena, root, b);
  addLength(arena, root, a, count);
  return true;
}

/** Merges the nodes around one that was split, two by two. */
function mergeAround(arena: Arena, root: Ref, center: Ref): void {
  const fill = fillOf(arena, root);
  const prev = prevOf(arena, center);
  const prevPrev = prev === 0 ? 0 : prevOf(arena, prev);
  if (allowsMerge(arena, prevPrev, prev, fill)) merge(arena, root, prevPrev, prev);
  const next = nextOf(arena, center);
  const nextNext = next === 0 ? 0 : nextOf(arena, next);
  if (allowsMerge(arena, next, nextNext, fill)) merge(arena, root, next, nextNext);
  const before = prevOf(arena, center);
  let target = center;
  if (allowsMerge(arena, before, center, fill) && merge(arena, root, before, center)) target = before;
  const behind = nextOf(arena, target);
  if (allowsMerge(arena, target, behind, fill)) merge(arena, root, target, behind);
}

// --- elements ----------------------------------------------------------------------------------------------------------

/**
 * Adds an element at an end. `creditBytes` and `creditCount`: what the caller is about to take out of that node.
 */
export function push(
  arena: Arena,
  root: Ref,
  atTail: boolean,
  buf: Uint8Array,
  off: number,
  len: number,
  creditBytes = 0,
  creditCount = 0,
): void {
  const node = atTail ? tailOf(arena, root) : headOf(arena, root);
  const fill = fillOf(arena, root);
  if (node !== 0 && !isLarge(fill, len)) {
    const lp = listpackOf(arena, node);
    const bytes = listpack.bytesOf(arena, lp) + len + ENTRY_OVERHEAD - creditBytes;
    if (!exceeds(fill, bytes, countOf(arena, node) + 1 - creditCount)) {
      insertInto(arena, root, node, atTail ? listpack.end(arena, lp) : listpack.FIRST, buf, off, len);
      return;
    }
  }
  addNode(arena, root, node, atTail, buf, off, len);
}

/** Takes the element at an end, which is these bytes, out and pushes it there again: it may come into another node. */
export function pushAgain(arena: Arena, root: Ref, atTail: boolean, buf: Uint8Array, off: number, len: number): void {
  const fill = fillOf(arena, root);
  const node = atTail ? tailOf(arena, root) : headOf(arena, root);
  const lp = listpackOf(arena, node);
  if (countOf(arena, node) === 1) {
    const neighbour = atTail ? prevOf(arena, node) : nextOf(arena, node);
    if (!allowsInsert(arena, neighbour, fill, len)) return;
    const at = atTail ? listpack.end(arena, listpackOf(arena, neighbour)) : listpack.FIRST;
    insertInto(arena, root, neighbour, at, buf, off, len);
  } else {
    const bytes = listpack.bytesOf(arena, lp) - listpack.entryBytes(buf, off, len) + len + ENTRY_OVERHEAD;
    if (!isLarge(fill, len) && !exceeds(fill, bytes, countOf(arena, node))) return;
    addNode(arena, root, node, atTail, buf, off, len);
  }
  removeAt(arena, root, node, atTail ? listpack.prev(arena, lp, listpack.end(arena, lp)) : listpack.FIRST, 1);
}

/** Puts an element behind (or before) the one at a position of a node. */
export function insertAt(
  arena: Arena,
  root: Ref,
  node: Ref,
  pos: number,
  after: boolean,
  buf: Uint8Array,
  off: number,
  len: number,
): void {
  const fill = fillOf(arena, root);
  const lp = listpackOf(arena, node);
  const boundary = after ? listpack.next(arena, lp, pos) : pos;
  const atEdge = after ? boundary === listpack.end(arena, lp) : pos === listpack.FIRST;
  if (isLarge(fill, len)) {
    if (!atEdge) {
      // Both at once or none: the node that comes between is there before the other one is split.
      const alone = newNode(arena, buf, off, len);
      try {
        split(arena, root, node, boundary, after, 0);
      } catch (error) {
        arena.free(listpackOf(arena, alone));
        arena.free(alone);
        throw error;
      }
      link(arena, root, node, alone, after);
      addLength(arena, root, alone, 1);
    } else addNode(arena, root, node, after, buf, off, len);
    return;
  }
  if (allowsInsert(arena, node, fill, len)) {
    insertInto(arena, root, node, boundary, buf, off, len);
    return;
  }
  if (atEdge) {
    const neighbour = after ? nextOf(arena, node) : prevOf(arena, node);
    if (allowsInsert(arena, neighbour, fill, len)) {
      const at = after ? listpack.FIRST : listpack.end(arena, listpackOf(arena, neighbour));
      insertInto(arena, root, neighbour, at, buf, off, len);
    } else addNode(arena, root, node, after, buf, off, len);
    return;
  }
  const part = split(arena, root, node, boundary, after, listpack.entryBytes(buf, off, len));
  const at = after ? listpack.FIRST : listpack.end(arena, listpackOf(arena, part));
  insertInto(arena, root, part, at, buf, off, len);
  mergeAround(arena, root, node);
}

/** Puts another element in the place of the one at a position of a node. */
export function replaceAt(
  arena: Arena,
  root: Ref,
  node: Ref,
  pos: number,
  buf: Uint8Array,
  off: number,
  len: number,
): void {
  const fill = fillOf(arena, root);
  const lp = listpackOf(arena, node);
  const large = isLarge(fill, len);
  const alone = isAlone(arena, node, fill);
  const fits = listpack.bytesOf(arena, lp) + len <= REPLACED_BYTES_MAX || countOf(arena, node) === 1;
  if (alone ? large : !large && fits) {
    setListpack(arena, node, listpack.replace(arena, lp, pos, buf, off, len), countOf(arena, node));
    return;
  }
  if (alone) {
    insertAt(arena, root, node, pos, true, buf, off, len);
    removeNode(arena, root, node);
    return;
  }
  const next = newNode(arena, buf, off, len);
  const boundary = listpack.next(arena, lp, pos);
  if (boundary < listpack.end(arena, lp)) {
    try {
      split(arena, root, node, boundary, true, 0);
    } catch (error) {
      arena.free(listpackOf(arena, next));
      arena.free(next);
      throw error;
    }
  }
  link(arena, root, node, next, true);
  addLength(arena, root, next, 1);
  const merges = countOf(arena, node) > 1;
  removeAt(arena, root, node, pos, 1);
  if (merges) mergeAround(arena, root, next);
}

/** Removes `n` elements of a node, which goes when it has no more. Cannot fail. */
export function removeAt(arena: Arena, root: Ref, node: Ref, pos: number, n: number): void {
  const left = countOf(arena, node) - n;
  if (left === 0) {
    removeNode(arena, root, node);
    return;
  }
  setListpack(arena, node, listpack.remove(arena, listpackOf(arena, node), pos, n), left);
  addLength(arena, root, node, -n);
}

/** `n` elements were removed from the node's listpack, which is `lp` now. */
export function removedFrom(arena: Arena, root: Ref, node: Ref, lp: Ref, n: number): void {
  const left = countOf(arena, node) - n;
  setListpack(arena, node, lp, left);
  addLength(arena, root, node, -n);
  if (left === 0) removeNode(arena, root, node);
}

/** What `seek` found: the element `offset` of `node`. */
export const found = { node: 0, offset: 0 };

/** Finds the node of an index (from 0 on, below the length), from the nearest of both ends and the marks. */
export function seek(arena: Arena, root: Ref, index: number): void {
  const u32 = arena.u32;
  const length = lengthOf(arena, root);
  let node = u32[root * 4];
  let start = 0;
  if (marks.find(arena, root, index)) {
    node = marks.mark.node;
    start = marks.mark.start;
  }
  let offset = index - start;
  let steps = 0;
  if (offset < length - index) {
    for (let count = u32[node * 4 + 3]; offset >= count; count = u32[node * 4 + 3]) {
      offset -= count;
      node = u32[node * 4 + 1];
      steps++;
    }
  } else {
    node = u32[root * 4 + 1];
    offset = index - length + u32[node * 4 + 3];
    while (offset < 0) {
      node = u32[node * 4];
      offset += u32[node * 4 + 3];
      steps++;
    }
  }
  found.node = node;
  found.offset = offset;
  marks.walked(arena, root, steps);
}

/** Removes `n` elements from an index on; all of them must be there. Cannot fail. */
export function removeRange(arena: Arena, root: Ref, index: number, n: number): void {
  if (n === 0) return;
  seek(arena, root, index);
  let node = found.node;
  let offset = found.offset;
  while (n > 0) {
    const next = nextOf(arena, node);
    const part = Math.min(n, countOf(arena, node) - offset);
    removeAt(
      arena,
      root,
      node,
      offset === 0 ? listpack.FIRST : listpack.seek(arena, listpackOf(arena, node), offset),
      part,
    );
    n -= part;
    offset = 0;
    node = next;
  }
}

/** Throws when the chain contradicts itself. */
export function verify(arena: Arena, root: Ref): void {
  let nodes = 0;
  let length = 0;
  let prev = 0;
  for (let node = headOf(arena, root); node !== 0; node = nextOf(arena, node)) {
    if (prevOf(arena, node) !== prev) throw new Error('a node of a quicklist has another node before it');
    const count = countOf(arena, node);
    if (count === 0) throw new Error('a quicklist has a node without elements');
    if (listpack.count(arena, listpackOf(arena, node)) !== count) throw new Error('a node counts other elements');
    nodes++;
    length += count;
    prev = node;
  }
  if (tailOf(arena, root) !== prev) throw new Error('the tail of a quicklist is not its last node');
  if (nodesOf(arena, root) !== nodes || lengthOf(arena, root) !== length) throw new Error('a quicklist counts wrong');
  marks.verify(arena, root);
}
