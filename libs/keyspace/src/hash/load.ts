import type { Ref } from '@weir/memory';
import { Element } from '../listpack/element.ts';
import * as lp from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { convert, isListpack, prepare, set } from './hash.ts';

/** The listpack of a hash that is one, else 0: its bytes are what RDB and DUMP write. */
export function listpackOf(space: Space, holder: Ref): Ref {
  return isListpack(space.arena, holder) ? rootOf(space.arena, holder) : 0;
}

/**
 * Makes a holder without a value hold the pairs of a listpack whose bytes were validated. It becomes a table where it is longer than the
 * configuration allows. False, with nothing allocated: it has no elements, an odd number of them, or a field twice.
 */
export function fromListpack(space: Space, holder: Ref, buf: Uint8Array, off: number, len: number): boolean {
  const arena = space.arena;
  const root = lp.fromBytes(arena, buf, off, len);
  const elements = lp.count(arena, root);
  if (elements === 0 || elements % 2 !== 0 || hasDuplicates(space, root, elements / 2)) {
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

const field = new Element();
/** Positions of fields by hash, 0: free; a power of two long. */
let seen = new Int32Array(256);

/** Whether a field stands twice in a listpack. */
function hasDuplicates(space: Space, root: Ref, fields: number): boolean {
  if (fields < 2) return false;
  const arena = space.arena;
  let slots = 256;
  while (slots < fields * 2) slots *= 2;
  if (seen.length < slots) seen = new Int32Array(slots);
  else seen.fill(0, 0, slots);
  const stop = lp.end(arena, root);
  let found = false;
  for (let pos = lp.FIRST; pos < stop && !found; pos = lp.next(arena, root, lp.next(arena, root, pos))) {
    lp.get(arena, root, pos, field);
    let slot = space.hash(field.buf, field.off, field.len) & (slots - 1);
    for (; seen[slot] !== 0 && !found; slot = (slot + 1) & (slots - 1)) {
      found = lp.equals(arena, root, seen[slot], field.buf, field.off, field.len);
    }
    seen[slot] = pos;
  }
  if (seen.length > 65536) seen = new Int32Array(256);
  return found;
}
