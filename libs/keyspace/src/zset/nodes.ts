/**
 * Nodes of the ordered tree (tree.ts): leaves of 1 KiB and inner nodes of 2 KiB, in columns, so that a search reads scores that lie
 * next to each other and looks at elements only where scores are equal.
 *
 * | bytes of a leaf    | content                    | bytes of an inner node | content                                 |
 * |--------------------|----------------------------|------------------------|-----------------------------------------|
 * | 0–3                | entries, level 0            | 0–3                    | children (low 16 bits), level (high 16)  |
 * | 4–7, 8–11          | leaf before, leaf behind    | 4–15                   | nothing                                 |
 * | 16 + 8 i           | score (f64)                 | 16 + 8 i               | score of the least entry below child i   |
 * | 688 + 4 i          | ref of the element          | 824 + 4 i              | its element                             |
 * |                    |                            | 1228 + 4 i             | child i                                 |
 * |                    |                            | 1632 + 4 i             | entries below child i                    |
 *
 * Sizes were measured with 1 M members (zset.bench.ts): leaves of 512 bytes cost a fifth more time, larger ones gained nothing, and
 * inner nodes of 1 KiB cost a level.
 */

import type { Arena, Ref } from '@weir/memory';

export const LEAF_MAX = 84;
export const INNER_MAX = 101;

/** Where the columns begin: scores in f64 units from `ref * 2`, the others in u32 units from `ref * 4`. */
export const SCORES = 2;
export const LEAF_REFS = 4 + 2 * LEAF_MAX;
export const INNER_REFS = 4 + 2 * INNER_MAX;
export const CHILDREN = INNER_REFS + INNER_MAX;
export const COUNTS = CHILDREN + INNER_MAX;

const LEAF_BYTES = (LEAF_REFS + LEAF_MAX) * 4;
const INNER_BYTES = (COUNTS + INNER_MAX) * 4;
if (LEAF_BYTES > 1024 || INNER_BYTES > 2048) throw new Error('a node of a sorted set does not fit its block');
if (LEAF_MAX >= 0xffff) throw new Error('the entries of a node do not fit its counter');

/** More levels than a tree of 2^32 entries can have whose nodes are a quarter full. */
export const DEPTH_MAX = 16;

export function sizeOf(arena: Arena, node: Ref): number {
  return arena.u32[node * 4] & 0xffff;
}

export function levelOf(arena: Arena, node: Ref): number {
  return arena.u32[node * 4] >>> 16;
}

export function setSize(arena: Arena, node: Ref, n: number): void {
  arena.u32[node * 4] = (arena.u32[node * 4] & 0xffff0000) | n;
}

export function newNode(arena: Arena, level: number): Ref {
  const node = arena.alloc(level === 0 ? LEAF_BYTES : INNER_BYTES);
  arena.u32[node * 4] = level << 16;
  arena.u32[node * 4 + 1] = arena.u32[node * 4 + 2] = arena.u32[node * 4 + 3] = 0;
  return node;
}

/** Nodes for the splits of one insertion, taken before anything changes; the last one first. */
export const spares: Ref[] = [];

/** Takes a leaf and inner nodes of the levels 1 to `levels`, or nothing and throws ArenaFullError. */
export function takeSpares(arena: Arena, levels: number): void {
  try {
    for (let level = levels; level >= 0; level--) spares.push(newNode(arena, level));
  } catch (error) {
    for (const node of spares) arena.free(node);
    spares.length = 0;
    throw error;
  }
}

/** Order of the members of two elements: by bytes, a prefix before what it begins. */
export function compareMembers(arena: Arena, a: Ref, b: Ref): number {
  if (a === b) return 0;
  const { u8, u32 } = arena;
  return compareBytes(u8, a * 16 + 16, u32[a * 4 + 1], u8, b * 16 + 16, u32[b * 4 + 1]);
}

export function compareBytes(
  a: Uint8Array,
  aOff: number,
  aLen: number,
  b: Uint8Array,
  bOff: number,
  bLen: number,
): number {
  const len = aLen < bLen ? aLen : bLen;
  for (let i = 0; i < len; i++) {
    const difference = a[aOff + i] - b[bOff + i];
    if (difference !== 0) return difference;
  }
  return aLen - bLen;
}

/** Scores of a cache line. */
const STRIDE = 8;

/**
 * First of `n` scores from `base` on that is not below `score`. Line by line, then one by one: of a binary search the processor cannot
 * guess the next step, so that it waits for each line in turn (10 % of all the time that ZADD takes).
 */
export function lowerScore(f64: Float64Array, base: number, n: number, score: number): number {
  const end = base + n;
  let at = base;
  while (at + STRIDE <= end && f64[at + STRIDE - 1] < score) at += STRIDE;
  while (at < end && f64[at] < score) at++;
  return at - base;
}

/** First of `n` scores from `base` on that is above `score`. */
export function upperScore(f64: Float64Array, base: number, n: number, score: number): number {
  let lo = base;
  let hi = base + n;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (f64[mid] <= score) lo = mid + 1;
    else hi = mid;
  }
  return lo - base;
}

/** Place of an entry in a leaf: the first that is not below it. */
export function placeInLeaf(arena: Arena, leaf: Ref, n: number, score: number, ref: Ref): number {
  const f64 = arena.f64;
  const scores = leaf * 2 + SCORES;
  let lo = lowerScore(f64, scores, n, score);
  if (lo === n || f64[scores + lo] !== score) return lo;
  const refs = leaf * 4 + LEAF_REFS;
  let hi = lo + upperScore(f64, scores + lo, n - lo, score);
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (compareMembers(arena, arena.u32[refs + mid], ref) < 0) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** The child below which an entry belongs: the last whose least entry is not above it, or the first. */
export function childFor(arena: Arena, node: Ref, n: number, score: number, ref: Ref): number {
  const f64 = arena.f64;
  const scores = node * 2 + SCORES;
  let lo = lowerScore(f64, scores, n, score);
  if (lo < n && f64[scores + lo] === score) {
    const refs = node * 4 + INNER_REFS;
    let hi = lo + upperScore(f64, scores + lo, n - lo, score);
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (compareMembers(arena, arena.u32[refs + mid], ref) <= 0) lo = mid + 1;
      else hi = mid;
    }
  }
  return lo === 0 ? 0 : lo - 1;
}

/** Copies `n` entries of a node, with all their columns, to another place in it or in another node of its level. */
export function copyEntries(
  arena: Arena,
  level: number,
  from: Ref,
  fromAt: number,
  to: Ref,
  toAt: number,
  n: number,
): void {
  if (n <= 0) return;
  const { f64, u32 } = arena;
  const scores = from * 2 + SCORES + fromAt;
  f64.copyWithin(to * 2 + SCORES + toAt, scores, scores + n);
  if (level === 0) {
    const refs = from * 4 + LEAF_REFS + fromAt;
    u32.copyWithin(to * 4 + LEAF_REFS + toAt, refs, refs + n);
    return;
  }
  for (let column = INNER_REFS; column <= COUNTS; column += INNER_MAX) {
    const start = from * 4 + column + fromAt;
    u32.copyWithin(to * 4 + column + toAt, start, start + n);
  }
}

/** Makes room for an entry at `at` in a leaf of `n` entries. By hand: a call of copyWithin costs as much as half of a leaf. */
export function openLeaf(arena: Arena, leaf: Ref, n: number, at: number): void {
  const { f64, u32 } = arena;
  const scores = leaf * 2 + SCORES;
  const refs = leaf * 4 + LEAF_REFS;
  for (let i = n; i > at; i--) {
    f64[scores + i] = f64[scores + i - 1];
    u32[refs + i] = u32[refs + i - 1];
  }
}

/** Closes the gap that the entry at `at` leaves. */
export function closeLeaf(arena: Arena, leaf: Ref, n: number, at: number): void {
  const { f64, u32 } = arena;
  const scores = leaf * 2 + SCORES;
  const refs = leaf * 4 + LEAF_REFS;
  for (let i = at + 1; i < n; i++) {
    f64[scores + i - 1] = f64[scores + i];
    u32[refs + i - 1] = u32[refs + i];
  }
}

/** Entries below an inner node. */
export function entriesBelow(arena: Arena, node: Ref): number {
  const u32 = arena.u32;
  const n = u32[node * 4] & 0xffff;
  if (u32[node * 4] >>> 16 === 0) return n;
  let entries = 0;
  for (let i = 0; i < n; i++) entries += u32[node * 4 + COUNTS + i];
  return entries;
}
