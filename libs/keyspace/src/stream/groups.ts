import type { Arena, Ref } from '@weir/memory';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { copyId, newId, readId, writeId } from './id.ts';
import type { StreamId } from './id.ts';
import * as names from './names.ts';
import { groupsOf, rootFor } from './root.ts';
import * as tree from './tree.ts';
import { TreeCursor } from './tree.ts';

/**
 * Consumer groups. Blocks, in words:
 *
 * | group | content                                      | consumer | content                                |
 * |-------|----------------------------------------------|----------|----------------------------------------|
 * | 0     | length of the name                           | 0        | length of the name                     |
 * | 1–2   | consumers (names.ts)                         | 1–2      | its pending entries (tree.ts)          |
 * | 3–4   | pending entries of all consumers (tree.ts)   | 4–5      | last time it asked, ms, a double       |
 * | 6–7   | entries read: halves, -1 when not known      | 6–7      | last time it got something, -1: never  |
 * | 8–11  | last ID that was delivered                   | then     | the name                               |
 * | then  | the name                                     |          |                                        |
 *
 * A pending entry is a block of its own, which the group's and its consumer's tree both have under its ID: words 0–1 are the time
 * of the last delivery (ms, a double), 2–3 how often it was delivered (halves, as RETRYCOUNT may be any 64-bit integer), 4
 * the consumer (0 only while a snapshot is loaded). Groups, consumers and pending entries do not move.
 */
export const GROUP_HEAD_BYTES = 48;
export const CONSUMER_HEAD_BYTES = 32;
const PENDING_BYTES = 20;

const LAST_ID = 8;

/** Index in `arena.u32` of a group's consumers. */
export function consumersOf(group: Ref): number {
  return group * 4 + 1;
}

/** Index in `arena.u32` of a group's pending entries. */
export function groupPending(group: Ref): number {
  return group * 4 + 3;
}

/** Index in `arena.u32` of a consumer's pending entries. */
export function consumerPending(consumer: Ref): number {
  return consumer * 4 + 1;
}

// --- groups --------------------------------------------------------------------------------------------------------------

/** The group of a name; 0: there is none. */
export function findGroup(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): Ref {
  return names.find(space.arena, groupsOf(rootOf(space.arena, holder)), GROUP_HEAD_BYTES, buf, off, len);
}

/**
 * A new group; 0: there is one of that name. `entriesRead`: halves of the count, both -1 when it is not known. Throws ArenaFullError
 * with nothing changed.
 */
export function createGroup(
  space: Space,
  holder: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  lastDelivered: StreamId,
  entriesReadLo: number,
  entriesReadHi: number,
): Ref {
  const arena = space.arena;
  const at = groupsOf(rootFor(space, holder));
  const group = names.insert(arena, at, GROUP_HEAD_BYTES, buf, off, len);
  if (group === 0) return 0;
  setGroupLastId(space, group, lastDelivered);
  setEntriesRead(space, group, entriesReadLo, entriesReadHi);
  return group;
}

/** Removes a group with its consumers and pending entries. */
export function destroyGroup(space: Space, holder: Ref, group: Ref): void {
  emptyGroup(space.arena, group, Infinity);
  names.remove(space.arena, groupsOf(rootOf(space.arena, holder)), GROUP_HEAD_BYTES, group);
}

/** Gives back about `budget` blocks of what a group has. Returns how many: less than the budget when none is left. */
export function emptyGroup(arena: Arena, group: Ref, budget: number): number {
  let did = tree.freeStep(arena, groupPending(group), budget, true);
  const consumers = consumersOf(group);
  while (did < budget && names.count(arena, consumers) > 0) {
    const consumer = names.nth(arena, consumers, names.count(arena, consumers) - 1);
    did += tree.freeStep(arena, consumerPending(consumer), budget - did, false);
    if (did >= budget) break;
    names.dropLast(arena, consumers);
    did++;
  }
  return did;
}

export function groupCount(space: Space, holder: Ref): number {
  return names.count(space.arena, groupsOf(rootOf(space.arena, holder)));
}

/** The groups in the order of their names, from 0 on. */
export function groupAt(space: Space, holder: Ref, index: number): Ref {
  return names.nth(space.arena, groupsOf(rootOf(space.arena, holder)), index);
}

/** Byte address of a group's name. */
export function groupName(group: Ref): number {
  return group * 16 + GROUP_HEAD_BYTES;
}

/** Length of the name of a group or consumer. */
export function nameLength(space: Space, block: Ref): number {
  return space.arena.u32[block * 4];
}

export function groupLastId(space: Space, group: Ref, out: StreamId): void {
  readId(space.arena, group * 4 + LAST_ID, out);
}

export function setGroupLastId(space: Space, group: Ref, id: StreamId): void {
  writeId(space.arena, group * 4 + LAST_ID, id);
}

/** Halves of a signed 64-bit integer. */
export function entriesReadLo(space: Space, group: Ref): number {
  return space.arena.i32[group * 4 + 6];
}

export function entriesReadHi(space: Space, group: Ref): number {
  return space.arena.i32[group * 4 + 7];
}

export function setEntriesRead(space: Space, group: Ref, lo: number, hi: number): void {
  space.arena.i32[group * 4 + 6] = lo;
  space.arena.i32[group * 4 + 7] = hi;
}

/** How many entries of a group are pending. */
export function pendingCount(space: Space, group: Ref): number {
  return tree.size(space.arena, groupPending(group));
}

// --- consumers -------------------------------------------------------------------------------------------------------------

export function findConsumer(space: Space, group: Ref, buf: Uint8Array, off: number, len: number): Ref {
  return names.find(space.arena, consumersOf(group), CONSUMER_HEAD_BYTES, buf, off, len);
}

/** A new consumer, which has never got anything; 0: there is one of that name. Throws ArenaFullError with nothing changed. */
export function createConsumer(
  space: Space,
  group: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  seenMs: number,
): Ref {
  const consumer = names.insert(space.arena, consumersOf(group), CONSUMER_HEAD_BYTES, buf, off, len);
  if (consumer === 0) return 0;
  setSeenTime(space, consumer, seenMs);
  setActiveTime(space, consumer, -1);
  return consumer;
}

/** Removes a consumer with its pending entries; returns how many those were. */
export function deleteConsumer(space: Space, group: Ref, consumer: Ref): number {
  const arena = space.arena;
  const own = consumerPending(consumer);
  const pending = tree.size(arena, own);
  const place = new TreeCursor();
  const id = newId();
  tree.seekFirst(arena, own, place);
  while (place.node !== 0) {
    readId(arena, tree.keyWord(place), id);
    arena.free(tree.remove(arena, groupPending(group), id));
    tree.forward(arena, place);
  }
  tree.clear(arena, own);
  names.remove(arena, consumersOf(group), CONSUMER_HEAD_BYTES, consumer);
  return pending;
}

export function consumerCount(space: Space, group: Ref): number {
  return names.count(space.arena, consumersOf(group));
}

/** The consumers in the order of their names, from 0 on. */
export function consumerAt(space: Space, group: Ref, index: number): Ref {
  return names.nth(space.arena, consumersOf(group), index);
}

/** Byte address of a consumer's name. */
export function consumerName(consumer: Ref): number {
  return consumer * 16 + CONSUMER_HEAD_BYTES;
}

/** How many entries of a consumer are pending. */
export function consumerPendingCount(space: Space, consumer: Ref): number {
  return tree.size(space.arena, consumerPending(consumer));
}

/** When the consumer last asked for something. */
export function seenTime(space: Space, consumer: Ref): number {
  return space.arena.f64[consumer * 2 + 2];
}

export function setSeenTime(space: Space, consumer: Ref, ms: number): void {
  space.arena.f64[consumer * 2 + 2] = ms;
}

/** When it last got something; -1: never. */
export function activeTime(space: Space, consumer: Ref): number {
  return space.arena.f64[consumer * 2 + 3];
}

export function setActiveTime(space: Space, consumer: Ref, ms: number): void {
  space.arena.f64[consumer * 2 + 3] = ms;
}

// --- pending entries ---------------------------------------------------------------------------------------------------------

/** The pending entry of an ID; 0: there is none. */
export function findPending(space: Space, group: Ref, id: StreamId): Ref {
  return tree.find(space.arena, groupPending(group), id);
}

/** A new pending entry; there must be none of that ID. Throws ArenaFullError with nothing changed. */
export function addPending(
  space: Space,
  group: Ref,
  consumer: Ref,
  id: StreamId,
  deliveredMs: number,
  countLo: number,
  countHi: number,
): Ref {
  const arena = space.arena;
  const pending = arena.alloc(PENDING_BYTES);
  arena.f64[pending * 2] = deliveredMs;
  arena.i32[pending * 4 + 2] = countLo;
  arena.i32[pending * 4 + 3] = countHi;
  arena.u32[pending * 4 + 4] = consumer;
  try {
    if (!tree.insert(arena, groupPending(group), id, pending)) throw new Error('an entry is pending twice');
    if (consumer !== 0) insertOwn(arena, group, consumer, id, pending);
  } catch (error) {
    arena.free(pending);
    throw error;
  }
  return pending;
}

function insertOwn(arena: Arena, group: Ref, consumer: Ref, id: StreamId, pending: Ref): void {
  try {
    if (!tree.insert(arena, consumerPending(consumer), id, pending)) throw new Error('a consumer has an entry twice');
  } catch (error) {
    tree.remove(arena, groupPending(group), id);
    throw error;
  }
}

/** Gives a pending entry to a consumer. Throws ArenaFullError with nothing changed. */
export function assignPending(space: Space, pending: Ref, consumer: Ref, id: StreamId): void {
  const arena = space.arena;
  const from = arena.u32[pending * 4 + 4];
  if (from === consumer) return;
  tree.insert(arena, consumerPending(consumer), id, pending);
  if (from !== 0) tree.remove(arena, consumerPending(from), id);
  arena.u32[pending * 4 + 4] = consumer;
}

/** Takes a pending entry out; false: there is none. Cannot fail. */
export function removePending(space: Space, group: Ref, id: StreamId): boolean {
  const arena = space.arena;
  const pending = tree.remove(arena, groupPending(group), id);
  if (pending === 0) return false;
  const consumer = arena.u32[pending * 4 + 4];
  if (consumer !== 0) tree.remove(arena, consumerPending(consumer), id);
  arena.free(pending);
  return true;
}

export function pendingConsumer(space: Space, pending: Ref): Ref {
  return space.arena.u32[pending * 4 + 4];
}

export function deliveryTime(space: Space, pending: Ref): number {
  return space.arena.f64[pending * 2];
}

export function setDeliveryTime(space: Space, pending: Ref, ms: number): void {
  space.arena.f64[pending * 2] = ms;
}

export function deliveryCountLo(space: Space, pending: Ref): number {
  return space.arena.i32[pending * 4 + 2];
}

export function deliveryCountHi(space: Space, pending: Ref): number {
  return space.arena.i32[pending * 4 + 3];
}

export function setDeliveryCount(space: Space, pending: Ref, lo: number, hi: number): void {
  space.arena.i32[pending * 4 + 2] = lo;
  space.arena.i32[pending * 4 + 3] = hi;
}

/** One delivery more; wraps at 64 bits, as in Redis. */
export function countDelivery(space: Space, pending: Ref): void {
  const at = pending * 4 + 2;
  const u32 = space.arena.u32;
  u32[at]++;
  if (u32[at] === 0) u32[at + 1]++;
}

/** Goes over pending entries in the order of their IDs. Dead when one is added or removed: then start again behind `id`. */
export class PendingCursor {
  readonly id: StreamId = newId();
  pending: Ref = 0;
  readonly #place = new TreeCursor();
  #arena!: Arena;
  #started = false;

  /** Aims at a group's entries from an ID on. */
  startGroup(space: Space, group: Ref, from: StreamId): void {
    this.#start(space.arena, groupPending(group), from);
  }

  /** Aims at a consumer's entries from an ID on. */
  startConsumer(space: Space, consumer: Ref, from: StreamId): void {
    this.#start(space.arena, consumerPending(consumer), from);
  }

  /** Aims at a group's entry with the highest ID. */
  startLast(space: Space, group: Ref): void {
    this.#arena = space.arena;
    this.#started = false;
    tree.seekLast(space.arena, groupPending(group), this.#place);
  }

  #start(arena: Arena, at: number, from: StreamId): void {
    this.#arena = arena;
    this.#started = false;
    tree.seekAtLeast(arena, at, from, this.#place);
  }

  next(): boolean {
    const place = this.#place;
    if (place.node === 0) return false;
    if (this.#started) tree.forward(this.#arena, place);
    this.#started = true;
    if (place.node === 0) return false;
    readId(this.#arena, tree.keyWord(place), this.id);
    this.pending = tree.valueAt(this.#arena, place);
    return true;
  }

  /** Copies the ID at hand. */
  readId(out: StreamId): void {
    copyId(out, this.id);
  }
}
