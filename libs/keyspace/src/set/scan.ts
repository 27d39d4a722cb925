import type { Ref } from '@weir/memory';
import type { Element } from '../listpack/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { memberAddress, memberLength } from './value.ts';

/**
 * One step of SSCAN through a table: appends the members of at least one bucket to `out` and returns the next cursor, 0 at the end.
 * Small sets are told as a whole: use SetIterator.
 */
export function scan(space: Space, holder: Ref, cursor: number, out: Ref[]): number {
  return space.members.open(rootOf(space.arena, holder)).scan(cursor, out);
}

/** The bytes of a member that `scan` found. */
export function member(space: Space, ref: Ref, out: Element): void {
  out.setBytes(space.arena.u8, memberAddress(ref), memberLength(space.arena, ref));
}
