/**
 * Where a lookup will read, found without comparing keys: for callers that want the memory of several lookups to be on its way before the first
 * of them is made (commands/core/lookahead.ts). What is found here may be wrong, for it only saves time.
 */

import type { Arena, Ref } from '@weir/memory';
import { ENC_HASHTABLE, ENC_SKIPLIST, FLAG_EXTERNAL, TYPE_STRING, encodingOf, externalSlot, typeOf } from './entry.ts';
import { rootOf } from './space.ts';

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

/** Entries of a table's scan that are worth being read ahead together. */
export const READ_AHEAD = 48;

/** Nobody looks there: a compiler leaves a read out whose result goes nowhere. */
const seen = { sum: 0 };

/**
 * Reads the beginning of each entry, so that their memory comes at the same time: a scan meets entries in the order of their hashes, and who takes
 * them one by one waits for each.
 */
export function readAhead({ u32 }: Arena, entries: readonly Ref[]): void {
  let sum = 0;
  for (let i = 0; i < entries.length; i++) sum ^= u32[entries[i] * 4];
  seen.sum = sum;
}
