import { ListpackCursor } from '@weir/rdb';
import type { Space } from '../space.ts';

const cursor = new ListpackCursor();
const earlier = new ListpackCursor();

/** Whether one of the elements 0, 2, 4 … of a valid listpack comes twice. `count`: of all elements. */
export function hasEqualMembers(space: Space, buf: Uint8Array, off: number, count: number): boolean {
  // Open addressing over the elements' hashes; a slot holds the element's offset in the listpack, which is never 0.
  let slots = 64;
  while (slots < count) slots *= 2;
  const seen = new Int32Array(slots);
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
    cursor.next();
  }
  cursor.close();
  earlier.close();
  return found;
}

function equal(a: ListpackCursor, b: ListpackCursor): boolean {
  if (a.strLen !== b.strLen) return false;
  for (let i = 0; i < a.strLen; i++) if (a.strBuf[a.strOff + i] !== b.strBuf[b.strOff + i]) return false;
  return true;
}
