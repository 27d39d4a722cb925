import type { Ref } from '@weir/memory';
import type { Space } from './space.ts';

/** Entries taken out of a table at a time: few enough to be a small array, many enough that its state is seldom written. */
const BATCH = 256;

const refs: Ref[] = [];

/**
 * Gives back about `budget` blocks of a table (KeyTable.open) whose elements are one block each, and at the end its home. Returns the work
 * done: less than the budget when nothing is left.
 *
 * It works with a table object of its own: the arena may be full in the middle of another value's operation, which has `space.members`
 * open, and then what nobody needs any more is freed.
 */
export function dismantleTable(space: Space, home: Ref, budget: number): number {
  const { arena, dying } = space;
  dying.open(home);
  let did = 0;
  while (did < budget) {
    const chains = dying.dismantle(Math.min(budget - did, BATCH), refs);
    if (chains === 0) {
      dying.leave();
      // The block may become another table's home, whose state is not what is open now.
      space.members.leaveIf(home);
      arena.free(home);
      break;
    }
    for (let i = 0; i < refs.length; i++) arena.free(refs[i]);
    did += chains + refs.length;
    refs.length = 0;
  }
  return did;
}
