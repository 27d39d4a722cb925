/** Random members, all equally likely (of a table, see KeyTable.random). The sets must not be empty. */

import type { Arena, Ref } from '@weir/memory';
import { ENC_HASHTABLE, ENC_INTSET, encodingOf } from '../entry.ts';
import * as lp from '../listpack/index.ts';
import type { Element } from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import * as intset from './intset.ts';
import { memberAddress, memberLength, removeElement, size, tryListpack } from './value.ts';

export function random(space: Space, holder: Ref, out: Element): void {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  const encoding = encodingOf(arena, holder);
  if (encoding === ENC_HASHTABLE) setMember(arena, space.members.open(root).random(space.random.u32), out);
  else if (encoding === ENC_INTSET) {
    intset.get(arena, root, below(space, intset.count(arena, root)));
    out.setInt(intset.found.lo, intset.found.hi);
  } else lp.get(arena, root, lp.seek(arena, root, below(space, lp.count(arena, root))), out);
}

/** Tells `count` random members, the same ones perhaps several times, in random order. */
export function sampleRepeating(space: Space, holder: Ref, count: number, out: Element, tell: () => void): void {
  const arena = space.arena;
  if (encodingOf(arena, holder) === ENC_HASHTABLE || encodingOf(arena, holder) === ENC_INTSET) {
    for (; count > 0; count--) {
      random(space, holder, out);
      tell();
    }
    return;
  }
  // Seeking in a listpack takes a walk: one for all.
  const root = rootOf(arena, holder);
  const positions = new Uint32Array(lp.count(arena, root));
  for (let i = 0, pos = lp.FIRST; i < positions.length; i++, pos = lp.next(arena, root, pos)) positions[i] = pos;
  for (; count > 0; count--) {
    lp.get(arena, root, positions[below(space, positions.length)], out);
    tell();
  }
}

/** Below this part of the set, picking again what was picked already is cheaper than looking at every member. */
const WHOLE_PART = 3;

/** Tells `count` different random members, which is less than there are; every choice is equally likely, their order is not random. */
export function sampleDistinct(space: Space, holder: Ref, count: number, out: Element, tell: () => void): void {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  const encoding = encodingOf(arena, holder);
  const n = size(space, holder);
  if (encoding === ENC_HASHTABLE) {
    const refs = distinctRefs(space, root, count);
    for (let i = 0; i < count; i++) {
      setMember(arena, refs[i], out);
      tell();
    }
  } else if (encoding === ENC_INTSET && count * WHOLE_PART <= n) {
    const seen = new Set<number>();
    while (seen.size < count) {
      const index = below(space, n);
      if (seen.has(index)) continue;
      seen.add(index);
      intset.get(arena, root, index);
      out.setInt(intset.found.lo, intset.found.hi);
      tell();
    }
  } else {
    // One walk: each is taken with the chance of what is wanted still among what is left (Knuth's algorithm S).
    let pos = lp.FIRST;
    for (let i = 0; count > 0; i++) {
      const take = below(space, n - i) < count;
      if (take) {
        if (encoding === ENC_INTSET) {
          intset.get(arena, root, i);
          out.setInt(intset.found.lo, intset.found.hi);
        } else lp.get(arena, root, pos, out);
        tell();
        count--;
      }
      if (encoding !== ENC_INTSET) pos = lp.next(arena, root, pos);
    }
  }
}

/** Takes one random member out, after it was told. */
export function pop(space: Space, holder: Ref, out: Element, tell: () => void): void {
  const arena = space.arena;
  const encoding = encodingOf(arena, holder);
  if (encoding === ENC_HASHTABLE) {
    const members = space.members.open(rootOf(arena, holder));
    const ref = members.random(space.random.u32);
    setMember(arena, ref, out);
    tell();
    takeOut(space, rootOf(arena, holder), ref);
    return;
  }
  random(space, holder, out);
  tell();
  removeElement(space, holder, out);
}

/** Taking so many that this times what remains is less leaves a new set in Redis, whose encoding begins anew. */
const SPOP_MOVE_STRATEGY_MUL = 5;

/**
 * Takes `count` different random members out, which is less than there are. Tells all that were chosen, and when that did not throw each
 * again before it goes.
 */
export function popMany(
  space: Space,
  holder: Ref,
  count: number,
  out: Element,
  tellChosen: () => void,
  tell: () => void,
): void {
  const arena = space.arena;
  const encoding = encodingOf(arena, holder);
  const remaining = size(space, holder) - count;
  if (encoding === ENC_HASHTABLE) {
    const root = rootOf(arena, holder);
    const refs = distinctRefs(space, root, count);
    for (let i = 0; i < count; i++) {
      setMember(arena, refs[i], out);
      tellChosen();
    }
    for (let i = 0; i < count; i++) {
      setMember(arena, refs[i], out);
      tell();
      takeOut(space, root, refs[i]);
    }
    if (remaining * SPOP_MOVE_STRATEGY_MUL <= count) tryListpack(space, holder);
    return;
  }
  // From the back to the front: what is before stays where it is. The walk goes forward, so the places are kept.
  const root = rootOf(arena, holder);
  const places = new Uint32Array(count);
  const n = remaining + count;
  let pos = lp.FIRST;
  for (let i = 0, taken = 0; taken < count; i++) {
    if (below(space, n - i) < count - taken) places[taken++] = encoding === ENC_INTSET ? i : pos;
    if (encoding !== ENC_INTSET) pos = lp.next(arena, root, pos);
  }
  for (let i = count - 1; i >= 0; i--) {
    setSmall(arena, encoding, root, places[i], out);
    tellChosen();
  }
  let at = root;
  for (let i = count - 1; i >= 0; i--) {
    setSmall(arena, encoding, at, places[i], out);
    tell();
    at = encoding === ENC_INTSET ? intset.removeAt(arena, at, places[i]) : lp.remove(arena, at, places[i], 1);
  }
  setRoot(arena, holder, at);
}

/** The member at a place of an intset or listpack. */
function setSmall(arena: Arena, encoding: number, root: Ref, place: number, out: Element): void {
  if (encoding === ENC_INTSET) {
    intset.get(arena, root, place);
    out.setInt(intset.found.lo, intset.found.hi);
  } else lp.get(arena, root, place, out);
}

function takeOut(space: Space, root: Ref, ref: Ref): void {
  const arena = space.arena;
  const members = space.members.open(root);
  members.remove(members.hashOf(ref), ref);
  arena.free(ref);
}

/** The refs of `count` different members of a table: the first ones of the array. */
function distinctRefs(space: Space, root: Ref, count: number): Uint32Array {
  const members = space.members.open(root);
  if (count * WHOLE_PART <= members.size) {
    const seen = new Set<Ref>();
    const refs = new Uint32Array(count);
    while (seen.size < count) {
      const ref = members.random(space.random.u32);
      if (seen.has(ref)) continue;
      refs[seen.size] = ref;
      seen.add(ref);
    }
    return refs;
  }
  const refs = new Uint32Array(members.size);
  let at = 0;
  members.forEach((ref) => {
    refs[at++] = ref;
  });
  // Fisher and Yates, as far as is needed.
  for (let i = 0; i < count; i++) {
    const other = i + below(space, refs.length - i);
    const ref = refs[other];
    refs[other] = refs[i];
    refs[i] = ref;
  }
  return refs;
}

function setMember(arena: Arena, ref: Ref, out: Element): void {
  out.setBytes(arena.u8, memberAddress(ref), memberLength(arena, ref));
}

/** A random integer in [0, n). */
function below(space: Space, n: number): number {
  return Math.floor(space.random.double() * n);
}
