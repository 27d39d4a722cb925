/*
 * Buckets of a hash table (table.ts): one cache line (64 bytes) with twelve slots, a fingerprint byte for each, so that a
 * miss touches one line and a hit one line and the entry. A bucket that overflows hands its last slot to a child bucket, and so on: a chain.
 *
 * | u32 of a bucket | content                                                            |
 * |-----------------|--------------------------------------------------------------------|
 * | 0               | bits 0–11: slot is used; bit 16: slot 11 is the ref of a child      |
 * | 1–3             | twelve fingerprints, the top byte of each entry's hash              |
 * | 4–15            | twelve refs                                                        |
 *
 * All buckets of a chain but the last are full. A *place* is the index in `arena.u32` of the slot that holds a ref; 0 is none. What is here
 * knows no table: how many children there are is counted by who calls. libs/commands/src/engine.bench.ts measures it.
 */

import type { Arena, Ref } from '@weir/memory';
import { FLAG_EXPIRE, HEADER_BYTES } from './entry.ts';

export const SLOTS = 12;
export const BUCKET_BYTES = 64;
const ALL = 0xfff;
const ALL_CHAINED = 0x7ff;
const CHAINED = 1 << 16;
const CHILD_SLOT = SLOTS - 1;
/** Slots of a bucket with one child. */
export const CHAIN_SLOTS = SLOTS - 1 + SLOTS;

/** The place of the entry with that key. */
export function findInChain(
  u32: Uint32Array,
  u8: Uint8Array,
  bucket: Ref,
  hash: number,
  buf: Uint8Array,
  off: number,
  len: number,
): number {
  const pattern = Math.imul(hash >>> 24, 0x01010101);
  for (;;) {
    const at = bucket * 4;
    const meta = u32[at];
    for (let word = 0; word < 3; word++) {
      const x = u32[at + 1 + word] ^ pattern;
      // The lowest set bit marks a byte that is zero for sure, higher ones may be false: the key decides.
      let zero = (x - 0x01010101) & ~x & 0x80808080;
      while (zero !== 0) {
        const slot = word * 4 + ((31 - Math.clz32(zero & -zero)) >> 3);
        zero &= zero - 1;
        if ((meta & (1 << slot)) === 0) continue;
        const ref = u32[at + 4 + slot];
        if (u32[ref * 4 + 1] !== len) continue;
        const key = ref * 16 + HEADER_BYTES + ((u8[ref * 16 + 1] & FLAG_EXPIRE) << 3);
        let i = 0;
        while (i < len && u8[key + i] === buf[off + i]) i++;
        if (i === len) return at + 4 + slot;
      }
    }
    if ((meta & CHAINED) === 0) return 0;
    bucket = u32[at + 4 + CHILD_SLOT];
  }
}

/** The first entry of a bucket (the block of a table) whose fingerprint is that of the hash, or 0. Reads the bucket, not the entry. */
export function candidateIn(arena: Arena, bucket: Ref, hash: number): Ref {
  const u32 = arena.u32;
  const at = bucket * 4;
  const pattern = Math.imul(hash >>> 24, 0x01010101);
  for (let word = 0; word < 3; word++) {
    const x = u32[at + 1 + word] ^ pattern;
    const zero = (x - 0x01010101) & ~x & 0x80808080;
    if (zero !== 0) {
      const slot = word * 4 + ((31 - Math.clz32(zero & -zero)) >> 3);
      return (u32[at] & (1 << slot)) !== 0 ? u32[at + 4 + slot] : 0;
    }
  }
  return 0;
}

/** The place of this very entry. Compares refs, reads no key. */
export function placeInChain(u32: Uint32Array, bucket: Ref, ref: Ref): number {
  for (;;) {
    const at = bucket * 4;
    const meta = u32[at];
    for (let slot = 0; slot < SLOTS; slot++) {
      if ((meta & (1 << slot)) !== 0 && u32[at + 4 + slot] === ref) return at + 4 + slot;
    }
    if ((meta & CHAINED) === 0) return 0;
    bucket = u32[at + 4 + CHILD_SLOT];
  }
}

/** Returns how many children it added, 0 or 1. Throws ArenaFullError with the chain unchanged. */
export function addToChain(arena: Arena, bucket: Ref, hash: number, ref: Ref): number {
  const { u32, u8 } = arena;
  let added = 0;
  for (;;) {
    const at = bucket * 4;
    const meta = u32[at];
    const chained = (meta & CHAINED) !== 0;
    const free = ~meta & (chained ? ALL_CHAINED : ALL);
    if (free !== 0) {
      const slot = 31 - Math.clz32(free & -free);
      u32[at] = meta | (1 << slot);
      u8[bucket * 16 + 4 + slot] = hash >>> 24;
      u32[at + 4 + slot] = ref;
      return added;
    }
    if (!chained) {
      const child = arena.allocZeroed(BUCKET_BYTES);
      added = 1;
      u32[child * 4] = 1;
      u8[child * 16 + 4] = u8[bucket * 16 + 4 + CHILD_SLOT];
      u32[child * 4 + 4] = u32[at + 4 + CHILD_SLOT];
      u32[at] = ALL_CHAINED | CHAINED;
      u32[at + 4 + CHILD_SLOT] = child;
    }
    bucket = u32[at + 4 + CHILD_SLOT];
  }
}

/** Empties a place: the last entry of the chain's last bucket takes it. Returns how many children it gave back, 0 or 1. */
export function removeFromChain(arena: Arena, first: Ref, place: number): number {
  const { u32, u8 } = arena;
  let last = first;
  let parent = 0;
  while ((u32[last * 4] & CHAINED) !== 0) {
    parent = last;
    last = u32[last * 4 + 4 + CHILD_SLOT];
  }
  const lastSlot = 31 - Math.clz32(u32[last * 4]);
  const hole = Math.floor(place / 16) * 4;
  const holeSlot = place - hole * 4 - 4;
  u32[place] = u32[last * 4 + 4 + lastSlot];
  u8[hole * 16 + 4 + holeSlot] = u8[last * 16 + 4 + lastSlot];
  u32[last * 4] &= ~(1 << lastSlot);
  if (parent === 0 || u32[last * 4] !== 0) return 0;
  arena.free(last);
  u32[parent * 4] &= ~CHAINED;
  return 1;
}

/** The child's content takes the place of its emptied parent's; false: there is no child. */
export function pullUpChild(arena: Arena, bucket: Ref): boolean {
  const { u32 } = arena;
  const child = childOf(u32, bucket);
  if (child === 0) return false;
  u32.copyWithin(bucket * 4, child * 4, child * 4 + BUCKET_BYTES / 4);
  arena.free(child);
  return true;
}

/** The child, or 0. */
export function childOf(u32: Uint32Array, bucket: Ref): Ref {
  return (u32[bucket * 4] & CHAINED) === 0 ? 0 : u32[bucket * 4 + 4 + CHILD_SLOT];
}

/** Gives the children of a bucket back, which is not to be used again. */
export function freeChildren(arena: Arena, first: Ref): void {
  const { u32 } = arena;
  let child = childOf(u32, first);
  while (child !== 0) {
    const next = childOf(u32, child);
    arena.free(child);
    child = next;
  }
}

/** Appends the chain's refs to `out`. */
export function listChain(u32: Uint32Array, bucket: Ref, out: Ref[]): void {
  for (;;) {
    const meta = u32[bucket * 4];
    for (let slot = 0; slot < SLOTS; slot++) {
      if ((meta & (1 << slot)) !== 0) out.push(u32[bucket * 4 + 4 + slot]);
    }
    if ((meta & CHAINED) === 0) return;
    bucket = u32[bucket * 4 + 4 + CHILD_SLOT];
  }
}

/**
 * The entry in a random one of `slots` slots of a chain whose first u32 is `meta`; 0: the slot is empty, or there is none.
 * A chain of more slots than CHAIN_SLOTS is drawn from over all that it has.
 */
export function drawFromChain(u32: Uint32Array, bucket: Ref, meta: number, random: () => number, slots: number): Ref {
  let pick = random() % slots;
  if ((meta & CHAINED) === 0) {
    if (pick >= SLOTS) return 0;
  } else {
    const chain = chainSlots(u32, bucket);
    if (chain > CHAIN_SLOTS) pick = random() % chain;
    for (; pick >= SLOTS - 1 && (meta & CHAINED) !== 0; pick -= SLOTS - 1) {
      bucket = u32[bucket * 4 + 4 + CHILD_SLOT];
      meta = u32[bucket * 4];
    }
  }
  return (meta & (1 << pick)) === 0 ? 0 : u32[bucket * 4 + 4 + pick];
}

/** Slots of a chain, the last bucket's counted as if they were all used. */
function chainSlots(u32: Uint32Array, bucket: Ref): number {
  let slots = SLOTS;
  for (let child = childOf(u32, bucket); child !== 0; child = childOf(u32, child)) slots += SLOTS - 1;
  return slots;
}

/** For tests: what is wrong with a chain, or null. `hashOf` is asked for each ref. */
export function verifyChain(
  arena: Arena,
  head: Ref,
  holesInHead: boolean,
  hashOf: (ref: Ref) => number,
): string | null {
  const { u32, u8 } = arena;
  for (let bucket = head; bucket !== 0; bucket = childOf(u32, bucket)) {
    const used = u32[bucket * 4] & ALL;
    const chained = childOf(u32, bucket) !== 0;
    if (chained && used !== ALL_CHAINED && !(holesInHead && bucket === head)) return 'chained bucket is not full';
    if (bucket !== head && used === 0) return 'child bucket is empty';
    for (let slot = 0; slot < SLOTS; slot++) {
      if ((used & (1 << slot)) === 0) continue;
      if (u8[bucket * 16 + 4 + slot] !== hashOf(u32[bucket * 4 + 4 + slot]) >>> 24) return 'fingerprint is wrong';
    }
  }
  return null;
}
