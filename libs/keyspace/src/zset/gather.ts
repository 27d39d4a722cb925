/**
 * Building a sorted set of members that come in any order and with scores that change on the way (ZUNION): first a table
 * alone, then the order, once. For holders that nobody else knows: between `startGathering` and `finishGathering` the value is not whole.
 * When any of these throws, drop the holder.
 */

import type { Ref } from '@weir/memory';
import { ENC_LISTPACK, ENC_SKIPLIST, setEncoding } from '../entry.ts';
import * as listpack from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { TABLE_STATE_BYTES } from '../table.ts';
import { Cursor } from './cursor.ts';
import { scoreBytes, writeScore } from './score.ts';
import * as tree from './tree.ts';
import { free, newElement } from './zset.ts';

export function startGathering(space: Space, holder: Ref): void {
  setRoot(space.arena, holder, space.arena.allocZeroed(TABLE_STATE_BYTES));
  setEncoding(space.arena, holder, ENC_SKIPLIST);
}

/** The element of a member, made when it is not there yet: its score is then NaN. `setGathered` gives it one. */
export function gather(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): Ref {
  const { arena, members } = space;
  const hash = space.hash(buf, off, len);
  const found = members.open(rootOf(arena, holder)).find(hash, buf, off, len);
  if (found !== 0) return found;
  const ref = newElement(arena, buf, off, len, NaN);
  try {
    members.insert(hash, ref);
  } catch (error) {
    arena.free(ref);
    throw error;
  }
  return ref;
}

export function gatheredScore(space: Space, ref: Ref): number {
  return space.arena.f64[ref * 2 + 1];
}

export function setGathered(space: Space, ref: Ref, score: number): void {
  space.arena.f64[ref * 2 + 1] = score;
}

/** Puts what was gathered in order; with `small`, makes a listpack of it when the limits allow it. */
export function finishGathering(space: Space, holder: Ref, small: boolean): void {
  const { arena, members, limits } = space;
  const home = rootOf(arena, holder);
  let longest = 0;
  members.open(home).forEach((ref) => {
    tree.insert(arena, home, arena.f64[ref * 2 + 1], ref);
    longest = Math.max(longest, arena.u32[ref * 4 + 1]);
  });
  if (small && members.size <= limits.zsetMaxListpackEntries && longest <= limits.zsetMaxListpackValue) {
    pack(space, holder);
  }
}

const cursor = new Cursor();

function pack(space: Space, holder: Ref): void {
  const { arena } = space;
  let lp = listpack.create(arena);
  try {
    const { element } = cursor;
    let more = cursor.seek(space, holder, 0);
    for (; more; more = cursor.next()) {
      lp = listpack.append(arena, lp, element.buf, element.off, element.len);
      lp = listpack.append(arena, lp, scoreBytes, 0, writeScore(cursor.score()));
    }
  } catch (error) {
    arena.free(lp);
    throw error;
  }
  free(space, holder);
  setRoot(arena, holder, lp);
  setEncoding(arena, holder, ENC_LISTPACK);
}
