/**
 * Lists: one listpack while it is within list-max-listpack-size, else a quicklist. The conversions are Redis 7.2's: to a quicklist
 * before something is added (`grow`, with a guess at its bytes), back after something was removed (`shrink`, at half of
 * the limit), so adding and removing themselves do not convert. A list may be empty until its holder is given up.
 */

import type { Arena, Ref } from '@weir/memory';
import { ENC_LISTPACK, ENC_QUICKLIST, copyIn, encodingOf, setEncoding } from '../entry.ts';
import * as listpack from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import * as layout from './layout.ts';
import * as quicklist from './quicklist.ts';

const element = new listpack.Element();

export function length(space: Space, holder: Ref): number {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return 0;
  return encodingOf(arena, holder) === ENC_LISTPACK ? listpack.count(arena, root) : layout.lengthOf(arena, root);
}

/** Before `count` elements of `bytes` bytes together are added: makes the list a quicklist if a listpack is too small for them. */
export function grow(space: Space, holder: Ref, bytes: number, count: number): void {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  const fill = space.limits.listMaxListpackSize;
  if (root === 0) {
    // The caller may have left the choice to us; it is made by the same rule.
    const exceeds = layout.exceeds(fill, layout.EMPTY_LISTPACK_BYTES + bytes, count);
    setEncoding(arena, holder, exceeds ? ENC_QUICKLIST : ENC_LISTPACK);
    return;
  }
  if (encodingOf(arena, holder) !== ENC_LISTPACK) return;
  // A listpack within the limit of bytes has a count that is known.
  const total = listpack.bytesOf(arena, root) + bytes;
  if (layout.exceeds(fill, total, fill < 0 ? 0 : listpack.count(arena, root) + count)) {
    convertToQuicklist(space, holder);
  }
}

function convertToQuicklist(space: Space, holder: Ref): void {
  const arena = space.arena;
  const fill = space.limits.listMaxListpackSize;
  const lp = rootOf(arena, holder);
  if (listpack.bytesOf(arena, lp) > layout.EMPTY_LISTPACK_BYTES)
    setRoot(arena, holder, quicklist.fromListpack(arena, fill, lp));
  else {
    setRoot(arena, holder, quicklist.create(arena, fill));
    arena.free(lp);
  }
  setEncoding(arena, holder, ENC_QUICKLIST);
}

/** After elements were removed: makes the list a listpack if it fits into half of one. Cannot fail. */
export function shrink(space: Space, holder: Ref): void {
  convertToListpack(space, holder, 2);
}

function convertToListpack(space: Space, holder: Ref, divisor: number): void {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) !== ENC_QUICKLIST || root === 0 || layout.nodesOf(arena, root) !== 1) return;
  const head = layout.headOf(arena, root);
  const fill = space.limits.listMaxListpackSize;
  const bytes = listpack.bytesOf(arena, layout.listpackOf(arena, head));
  if (bytes > layout.bytesLimit(fill) / divisor) return;
  if (layout.lengthOf(arena, root) > Math.floor(layout.countLimit(fill) / divisor)) return;
  if (layout.isAlone(arena, head, layout.fillOf(arena, root))) return;
  setRoot(arena, holder, quicklist.intoListpack(arena, root));
  setEncoding(arena, holder, ENC_LISTPACK);
}

/** The root of a quicklist, which is created if there is none. */
function quicklistOf(space: Space, holder: Ref): Ref {
  const arena = space.arena;
  let root = rootOf(arena, holder);
  if (root === 0) {
    root = quicklist.create(arena, space.limits.listMaxListpackSize);
    setRoot(arena, holder, root);
  }
  return root;
}

// --- the ends ----------------------------------------------------------------------------------------------------------

/** `grow` comes first, once for all that is pushed. The bytes must not lie in the list. */
export function push(space: Space, holder: Ref, atTail: boolean, buf: Uint8Array, off: number, len: number): void {
  const arena = space.arena;
  if (encodingOf(arena, holder) !== ENC_LISTPACK) {
    quicklist.push(arena, quicklistOf(space, holder), atTail, buf, off, len);
    return;
  }
  const root = rootOf(arena, holder);
  const next =
    root === 0
      ? quicklist.newListpack(arena, buf, off, len)
      : listpack.insert(arena, root, atTail ? listpack.end(arena, root) : listpack.FIRST, buf, off, len);
  if (next !== root) setRoot(arena, holder, next);
}

/** Reads the first or last element. The list must not be empty. */
export function peek(space: Space, holder: Ref, atTail: boolean, out: listpack.Element): void {
  const arena = space.arena;
  let lp = rootOf(arena, holder);
  if (encodingOf(arena, holder) !== ENC_LISTPACK) {
    lp = layout.listpackOf(arena, atTail ? layout.tailOf(arena, lp) : layout.headOf(arena, lp));
  }
  listpack.get(arena, lp, atTail ? listpack.prev(arena, lp, listpack.end(arena, lp)) : listpack.FIRST, out);
}

/** Removes the first or last element, which must be there; `shrink` is for afterwards. Cannot fail. */
export function pop(space: Space, holder: Ref, atTail: boolean): void {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) !== ENC_LISTPACK) {
    const node = atTail ? layout.tailOf(arena, root) : layout.headOf(arena, root);
    const lp = layout.listpackOf(arena, node);
    quicklist.removeAt(
      arena,
      root,
      node,
      atTail ? listpack.prev(arena, lp, listpack.end(arena, lp)) : listpack.FIRST,
      1,
    );
    return;
  }
  const pos = atTail ? listpack.prev(arena, root, listpack.end(arena, root)) : listpack.FIRST;
  const next = listpack.remove(arena, root, pos, 1);
  if (next !== root) setRoot(arena, holder, next);
}

/** A copy of the element that changes its place; longer ones get an array of their own. */
const scratch = new Uint8Array(4096);

/** Moves an element from one end to an end of the same list, which must not be empty. Both or, for want of memory, nothing. */
export function rotate(space: Space, holder: Ref, fromTail: boolean, toTail: boolean): void {
  const arena = space.arena;
  peek(space, holder, fromTail, element);
  const len = element.len;
  let buf = element.buf;
  let off = element.off;
  if (buf === arena.u8) {
    buf = len <= scratch.length ? scratch : new Uint8Array(len);
    copyIn(buf, 0, arena.u8, off, len);
    off = 0;
  }
  // As if it were out already when the new place is chosen.
  const credit = listpack.entryBytes(buf, off, len);
  grow(space, holder, len - credit, 0);
  const root = rootOf(arena, holder);
  const packed = encodingOf(arena, holder) === ENC_LISTPACK;
  if (fromTail === toTail) {
    if (!packed) quicklist.pushAgain(arena, root, toTail, buf, off, len);
    return;
  }
  if (packed) push(space, holder, toTail, buf, off, len);
  else {
    const alone = layout.nodesOf(arena, root) === 1;
    quicklist.push(arena, root, toTail, buf, off, len, alone ? credit : 0, alone ? 1 : 0);
  }
  pop(space, holder, fromTail);
}

// --- by index ----------------------------------------------------------------------------------------------------------

/** Where `locate` found an element. */
let foundLp: Ref = 0;
let foundPos = 0;

/** Finds the element of an index, which may count from the end (-1). */
function locate(arena: Arena, holder: Ref, index: number): boolean {
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    foundLp = root;
    foundPos = listpack.seek(arena, root, index);
    return foundPos !== 0;
  }
  const n = layout.lengthOf(arena, root);
  if (index < 0) index += n;
  if (!(index >= 0 && index < n)) return false;
  quicklist.seek(arena, root, index);
  foundLp = layout.listpackOf(arena, quicklist.found.node);
  foundPos = listpack.seek(arena, foundLp, quicklist.found.offset);
  return true;
}

/** Reads the element of an index, which may count from the end (-1). False: there is none. */
export function index(space: Space, holder: Ref, at: number, out: listpack.Element): boolean {
  if (!locate(space.arena, holder, at)) return false;
  listpack.get(space.arena, foundLp, foundPos, out);
  return true;
}

/** Writes `n` elements from an index (from 0 on), all of which must be there, as bulk strings. */
export function writeRange(space: Space, holder: Ref, from: number, n: number, sink: listpack.BulkSink): void {
  if (listpack.writePacked(space, holder, from, n, 0, sink)) return;
  const arena = space.arena;
  quicklist.seek(arena, rootOf(arena, holder), from);
  let node = quicklist.found.node;
  let offset = quicklist.found.offset;
  for (; n > 0; node = layout.nextOf(arena, node)) {
    const lp = layout.listpackOf(arena, node);
    const some = Math.min(n, layout.countOf(arena, node) - offset);
    listpack.writeBulks(arena, lp, listpack.seek(arena, lp, offset), some, 0, sink);
    n -= some;
    offset = 0;
  }
}

/** LSET: false when there is no such index. The encoding may change all the same, as in Redis. */
export function set(space: Space, holder: Ref, at: number, buf: Uint8Array, off: number, len: number): boolean {
  const arena = space.arena;
  grow(space, holder, len, 1);
  if (!locate(arena, holder, at)) return false;
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    setRoot(arena, holder, listpack.replace(arena, root, foundPos, buf, off, len));
  } else {
    quicklist.replaceAt(arena, root, quicklist.found.node, foundPos, buf, off, len);
    shrink(space, holder);
  }
  return true;
}

/** LINSERT: puts an element behind (or before) the first one that equals the pivot. False: there is no such. */
export function insert(
  space: Space,
  holder: Ref,
  after: boolean,
  pivotBuf: Uint8Array,
  pivotOff: number,
  pivotLen: number,
  buf: Uint8Array,
  off: number,
  len: number,
): boolean {
  const arena = space.arena;
  grow(space, holder, len, 1);
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    const pos = listpack.find(arena, root, listpack.FIRST, pivotBuf, pivotOff, pivotLen, 0);
    if (pos === 0) return false;
    setRoot(arena, holder, listpack.insert(arena, root, after ? listpack.next(arena, root, pos) : pos, buf, off, len));
    return true;
  }
  for (let node = layout.headOf(arena, root); node !== 0; node = layout.nextOf(arena, node)) {
    const lp = layout.listpackOf(arena, node);
    const pos = listpack.find(arena, lp, listpack.FIRST, pivotBuf, pivotOff, pivotLen, 0);
    if (pos === 0) continue;
    quicklist.insertAt(arena, root, node, pos, after, buf, off, len);
    return true;
  }
  return false;
}

// --- removing ----------------------------------------------------------------------------------------------------------

/** Removes `n` elements from an index (0 or more) on, as many as there are. Cannot fail. */
export function removeRange(space: Space, holder: Ref, from: number, n: number): void {
  const arena = space.arena;
  const rest = length(space, holder) - from;
  if (n > rest) n = rest;
  if (n <= 0) return;
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    setRoot(arena, holder, listpack.remove(arena, root, listpack.seek(arena, root, from), n));
  } else quicklist.removeRange(arena, root, from, n);
}

/** LTRIM: keeps `n` elements from an index on. */
export function trim(space: Space, holder: Ref, from: number, n: number): void {
  removeRange(space, holder, from + n, Infinity);
  removeRange(space, holder, 0, from);
}

let removed = 0;

/**
 * LREM: removes the elements that equal the bytes, at most `max`, from the head on or `backward` from the tail. Returns how many.
 * Cannot fail.
 */
export function remove(
  space: Space,
  holder: Ref,
  max: number,
  backward: boolean,
  buf: Uint8Array,
  off: number,
  len: number,
): number {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (encodingOf(arena, holder) === ENC_LISTPACK) {
    setRoot(arena, holder, removeEqual(arena, root, max, backward, buf, off, len));
    return removed;
  }
  let total = 0;
  let node = backward ? layout.tailOf(arena, root) : layout.headOf(arena, root);
  while (node !== 0 && total < max) {
    const following = backward ? layout.prevOf(arena, node) : layout.nextOf(arena, node);
    const lp = layout.listpackOf(arena, node);
    const next = removeEqual(arena, lp, max - total, backward, buf, off, len);
    if (removed > 0) quicklist.removedFrom(arena, root, node, next, removed);
    total += removed;
    node = following;
  }
  return total;
}

/** Removes equal elements of one listpack; how many is in `removed`. */
function removeEqual(
  arena: Arena,
  lp: Ref,
  max: number,
  backward: boolean,
  buf: Uint8Array,
  off: number,
  len: number,
): Ref {
  removed = 0;
  if (backward) {
    for (let pos = listpack.prev(arena, lp, listpack.end(arena, lp)); pos !== 0 && removed < max;) {
      const before = listpack.prev(arena, lp, pos);
      if (listpack.equals(arena, lp, pos, buf, off, len)) {
        lp = listpack.remove(arena, lp, pos, 1);
        removed++;
      }
      pos = before;
    }
    return lp;
  }
  for (let pos = listpack.FIRST; removed < max;) {
    pos = listpack.find(arena, lp, pos, buf, off, len, 0);
    if (pos === 0) break;
    // Equal ones in a row go at once.
    let n = 1;
    const stop = listpack.end(arena, lp);
    for (let at = listpack.next(arena, lp, pos); at < stop && removed + n < max; at = listpack.next(arena, lp, at)) {
      if (!listpack.equals(arena, lp, at, buf, off, len)) break;
      n++;
    }
    lp = listpack.remove(arena, lp, pos, n);
    removed += n;
  }
  return lp;
}

// --- loading -----------------------------------------------------------------------------------------------------------

/** Appends the elements of a whole, valid listpack to a list that is being loaded. */
export function loadNode(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): void {
  const arena = space.arena;
  if (len <= layout.EMPTY_LISTPACK_BYTES) return;
  // Most lists are one node that stays a listpack. Elements are counted up to 65535, which is more than any limit.
  const isFirst = rootOf(arena, holder) === 0;
  if (isFirst && !layout.exceeds(space.limits.listMaxListpackSize, len, buf[off + 4] | (buf[off + 5] << 8))) {
    setRoot(arena, holder, listpack.fromBytes(arena, buf, off, len));
    setEncoding(arena, holder, ENC_LISTPACK);
    return;
  }
  const root = loading(space, holder);
  const lp = listpack.fromBytes(arena, buf, off, len);
  try {
    quicklist.adoptListpack(arena, root, lp);
  } catch (error) {
    arena.free(lp);
    throw error;
  }
}

/** Appends an element to a list that is being loaded. */
export function loadElement(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): void {
  quicklist.push(space.arena, loading(space, holder), true, buf, off, len);
}

/** After the last one: chooses the encoding. The list may still be empty: that is the caller's to refuse. Cannot fail. */
export function finishLoad(space: Space, holder: Ref): void {
  convertToListpack(space, holder, 1);
}

function loading(space: Space, holder: Ref): Ref {
  if (rootOf(space.arena, holder) === 0) setEncoding(space.arena, holder, ENC_QUICKLIST);
  else if (encodingOf(space.arena, holder) === ENC_LISTPACK) convertToQuicklist(space, holder);
  return quicklistOf(space, holder);
}
