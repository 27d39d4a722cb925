import { ListpackCursor } from '@weir/rdb';
import type { Space } from '../space.ts';

const cursor = new ListpackCursor();
const earlier = new ListpackCursor();
const SLOTS_MIN = 64;
/** More are given back. */
const SLOTS_KEPT = 65536;
/** Open addressing over the elements' hashes: a slot holds an element's offset in the listpack, or 0. */
let seen = new Int32Array(SLOTS_MIN);

/** Whether one of the elements 0, 2, 4 … of a valid listpack comes twice. `count`: of all elements. */
export function hasEqualMembers(space: Space, buf: Uint8Array, off: number, count: number): boolean {
  let slots = SLOTS_MIN;
  while (slots < count) slots *= 2;
  if (seen.length < slots) seen = new Int32Array(slots);
  else seen.fill(0, 0, slots);
  cursor.open(buf, off);
  let found = false;
  while (!found) {
    const at = cursor.at;
    if (!cursor.next()) break;
    const { strBuf, strOff, strLen } = cursor;
    let slot = space.hash(strBuf, strOff, strLen) & (slots - 1);
    for (; seen[slot] !== 0 && !found; slot = (slot + 1) & (slots - 1)) {
      earlier.openAt(buf, off + seen[slot]);
      earlier.next();
      found = equal(cursor, earlier);
    }
    seen[slot] = at - off;
    cursor.step();
  }
  cursor.close();
  earlier.close();
  if (seen.length > SLOTS_KEPT) seen = new Int32Array(SLOTS_MIN);
  return found;
}

function equal(a: ListpackCursor, b: ListpackCursor): boolean {
  if (a.strLen !== b.strLen) return false;
  for (let i = 0; i < a.strLen; i++) if (a.strBuf[a.strOff + i] !== b.strBuf[b.strOff + i]) return false;
  return true;
}
