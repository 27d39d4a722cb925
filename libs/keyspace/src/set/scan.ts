import type { Ref } from '@weir/memory';
import type { Element } from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { memberAddress, memberLength } from './value.ts';

const refs: Ref[] = [];

/**
 * One step of SSCAN through a table: tells the members of at least one bucket and returns the next cursor, 0 at the end. Small
 * sets are told as a whole: use SetIterator.
 */
export function scan(space: Space, holder: Ref, cursor: number, out: Element, tell: () => void): number {
  const arena = space.arena;
  refs.length = 0;
  const next = space.members.open(rootOf(arena, holder)).scan(cursor, refs);
  for (const ref of refs) {
    out.setBytes(arena.u8, memberAddress(ref), memberLength(arena, ref));
    tell();
  }
  return next;
}
