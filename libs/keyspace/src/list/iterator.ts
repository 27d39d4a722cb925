import type { Ref } from '@weir/memory';
import { ENC_LISTPACK, encodingOf } from '../entry.ts';
import * as listpack from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import * as layout from './layout.ts';
import * as quicklist from './quicklist.ts';

/**
 * Walks over the elements of a list, in either direction. One object is used again and again. While it walks, the list may be
 * changed by `remove` alone.
 */
export class ListIterator {
  #space!: Space;
  #holder: Ref = 0;
  /** Of the quicklist; 0 for a list that is one listpack. */
  #root: Ref = 0;
  #node: Ref = 0;
  #lp: Ref = 0;
  #backward = false;
  /** The element at hand, and the one that `step` comes to. Walking backwards, 0 is before the first one. */
  #pos = 0;
  #upcoming = 0;
  #end = 0;

  /** Before the element of an index (from 0 on), in the direction of the walk. */
  start(space: Space, holder: Ref, index: number, backward: boolean): void {
    const arena = space.arena;
    this.#space = space;
    this.#holder = holder;
    this.#backward = backward;
    const root = rootOf(arena, holder);
    let offset = index;
    if (root === 0) {
      this.#leave();
      return;
    }
    if (encodingOf(arena, holder) === ENC_LISTPACK) {
      this.#root = this.#node = 0;
      this.#lp = root;
    } else {
      this.#root = root;
      if (!(index >= 0 && index < layout.lengthOf(arena, root))) {
        this.#leave();
        return;
      }
      quicklist.seek(arena, root, index);
      this.#node = quicklist.found.node;
      offset = quicklist.found.offset;
      this.#lp = layout.listpackOf(arena, this.#node);
    }
    this.#upcoming = index < 0 ? 0 : listpack.seek(arena, this.#lp, offset);
    this.#end = listpack.end(arena, this.#lp);
    if (this.#upcoming === 0) this.#leave();
  }

  /** There is nothing more. */
  #leave(): void {
    this.#root = this.#node = this.#lp = 0;
    this.#end = 0;
    this.#upcoming = this.#backward ? 0 : listpack.FIRST;
  }

  /** Goes to the next element. False: there is none. */
  step(): boolean {
    const arena = this.#space.arena;
    if (this.#backward) {
      while (this.#upcoming === 0)
        if (!this.#enter(this.#root === 0 ? 0 : layout.prevOf(arena, this.#node))) return false;
      this.#pos = this.#upcoming;
      this.#upcoming = listpack.prev(arena, this.#lp, this.#pos);
      return true;
    }
    while (this.#upcoming >= this.#end) {
      if (!this.#enter(this.#root === 0 ? 0 : layout.nextOf(arena, this.#node))) return false;
    }
    this.#pos = this.#upcoming;
    this.#upcoming = listpack.next(arena, this.#lp, this.#pos);
    return true;
  }

  /** Goes on with another node; 0: there is none. */
  #enter(node: Ref): boolean {
    if (node === 0) {
      this.#leave();
      return false;
    }
    const arena = this.#space.arena;
    this.#node = node;
    this.#lp = layout.listpackOf(arena, node);
    this.#end = listpack.end(arena, this.#lp);
    this.#upcoming = this.#backward ? listpack.prev(arena, this.#lp, this.#end) : listpack.FIRST;
    return true;
  }

  /** Reads the element at hand. */
  get(out: listpack.Element): void {
    listpack.get(this.#space.arena, this.#lp, this.#pos, out);
  }

  /** Goes to the next element and reads it. */
  next(out: listpack.Element): boolean {
    if (!this.step()) return false;
    listpack.read(this.#space.arena.u8, this.#lp * 16 + this.#pos, out);
    return true;
  }

  /** Whether the element at hand is these bytes. */
  equals(buf: Uint8Array, off: number, len: number): boolean {
    return listpack.equals(this.#space.arena, this.#lp, this.#pos, buf, off, len);
  }

  /** Removes the element at hand; then `step` goes on. Cannot fail. */
  remove(): void {
    const arena = this.#space.arena;
    if (this.#root === 0) {
      this.#lp = listpack.remove(arena, this.#lp, this.#pos, 1);
      setRoot(arena, this.#holder, this.#lp);
    } else {
      const node = this.#node;
      const following = this.#backward ? layout.prevOf(arena, node) : layout.nextOf(arena, node);
      const last = layout.countOf(arena, node) === 1;
      quicklist.removeAt(arena, this.#root, node, this.#pos, 1);
      if (last) {
        this.#enter(following);
        return;
      }
      this.#lp = layout.listpackOf(arena, node);
    }
    this.#end = listpack.end(arena, this.#lp);
    if (!this.#backward) this.#upcoming = this.#pos;
  }
}

/** An element that no RDB file has in a listpack. */
const PLAIN_BYTES = 1 << 30;

const element = new listpack.Element();

/** Walks over a list as an RDB file has it (type 18): listpacks, and elements too large for one. */
export class NodeIterator {
  #space!: Space;
  #quick = false;
  /** Quicklist: the node; else the listpack. 0 behind the last one. */
  #upcoming: Ref = 0;
  /** The bytes at hand, in `arena.u8`: a listpack, or, if `plain`, one element. */
  off = 0;
  len = 0;
  plain = false;

  /** Returns how many there are. */
  start(space: Space, holder: Ref): number {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    this.#space = space;
    this.#quick = encodingOf(arena, holder) !== ENC_LISTPACK;
    this.#upcoming = this.#quick ? layout.headOf(arena, root) : root;
    return this.#quick ? layout.nodesOf(arena, root) : 1;
  }

  next(): boolean {
    const arena = this.#space.arena;
    const node = this.#upcoming;
    if (node === 0) return false;
    const lp = this.#quick ? layout.listpackOf(arena, node) : node;
    this.#upcoming = this.#quick ? layout.nextOf(arena, node) : 0;
    this.off = lp * 16;
    this.len = listpack.bytesOf(arena, lp);
    this.plain = this.len >= PLAIN_BYTES;
    if (this.plain) {
      listpack.get(arena, lp, listpack.FIRST, element);
      this.off = element.off;
      this.len = element.len;
    }
    return true;
  }
}
