import type { Arena, Ref } from '@weir/memory';
import { ENC_HASHTABLE, ENC_SKIPLIST, FLAG_EXTERNAL, TYPE_STRING, encodingOf, externalSlot, typeOf } from './entry.ts';
import { rootOf } from './space.ts';

/**
 * Where a lookup will read, found without comparing keys: for callers that want the memory of several lookups to be on its way before the first
 * of them is made (commands/core/lookahead.ts). What is found here may be wrong, for it only saves time.
 */

/** The block behind an entry that its value begins in, 0 when there is none. Reads the entry only. */
export function valueBlock(arena: Arena, entry: Ref): Ref {
  if (typeOf(arena, entry) !== TYPE_STRING) return rootOf(arena, entry);
  return (arena.u8[entry * 16 + 1] & FLAG_EXTERNAL) === 0 ? 0 : arena.u32[externalSlot(arena, entry)];
}

/** Whether that block is the state of a table of members (`bucketIn`). */
export function hasMemberTable(arena: Arena, entry: Ref): boolean {
  if (typeOf(arena, entry) === TYPE_STRING) return false;
  const encoding = encodingOf(arena, entry);
  return encoding === ENC_HASHTABLE || encoding === ENC_SKIPLIST;
}
