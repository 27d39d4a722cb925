/**
 * An ordered map from stream IDs to refs: a B+tree in the arena. It is the index of a stream's nodes (by the ID of their first
 * entry) and of pending entries, which may be millions.
 *
 * A tree is two words somewhere in the arena, at an index `at` of `arena.u32`: the root node (0: empty) and how many keys there
 * are. Nodes of all levels have one layout:
 *
 * | words      | content                                                                                       |
 * |------------|-----------------------------------------------------------------------------------------------|
 * | 0          | keys in the node                                                                              |
 * | 1          | keys that fit (low half), level (high half; 0: a leaf)                                        |
 * | 2, 3       | leaves: the next and the previous leaf                                                        |
 * | then       | keys, four words each; an inner node's are lower bounds of its children, the first one's counts as lowest |
 * | then       | values, one word each: a leaf's refs, or the children                                         |
 *
 * Streams grow at one end and are trimmed at the other, and so do most PELs: a node that overflows at its end is left
 * full, not split in halves, so that such a tree has hardly any air. A root that is a leaf starts with two keys and grows,
 * as most streams have few nodes and most consumers few pending entries; all others have NODE_KEYS. Neighbours are put
 * together when one has become a quarter full and both fit into three quarters.
 *
 * Inserting allocates everything first: a full arena leaves the tree as it was. Removing never allocates.
 */

import type { Arena, Ref } from '@weir/memory';
import { compareIds } from './id.ts';
import type { StreamId } from './id.ts';

/** Where a search ended or an iteration stands. Dead after the next change of the tree. */
export class TreeCursor {
  /** A leaf; 0: nothing there. */
  node: Ref = 0;
  index = 0;
}

const NODE_KEYS = 63;
/** Sizes of a root that is a leaf, in keys; each fills its block. */
const ROOT_KEYS = [2, 4, 8, 15, 31, NODE_KEYS];
const MERGE_BELOW = NODE_KEYS >> 2;
const MERGED_MAX = NODE_KEYS - MERGE_BELOW;
const LEVELS_MAX = 16;

// The way from the root to a leaf: node and child of each level (index 0: the leaf's).
const pathNode = new Uint32Array(LEVELS_MAX);
const pathIndex = new Uint32Array(LEVELS_MAX);
const spare = new Uint32Array(LEVELS_MAX + 1);

const nodeBytes = (keys: number): number => 16 + 20 * keys;

function countOf(arena: Arena, node: Ref): number {
  return arena.u32[node * 4];
}

function roomOf(arena: Arena, node: Ref): number {
  return arena.u32[node * 4 + 1] & 0xffff;
}

function levelOf(arena: Arena, node: Ref): number {
  return arena.u32[node * 4 + 1] >>> 16;
}

/** Index in `arena.u32` of a node's values. */
function valuesOf(arena: Arena, node: Ref): number {
  return node * 4 + 4 + 4 * (arena.u32[node * 4 + 1] & 0xffff);
}

/** Keys in the tree. */
export function size(arena: Arena, at: number): number {
  return arena.u32[at + 1];
}

/** How many of a node's keys are at most this ID. */
function countAtMost(arena: Arena, node: Ref, id: StreamId): number {
  const u32 = arena.u32;
  const keys = node * 4 + 4;
  const k0 = id[0];
  const k1 = id[1];
  const k2 = id[2];
  const k3 = id[3];
  let low = 0;
  let high = u32[node * 4];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys + middle * 4;
    const a = u32[at];
    const b = u32[at + 1];
    let above: boolean;
    if (a !== k0) above = a > k0;
    else if (b !== k1) above = b > k1;
    else {
      const c = u32[at + 2];
      above = c !== k2 ? c > k2 : u32[at + 3] > k3;
    }
    if (above) high = middle;
    else low = middle + 1;
  }
  return low;
}

function keyIs(arena: Arena, node: Ref, index: number, id: StreamId): boolean {
  const u32 = arena.u32;
  const at = node * 4 + 4 + index * 4;
  return u32[at + 3] === id[3] && u32[at + 1] === id[1] && u32[at + 2] === id[2] && u32[at] === id[0];
}

function leafFor(arena: Arena, root: Ref, id: StreamId): Ref {
  let node = root;
  for (let level = levelOf(arena, root); level > 0; level--) {
    const index = countAtMost(arena, node, id) - 1;
    node = arena.u32[valuesOf(arena, node) + (index < 0 ? 0 : index)];
  }
  return node;
}

/** The value of an ID; 0: there is none. */
export function find(arena: Arena, at: number, id: StreamId): Ref {
  const root = arena.u32[at];
  if (root === 0) return 0;
  const leaf = leafFor(arena, root, id);
  const index = countAtMost(arena, leaf, id) - 1;
  return index >= 0 && keyIs(arena, leaf, index, id) ? arena.u32[valuesOf(arena, leaf) + index] : 0;
}

/** Aims at the last key that is at most the ID. */
export function seekAtMost(arena: Arena, at: number, id: StreamId, cursor: TreeCursor): void {
  const root = arena.u32[at];
  cursor.node = 0;
  if (root === 0) return;
  const leaf = leafFor(arena, root, id);
  const index = countAtMost(arena, leaf, id) - 1;
  cursor.node = leaf;
  cursor.index = index;
  // A lower bound may be lower than the child's keys.
  if (index < 0) {
    cursor.index = 0;
    back(arena, cursor);
  }
}

/** Aims at the first key that is at least the ID. */
export function seekAtLeast(arena: Arena, at: number, id: StreamId, cursor: TreeCursor): void {
  const root = arena.u32[at];
  cursor.node = 0;
  if (root === 0) return;
  const leaf = leafFor(arena, root, id);
  const index = countAtMost(arena, leaf, id) - 1;
  cursor.node = leaf;
  cursor.index = index;
  if (index < 0 || !keyIs(arena, leaf, index, id)) forward(arena, cursor);
}

export function seekFirst(arena: Arena, at: number, cursor: TreeCursor): void {
  let node = arena.u32[at];
  if (node !== 0) for (let level = levelOf(arena, node); level > 0; level--) node = arena.u32[valuesOf(arena, node)];
  cursor.node = node;
  cursor.index = 0;
}

export function seekLast(arena: Arena, at: number, cursor: TreeCursor): void {
  let node = arena.u32[at];
  if (node !== 0) {
    for (let level = levelOf(arena, node); level > 0; level--) {
      node = arena.u32[valuesOf(arena, node) + countOf(arena, node) - 1];
    }
    cursor.index = countOf(arena, node) - 1;
  }
  cursor.node = node;
}

/** Goes on to the next key. */
export function forward(arena: Arena, cursor: TreeCursor): void {
  if (++cursor.index < arena.u32[cursor.node * 4]) return;
  cursor.node = arena.u32[cursor.node * 4 + 2];
  cursor.index = 0;
}

/** Goes on to the key before. */
export function back(arena: Arena, cursor: TreeCursor): void {
  if (--cursor.index >= 0) return;
  cursor.node = arena.u32[cursor.node * 4 + 3];
  cursor.index = cursor.node === 0 ? 0 : countOf(arena, cursor.node) - 1;
}

/** Index in `arena.u32` of the key that the cursor is at. */
export function keyWord(cursor: TreeCursor): number {
  return cursor.node * 4 + 4 + cursor.index * 4;
}

export function valueAt(arena: Arena, cursor: TreeCursor): Ref {
  return arena.u32[valuesOf(arena, cursor.node) + cursor.index];
}

export function setValueAt(arena: Arena, cursor: TreeCursor, value: Ref): void {
  arena.u32[valuesOf(arena, cursor.node) + cursor.index] = value;
}

// --- change --------------------------------------------------------------------------------------------------------------

/** Enters an ID; false: it is there already. Throws ArenaFullError with nothing changed. */
export function insert(arena: Arena, at: number, id: StreamId, value: Ref): boolean {
  const u32 = arena.u32;
  let root = u32[at];
  if (root === 0) {
    root = newNode(arena, ROOT_KEYS[0], 0);
    u32[at] = root;
    putKey(arena, root, 0, id[0], id[1], id[2], id[3], value);
    u32[at + 1] = 1;
    return true;
  }
  const leaf = descend(arena, root, id);
  const index = countAtMost(arena, leaf, id);
  if (index > 0 && keyIs(arena, leaf, index - 1, id)) return false;
  pathIndex[0] = index;
  if (u32[leaf * 4] < roomOf(arena, leaf)) putKey(arena, leaf, index, id[0], id[1], id[2], id[3], value);
  else if (leaf === root && roomOf(arena, root) < NODE_KEYS) {
    root = grownRoot(arena, root);
    u32[at] = root;
    putKey(arena, root, index, id[0], id[1], id[2], id[3], value);
  } else insertSplitting(arena, at, id, value);
  u32[at + 1]++;
  return true;
}

/** Fills the path to the leaf of an ID. */
function descend(arena: Arena, root: Ref, id: StreamId): Ref {
  let node = root;
  for (let level = levelOf(arena, root); level > 0; level--) {
    let index = countAtMost(arena, node, id) - 1;
    if (index < 0) index = 0;
    pathNode[level] = node;
    pathIndex[level] = index;
    node = arena.u32[valuesOf(arena, node) + index];
  }
  pathNode[0] = node;
  return node;
}

function newNode(arena: Arena, room: number, level: number): Ref {
  const node = arena.alloc(nodeBytes(room));
  const at = node * 4;
  arena.u32[at] = 0;
  arena.u32[at + 1] = room | (level << 16);
  arena.u32[at + 2] = 0;
  arena.u32[at + 3] = 0;
  return node;
}

function grownRoot(arena: Arena, root: Ref): Ref {
  const u32 = arena.u32;
  const count = u32[root * 4];
  const next = newNode(arena, ROOT_KEYS[ROOT_KEYS.indexOf(count) + 1], 0);
  u32[next * 4] = count;
  u32.copyWithin(next * 4 + 4, root * 4 + 4, root * 4 + 4 + 4 * count);
  const values = valuesOf(arena, root);
  u32.copyWithin(valuesOf(arena, next), values, values + count);
  arena.free(root);
  return next;
}

/** Puts a key into a node that has room for it. */
function putKey(
  arena: Arena,
  node: Ref,
  index: number,
  k0: number,
  k1: number,
  k2: number,
  k3: number,
  value: Ref,
): void {
  const u32 = arena.u32;
  const count = u32[node * 4];
  const key = node * 4 + 4 + index * 4;
  const slot = valuesOf(arena, node) + index;
  if (index < count) {
    u32.copyWithin(key + 4, key, node * 4 + 4 + count * 4);
    u32.copyWithin(slot + 1, slot, slot + count - index);
  }
  u32[key] = k0;
  u32[key + 1] = k1;
  u32[key + 2] = k2;
  u32[key + 3] = k3;
  u32[slot] = value;
  u32[node * 4] = count + 1;
}

/** The leaf of the path is full: so may be nodes above it. */
function insertSplitting(arena: Arena, at: number, id: StreamId, value: Ref): void {
  const u32 = arena.u32;
  const root = u32[at];
  const top = levelOf(arena, root);
  let full = 1;
  while (full <= top && countOf(arena, pathNode[full]) === NODE_KEYS) full++;
  const needed = full > top ? full + 1 : full;
  for (let i = 0; i < needed; i++) {
    try {
      spare[i] = newNode(arena, NODE_KEYS, i);
    } catch (error) {
      while (--i >= 0) arena.free(spare[i]);
      throw error;
    }
  }
  let k0 = id[0];
  let k1 = id[1];
  let k2 = id[2];
  let k3 = id[3];
  for (let level = 0; level < full; level++) {
    const left = pathNode[level];
    const right = spare[level];
    // An inner node's new child stands behind the one that was split.
    const index = level === 0 ? pathIndex[0] : pathIndex[level] + 1;
    if (level === 0) linkLeaf(arena, left, right);
    if (index === NODE_KEYS) putKey(arena, right, 0, k0, k1, k2, k3, value);
    else {
      const kept = (NODE_KEYS + 1) >> 1;
      moveTail(arena, left, right, kept);
      if (index <= kept) putKey(arena, left, index, k0, k1, k2, k3, value);
      else putKey(arena, right, index - kept, k0, k1, k2, k3, value);
    }
    const first = right * 4 + 4;
    k0 = u32[first];
    k1 = u32[first + 1];
    k2 = u32[first + 2];
    k3 = u32[first + 3];
    value = right;
  }
  if (full <= top) putKey(arena, pathNode[full], pathIndex[full] + 1, k0, k1, k2, k3, value);
  else {
    const over = spare[full];
    putKey(arena, over, 0, 0, 0, 0, 0, root);
    putKey(arena, over, 1, k0, k1, k2, k3, value);
    u32[at] = over;
  }
}

function linkLeaf(arena: Arena, left: Ref, right: Ref): void {
  const u32 = arena.u32;
  const next = u32[left * 4 + 2];
  u32[left * 4 + 2] = right;
  u32[right * 4 + 2] = next;
  u32[right * 4 + 3] = left;
  if (next !== 0) u32[next * 4 + 3] = right;
}

/** The keys from `from` on go behind those of the other node. */
function moveTail(arena: Arena, node: Ref, to: Ref, from: number): void {
  const u32 = arena.u32;
  const count = u32[node * 4];
  const has = u32[to * 4];
  u32.copyWithin(to * 4 + 4 + has * 4, node * 4 + 4 + from * 4, node * 4 + 4 + count * 4);
  const values = valuesOf(arena, node);
  u32.copyWithin(valuesOf(arena, to) + has, values + from, values + count);
  u32[to * 4] = has + count - from;
  u32[node * 4] = from;
}

/** Takes an ID out and returns its value; 0: it is not there. Cannot fail. */
export function remove(arena: Arena, at: number, id: StreamId): Ref {
  const u32 = arena.u32;
  const root = u32[at];
  if (root === 0) return 0;
  const leaf = descend(arena, root, id);
  const index = countAtMost(arena, leaf, id) - 1;
  if (index < 0 || !keyIs(arena, leaf, index, id)) return 0;
  const value = u32[valuesOf(arena, leaf) + index];
  u32[at + 1]--;
  dropKey(arena, leaf, index);
  const top = levelOf(arena, root);
  let level = 0;
  for (; level < top; level++) {
    const node = pathNode[level];
    const count = countOf(arena, node);
    if (count >= MERGE_BELOW) break;
    const parent = pathNode[level + 1];
    const child = pathIndex[level + 1];
    if (count === 0) {
      if (level === 0) unlinkLeaf(arena, node);
      arena.free(node);
      dropKey(arena, parent, child);
    } else if (!mergeChild(arena, parent, child, level)) break;
  }
  shrinkRoot(arena, at);
  return value;
}

function dropKey(arena: Arena, node: Ref, index: number): void {
  const u32 = arena.u32;
  const count = u32[node * 4];
  if (index < count - 1) {
    const key = node * 4 + 4 + index * 4;
    const slot = valuesOf(arena, node) + index;
    u32.copyWithin(key, key + 4, node * 4 + 4 + count * 4);
    u32.copyWithin(slot, slot + 1, slot + count - index);
  }
  u32[node * 4] = count - 1;
}

function unlinkLeaf(arena: Arena, leaf: Ref): void {
  const u32 = arena.u32;
  const next = u32[leaf * 4 + 2];
  const prev = u32[leaf * 4 + 3];
  if (next !== 0) u32[next * 4 + 3] = prev;
  if (prev !== 0) u32[prev * 4 + 2] = next;
}

/** Puts a child and a neighbour of it together, if they fit well. */
function mergeChild(arena: Arena, parent: Ref, child: number, level: number): boolean {
  const children = valuesOf(arena, parent);
  const siblings = countOf(arena, parent);
  for (let left = child; left >= child - 1; left--) {
    if (left < 0 || left + 1 >= siblings) continue;
    const to = arena.u32[children + left];
    const from = arena.u32[children + left + 1];
    const has = countOf(arena, to);
    if (has + countOf(arena, from) > MERGED_MAX) continue;
    moveTail(arena, from, to, 0);
    if (level === 0) unlinkLeaf(arena, from);
    else {
      // The first key of an inner node is not kept up; the parent's bound for the node is right.
      const bound = parent * 4 + 4 + 4 * (left + 1);
      arena.u32.copyWithin(to * 4 + 4 + 4 * has, bound, bound + 4);
    }
    arena.free(from);
    dropKey(arena, parent, left + 1);
    return true;
  }
  return false;
}

function shrinkRoot(arena: Arena, at: number): void {
  const u32 = arena.u32;
  let root = u32[at];
  while (levelOf(arena, root) > 0 && countOf(arena, root) === 1) {
    const child = u32[valuesOf(arena, root)];
    arena.free(root);
    root = child;
  }
  if (countOf(arena, root) === 0) {
    arena.free(root);
    root = 0;
  }
  u32[at] = root;
}

// --- the whole tree --------------------------------------------------------------------------------------------------------

/** Frees the nodes, not what the values name. */
export function clear(arena: Arena, at: number): void {
  freeStep(arena, at, Infinity, false);
}

/**
 * Gives back about `budget` blocks from the end of a tree that nobody will ask again: nodes, with `values` also what they name. Returns
 * how many: less than the budget when none is left, and the tree is an empty one then.
 */
export function freeStep(arena: Arena, at: number, budget: number, values: boolean): number {
  const u32 = arena.u32;
  let did = 0;
  while (u32[at] !== 0 && did < budget) {
    let parent = 0;
    let node = u32[at];
    for (let n = countOf(arena, node); n > 0 && levelOf(arena, node) > 0; n = countOf(arena, node)) {
      parent = node;
      node = u32[valuesOf(arena, node) + n - 1];
    }
    if (values && levelOf(arena, node) === 0) {
      const refs = valuesOf(arena, node);
      const n = countOf(arena, node);
      for (let i = 0; i < n; i++) arena.free(u32[refs + i]);
      did += n;
    }
    arena.free(node);
    did++;
    if (parent !== 0) u32[parent * 4]--;
    else {
      u32[at] = 0;
      u32[at + 1] = 0;
    }
  }
  return did;
}

/** Bytes of the nodes. */
export function bytes(arena: Arena, at: number): number {
  const root = arena.u32[at];
  return root === 0 ? 0 : walk(arena, root, true);
}

export function nodes(arena: Arena, at: number): number {
  const root = arena.u32[at];
  return root === 0 ? 0 : walk(arena, root, false);
}

function walk(arena: Arena, node: Ref, inBytes: boolean): number {
  const each = inBytes ? arena.usableBytes(node) : 1;
  const level = levelOf(arena, node);
  if (level === 0) return each;
  const count = countOf(arena, node);
  // Those of one level have one size, as the root is above them.
  if (level === 1) return each + count * (inBytes ? arena.usableBytes(arena.u32[valuesOf(arena, node)]) : 1);
  let sum = each;
  const children = valuesOf(arena, node);
  for (let i = 0; i < count; i++) sum += walk(arena, arena.u32[children + i], inBytes);
  return sum;
}

/** For tests: throws when the tree is none. */
export function verify(arena: Arena, at: number): void {
  const root = arena.u32[at];
  if (root === 0) {
    if (arena.u32[at + 1] !== 0) throw new Error('an empty tree has keys');
    return;
  }
  const seen = { keys: 0, leaf: 0, last: new Uint32Array(4) };
  verifyNode(arena, root, root, new Uint32Array(4), seen);
  if (arena.u32[seen.leaf * 4 + 2] !== 0) throw new Error('the last leaf has a next one');
  if (seen.keys !== arena.u32[at + 1]) throw new Error(`a tree of ${seen.keys} keys says ${arena.u32[at + 1]}`);
}

function verifyNode(
  arena: Arena,
  root: Ref,
  node: Ref,
  lowest: StreamId,
  seen: { keys: number; leaf: Ref; last: StreamId },
): void {
  const count = countOf(arena, node);
  const level = levelOf(arena, node);
  if (count === 0 || count > roomOf(arena, node)) throw new Error(`a tree's node has ${count} keys`);
  if (nodeBytes(roomOf(arena, node)) > arena.usableBytes(node)) throw new Error('a tree node is too small');
  if (node !== root && roomOf(arena, node) !== NODE_KEYS) throw new Error('a small node in the middle of a tree');
  for (let i = 0; i < count; i++) {
    const word = node * 4 + 4 + i * 4;
    const key = arena.u32.slice(word, word + 4);
    if (level > 0) {
      const child = arena.u32[valuesOf(arena, node) + i];
      if (levelOf(arena, child) !== level - 1) throw new Error('a tree has leaves of different depth');
      if (i > 0 && seen.keys > 0 && compareIds(seen.last, key) >= 0)
        throw new Error('a bound is below its left neighbours');
      verifyNode(arena, root, child, i === 0 ? lowest : key, seen);
      continue;
    }
    if (compareIds(key, lowest) < 0) throw new Error('a key is below its bound');
    if (seen.keys > 0 && compareIds(seen.last, key) >= 0) throw new Error('keys are out of order');
    if (arena.u32[valuesOf(arena, node) + i] === 0) throw new Error('a key without a value');
    seen.last.set(key);
    seen.keys++;
  }
  if (level > 0) return;
  if (arena.u32[node * 4 + 3] !== seen.leaf) throw new Error('leaves are linked wrongly');
  if (seen.leaf !== 0 && arena.u32[seen.leaf * 4 + 2] !== node) throw new Error('leaves are linked wrongly');
  seen.leaf = node;
}
