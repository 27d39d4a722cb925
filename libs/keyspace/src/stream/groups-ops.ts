// What the operations on whole streams (ops.ts) do with their groups. `at` is the table of groups.

import type { Arena, Ref } from '@weir/memory';
import { hashBytes } from '../hash.ts';
import {
  CONSUMER_HEAD_BYTES,
  GROUP_HEAD_BYTES,
  consumerPending,
  consumersOf,
  emptyGroup,
  groupPending,
} from './groups.ts';
import { ID_MIN, newId, readId } from './id.ts';
import * as names from './names.ts';
import * as tree from './tree.ts';
import { TreeCursor } from './tree.ts';

const id = newId();

function forEachPending(arena: Arena, at: number, visit: (place: TreeCursor, pending: Ref) => void): void {
  const place = new TreeCursor();
  tree.seekAtLeast(arena, at, ID_MIN, place);
  while (place.node !== 0) {
    visit(place, tree.valueAt(arena, place));
    tree.forward(arena, place);
  }
}

/** Gives back about `budget` blocks of the groups. Returns how many: less than the budget when none is left. */
export function freeGroups(arena: Arena, at: number, budget: number): number {
  let did = 0;
  while (did < budget && names.count(arena, at) > 0) {
    did += emptyGroup(arena, names.nth(arena, at, names.count(arena, at) - 1), budget - did);
    if (did >= budget) break;
    names.dropLast(arena, at);
    did++;
  }
  return did;
}

/** Groups whose entries are counted: more are many anyway. */
const COUNTED_MAX = 64;

/**
 * Blocks of groups, consumers and pending entries. Redis knows no consumers here and takes the pending entries of the first group for those
 * of each; then one that has none hides a million of the next.
 */
export function effortOfGroups(arena: Arena, at: number): number {
  let blocks = names.count(arena, at);
  for (let i = Math.min(blocks, COUNTED_MAX) - 1; i >= 0; i--) {
    const group = names.nth(arena, at, i);
    blocks += names.count(arena, consumersOf(group)) + tree.size(arena, groupPending(group));
  }
  return blocks;
}

/** Copies the groups of one table into another, empty one. When that fails, the other has the part that was copied. */
export function copyGroups(arena: Arena, from: number, to: number): void {
  for (let i = 0; i < names.count(arena, from); i++) copyGroup(arena, names.nth(arena, from, i), to);
}

function copyNamed(arena: Arena, block: Ref, to: number, head: number): Ref {
  return names.insert(arena, to, head, arena.u8, block * 16 + head, names.nameLength(arena, block));
}

function copyGroup(arena: Arena, group: Ref, to: number): void {
  const copy = copyNamed(arena, group, to, GROUP_HEAD_BYTES);
  const u32 = arena.u32;
  u32.copyWithin(copy * 4 + 6, group * 4 + 6, group * 4 + GROUP_HEAD_BYTES / 4);
  const consumers = consumersOf(group);
  for (let i = 0; i < names.count(arena, consumers); i++) {
    const consumer = names.nth(arena, consumers, i);
    const other = copyNamed(arena, consumer, consumersOf(copy), CONSUMER_HEAD_BYTES);
    u32.copyWithin(other * 4 + 4, consumer * 4 + 4, consumer * 4 + CONSUMER_HEAD_BYTES / 4);
  }
  forEachPending(arena, groupPending(group), (place, pending) => {
    readId(arena, tree.keyWord(place), id);
    const consumer = u32[pending * 4 + 4];
    const name = consumer * 16 + CONSUMER_HEAD_BYTES;
    const owner = names.find(
      arena,
      consumersOf(copy),
      CONSUMER_HEAD_BYTES,
      arena.u8,
      name,
      names.nameLength(arena, consumer),
    );
    const other = arena.alloc(arena.usableBytes(pending));
    u32.copyWithin(other * 4, pending * 4, pending * 4 + 4);
    u32[other * 4 + 4] = owner;
    try {
      tree.insert(arena, groupPending(copy), id, other);
    } catch (error) {
      arena.free(other);
      throw error;
    }
    tree.insert(arena, consumerPending(owner), id, other);
  });
}

export function bytesOfGroups(arena: Arena, at: number): number {
  let sum = names.bytes(arena, at);
  for (let i = 0; i < names.count(arena, at); i++) {
    const group = names.nth(arena, at, i);
    const consumers = consumersOf(group);
    const pending = groupPending(group);
    sum += names.bytes(arena, consumers) + tree.bytes(arena, pending);
    for (let j = 0; j < names.count(arena, consumers); j++) {
      sum += tree.bytes(arena, consumerPending(names.nth(arena, consumers, j)));
    }
    // Blocks of pending entries have one size.
    if (tree.size(arena, pending) > 0) {
      const place = new TreeCursor();
      tree.seekFirst(arena, pending, place);
      sum += tree.size(arena, pending) * arena.usableBytes(tree.valueAt(arena, place));
    }
  }
  return sum;
}

/**
 * All of the groups that is replicated: names, last IDs, counts of read entries, consumers, and of each pending entry ID, consumer, time
 * and count of deliveries. Not when consumers were seen or active.
 */
export function fingerprintGroups(arena: Arena, at: number, lanes: Int32Array): void {
  mixWord(lanes, names.count(arena, at));
  for (let i = 0; i < names.count(arena, at); i++) {
    const group = names.nth(arena, at, i);
    const consumers = consumersOf(group);
    mixName(arena, group, GROUP_HEAD_BYTES, lanes);
    for (let word = 6; word < GROUP_HEAD_BYTES / 4; word++) mixWord(lanes, arena.u32[group * 4 + word]);
    mixWord(lanes, names.count(arena, consumers));
    for (let j = 0; j < names.count(arena, consumers); j++) {
      mixName(arena, names.nth(arena, consumers, j), CONSUMER_HEAD_BYTES, lanes);
    }
    mixWord(lanes, tree.size(arena, groupPending(group)));
    forEachPending(arena, groupPending(group), (place, pending) => {
      const key = tree.keyWord(place);
      for (let word = 0; word < 4; word++) {
        mixWord(lanes, arena.u32[key + word]);
        mixWord(lanes, arena.u32[pending * 4 + word]);
      }
      mixName(arena, arena.u32[pending * 4 + 4], CONSUMER_HEAD_BYTES, lanes);
    });
  }
}

function mixName(arena: Arena, block: Ref, head: number, lanes: Int32Array): void {
  const a = lanes[0];
  const len = names.nameLength(arena, block);
  lanes[0] = hashBytes(arena.u8, block * 16 + head, len, a, lanes[1] ^ len);
  lanes[1] = hashBytes(arena.u8, block * 16 + head, len, lanes[1] ^ 0x5bd1e995, a);
}

/** A step of Murmur3's mixing for each lane, with different constants. */
function mixWord(lanes: Int32Array, word: number): void {
  const a = Math.imul(lanes[0] ^ word, 0x85ebca6b);
  const b = Math.imul(lanes[1] + word, 0xc2b2ae35);
  lanes[0] = a ^ (a >>> 13) ^ lanes[1];
  lanes[1] = b ^ (b >>> 16) ^ ((a << 7) | (a >>> 25));
}

export function verifyGroups(arena: Arena, at: number): void {
  names.verify(arena, at, GROUP_HEAD_BYTES);
  for (let i = 0; i < names.count(arena, at); i++) {
    const group = names.nth(arena, at, i);
    const consumers = consumersOf(group);
    names.verify(arena, consumers, CONSUMER_HEAD_BYTES);
    tree.verify(arena, groupPending(group));
    let pending = 0;
    for (let j = 0; j < names.count(arena, consumers); j++) {
      const consumer = names.nth(arena, consumers, j);
      tree.verify(arena, consumerPending(consumer));
      forEachPending(arena, consumerPending(consumer), (place, block) => {
        pending++;
        readId(arena, tree.keyWord(place), id);
        if (tree.find(arena, groupPending(group), id) !== block) throw new Error('the group does not know an entry');
        if (arena.u32[block * 4 + 4] !== consumer) throw new Error('a pending entry is of another consumer');
      });
    }
    if (pending !== tree.size(arena, groupPending(group))) throw new Error('a pending entry has no consumer');
  }
}
