import type { Space } from '../space.ts';
import { backlenBytes, dataBytes, FIRST } from './listpack.ts';

/** Up to so many elements are compared in pairs, each by a word of it: 45 compared words cost less than 10 hashes. */
const PAIRS_MAX = 32;
const SLOTS_MIN = 256;
const END = 0xff;
/** More are given back. */
const SLOTS_KEPT = 65536;

const starts = new Int32Array(PAIRS_MAX);
const words = new Int32Array(PAIRS_MAX);
/** Open addressing over the elements' hashes: a slot holds an element's offset in the listpack, or 0. */
let seen = new Int32Array(SLOTS_MIN);

/**
 * Whether one of the elements 0, 2, 4 … (`every` 2), or of all (1), comes twice in a listpack that is valid and gives each element the
 * one encoding that it has: equal elements are equal bytes then.
 */
export function hasDuplicates(space: Space, buf: Uint8Array, off: number, every: number): boolean {
  let at = off + FIRST;
  for (let i = 0; buf[at] !== END; i++) {
    if (i === PAIRS_MAX) return hasEqualHashes(space, buf, off, every);
    const size = dataBytes(buf, at);
    const word = wordOf(buf, at, size);
    for (let j = 0; j < i; j++) {
      if (words[j] === word && isSame(buf, at, off + starts[j], size)) return true;
    }
    starts[i] = at - off;
    words[i] = word;
    at += size + backlenBytes(size);
    if (every === 2 && buf[at] !== END) at = next(buf, at);
  }
  return false;
}

function hasEqualHashes(space: Space, buf: Uint8Array, off: number, every: number): boolean {
  let elements = 0;
  for (let at = off + FIRST; buf[at] !== END; at = next(buf, at)) elements++;
  let slots = SLOTS_MIN;
  while (slots < (elements / every) * 2) slots *= 2;
  if (seen.length < slots) seen = new Int32Array(slots);
  else seen.fill(0, 0, slots);
  let at = off + FIRST;
  let found = false;
  while (buf[at] !== END && !found) {
    const size = dataBytes(buf, at);
    let slot = space.hash(buf, at, size) & (slots - 1);
    for (; seen[slot] !== 0 && !found; slot = (slot + 1) & (slots - 1)) {
      found = isSame(buf, at, off + seen[slot], size);
    }
    seen[slot] = at - off;
    at += size + backlenBytes(size);
    if (every === 2 && buf[at] !== END) at = next(buf, at);
  }
  if (seen.length > SLOTS_KEPT) seen = new Int32Array(SLOTS_MIN);
  return found;
}

/** Of an element's bytes, its last four: elements often begin alike. */
function wordOf(buf: Uint8Array, at: number, size: number): number {
  const end = at + size;
  if (size >= 4) return buf[end - 4] | (buf[end - 3] << 8) | (buf[end - 2] << 16) | (buf[end - 1] << 24);
  let word = buf[at];
  if (size > 1) word |= buf[at + 1] << 8;
  if (size > 2) word |= buf[at + 2] << 16;
  return word;
}

/** The encoding says the length: elements of which one is the beginning of the other do not exist. */
function isSame(buf: Uint8Array, a: number, b: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (buf[a + i] !== buf[b + i]) return false;
  return true;
}

function next(buf: Uint8Array, at: number): number {
  const size = dataBytes(buf, at);
  return at + size + backlenBytes(size);
}
