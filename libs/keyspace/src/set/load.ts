/** Sets out of and into files: whole encodings as bytes, or member by member (`startLoading`, then `add`). */

import type { Ref } from '@weir/memory';
import { ENC_HASHTABLE, ENC_INTSET, ENC_LISTPACK, encodingOf, setEncoding } from '../entry.ts';
import * as lp from '../listpack/index.ts';
import type { Element } from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import * as intset from './intset.ts';
import { newTable, toTable } from './value.ts';

/** The bytes of an intset or listpack, which are Redis's own; false for a table. They die with the next change. */
export function raw(space: Space, holder: Ref, out: Element): boolean {
  const arena = space.arena;
  const encoding = encodingOf(arena, holder);
  if (encoding === ENC_HASHTABLE) return false;
  const root = rootOf(arena, holder);
  out.setBytes(arena.u8, root * 16, encoding === ENC_INTSET ? intset.bytesOf(arena, root) : lp.bytesOf(arena, root));
  return true;
}

/** Gives an empty holder the encoding for so many members, to be added one by one: `add` answers 0 for one that came before. */
export function startLoading(space: Space, holder: Ref, count: number): void {
  const { arena, limits } = space;
  if (count <= limits.setMaxIntsetEntries) {
    setEncoding(arena, holder, ENC_INTSET);
    return;
  }
  setEncoding(arena, holder, ENC_HASHTABLE);
  setRoot(arena, holder, newTable(space, count));
}

/** Gives an empty holder the bytes of a valid intset; a table is made of them when they are more than the limit. */
export function loadIntset(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): void {
  const { arena, limits } = space;
  const root = intset.fromBytes(arena, buf, off, len);
  setEncoding(arena, holder, ENC_INTSET);
  setRoot(arena, holder, root);
  if (intset.count(arena, root) > limits.setMaxIntsetEntries) convertOrDrop(space, holder, intset.count(arena, root));
}

/** The same for a valid listpack, each element with the one encoding that it has. False, and the holder is empty: a member is in it twice. */
export function loadListpack(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const { arena, limits } = space;
  if (lp.hasDuplicates(space, buf, off, 1)) return false;
  const root = lp.fromBytes(arena, buf, off, len);
  setEncoding(arena, holder, ENC_LISTPACK);
  setRoot(arena, holder, root);
  const n = lp.count(arena, root);
  if (n > limits.setMaxListpackEntries) convertOrDrop(space, holder, n);
  return true;
}

function convertOrDrop(space: Space, holder: Ref, n: number): void {
  try {
    toTable(space, holder, n);
  } catch (error) {
    space.arena.free(rootOf(space.arena, holder));
    setRoot(space.arena, holder, 0);
    throw error;
  }
}
