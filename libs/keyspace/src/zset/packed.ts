/** Small sorted sets: a listpack of member, score, member, score …, in order. Positions are those of members. */

import type { Arena, Ref } from '@weir/memory';
import * as listpack from '../listpack/index.ts';
import { Element } from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import { compareBytes } from './nodes.ts';
import { readScore, scoreBytes, writeScore } from './score.ts';

const element = new Element();

/** Position of a member; 0: none. */
export function find(arena: Arena, lp: Ref, buf: Uint8Array, off: number, len: number): number {
  return listpack.find(arena, lp, listpack.FIRST, buf, off, len, 1);
}

export function size(arena: Arena, lp: Ref): number {
  return listpack.count(arena, lp) >>> 1;
}

export function scoreAt(arena: Arena, lp: Ref, pos: number): number {
  listpack.get(arena, lp, listpack.next(arena, lp, pos), element);
  return readScore(element);
}

/** Position of the next pair, or the end's. */
export function nextPair(arena: Arena, lp: Ref, pos: number): number {
  return listpack.next(arena, lp, listpack.next(arena, lp, pos));
}

/** Where an entry belongs: the position of the first that is above it, or the end's. `but`: a position that does not count. */
function placeFor(
  arena: Arena,
  lp: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  score: number,
  but: number,
): number {
  const stop = listpack.end(arena, lp);
  let pos = listpack.FIRST;
  while (pos < stop) {
    if (pos !== but) {
      const other = scoreAt(arena, lp, pos);
      if (other > score) return pos;
      if (other === score) {
        listpack.get(arena, lp, pos, element);
        if (compareBytes(element.buf, element.off, element.len, buf, off, len) > 0) return pos;
      }
    }
    pos = nextPair(arena, lp, pos);
  }
  return stop;
}

/** Adds a member that is not there. Throws ArenaFullError with the value unchanged. */
export function insert(arena: Arena, holder: Ref, buf: Uint8Array, off: number, len: number, score: number): void {
  const lp = rootOf(arena, holder);
  insertAt(arena, holder, placeFor(arena, lp, buf, off, len, score, 0), buf, off, len, score);
}

function insertAt(
  arena: Arena,
  holder: Ref,
  pos: number,
  buf: Uint8Array,
  off: number,
  len: number,
  score: number,
): void {
  let lp = listpack.insert(arena, rootOf(arena, holder), pos, buf, off, len);
  setRoot(arena, holder, lp);
  try {
    const digits = writeScore(score);
    lp = listpack.insert(arena, lp, listpack.next(arena, lp, pos), scoreBytes, 0, digits);
  } catch (error) {
    lp = listpack.remove(arena, lp, pos, 1);
    throw error;
  } finally {
    setRoot(arena, holder, lp);
  }
}

/** Gives the member at `pos`, which these bytes are, another score. Throws ArenaFullError with the value unchanged. */
export function rescore(
  arena: Arena,
  holder: Ref,
  pos: number,
  buf: Uint8Array,
  off: number,
  len: number,
  score: number,
): void {
  const lp = rootOf(arena, holder);
  const behind = nextPair(arena, lp, pos);
  const to = placeFor(arena, lp, buf, off, len, score, pos);
  if (to === behind || to === pos) {
    const digits = writeScore(score);
    setRoot(arena, holder, listpack.replace(arena, lp, listpack.next(arena, lp, pos), scoreBytes, 0, digits));
    return;
  }
  // First what can fail.
  const before = listpack.bytesOf(arena, lp);
  insertAt(arena, holder, to, buf, off, len, score);
  const grown = listpack.bytesOf(arena, rootOf(arena, holder)) - before;
  removeAt(arena, holder, to < pos ? pos + grown : pos, 1);
}

/** Removes `n` members from the one at `pos` on. Cannot fail. */
export function removeAt(arena: Arena, holder: Ref, pos: number, n: number): void {
  setRoot(arena, holder, listpack.remove(arena, rootOf(arena, holder), pos, 2 * n));
}

/** Members before the one at `pos`. */
export function rankAt(arena: Arena, lp: Ref, pos: number): number {
  let rank = 0;
  for (let at = listpack.FIRST; at < pos; rank++) at = nextPair(arena, lp, at);
  return rank;
}

/** Members whose score is below `score`, or is it when `orEqual`. */
export function countBelow(arena: Arena, lp: Ref, score: number, orEqual: boolean): number {
  const stop = listpack.end(arena, lp);
  let count = 0;
  for (let pos = listpack.FIRST; pos < stop; pos = nextPair(arena, lp, pos)) {
    const other = scoreAt(arena, lp, pos);
    if (other > score || (other === score && !orEqual)) break;
    count++;
  }
  return count;
}
