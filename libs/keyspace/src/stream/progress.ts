// How far a group has read, as far as Redis knows: it counts as long as no entry in front of the group was deleted, and can say it anew
// at the ends of the stream.

import type { Ref } from '@weir/memory';
import { halves, setHalves } from '../listpack/int64.ts';
import type { Space } from '../space.ts';
import { entriesReadHi, entriesReadLo, groupLastId, setEntriesRead } from './groups.ts';
import { compareIds, isZeroId, newId } from './id.ts';
import type { StreamId } from './id.ts';
import { entriesAddedHi, entriesAddedLo, firstId, lastId, length, maxDeletedId } from './root.ts';

const last = newId();
const first = newId();
const deleted = newId();
const delivered = newId();

/** Leaves `entries added - less + more` in `halves`. */
function added(space: Space, holder: Ref, less: number, more: number): void {
  const lo = entriesAddedLo(space, holder);
  const hi = entriesAddedHi(space, holder);
  setHalves(more - less);
  const sum = lo + (halves.lo >>> 0);
  halves.hi = (hi + halves.hi + (sum > 0xffffffff ? 1 : 0)) | 0;
  halves.lo = sum | 0;
}

function isUnused(space: Space, holder: Ref): boolean {
  return entriesAddedLo(space, holder) === 0 && entriesAddedHi(space, holder) === 0;
}

/** Whether an entry at or above the ID, and not before all that there are, was deleted. */
function hasDeletedFrom(space: Space, holder: Ref, id: StreamId): boolean {
  if (length(space, holder) === 0) return false;
  maxDeletedId(space, holder, deleted);
  firstId(space, holder, first);
  return !isZeroId(deleted) && compareIds(first, deleted) <= 0 && compareIds(id, deleted) <= 0;
}

/** Leaves in `halves` how many entries were added up to an ID; false: nobody knows. */
export function entriesUpTo(space: Space, holder: Ref, id: StreamId): boolean {
  lastId(space, holder, last);
  const entries = length(space, holder);
  const order = compareIds(id, last);
  if (isUnused(space, holder)) {
    halves.lo = halves.hi = 0;
    return true;
  }
  if (order > 0) return false;
  if (entries === 0 || order === 0) {
    added(space, holder, 0, 0);
    return true;
  }
  maxDeletedId(space, holder, deleted);
  firstId(space, holder, first);
  if (!isZeroId(deleted) && compareIds(deleted, first) >= 0) return false;
  const place = compareIds(id, first);
  if (place > 0) return false;
  added(space, holder, entries, place === 0 ? 1 : 0);
  return true;
}

/** The group was given the entry of an ID that is above all it had: counts it. Its last ID is as before. */
export function countRead(space: Space, holder: Ref, group: Ref, id: StreamId): void {
  const lo = entriesReadLo(space, group);
  const hi = entriesReadHi(space, group);
  if (!(lo === -1 && hi === -1) && !hasDeletedFrom(space, holder, id)) {
    const next = (lo + 1) | 0;
    setEntriesRead(space, group, next, next === 0 ? hi + 1 : hi);
  } else if (!isUnused(space, holder)) {
    if (entriesUpTo(space, holder, id)) setEntriesRead(space, group, halves.lo, halves.hi);
    else setEntriesRead(space, group, -1, -1);
  }
}

/** Leaves in `halves` how many entries the group has yet to read; false: nobody knows. */
export function lag(space: Space, holder: Ref, group: Ref): boolean {
  if (isUnused(space, holder)) {
    halves.lo = halves.hi = 0;
    return true;
  }
  groupLastId(space, group, delivered);
  let lo = entriesReadLo(space, group);
  let hi = entriesReadHi(space, group);
  if ((lo === -1 && hi === -1) || hasDeletedFrom(space, holder, delivered)) {
    if (!entriesUpTo(space, holder, delivered)) return false;
    lo = halves.lo;
    hi = halves.hi;
  }
  const addedLo = entriesAddedLo(space, holder);
  const difference = addedLo - (lo >>> 0);
  halves.hi = (entriesAddedHi(space, holder) - hi - (difference < 0 ? 1 : 0)) | 0;
  halves.lo = difference | 0;
  return true;
}
