import type { Arena, Ref } from '@weir/memory';
import {
  CHILDREN,
  COUNTS,
  INNER_MAX,
  INNER_REFS,
  LEAF_MAX,
  LEAF_REFS,
  SCORES,
  compareMembers,
  levelOf,
  sizeOf,
} from './nodes.ts';
import { INNER_QUARTER, LEAF_QUARTER, rootOfTree } from './tree.ts';

/** For tests: throws when order, counts, separators, links or fill are not as tree.ts says. Returns the entries. */
export function verifyTree(arena: Arena, home: Ref): number {
  const root = rootOfTree(arena, home);
  if (root === 0) return 0;
  const leaves: Ref[] = [];
  const total = verifyBelow(arena, root, levelOf(arena, root), true, true, leaves);
  let lastScore = NaN;
  let lastRef = 0;
  for (let l = 0; l < leaves.length; l++) {
    const leaf = leaves[l];
    if (arena.u32[leaf * 4 + 1] !== (leaves[l - 1] ?? 0))
      throw new Error('sorted set: a leaf has the wrong one before it');
    if (arena.u32[leaf * 4 + 2] !== (leaves[l + 1] ?? 0))
      throw new Error('sorted set: a leaf has the wrong one behind it');
    for (let i = 0; i < sizeOf(arena, leaf); i++) {
      const score = arena.f64[leaf * 2 + SCORES + i];
      const ref = arena.u32[leaf * 4 + LEAF_REFS + i];
      if (score !== score) throw new Error('sorted set: a score is no number');
      if (lastRef !== 0 && (lastScore > score || (lastScore === score && compareMembers(arena, lastRef, ref) >= 0))) {
        throw new Error(`sorted set: ${lastScore} stands before ${score}`);
      }
      if (arena.f64[ref * 2 + 1] !== score) throw new Error('sorted set: an element has another score than its entry');
      lastScore = score;
      lastRef = ref;
    }
  }
  return total;
}

function verifyBelow(arena: Arena, node: Ref, level: number, first: boolean, last: boolean, leaves: Ref[]): number {
  const { u32, f64 } = arena;
  const n = sizeOf(arena, node);
  if (levelOf(arena, node) !== level)
    throw new Error(`sorted set: a node of level ${levelOf(arena, node)} at ${level}`);
  const least = first || last ? 1 : level === 0 ? LEAF_QUARTER : INNER_QUARTER;
  if (n < least || n > (level === 0 ? LEAF_MAX : INNER_MAX))
    throw new Error(`sorted set: a node of level ${level} has ${n}`);
  if (level === 0) {
    leaves.push(node);
    return n;
  }
  let total = 0;
  for (let i = 0; i < n; i++) {
    const child = u32[node * 4 + CHILDREN + i];
    const entries = verifyBelow(arena, child, level - 1, first && i === 0, last && i === n - 1, leaves);
    if (u32[node * 4 + COUNTS + i] !== entries) {
      throw new Error(`sorted set: ${entries} entries below a child, the count says ${u32[node * 4 + COUNTS + i]}`);
    }
    const refs = level === 1 ? LEAF_REFS : INNER_REFS;
    if (
      u32[node * 4 + INNER_REFS + i] !== u32[child * 4 + refs] ||
      f64[node * 2 + SCORES + i] !== f64[child * 2 + SCORES]
    ) {
      throw new Error(`sorted set: the least entry of a child of level ${level - 1} is another`);
    }
    total += entries;
  }
  return total;
}
