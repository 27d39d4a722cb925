import type { Ref } from '@weir/memory';
import * as lp from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { convert, isListpack, prepare, set } from './hash.ts';

/** The listpack of a hash that is one, else 0: its bytes are what RDB and DUMP write. */
export function listpackOf(space: Space, holder: Ref): Ref {
  return isListpack(space.arena, holder) ? rootOf(space.arena, holder) : 0;
}

/**
 * Makes a holder without a value hold the pairs of a listpack whose bytes were validated, each element with the one encoding that it has. It becomes a table where it is longer than the
 * configuration allows. False, with nothing allocated: it has no elements, an odd number of them, or a field twice.
 */
export function fromListpack(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const arena = space.arena;
  if (lp.hasDuplicates(space, buf, off, 2)) return false;
  const root = lp.fromBytes(arena, buf, off, len);
  const elements = lp.count(arena, root);
  if (elements === 0 || elements % 2 !== 0) {
    arena.free(root);
    return false;
  }
  setRoot(arena, holder, root);
  if (elements / 2 > space.limits.hashMaxListpackEntries) {
    try {
      convert(space, holder, 0);
    } catch (error) {
      setRoot(arena, holder, 0);
      arena.free(root);
      throw error;
    }
  }
  return true;
}

/** Before the pairs of a hash of `fields` fields are loaded one by one into an empty holder. */
export function prepareLoad(space: Space, holder: Ref, fields: number): void {
  // What a file says is only a hint: it may be damaged.
  if (fields > space.limits.hashMaxListpackEntries) convert(space, holder, Math.min(fields, 1 << 22));
}

/** Adds a pair that is read from a file; false: the field is there already (the old value is lost then). */
export function loadPair(
  space: Space,
  holder: Ref,
  fieldBuf: Uint8Array,
  fieldOff: number,
  fieldLen: number,
  valueBuf: Uint8Array,
  valueOff: number,
  valueLen: number,
): boolean {
  prepare(space, holder, 1, Math.max(fieldLen, valueLen), fieldLen + valueLen);
  return set(space, holder, fieldBuf, fieldOff, fieldLen, valueBuf, valueOff, valueLen) === 1;
}
