/**
 * A quicklist: a doubly linked chain of nodes, each with a listpack. It grows, splits and merges its nodes by the rules of
 * Redis's `quicklist.c`, since those decide when a list that shrinks is one listpack again (OBJECT ENCODING tells).
 *
 * | root: 0–3 | 4–7  | 8–11  | 12–15           | 16–23               | 24–27 | 28–31 |
 * |-----------|------|-------|-----------------|---------------------|-------|-------|
 * | head      | tail | nodes | fill (signed)   | elements, a double  | marks | drift |
 *
 * | node: 0–3 | 4–7  | 8–11     | 12–15    |
 * |-----------|------|----------|----------|
 * | previous  | next | listpack | elements |
 *
 * *Fill* is what list-max-listpack-size was when the list became a quicklist; Redis keeps it as well. Huge elements, for which
 * Redis has nodes without a listpack, stand alone in the listpack of a node: one shape less, and the bytes that Redis
 * 7.0 writes into an RDB file.
 * Nodes are never compressed. *Marks* are the number of the list's marks (marks.ts), *drift* is how many elements more were
 * pushed into the head than were taken out of it, modulo 2^32.
 */

import type { Arena, Ref } from '@weir/memory';
import * as listpack from '../listpack/index.ts';

export const ROOT_BYTES = 32;
export const NODE_BYTES = 16;

/** Bytes of a node for the fills -1 … -5. */
const FILL_BYTES = [4096, 8192, 16384, 32768, 65536];
const FILL_MIN = -5;
const FILL_MAX = 32767;
/** Bytes of a node of several elements whose fill counts elements. */
const SAFETY_BYTES = 8192;
/** Redis's guess at what an element takes beside its bytes. */
export const ENTRY_OVERHEAD = 8;
export const EMPTY_LISTPACK_BYTES = 7;

const element = new listpack.Element();

// --- limits ------------------------------------------------------------------------------------------------------------

/** Bytes that the listpack of a list or node may have; Infinity when elements are counted. */
export function bytesLimit(fill: number): number {
  return fill >= 0 ? Infinity : FILL_BYTES[-Math.max(fill, FILL_MIN) - 1];
}

/** Elements that it may have; Infinity when bytes are counted. */
export function countLimit(fill: number): number {
  return fill < 0 ? Infinity : Math.max(1, fill);
}

export function exceeds(fill: number, bytes: number, count: number): boolean {
  if (fill < 0) return bytes > bytesLimit(fill);
  return bytes > SAFETY_BYTES || count > countLimit(fill);
}

/** What is kept of list-max-listpack-size. */
export function clampFill(size: number): number {
  return Math.min(FILL_MAX, Math.max(FILL_MIN, size));
}

/** Whether an element has to stand alone. */
export function isLarge(fill: number, len: number): boolean {
  return fill < 0 ? len > bytesLimit(fill) : len > SAFETY_BYTES;
}

/** Whether the node is one huge element. */
export function isAlone(arena: Arena, node: Ref, fill: number): boolean {
  if (countOf(arena, node) !== 1) return false;
  listpack.get(arena, listpackOf(arena, node), listpack.FIRST, element);
  return isLarge(fill, element.len);
}

export function allowsInsert(arena: Arena, node: Ref, fill: number, len: number): boolean {
  if (node === 0 || isLarge(fill, len)) return false;
  const bytes = listpack.bytesOf(arena, listpackOf(arena, node)) + len + ENTRY_OVERHEAD;
  return !exceeds(fill, bytes, countOf(arena, node) + 1);
}

export function allowsMerge(arena: Arena, a: Ref, b: Ref, fill: number): boolean {
  if (a === 0 || b === 0) return false;
  const bytes =
    listpack.bytesOf(arena, listpackOf(arena, a)) +
    listpack.bytesOf(arena, listpackOf(arena, b)) -
    EMPTY_LISTPACK_BYTES;
  return !exceeds(fill, bytes, countOf(arena, a) + countOf(arena, b));
}

// --- fields ------------------------------------------------------------------------------------------------------------

export function headOf(arena: Arena, root: Ref): Ref {
  return arena.u32[root * 4];
}

export function tailOf(arena: Arena, root: Ref): Ref {
  return arena.u32[root * 4 + 1];
}

export function nodesOf(arena: Arena, root: Ref): number {
  return arena.u32[root * 4 + 2];
}

export function fillOf(arena: Arena, root: Ref): number {
  return arena.i32[root * 4 + 3];
}

/** Elements of the whole list. */
export function lengthOf(arena: Arena, root: Ref): number {
  return arena.f64[root * 2 + 2];
}

/** A node, which is in the chain, has got `by` elements more (or less, or is new with them). */
export function addLength(arena: Arena, root: Ref, node: Ref, by: number): void {
  const u32 = arena.u32;
  arena.f64[root * 2 + 2] += by;
  if (node === u32[root * 4]) u32[root * 4 + 7] += by;
  else if (node !== u32[root * 4 + 1]) u32[root * 4 + 6] = 0;
}

/** The number of the list's marks. */
export function marksOf(arena: Arena, root: Ref): number {
  return arena.u32[root * 4 + 6];
}

/** 0: the chain has changed, and what marks there are is wrong. */
export function setMarks(arena: Arena, root: Ref, marks: number): void {
  arena.u32[root * 4 + 6] = marks;
}

export function driftOf(arena: Arena, root: Ref): number {
  return arena.u32[root * 4 + 7];
}

export function prevOf(arena: Arena, node: Ref): Ref {
  return arena.u32[node * 4];
}

export function nextOf(arena: Arena, node: Ref): Ref {
  return arena.u32[node * 4 + 1];
}

export function listpackOf(arena: Arena, node: Ref): Ref {
  return arena.u32[node * 4 + 2];
}

/** Elements of a node. */
export function countOf(arena: Arena, node: Ref): number {
  return arena.u32[node * 4 + 3];
}

export function setListpack(arena: Arena, node: Ref, lp: Ref, count: number): void {
  arena.u32[node * 4 + 2] = lp;
  arena.u32[node * 4 + 3] = count;
}
