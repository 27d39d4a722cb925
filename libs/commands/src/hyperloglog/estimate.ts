/**
 * The estimate of the cardinality from the histogram of the registers, after Otmar Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (arXiv:1702.01284), as Redis uses it. Only additions, multiplications and square roots of doubles, in
 * Redis's order: the number is the same on every machine.
 */

import { DENSE, HEADER_BYTES, REGISTERS, denseHistogram, sparseHistogram } from './registers.ts';

/** Largest value of a register that the hash can ask for is one more. */
const Q = 50;
const ALPHA = 0.5 / Math.LN2;
const INT64_LIMIT = 2 ** 63;

const histogram = new Int32Array(64);

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before !== z);
  return z / 3;
}

function estimate(): number {
  const m = REGISTERS;
  let z = m * tau((m - histogram[Q + 1]) / m);
  for (let value = Q; value >= 1; value--) {
    z += histogram[value];
    z *= 0.5;
  }
  z += m * sigma(histogram[0] / m);
  const cardinality = Math.round((ALPHA * m * m) / z);
  // What has no 64 bits becomes the smallest integer, as the processor of Redis has it.
  return cardinality < INT64_LIMIT ? cardinality : -INT64_LIMIT;
}

/** Of the HyperLogLog [at, at + len). NaN: it is corrupted. */
export function cardinality(u8: Uint8Array, at: number, len: number): number {
  histogram.fill(0);
  if (u8[at + 4] === DENSE) denseHistogram(u8, at + HEADER_BYTES, histogram);
  else if (!sparseHistogram(u8, at + HEADER_BYTES, at + len, histogram)) return NaN;
  return estimate();
}

/** Of registers of one byte each. */
export function rawCardinality(registers: Uint8Array): number {
  histogram.fill(0);
  for (let i = 0; i < REGISTERS; i++) histogram[registers[i]]++;
  return estimate();
}

// --- the cached cardinality of the header -----------------------------------------------------------------------------

const NOT_VALID = 0x80;

export function isCached(u8: Uint8Array, at: number): boolean {
  return (u8[at + 15] & NOT_VALID) === 0;
}

export function invalidate(u8: Uint8Array, at: number): void {
  u8[at + 15] |= NOT_VALID;
}

/** The cached cardinality; what a client wrote there may be beyond 2^53. */
export function cached(u8: Uint8Array, at: number): number | bigint {
  const low = (u8[at + 8] | (u8[at + 9] << 8) | (u8[at + 10] << 16) | (u8[at + 11] << 24)) >>> 0;
  const high = (u8[at + 12] | (u8[at + 13] << 8) | (u8[at + 14] << 16) | (u8[at + 15] << 24)) >>> 0;
  return high < 0x200000 ? high * 4294967296 + low : (BigInt(high) << 32n) | BigInt(low);
}

export function cache(u8: Uint8Array, at: number, cardinality: number): void {
  let low = cardinality % 4294967296;
  let high = Math.floor(cardinality / 4294967296);
  if (low < 0) low += 4294967296;
  for (let i = 0; i < 4; i++) {
    u8[at + 8 + i] = low;
    u8[at + 12 + i] = high;
    low = Math.floor(low / 256);
    high = Math.floor(high / 256);
  }
}
