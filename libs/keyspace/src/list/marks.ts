/**
 * Marks: where in a long quicklist some of its nodes begin, so that LINDEX and LRANGE of the middle need not walk over
 * thousands of nodes. Beside the lists, in typed arrays for the few that were asked last; a list says with the number in its root
 * which marks are its own (0: none), and forgets them by writing 0 there.
 *
 * They are made by the second far walk since the list last forgot: one over all nodes, which costs as much as two to four to an
 * element. What happens at the ends does not touch them (`drift`, in layout.ts): a node's place is kept without what was pushed
 * before it later. Whatever changes the chain or a count between the ends makes the list forget; so does a node that
 * goes away at an end, since its place in memory may soon be another node's.
 *
 * Not in the list itself, as a skip list or a tree would be: pushes and pops, which are what lists are for, would have
 * to keep it. And a read must not fail for want of memory or make a slave's memory another than its master's.
 */

import type { Arena, Ref } from '@weir/memory';
import * as layout from './layout.ts';

/** Every so manieth node has a mark. */
const STRIDE = 16;
/** Lists of fewer nodes are walked. */
const NODES_MIN = 4 * STRIDE;
/** Nodes of a walk that ought to have been shorter. */
const FAR_STEPS = 2 * STRIDE;
/** Lists that have marks at a time. */
const SLOTS = 8;

/** Instead of the number of marks: there was one far walk. */
const WALKED = 1;

interface Slot {
  id: number;
  count: number;
  /** Node and place, in turn. */
  data: Uint32Array;
}

const slots: Slot[] = Array.from({ length: SLOTS }, () => ({ id: 0, count: 0, data: new Uint32Array(0) }));
let lastId = WALKED;

/** What `find` found: a node at or before the index, and the index of its first element. */
export const mark = { node: 0, start: 0 };

/** Looks for the last mark that is not behind the index. */
export function find(arena: Arena, root: Ref, index: number): boolean {
  const id = layout.marksOf(arena, root);
  const slot = slots[id % SLOTS];
  if (id <= WALKED || slot.id !== id) return false;
  const data = slot.data;
  const drift = layout.driftOf(arena, root);
  let lo = 0;
  let hi = slot.count;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if ((data[2 * mid + 1] + drift) >>> 0 <= index) lo = mid + 1;
    else hi = mid;
  }
  if (lo === 0) return false;
  mark.node = data[2 * lo - 2];
  mark.start = (data[2 * lo - 1] + drift) >>> 0;
  return true;
}

/** After a walk to an element over so many nodes. */
export function walked(arena: Arena, root: Ref, steps: number): void {
  if (steps <= FAR_STEPS || layout.nodesOf(arena, root) < NODES_MIN) return;
  if (layout.marksOf(arena, root) === 0) layout.setMarks(arena, root, WALKED);
  else make(arena, root);
}

function make(arena: Arena, root: Ref): void {
  lastId = lastId === 0xffffffff ? WALKED + 1 : lastId + 1;
  const slot = slots[lastId % SLOTS];
  const words = 2 * Math.ceil(layout.nodesOf(arena, root) / STRIDE);
  if (slot.data.length < words || slot.data.length > 4 * words) slot.data = new Uint32Array(words);
  const drift = layout.driftOf(arena, root);
  let count = 0;
  let start = 0;
  let nodes = 0;
  // Not the head: what is pushed into it does not move it.
  for (let node = layout.headOf(arena, root); node !== 0; node = layout.nextOf(arena, node), nodes++) {
    if (nodes % STRIDE === STRIDE - 1) {
      slot.data[2 * count] = node;
      slot.data[2 * count++ + 1] = start - drift;
    }
    start += layout.countOf(arena, node);
  }
  slot.count = count;
  slot.id = lastId;
  layout.setMarks(arena, root, lastId);
}

/** Throws when a mark is not where it says. */
export function verify(arena: Arena, root: Ref): void {
  let start = 0;
  for (let node = layout.headOf(arena, root); node !== 0; node = layout.nextOf(arena, node)) {
    const after = start + layout.countOf(arena, node);
    for (let index = start; index < after; index++) {
      if (!find(arena, root, index)) continue;
      if (mark.start > start || (mark.node === node) !== (mark.start === start)) {
        throw new Error('a mark of a quicklist names another node');
      }
    }
    start = after;
  }
}
