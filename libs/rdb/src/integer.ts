// Redis stores a string that is the canonical decimal form of a 32-bit integer as that integer.

/** What parseInteger says of anything else; above the 32-bit range on purpose. */
export const NOT_AN_INTEGER = 0x80000000;

const MINUS = 0x2d;
const ZERO = 0x30;

/** The integer whose canonical form (no leading zero, no plus, no -0) the bytes are, when it fits 32 bits. */
export function parseInteger(buf: Uint8Array, off: number, len: number): number {
  if (len === 0 || len > 11) return NOT_AN_INTEGER;
  const end = off + len;
  let i = off;
  const negative = buf[i] === MINUS;
  if (negative && ++i === end) return NOT_AN_INTEGER;
  if (buf[i] === ZERO) return len === 1 ? 0 : NOT_AN_INTEGER;
  let value = 0; // at most eleven digits: exact
  for (; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return NOT_AN_INTEGER;
    value = value * 10 + digit;
  }
  if (negative) value = -value;
  return value < -0x80000000 || value > 0x7fffffff ? NOT_AN_INTEGER : value;
}

/** Writes the decimal form of a 32-bit integer, which takes at most 11 bytes; returns its length. */
export function formatInteger(value: number, dst: Uint8Array): number {
  let rest = value < 0 ? -value : value;
  let len = value < 0 ? 1 : 0;
  let scale = rest;
  do len++;
  while ((scale = Math.trunc(scale / 10)) !== 0);
  for (let i = len; ;) {
    const next = Math.trunc(rest / 10);
    dst[--i] = ZERO + (rest - next * 10);
    rest = next;
    if (rest === 0) break;
  }
  if (value < 0) dst[0] = MINUS;
  return len;
}
