// A stream from the parts that a snapshot has, in its order, into a detached holder: nodes, what is remembered of the stream, then
// group by group its pending entries, its consumers, and which entry is whose. And the nodes as they are, to write one.

import type { Ref } from '@weir/memory';
import { copyIn } from '../entry.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { SLACK_BYTES } from './append.ts';
import { firstIdOfNode, lastIdOfNode } from './cursor.ts';
import {
  assignPending,
  addPending,
  consumerPending,
  consumersOf,
  createConsumer,
  createGroup,
  findPending,
  groupPending,
  pendingConsumer,
  setActiveTime,
} from './groups.ts';
import { compareIds, copyId, newId, readId, writeId } from './id.ts';
import type { StreamId } from './id.ts';
import * as names from './names.ts';
import { LISTPACK_HEADER_BYTES, readCount } from './packed.ts';
import {
  FIRST_ID,
  groupsOf,
  length,
  nodesOf,
  rootFor,
  setEntriesAdded,
  setLastId,
  setLength,
  setMaxDeletedId,
} from './root.ts';
import { edgeId } from './remove.ts';
import { TreeCursor, forward, insert, keyWord, nodes, seekFirst, seekLast, size, valueAt } from './tree.ts';

/** The parts contradict each other. */
export class StreamLoadError extends Error {
  override readonly name = 'StreamLoadError';
}

const place = new TreeCursor();
const id = newId();
const other = newId();

/** Adds a node behind those that there are: bytes that were checked to be one. */
export function loadNode(space: Space, holder: Ref, master: StreamId, buf: Uint8Array, off: number, len: number): void {
  const arena = space.arena;
  const root = rootFor(space, holder);
  seekLast(arena, nodesOf(root), place);
  if (place.node !== 0) {
    readId(arena, keyWord(place), id);
    if (!lastIdOfNode(arena, valueAt(arena, place), id, other)) copyId(other, id);
    if (compareIds(master, other) <= 0) throw new StreamLoadError('a node of a stream begins below the one before it');
  }
  const lp = arena.alloc(len + SLACK_BYTES);
  copyIn(arena.u8, lp * 16, buf, off, len);
  try {
    insert(arena, nodesOf(root), master, lp);
  } catch (error) {
    arena.free(lp);
    throw error;
  }
  setLength(arena, root, length(space, holder) + readCount(arena.u8, lp * 16 + LISTPACK_HEADER_BYTES));
}

/**
 * What is remembered of the stream, after its nodes. `entries`: how many the file says there are. The first ID is that of the first entry,
 * whatever a file says. `added`: halves of the count of all entries ever added.
 */
export function loadMeta(
  space: Space,
  holder: Ref,
  entries: number,
  last: StreamId,
  maxDeleted: StreamId,
  addedLo: number,
  addedHi: number,
): void {
  const root = rootFor(space, holder);
  const has = length(space, holder);
  if (entries !== has) throw new StreamLoadError(`a stream of ${has} entries says that it has ${entries}`);
  if (has > 0) setFirstId(space, holder, root, last);
  setLastId(space, holder, last);
  setMaxDeletedId(space, holder, maxDeleted);
  setEntriesAdded(space, holder, addedLo, addedHi);
}

/** Writes the ID of the first entry, and looks that no entry is above the stream's last ID. */
function setFirstId(space: Space, holder: Ref, root: Ref, last: StreamId): void {
  const arena = space.arena;
  seekLast(arena, nodesOf(root), place);
  readId(arena, keyWord(place), id);
  if (lastIdOfNode(arena, valueAt(arena, place), id, other) && compareIds(other, last) > 0) {
    throw new StreamLoadError('a stream has an entry above its last ID');
  }
  seekFirst(arena, nodesOf(root), place);
  readId(arena, keyWord(place), id);
  if (firstIdOfNode(arena, valueAt(arena, place), id, other) || edgeId(space, holder, false, other)) {
    writeId(arena, root * 4 + FIRST_ID, other);
  }
}

/** A group; `entriesRead` as halves, both -1 when it is not known. */
export function loadGroup(
  space: Space,
  holder: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  lastDelivered: StreamId,
  entriesReadLo: number,
  entriesReadHi: number,
): Ref {
  const group = createGroup(space, holder, buf, off, len, lastDelivered, entriesReadLo, entriesReadHi);
  if (group === 0) throw new StreamLoadError('a stream has two groups of one name');
  return group;
}

/** A pending entry of a group; whose it is comes with the consumers. */
export function loadPending(
  space: Space,
  group: Ref,
  pendingId: StreamId,
  deliveredMs: number,
  countLo: number,
  countHi: number,
): void {
  if (findPending(space, group, pendingId) !== 0) throw new StreamLoadError('an entry is pending twice in a group');
  addPending(space, group, 0, pendingId, deliveredMs, countLo, countHi);
}

export function loadConsumer(
  space: Space,
  group: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  seenMs: number,
  activeMs: number,
): Ref {
  const consumer = createConsumer(space, group, buf, off, len, seenMs);
  if (consumer === 0) throw new StreamLoadError('a group has two consumers of one name');
  setActiveTime(space, consumer, activeMs);
  return consumer;
}

/** The entry is pending at that consumer. */
export function loadConsumerPending(space: Space, group: Ref, consumer: Ref, pendingId: StreamId): void {
  const pending = findPending(space, group, pendingId);
  if (pending === 0) throw new StreamLoadError('a consumer has a pending entry that its group does not have');
  if (pendingConsumer(space, pending) !== 0) throw new StreamLoadError('an entry is pending at two consumers');
  assignPending(space, pending, consumer, pendingId);
}

/** Behind all parts: throws when something is missing. */
export function loadEnd(space: Space, holder: Ref): void {
  const arena = space.arena;
  const groups = groupsOf(rootFor(space, holder));
  for (let i = 0; i < names.count(arena, groups); i++) {
    const group = names.nth(arena, groups, i);
    const consumers = consumersOf(group);
    let owned = 0;
    for (let j = 0; j < names.count(arena, consumers); j++) {
      owned += size(arena, consumerPending(names.nth(arena, consumers, j)));
    }
    if (owned !== size(arena, groupPending(group))) throw new StreamLoadError('a pending entry has no consumer');
  }
}

/** How many nodes the stream has. */
export function nodeCount(space: Space, holder: Ref): number {
  return size(space.arena, nodesOf(rootOf(space.arena, holder)));
}

/** Nodes of the tree over the stream's nodes. */
export function treeNodeCount(space: Space, holder: Ref): number {
  return nodes(space.arena, nodesOf(rootOf(space.arena, holder)));
}

/** Calls back with each node: its master ID (the same object each time), address and length of its listpack. */
export function forEachNode(
  space: Space,
  holder: Ref,
  visit: (master: StreamId, off: number, len: number) => void,
): void {
  const arena = space.arena;
  const at = new TreeCursor();
  const master = newId();
  seekFirst(arena, nodesOf(rootOf(arena, holder)), at);
  while (at.node !== 0) {
    const lp = valueAt(arena, at);
    readId(arena, keyWord(at), master);
    visit(master, lp * 16, arena.u32[lp * 4]);
    forward(arena, at);
  }
}
