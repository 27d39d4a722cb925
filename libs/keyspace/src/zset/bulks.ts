import type { Arena, Ref } from '@weir/memory';
import * as listpack from '../listpack/index.ts';
import type { BulkSink } from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { Cursor } from './cursor.ts';
import { LEAF_REFS } from './nodes.ts';
import * as tree from './tree.ts';
import { isPacked } from './zset.ts';

/** The words of refs below this have indexes of 31 bits, which the loops count without floating-point numbers. */
const NEAR_REFS = 2 ** 29 - 64;
/** Longer members are left to a call. */
const WORDS_BYTES_MAX = 63;
/** "$", digits, two line breaks, and what is written beyond a member. */
const BULK_OVERHEAD = 1 + 10 + 4 + 3;

const cursor = new Cursor();

/** Writes `n` members from a rank on, up or down (`reverse`), all of which must be there, as bulk strings. */
export function writeMembers(
  space: Space,
  holder: Ref,
  rank: number,
  n: number,
  reverse: boolean,
  sink: BulkSink,
): void {
  const { arena } = space;
  if (!isPacked(space, holder)) {
    writeFromTree(arena, rootOf(arena, holder), rank, n, reverse, sink);
    return;
  }
  if (!reverse) {
    listpack.writePacked(space, holder, 2 * rank, n, 1, sink);
    return;
  }
  const { element } = cursor;
  cursor.seek(space, holder, rank);
  for (; n > 0; n--, cursor.prev()) sink.bulk(element.buf, element.off, element.len);
}

function writeFromTree(arena: Arena, home: Ref, rank: number, n: number, reverse: boolean, sink: BulkSink): void {
  const u32 = arena.u32;
  tree.seek(arena, home, rank);
  let { leaf, index } = tree.place;
  while (n > 0) {
    const size = u32[leaf * 4];
    const some = Math.min(n, reverse ? index + 1 : size - index);
    writeFromLeaf(arena, leaf * 4 + LEAF_REFS + index, some, reverse ? -1 : 1, sink);
    n -= some;
    leaf = u32[leaf * 4 + (reverse ? 1 : 2)];
    if (reverse && n > 0) index = u32[leaf * 4] - 1;
    else index = 0;
  }
}

/** Writes the members of `n` refs in a leaf, from index `at` of `arena.u32` on, `step` by `step`. */
function writeFromLeaf(arena: Arena, at: number, n: number, step: number, sink: BulkSink): void {
  const { u32, i32 } = arena;
  // All lengths first: elements lie anywhere in memory, and so the processor fetches them together.
  let bytes = 0;
  for (let i = 0, slot = at; i < n; i++, slot += step) bytes += u32[u32[slot] * 4 + 1];
  sink.ensure(bytes + BULK_OVERHEAD * n);
  const out = sink.buf;
  let pos = sink.pos;
  for (let slot = at; n > 0; n--, slot += step) {
    const ref = u32[slot];
    const len = u32[ref * 4 + 1];
    if (len > WORDS_BYTES_MAX || ref >= NEAR_REFS) {
      sink.pos = pos;
      sink.bulk(arena.u8, ref * 16 + 16, len);
      pos = sink.pos;
      continue;
    }
    pos = listpack.writeHead(out, pos, len);
    // Members begin at a multiple of 16 and are read word by word, beyond the end if need be. A DataView would write words, but
    // beside reads of a buffer that can grow V8 calls its methods instead of inlining them: 33 ns a member against 17.
    const end = pos + len;
    for (let word = (ref << 2) + 4; pos < end; pos += 4) {
      const four = i32[word++];
      out[pos] = four;
      out[pos + 1] = four >> 8;
      out[pos + 2] = four >> 16;
      out[pos + 3] = four >> 24;
    }
    out[end] = 13;
    out[end + 1] = 10;
    pos = end + 2;
  }
  sink.pos = pos;
}
