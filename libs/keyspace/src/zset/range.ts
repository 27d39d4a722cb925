/**
 * Ranges become ranks: every question about a range by score or name is answered by where it begins and ends, and
 * everything else (offsets, limits, reversal, removal) is arithmetic with ranks.
 */

import type { Ref } from '@weir/memory';
import { ENC_LISTPACK, encodingOf } from '../entry.ts';
import * as listpack from '../listpack/index.ts';
import { Element } from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { compareBytes } from './nodes.ts';
import * as packed from './packed.ts';
import * as tree from './tree.ts';

/** What scoreRange and lexRange found: ranks, `to` is behind the last. Empty when they are equal. */
export const range = { from: 0, to: 0 };

/** Finds the members with scores between `min` and `max`. Returns how many. */
export function scoreRange(
  space: Space,
  holder: Ref,
  min: number,
  minExclusive: boolean,
  max: number,
  maxExclusive: boolean,
): number {
  range.from = range.to = 0;
  if (min > max || (min === max && (minExclusive || maxExclusive))) return 0;
  range.from = countBelow(space, holder, min, minExclusive);
  range.to = Math.max(range.from, countBelow(space, holder, max, !maxExclusive));
  return range.to - range.from;
}

/** Members whose score is below `score`, or is it when `orEqual`. */
export function countBelow(space: Space, holder: Ref, score: number, orEqual: boolean): number {
  const { arena } = space;
  const root = rootOf(arena, holder);
  if (root === 0) return 0;
  if (encodingOf(arena, holder) === ENC_LISTPACK) return packed.countBelow(arena, root, score, orEqual);
  // All and none are asked for often, and need no search.
  if (score === Infinity && orEqual) return space.members.open(root).size;
  if (score === -Infinity && !orEqual) return 0;
  return tree.countBelow(arena, root, score, orEqual);
}

/** One end of a range by name. */
export class LexBound {
  /** -1: before everything ("-"), 1: behind everything ("+"), 0: at the bytes. */
  infinite = 0;
  exclusive = false;
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;

  set(buf: Uint8Array, off: number, len: number, exclusive: boolean): void {
    this.infinite = 0;
    this.buf = buf;
    this.off = off;
    this.len = len;
    this.exclusive = exclusive;
  }

  setInfinite(sign: number): void {
    this.infinite = sign;
    this.exclusive = false;
  }
}

/**
 * Finds the members between two names. All scores have to be the same; where they are not, what a range by name means is not
 * defined (here as in Redis; small sets answer exactly as Redis's do: `reverse` is then the end where it begins to look).
 */
export function lexRange(space: Space, holder: Ref, min: LexBound, max: LexBound, reverse: boolean): number {
  const { arena } = space;
  range.from = range.to = 0;
  const root = rootOf(arena, holder);
  if (root === 0 || isEmpty(min, max)) return 0;
  if (encodingOf(arena, holder) === ENC_LISTPACK) return packedLexRange(space, root, min, max, reverse);
  range.from = treeLex(space, root, min, min.exclusive);
  range.to = Math.max(range.from, treeLex(space, root, max, !max.exclusive));
  return range.to - range.from;
}

function treeLex(space: Space, home: Ref, bound: LexBound, orEqual: boolean): number {
  if (bound.infinite < 0) return 0;
  if (bound.infinite > 0) return space.members.open(home).size;
  return tree.countBelowMember(space.arena, home, bound.buf, bound.off, bound.len, orEqual);
}

function isEmpty(min: LexBound, max: LexBound): boolean {
  let order: number;
  if (min.infinite !== 0 || max.infinite !== 0) order = min.infinite - max.infinite;
  else order = compareBytes(min.buf, min.off, min.len, max.buf, max.off, max.len);
  return order > 0 || (order === 0 && (min.exclusive || max.exclusive));
}

const member = new Element();

function isAbove(space: Space, lp: Ref, pos: number, min: LexBound): boolean {
  if (min.infinite !== 0) return min.infinite < 0;
  listpack.get(space.arena, lp, pos, member);
  const order = compareBytes(member.buf, member.off, member.len, min.buf, min.off, min.len);
  return min.exclusive ? order > 0 : order >= 0;
}

function isBelow(space: Space, lp: Ref, pos: number, max: LexBound): boolean {
  if (max.infinite !== 0) return max.infinite > 0;
  listpack.get(space.arena, lp, pos, member);
  const order = compareBytes(member.buf, member.off, member.len, max.buf, max.off, max.len);
  return max.exclusive ? order < 0 : order <= 0;
}

/** As zzlFirstInLexRange, zzlLastInLexRange and the loops behind them go about it. */
function packedLexRange(space: Space, lp: Ref, min: LexBound, max: LexBound, reverse: boolean): number {
  const { arena } = space;
  const stop = listpack.end(arena, lp);
  if (stop === listpack.FIRST) return 0;
  if (!isAbove(space, lp, listpack.seek(arena, lp, -2), min)) return 0;
  if (!isBelow(space, lp, listpack.FIRST, max)) return 0;
  if (!reverse) {
    let pos = listpack.FIRST;
    let rank = 0;
    for (; pos < stop && !isAbove(space, lp, pos, min); rank++) pos = packed.nextPair(arena, lp, pos);
    range.from = rank;
    for (; pos < stop && isBelow(space, lp, pos, max); rank++) pos = packed.nextPair(arena, lp, pos);
    range.to = rank;
    return range.to - range.from;
  }
  let rank = packed.size(arena, lp);
  let pos = listpack.seek(arena, lp, -2);
  for (; rank > 0 && !isBelow(space, lp, pos, max); rank--) pos = before(space, lp, pos);
  range.to = rank;
  for (; rank > 0 && isAbove(space, lp, pos, min); rank--) pos = before(space, lp, pos);
  range.from = rank;
  return range.to - range.from;
}

/** Position of the pair before; that of the first is its own. */
function before(space: Space, lp: Ref, pos: number): number {
  const score = listpack.prev(space.arena, lp, pos);
  return score === 0 ? pos : listpack.prev(space.arena, lp, score);
}
