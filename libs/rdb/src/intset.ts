// An intset is width (32 bits: 2, 4 or 8), count (32 bits), and that many signed integers of this width, ascending.

const HEADER_BYTES = 8;

/** The number of integers of an intset that fills buf[off, +len) exactly, is not empty and ascends; else -1. */
export function validateIntset(buf: Uint8Array, off: number, len: number): number {
  if (len < HEADER_BYTES) return -1;
  const width = little32(buf, off);
  const count = little32(buf, off + 4);
  if ((width !== 2 && width !== 4 && width !== 8) || count === 0 || HEADER_BYTES + count * width !== len) return -1;
  let at = off + HEADER_BYTES;
  let previousHigh = -Infinity;
  let previousLow = 0;
  for (let i = 0; i < count; i++, at += width) {
    let high: number;
    let low = 0;
    if (width === 2) {
      high = ((buf[at] | (buf[at + 1] << 8)) << 16) >> 16;
    } else if (width === 4) {
      high = little32(buf, at) | 0;
    } else {
      high = little32(buf, at + 4) | 0;
      low = little32(buf, at);
    }
    if (high < previousHigh || (high === previousHigh && (width !== 8 || low <= previousLow))) return -1;
    previousHigh = high;
    previousLow = low;
  }
  return count;
}

function little32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}
