/**
 * Hashes. Small ones are listpacks of field, value, field, value …; large ones a table of elements, one block each:
 *
 * | bytes | content                                   |
 * |-------|-------------------------------------------|
 * | 0–3   | zero                                      |
 * | 4–7   | field length                              |
 * | 8–11  | value length                              |
 * | 12–15 | zero                                      |
 * | 16–   | the field, and the value right behind it  |
 *
 * The free word of the table's state counts the granules of the elements' blocks, so that the bytes of a hash of a million fields
 * are known without looking at any.
 *
 * A hash never goes back from table to listpack, as in Redis.
 */

import { ArenaFullError } from '@weir/memory';
import type { Arena, Ref } from '@weir/memory';
import { dismantleTable } from '../dismantle.ts';
import { ENC_HASHTABLE, ENC_LISTPACK, HEADER_BYTES, copyIn, encodingOf, setEncoding } from '../entry.ts';
import { Element } from '../listpack/element.ts';
import * as lp from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { TABLE_STATE_BYTES } from '../table.ts';

/** Index of the word in the root block of a table: granules (16 bytes) of all elements' blocks. */
export const GRANULES = 11;

const element = new Element();

/** Fields. */
export function length(space: Space, holder: Ref): number {
  const root = rootOf(space.arena, holder);
  if (root === 0) return 0;
  // The first word of a table's state is its size.
  return isListpack(space.arena, holder) ? lp.count(space.arena, root) / 2 : space.arena.u32[root * 4];
}

/** Reads the value of a field; false: no such field. */
export function get(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number, out: Element): boolean {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return false;
  if (isListpack(arena, holder)) {
    const pos = lp.find(arena, root, lp.FIRST, buf, off, len, 1);
    if (pos === 0) return false;
    lp.get(arena, root, lp.next(arena, root, pos), out);
    return true;
  }
  const ref = space.members.open(root).find(space.hash(buf, off, len), buf, off, len);
  if (ref === 0) return false;
  out.setBytes(arena.u8, ref * 16 + HEADER_BYTES + len, arena.u32[ref * 4 + 2]);
  return true;
}

export function has(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return false;
  if (isListpack(arena, holder)) return lp.find(arena, root, lp.FIRST, buf, off, len, 1) !== 0;
  return space.members.open(root).find(space.hash(buf, off, len), buf, off, len) !== 0;
}

/** Bytes of a field's value; 0 when there is no such field. */
export function valueLength(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): number {
  return get(space, holder, buf, off, len, element) ? element.len : 0;
}

/**
 * Before `pairs` pairs are set of which the longest field or value has `longest` bytes and all together `bytes`: what will not fit into a
 * listpack becomes a table at once (Redis 7.2, hashTypeTryConversion).
 */
export function prepare(space: Space, holder: Ref, pairs: number, longest: number, bytes: number): void {
  const arena = space.arena;
  if (!isListpack(arena, holder)) return;
  const limits = space.limits;
  const root = rootOf(arena, holder);
  const total = (root === 0 ? 7 : lp.bytesOf(arena, root)) + bytes;
  if (pairs > limits.hashMaxListpackEntries || longest > limits.hashMaxListpackValue || total > lp.BYTES_MAX) {
    convert(space, holder, pairs);
  }
}

/** Gives a field a value: 1 when the field is new, 0 when its value was replaced. */
export function set(
  space: Space,
  holder: Ref,
  fieldBuf: Uint8Array,
  fieldOff: number,
  fieldLen: number,
  valueBuf: Uint8Array,
  valueOff: number,
  valueLen: number,
): 0 | 1 {
  const arena = space.arena;
  if (isListpack(arena, holder)) {
    prepare(space, holder, 1, fieldLen > valueLen ? fieldLen : valueLen, fieldLen + valueLen);
    if (isListpack(arena, holder)) {
      const added = setInListpack(arena, holder, fieldBuf, fieldOff, fieldLen, valueBuf, valueOff, valueLen);
      const fields = lp.count(arena, rootOf(arena, holder)) / 2;
      if (fields > space.limits.hashMaxListpackEntries) convertBehind(space, holder, added);
      return added;
    }
  }
  return setInTable(space, holder, fieldBuf, fieldOff, fieldLen, valueBuf, valueOff, valueLen);
}

function setInListpack(
  arena: Arena,
  holder: Ref,
  fieldBuf: Uint8Array,
  fieldOff: number,
  fieldLen: number,
  valueBuf: Uint8Array,
  valueOff: number,
  valueLen: number,
): 0 | 1 {
  let root = rootOf(arena, holder);
  if (root === 0) {
    // Both fit, whatever their encoding: the appending below cannot fail.
    root = lp.create(
      arena,
      7 + lp.entryBytes(fieldBuf, fieldOff, fieldLen) + lp.entryBytes(valueBuf, valueOff, valueLen),
    );
  } else {
    const pos = lp.find(arena, root, lp.FIRST, fieldBuf, fieldOff, fieldLen, 1);
    if (pos !== 0) {
      root = lp.replace(arena, root, lp.next(arena, root, pos), valueBuf, valueOff, valueLen);
      setRoot(arena, holder, root);
      return 0;
    }
  }
  const pos = lp.end(arena, root);
  root = lp.append(arena, root, fieldBuf, fieldOff, fieldLen);
  setRoot(arena, holder, root);
  try {
    root = lp.append(arena, root, valueBuf, valueOff, valueLen);
  } catch (error) {
    setRoot(arena, holder, lp.remove(arena, root, pos, 1));
    throw error;
  }
  setRoot(arena, holder, root);
  return 1;
}

/**
 * The listpack with its last change is too long. When the arena has no room for a table, a new pair goes again: nothing was done. (A
 * replaced value stays, and the hash a listpack that is longer than it should be: nobody can see that it should have failed.)
 */
function convertBehind(space: Space, holder: Ref, added: 0 | 1): void {
  try {
    convert(space, holder, 0);
  } catch (error) {
    if (!(error instanceof ArenaFullError)) throw error;
    if (added === 0) return;
    const arena = space.arena;
    const root = rootOf(arena, holder);
    setRoot(arena, holder, lp.remove(arena, root, lp.seek(arena, root, -2), 2));
    throw error;
  }
}

function setInTable(
  space: Space,
  holder: Ref,
  fieldBuf: Uint8Array,
  fieldOff: number,
  fieldLen: number,
  valueBuf: Uint8Array,
  valueOff: number,
  valueLen: number,
): 0 | 1 {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  const members = space.members.open(root);
  const hash = space.hash(fieldBuf, fieldOff, fieldLen);
  const bytes = HEADER_BYTES + fieldLen + valueLen;
  const old = members.find(hash, fieldBuf, fieldOff, fieldLen);
  if (old === 0) {
    insertElement(space, root, hash, fieldBuf, fieldOff, fieldLen, valueBuf, valueOff, valueLen);
    return 1;
  }
  const usable = arena.usableBytes(old);
  const ref = bytes <= usable && bytes * 2 > usable ? old : resized(arena, old, bytes, HEADER_BYTES + fieldLen);
  arena.u32[members.slot] = ref;
  arena.u32[root * 4 + GRANULES] += (arena.usableBytes(ref) - usable) / 16;
  arena.u32[ref * 4 + 2] = valueLen;
  copyIn(arena.u8, ref * 16 + HEADER_BYTES + fieldLen, valueBuf, valueOff, valueLen);
  return 0;
}

/** The block with another size; one that is too large may stay so. */
function resized(arena: Arena, ref: Ref, bytes: number, keepBytes: number): Ref {
  try {
    return arena.realloc(ref, bytes, keepBytes);
  } catch (error) {
    if (error instanceof ArenaFullError && bytes <= arena.usableBytes(ref)) return ref;
    throw error;
  }
}

/** Adds a field that the table (which is open) does not have. */
function insertElement(
  space: Space,
  root: Ref,
  hash: number,
  fieldBuf: Uint8Array,
  fieldOff: number,
  fieldLen: number,
  valueBuf: Uint8Array,
  valueOff: number,
  valueLen: number,
): void {
  const arena = space.arena;
  const ref = arena.alloc(HEADER_BYTES + fieldLen + valueLen);
  const word = ref * 4;
  arena.u32[word] = 0;
  arena.u32[word + 1] = fieldLen;
  arena.u32[word + 2] = valueLen;
  arena.u32[word + 3] = 0;
  copyIn(arena.u8, ref * 16 + HEADER_BYTES, fieldBuf, fieldOff, fieldLen);
  copyIn(arena.u8, ref * 16 + HEADER_BYTES + fieldLen, valueBuf, valueOff, valueLen);
  try {
    space.members.insert(hash, ref);
  } catch (error) {
    arena.free(ref);
    throw error;
  }
  arena.u32[root * 4 + GRANULES] += arena.usableBytes(ref) / 16;
}

/** Removes a field; false: there is none. A hash without fields is the caller's to remove. Cannot fail. */
export function remove(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const arena = space.arena;
  const root = rootOf(arena, holder);
  if (root === 0) return false;
  if (isListpack(arena, holder)) {
    const pos = lp.find(arena, root, lp.FIRST, buf, off, len, 1);
    if (pos === 0) return false;
    setRoot(arena, holder, lp.remove(arena, root, pos, 2));
    return true;
  }
  const members = space.members.open(root);
  const hash = space.hash(buf, off, len);
  const ref = members.find(hash, buf, off, len);
  if (ref === 0) return false;
  members.remove(hash, ref);
  arena.u32[root * 4 + GRANULES] -= arena.usableBytes(ref) / 16;
  arena.free(ref);
  return true;
}

const field = new Element();
const value = new Element();

/** Makes a listpack (or nothing yet) a table, with room for `more` fields. Throws ArenaFullError with everything as it was. */
export function convert(space: Space, holder: Ref, more: number): void {
  const arena = space.arena;
  const old = rootOf(arena, holder);
  const root = arena.allocZeroed(TABLE_STATE_BYTES);
  const members = space.members.open(root);
  try {
    if (old === 0) members.reserve(more);
    else {
      members.reserve(lp.count(arena, old) / 2 + more);
      const stop = lp.end(arena, old);
      for (let pos = lp.FIRST; pos < stop;) {
        lp.get(arena, old, pos, field);
        pos = lp.next(arena, old, pos);
        lp.get(arena, old, pos, value);
        pos = lp.next(arena, old, pos);
        const hash = space.hash(field.buf, field.off, field.len);
        insertElement(space, root, hash, field.buf, field.off, field.len, value.buf, value.off, value.len);
      }
    }
  } catch (error) {
    freeTable(space, root);
    throw error;
  }
  if (old !== 0) arena.free(old);
  setRoot(arena, holder, root);
  setEncoding(arena, holder, ENC_HASHTABLE);
}

/** Gives a table back with its elements. */
export function freeTable(space: Space, root: Ref): void {
  dismantleTable(space, root, Infinity);
}

export function isListpack(arena: Arena, holder: Ref): boolean {
  return encodingOf(arena, holder) === ENC_LISTPACK;
}
