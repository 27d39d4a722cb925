/**
 * The strings of HyperLogLogs, byte for byte Redis's (hyperloglog.c): 16 bytes of header, then 16384 registers.
 *
 *     "HYLL" · encoding (0 dense, 1 sparse) · three unused bytes · cached cardinality (8 bytes LE; its highest bit: not valid)
 *
 * Dense: six bits a register, the lowest first. Sparse: runs of registers,
 *
 * | first byte | run                                                      |
 * |------------|----------------------------------------------------------|
 * | 00nnnnnn   | n + 1 zeros (z)                                          |
 * | 01nnnnnn   | with the next byte: n + 1 zeros, up to all of them (Z)   |
 * | 1vvvvvnn   | n + 1 registers of the value v + 1 (v)                   |
 */

import { hashHalves, murmur } from './murmur.ts';

export const REGISTERS = 16384;
export const HEADER_BYTES = 16;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;
export const DENSE = 0;
export const SPARSE = 1;
/** Largest value in a sparse run. */
export const SPARSE_VALUE_MAX = 32;
/** Bits of the hash that choose the register; the others are counted. */
const INDEX_BITS = 14;
const INDEX_MASK = REGISTERS - 1;

/** What the last `locate` found. */
export const located = { register: 0, value: 0 };

/** The register of an element, and the value that it asks for: zeros in front of the first one in its hash, and one. */
export function locate(buf: Uint8Array, off: number, len: number): void {
  murmur(buf, off, len);
  const { low, high } = hashHalves;
  located.register = low & INDEX_MASK;
  // 50 bits are left; a one behind them ends the count.
  const restLow = (low >>> INDEX_BITS) | (high << (32 - INDEX_BITS));
  const restHigh = (high >>> INDEX_BITS) | (1 << (32 - INDEX_BITS));
  located.value = restLow !== 0 ? 32 - Math.clz32(restLow & -restLow) : 64 - Math.clz32(restHigh & -restHigh);
}

/** Whether the bytes look like a HyperLogLog: the header is one, and a dense one is as long as it has to be. */
export function isHyperLogLog(u8: Uint8Array, at: number, len: number): boolean {
  if (len < HEADER_BYTES) return false;
  if (u8[at] !== 72 || u8[at + 1] !== 89 || u8[at + 2] !== 76 || u8[at + 3] !== 76) return false;
  return u8[at + 4] === SPARSE || (u8[at + 4] === DENSE && len === DENSE_BYTES);
}

// --- dense -----------------------------------------------------------------------------------------------------------

/** Register `i` of the dense registers that begin at `at`. */
export function denseRegister(u8: Uint8Array, at: number, i: number): number {
  const bit = i * 6;
  const byte = at + (bit >> 3);
  const shift = bit & 7;
  // The last register ends with its byte: what stands behind it is masked away.
  return ((u8[byte] | (u8[byte + 1] << 8)) >> shift) & 63;
}

export function setDenseRegister(u8: Uint8Array, at: number, i: number, value: number): void {
  const bit = i * 6;
  const byte = at + (bit >> 3);
  const shift = bit & 7;
  u8[byte] = (u8[byte] & ~(63 << shift)) | (value << shift);
  if (shift > 2) u8[byte + 1] = (u8[byte + 1] & ~(63 >> (8 - shift))) | (value >> (8 - shift));
}

/** Raises a dense register; whether it was lower. */
export function raiseDense(u8: Uint8Array, at: number, i: number, value: number): boolean {
  if (denseRegister(u8, at, i) >= value) return false;
  setDenseRegister(u8, at, i, value);
  return true;
}

// --- sparse ----------------------------------------------------------------------------------------------------------

/** The value of a register in sparse runs [at, end); -1 when they end before it. */
export function sparseRegister(u8: Uint8Array, at: number, end: number, i: number): number {
  let first = 0;
  while (at < end) {
    const op = u8[at];
    first += spanAt(u8, at, end);
    if (i < first) return op >= 0x80 ? ((op >> 2) & 31) + 1 : 0;
    at += op >= 0x40 && op < 0x80 ? 2 : 1;
  }
  return -1;
}

/** Registers of the run at `at`. A long run whose second byte is missing has a zero there, as Redis finds behind its strings. */
export function spanAt(u8: Uint8Array, at: number, end: number): number {
  const op = u8[at];
  if (op >= 0x80) return (op & 3) + 1;
  if (op < 0x40) return op + 1;
  return (((op & 63) << 8) | (at + 1 < end ? u8[at + 1] : 0)) + 1;
}

/** Adds to `histogram` how many registers have each value. False: the runs are not all registers, or more. */
export function sparseHistogram(u8: Uint8Array, at: number, end: number, histogram: Int32Array): boolean {
  let registers = 0;
  while (at < end) {
    const op = u8[at];
    const span = spanAt(u8, at, end);
    registers += span;
    if (registers > REGISTERS) return false;
    histogram[op >= 0x80 ? ((op >> 2) & 31) + 1 : 0] += span;
    at += op >= 0x40 && op < 0x80 ? 2 : 1;
  }
  return registers === REGISTERS;
}

export function denseHistogram(u8: Uint8Array, at: number, histogram: Int32Array): void {
  // Four registers in three bytes.
  const end = at + DENSE_BYTES - HEADER_BYTES;
  for (; at < end; at += 3) {
    const word = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16);
    histogram[word & 63]++;
    histogram[(word >> 6) & 63]++;
    histogram[(word >> 12) & 63]++;
    histogram[word >> 18]++;
  }
}

/** Raises `max`, one byte a register, to the registers of a HyperLogLog [at, at + len). False: it is corrupted. */
export function merge(max: Uint8Array, u8: Uint8Array, at: number, len: number): boolean {
  const end = at + len;
  const dense = u8[at + 4] === DENSE;
  at += HEADER_BYTES;
  let i = 0;
  if (dense) {
    for (; at < end; at += 3, i += 4) {
      const word = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16);
      if (word === 0) continue;
      if ((word & 63) > max[i]) max[i] = word & 63;
      if (((word >> 6) & 63) > max[i + 1]) max[i + 1] = (word >> 6) & 63;
      if (((word >> 12) & 63) > max[i + 2]) max[i + 2] = (word >> 12) & 63;
      if (word >> 18 > max[i + 3]) max[i + 3] = word >> 18;
    }
    return true;
  }
  while (at < end) {
    const op = u8[at];
    const span = spanAt(u8, at, end);
    if (i + span > REGISTERS) return false;
    if (op >= 0x80) {
      const value = ((op >> 2) & 31) + 1;
      for (let j = i; j < i + span; j++) if (value > max[j]) max[j] = value;
    }
    i += span;
    at += op >= 0x40 && op < 0x80 ? 2 : 1;
  }
  return i === REGISTERS;
}
