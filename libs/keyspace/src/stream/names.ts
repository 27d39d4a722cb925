/**
 * Named blocks, in the order of their names (as bytes): the groups of a stream, the consumers of a group. A table is two words
 * of the arena, at an index `at` of `arena.u32`: a block with the refs, sorted, and how many there are. A named block has
 * the length of its name in word 0 and the name behind its head, whose size is the same for all of a table.
 *
 * Found by halving, as tables are small; even ten thousand consumers are a block of 40 KB, in which a new one moves 20.
 */

import type { Arena, Ref } from '@weir/memory';
import { copyIn } from '../entry.ts';

const FIRST_ROOM = 4;

export function count(arena: Arena, at: number): number {
  return arena.u32[at + 1];
}

/** The block at a place in the order. */
export function nth(arena: Arena, at: number, index: number): Ref {
  return arena.u32[arena.u32[at] * 4 + index];
}

export function nameLength(arena: Arena, block: Ref): number {
  return arena.u32[block * 4];
}

/** What `search` found: the place of the name, or where it belongs. */
let place = 0;

function search(arena: Arena, at: number, head: number, buf: Uint8Array, off: number, len: number): boolean {
  const refs = arena.u32[at] * 4;
  let low = 0;
  let high = arena.u32[at + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareName(arena, arena.u32[refs + middle], head, buf, off, len);
    if (order === 0) {
      place = middle;
      return true;
    }
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  place = low;
  return false;
}

function compareName(arena: Arena, block: Ref, head: number, buf: Uint8Array, off: number, len: number): number {
  const u8 = arena.u8;
  const has = arena.u32[block * 4];
  const name = block * 16 + head;
  const common = has < len ? has : len;
  for (let i = 0; i < common; i++) {
    const difference = u8[name + i] - buf[off + i];
    if (difference !== 0) return difference;
  }
  return has - len;
}

/** The block of a name; 0: there is none. */
export function find(arena: Arena, at: number, head: number, buf: Uint8Array, off: number, len: number): Ref {
  return search(arena, at, head, buf, off, len) ? nth(arena, at, place) : 0;
}

/**
 * Enters a new block of `head` zeroed bytes and a name; 0: there is one of that name. Throws ArenaFullError with nothing changed.
 */
export function insert(arena: Arena, at: number, head: number, buf: Uint8Array, off: number, len: number): Ref {
  if (search(arena, at, head, buf, off, len)) return 0;
  const index = place;
  const names = count(arena, at);
  const block = arena.alloc(head + len);
  let refs = arena.u32[at];
  try {
    if (refs === 0) refs = arena.alloc(4 * FIRST_ROOM);
    else if (4 * (names + 1) > arena.usableBytes(refs)) refs = arena.realloc(refs, 8 * names, 4 * names);
  } catch (error) {
    arena.free(block);
    throw error;
  }
  const u32 = arena.u32;
  u32[at] = refs;
  u32[at + 1] = names + 1;
  const slot = refs * 4 + index;
  if (index < names) u32.copyWithin(slot + 1, slot, refs * 4 + names);
  u32[slot] = block;
  u32.fill(0, block * 4, block * 4 + head / 4);
  u32[block * 4] = len;
  copyIn(arena.u8, block * 16 + head, buf, off, len);
  return block;
}

/** Takes a block out and frees it. Cannot fail. */
export function remove(arena: Arena, at: number, head: number, block: Ref): void {
  if (!search(arena, at, head, arena.u8, block * 16 + head, nameLength(arena, block))) {
    throw new Error('a name is not in its table');
  }
  const u32 = arena.u32;
  const refs = u32[at];
  const left = u32[at + 1] - 1;
  const slot = refs * 4 + place;
  u32.copyWithin(slot, slot + 1, refs * 4 + left + 1);
  u32[at + 1] = left;
  if (left === 0) {
    arena.free(refs);
    u32[at] = 0;
  }
  arena.free(block);
}

/** Frees the last block, with it the table when it was the only one. */
export function dropLast(arena: Arena, at: number): void {
  const left = --arena.u32[at + 1];
  arena.free(nth(arena, at, left));
  if (left > 0) return;
  arena.free(arena.u32[at]);
  arena.u32[at] = 0;
}

export function bytes(arena: Arena, at: number): number {
  const refs = arena.u32[at];
  if (refs === 0) return 0;
  let sum = arena.usableBytes(refs);
  for (let i = 0; i < count(arena, at); i++) sum += arena.usableBytes(nth(arena, at, i));
  return sum;
}

export function verify(arena: Arena, at: number, head: number): void {
  for (let i = 0; i < count(arena, at); i++) {
    const block = nth(arena, at, i);
    if (find(arena, at, head, arena.u8, block * 16 + head, nameLength(arena, block)) !== block || place !== i) {
      throw new Error('names are out of order');
    }
  }
}
