/**
 * The sums of BITFIELD: two's complement numbers of 1 to 64 bits which wrap, saturate or fail. What it answers on overflow is what
 * Redis's 64-bit code answers, where its intermediate results overflow, too.
 */

export const WRAP = 0;
export const SATURATE = 1;
export const FAIL = 2;

/** What `sum` says of the last one. */
export const overflow = { happened: false };

/** Numbers up to this can be added to fields of 32 bits without rounding. */
export const SMALL_MAX = 2 ** 52;

/** value + by in a field of at most 32 bits, both small. */
export function smallSum(value: number, by: number, bits: number, signed: boolean, mode: number): number {
  const span = 2 ** bits;
  const max = signed ? span / 2 - 1 : span - 1;
  const min = signed ? -span / 2 : 0;
  const sum = value + by;
  overflow.happened = sum > max || sum < min;
  if (!overflow.happened || mode === FAIL) return sum;
  if (mode === SATURATE) return sum > max ? max : min;
  const wrapped = ((sum % span) + span) % span;
  return wrapped > max ? wrapped - span : wrapped;
}

/** The same, exact in all cases. */
export function bigSum(value: bigint, by: bigint, bits: number, signed: boolean, mode: number): bigint {
  const side = signed ? signedOverflow(value, by, bits) : unsignedOverflow(value, by, bits);
  const sum = value + by;
  overflow.happened = side !== 0;
  if (side === 0 || mode === FAIL) return sum;
  if (mode === WRAP) return signed ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum);
  const top = 1n << BigInt(signed ? bits - 1 : bits);
  if (side > 0) return top - 1n;
  return signed ? -top : 0n;
}

function signedOverflow(value: bigint, by: bigint, bits: number): number {
  const max = (1n << BigInt(bits - 1)) - 1n;
  const min = -max - 1n;
  const most = BigInt.asIntN(64, max - value);
  const least = BigInt.asIntN(64, min - value);
  if (value > max || (bits !== 64 && by > most) || (value >= 0n && by > 0n && by > most)) return 1;
  if (value < min || (bits !== 64 && by < least) || (value < 0n && by < 0n && by < least)) return -1;
  return 0;
}

function unsignedOverflow(value: bigint, by: bigint, bits: number): number {
  const unsigned = BigInt.asUintN(64, value);
  const max = (1n << BigInt(bits)) - 1n;
  const most = BigInt.asIntN(64, max - unsigned);
  const least = BigInt.asIntN(64, -unsigned);
  if (unsigned > max || (by > 0n && by > most)) return 1;
  return by < 0n && by < least ? -1 : 0;
}
