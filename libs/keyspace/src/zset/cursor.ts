import type { Ref } from '@weir/memory';
import { ENC_LISTPACK, encodingOf } from '../entry.ts';
import * as listpack from '../listpack/index.ts';
import { Element } from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { LEAF_REFS, SCORES } from './nodes.ts';
import { readScore } from './score.ts';
import * as tree from './tree.ts';
import { size } from './zset.ts';

/**
 * Walks over a sorted set in both directions, from any rank. Reuse one; it is dead after any change of the value.
 *
 *     if (cursor.seek(space, holder, rank)) do … cursor.element … cursor.score() …; while (cursor.next());
 */
export class Cursor {
  /** The member at hand. */
  readonly element = new Element();
  readonly #score = new Element();
  #space!: Space;
  /** Listpack, or 0. */
  #lp: Ref = 0;
  /** Position in the listpack, or index in the leaf. */
  #at = 0;
  #leaf: Ref = 0;
  #ref: Ref = 0;

  /** Goes to the member of a rank; false: there is none. */
  seek(space: Space, holder: Ref, rank: number): boolean {
    const { arena } = space;
    this.#space = space;
    const root = rootOf(arena, holder);
    if (rank < 0 || rank >= size(space, holder)) return false;
    if (encodingOf(arena, holder) === ENC_LISTPACK) {
      this.#lp = root;
      this.#at = listpack.seek(arena, root, 2 * rank);
    } else {
      this.#lp = 0;
      tree.seek(arena, root, rank);
      this.#leaf = tree.place.leaf;
      this.#at = tree.place.index;
    }
    this.#load();
    return true;
  }

  /** To an element that `scan` named. Only to read it: there is no way on from it. */
  at(space: Space, ref: Ref): void {
    this.#space = space;
    this.#lp = 0;
    this.#leaf = 0;
    this.#show(ref);
  }

  /** To the next one up; false: there is none. */
  next(): boolean {
    const { arena } = this.#space;
    if (this.#lp !== 0) {
      const at = listpack.next(arena, this.#lp, listpack.next(arena, this.#lp, this.#at));
      if (at >= listpack.end(arena, this.#lp)) return false;
      this.#at = at;
    } else {
      const u32 = arena.u32;
      if (this.#at + 1 < u32[this.#leaf * 4]) this.#at++;
      else {
        const leaf = u32[this.#leaf * 4 + 2];
        if (leaf === 0) return false;
        this.#leaf = leaf;
        this.#at = 0;
      }
    }
    this.#load();
    return true;
  }

  /** To the next one down; false: there is none. */
  prev(): boolean {
    const { arena } = this.#space;
    if (this.#lp !== 0) {
      const score = listpack.prev(arena, this.#lp, this.#at);
      if (score === 0) return false;
      this.#at = listpack.prev(arena, this.#lp, score);
    } else if (this.#at > 0) this.#at--;
    else {
      const u32 = arena.u32;
      const leaf = u32[this.#leaf * 4 + 1];
      if (leaf === 0) return false;
      this.#leaf = leaf;
      this.#at = u32[leaf * 4] - 1;
    }
    this.#load();
    return true;
  }

  /** The score of the member at hand. */
  score(): number {
    const { arena } = this.#space;
    if (this.#lp === 0) {
      return this.#leaf === 0 ? arena.f64[this.#ref * 2 + 1] : arena.f64[this.#leaf * 2 + SCORES + this.#at];
    }
    return readScore(this.packedScore()!);
  }

  /** The score as it stands in a listpack; null when it is in none. */
  packedScore(): Element | null {
    const { arena } = this.#space;
    if (this.#lp === 0) return null;
    listpack.get(arena, this.#lp, listpack.next(arena, this.#lp, this.#at), this.#score);
    return this.#score;
  }

  #load(): void {
    const { arena } = this.#space;
    if (this.#lp !== 0) listpack.get(arena, this.#lp, this.#at, this.element);
    else this.#show(arena.u32[this.#leaf * 4 + LEAF_REFS + this.#at]);
  }

  #show(ref: Ref): void {
    const { arena } = this.#space;
    this.#ref = ref;
    this.element.setBytes(arena.u8, ref * 16 + 16, arena.u32[ref * 4 + 1]);
  }
}
