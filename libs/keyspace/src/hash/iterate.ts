import type { Ref } from '@weir/memory';
import { HEADER_BYTES } from '../entry.ts';
import { Element } from '../listpack/element.ts';
import * as lp from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { isListpack, length } from './hash.ts';

/**
 * A *handle* names a pair of a hash until the hash changes: the position of the field in a listpack, the ref of the element in a table.
 */
export type Handle = number;

/**
 * One step of HSCAN: appends handles to `out` and returns the next cursor; 0 when the scan is complete. All of a listpack is
 * one step. Without changes between the steps every pair comes exactly once.
 */
export function scan(space: Space, holder: Ref, cursor: number, out: Handle[]): number {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return 0;
  if (!isListpack(arena, holder)) return space.members.open(root).scan(cursor, out);
  const stop = lp.end(arena, root);
  for (let pos = lp.FIRST; pos < stop; pos = lp.next(arena, root, lp.next(arena, root, pos))) out.push(pos);
  return 0;
}

/** Appends the handles of all pairs. */
export function handles(space: Space, holder: Ref, out: Handle[]): void {
  let cursor = 0;
  do cursor = scan(space, holder, cursor, out);
  while (cursor !== 0);
}

/** Reads the pair of a handle. */
export function pairAt(space: Space, holder: Ref, handle: Handle, field: Element, value: Element): void {
  const arena = space.arena;
  if (isListpack(arena, holder)) {
    const root = rootOf(arena, holder);
    lp.get(arena, root, handle, field);
    lp.get(arena, root, lp.next(arena, root, handle), value);
    return;
  }
  const at = handle * 16 + HEADER_BYTES;
  const fieldLen = arena.u32[handle * 4 + 1];
  field.setBytes(arena.u8, at, fieldLen);
  value.setBytes(arena.u8, at + fieldLen, arena.u32[handle * 4 + 2]);
}

/** The handle of a random pair, each as likely as in the table's `random`; 0 when there is none. */
export function randomHandle(space: Space, holder: Ref): Handle {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return 0;
  if (!isListpack(arena, holder)) return space.members.open(root).random(space.random.u32);
  const fields = lp.count(arena, root) / 2;
  return fields === 0 ? 0 : lp.seek(arena, root, (space.random.u32() % fields) * 2);
}

/**
 * Appends the handles of `count` different random pairs, each set of pairs equally likely (all pairs when there are not more). Those of
 * a listpack come in its order.
 */
export function randomDistinct(space: Space, holder: Ref, count: number, out: Handle[]): void {
  const size = length(space, holder);
  const random = space.random;
  if (count >= size) {
    handles(space, holder, out);
    return;
  }
  if (isListpack(space.arena, holder)) {
    // Selection sampling: of `left` pairs that remain, `count` are still wanted.
    const { arena } = space;
    const root = rootOf(arena, holder);
    let left = size;
    for (let pos = lp.FIRST; count > 0; left--) {
      if (random.double() * left < count) {
        out.push(pos);
        count--;
      }
      pos = lp.next(arena, root, lp.next(arena, root, pos));
    }
    return;
  }
  if (count * 3 > size) {
    // Drawing until enough are different would take long: shuffle as far as wanted instead.
    const all: Handle[] = [];
    handles(space, holder, all);
    for (let i = 0; i < count; i++) {
      const j = i + Math.floor(random.double() * (size - i));
      const handle = all[j];
      all[j] = all[i];
      out.push(handle);
    }
    return;
  }
  const members = space.members.open(rootOf(space.arena, holder));
  const seen = new Set<Handle>();
  while (seen.size < count) {
    const handle = members.random(random.u32);
    if (seen.has(handle)) continue;
    seen.add(handle);
    out.push(handle);
  }
}

/** Elements of a table that are gathered at a time. */
const GATHERED = 48;

/**
 * Goes through all pairs of a hash, which must not change meanwhile. `field` and `value` are the pair at hand: views on the arena. One object
 * serves many walks, one after the other, without garbage.
 */
export class HashIterator {
  readonly field = new Element();
  readonly value = new Element();
  #space!: Space;
  #holder: Ref = 0;
  #listpack: Ref = 0;
  #pos = 0;
  #stop = 0;
  #cursor = 0;
  #more = false;
  readonly #handles: Handle[] = [];
  #at = 0;
  /** Keeps the reading of `gather` from being optimized away. */
  readonly #fetched = new Uint32Array(1);

  start(space: Space, holder: Ref): this {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    this.#space = space;
    this.#holder = holder;
    this.#handles.length = 0;
    this.#at = this.#cursor = 0;
    this.#listpack = root !== 0 && isListpack(arena, holder) ? root : 0;
    this.#more = root !== 0 && this.#listpack === 0;
    this.#pos = lp.FIRST;
    this.#stop = this.#listpack === 0 ? 0 : lp.end(arena, root);
    return this;
  }

  /** False: that was the last pair. */
  next(): boolean {
    const arena = this.#space.arena;
    const listpack = this.#listpack;
    if (listpack !== 0) {
      if (this.#pos >= this.#stop) return false;
      lp.get(arena, listpack, this.#pos, this.field);
      this.#pos = lp.next(arena, listpack, this.#pos);
      lp.get(arena, listpack, this.#pos, this.value);
      this.#pos = lp.next(arena, listpack, this.#pos);
      return true;
    }
    while (this.#at === this.#handles.length) {
      if (!this.#more) return false;
      this.#gather();
    }
    pairAt(this.#space, this.#holder, this.#handles[this.#at++], this.field, this.value);
    return true;
  }

  /**
   * Takes the next elements of the table, and reads a word of each without using it: the processor fetches their blocks, which lie anywhere,
   * together. Otherwise each would be waited for on its own.
   */
  #gather(): void {
    const handles = this.#handles;
    handles.length = 0;
    this.#at = 0;
    do this.#cursor = scan(this.#space, this.#holder, this.#cursor, handles);
    while (this.#cursor !== 0 && handles.length < GATHERED);
    this.#more = this.#cursor !== 0;
    const u32 = this.#space.arena.u32;
    let sum = 0;
    for (let i = 0; i < handles.length; i++) sum ^= u32[handles[i] * 4 + 1];
    this.#fetched[0] = sum;
  }
}
