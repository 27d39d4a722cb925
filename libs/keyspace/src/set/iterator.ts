import type { Ref } from '@weir/memory';
import { ENC_HASHTABLE, ENC_INTSET, encodingOf } from '../entry.ts';
import * as lp from '../listpack/index.ts';
import { Element } from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import * as intset from './intset.ts';
import { memberAddress, memberLength } from './value.ts';

/**
 * Goes through the members of a set, which must not change meanwhile; other sets may be read and changed between two
 * steps. An object is used again for the next set: going through one allocates nothing.
 *
 *     iterator.start(space, holder);
 *     while (iterator.next()) … iterator.element …
 */
export class SetIterator {
  readonly element = new Element();
  #space!: Space;
  #root: Ref = 0;
  #encoding = 0;
  /** Index in an intset, position in a listpack, cursor in a table. */
  #at = 0;
  #end = 0;
  /** The members of the bucket at hand, and how many of them were told. */
  readonly #refs: Ref[] = [];
  #told = 0;

  start(space: Space, holder: Ref): void {
    const arena = space.arena;
    this.#space = space;
    this.#root = rootOf(arena, holder);
    this.#encoding = encodingOf(arena, holder);
    this.#refs.length = 0;
    this.#told = 0;
    this.#at = this.#end = 0;
    if (this.#root === 0) this.#encoding = ENC_INTSET;
    else if (this.#encoding === ENC_INTSET) this.#end = intset.count(arena, this.#root);
    else if (this.#encoding !== ENC_HASHTABLE) {
      this.#at = lp.FIRST;
      this.#end = lp.end(arena, this.#root);
    } else this.#end = space.members.open(this.#root).size;
  }

  /** Steps to the next member, which is in `element` then; false behind the last. */
  next(): boolean {
    const arena = this.#space.arena;
    if (this.#encoding === ENC_INTSET) {
      if (this.#at >= this.#end) return false;
      intset.get(arena, this.#root, this.#at++);
      this.element.setInt(intset.found.lo, intset.found.hi);
      return true;
    }
    if (this.#encoding === ENC_HASHTABLE) {
      const refs = this.#refs;
      if (this.#told === refs.length && !this.#page()) return false;
      const ref = refs[this.#told++];
      this.element.setBytes(arena.u8, memberAddress(ref), memberLength(arena, ref));
      return true;
    }
    if (this.#at >= this.#end) return false;
    lp.get(arena, this.#root, this.#at, this.element);
    this.#at = lp.next(arena, this.#root, this.#at);
    return true;
  }

  /** The next buckets that hold members. */
  #page(): boolean {
    // `end` counts the members that were not gathered yet: the cursor alone does not tell the first bucket from the end.
    const refs = this.#refs;
    refs.length = 0;
    this.#told = 0;
    if (this.#end === 0) return false;
    const members = this.#space.members.open(this.#root);
    while (refs.length === 0) this.#at = members.scan(this.#at, refs);
    this.#end -= refs.length;
    return true;
  }
}
