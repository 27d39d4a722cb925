/**
 * MurmurHash64A (Austin Appleby's MurmurHash2 for 64 bits, public domain) with Redis's seed, in 32-bit halves: a BigInt per element
 * would cost more than all the rest of PFADD.
 */

const SEED = 0xadc83b19;
/** The multiplier, 0xc6a4a7935bd1e995. */
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW = 0x5bd1e995;
const M_LOW_0 = M_LOW & 0xffff;
const M_LOW_1 = M_LOW >>> 16;

/** High half of the product of the unsigned halves `low` and M_LOW. */
function carry(low: number): number {
  const low0 = low & 0xffff;
  const low1 = low >>> 16;
  const middle = low1 * M_LOW_0 + ((low0 * M_LOW_0) >>> 16);
  return (low1 * M_LOW_1 + Math.floor(middle / 65536) + Math.floor(((middle % 65536) + low0 * M_LOW_1) / 65536)) | 0;
}

/** What the last `murmur` made: two signed 32-bit halves. */
export const hashHalves = { low: 0, high: 0 };

export function murmur(buf: Uint8Array, off: number, len: number): void {
  // h = seed ^ (len * m)
  let low = SEED ^ Math.imul(len, M_LOW);
  let high = (carry(len) + Math.imul(len, M_HIGH)) | 0;
  const end = off + (len & ~7);
  let at = off;
  for (; at < end; at += 8) {
    let kLow = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
    let kHigh = buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
    kHigh = (carry(kLow) + Math.imul(kHigh, M_LOW) + Math.imul(kLow, M_HIGH)) | 0;
    kLow = Math.imul(kLow, M_LOW);
    kLow ^= kHigh >>> 15; // k ^= k >> 47
    kHigh = (carry(kLow) + Math.imul(kHigh, M_LOW) + Math.imul(kLow, M_HIGH)) | 0;
    kLow = Math.imul(kLow, M_LOW);
    low ^= kLow;
    high ^= kHigh;
    high = (carry(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
    low = Math.imul(low, M_LOW);
  }
  const rest = len & 7;
  if (rest > 0) {
    let tailLow = 0;
    let tailHigh = 0;
    for (let i = 0; i < rest; i++) {
      if (i < 4) tailLow |= buf[at + i] << (8 * i);
      else tailHigh |= buf[at + i] << (8 * (i - 4));
    }
    low ^= tailLow;
    high ^= tailHigh;
    high = (carry(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
    low = Math.imul(low, M_LOW);
  }
  low ^= high >>> 15;
  high = (carry(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
  low = Math.imul(low, M_LOW);
  low ^= high >>> 15;
  hashHalves.low = low;
  hashHalves.high = high;
}
