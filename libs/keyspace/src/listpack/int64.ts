/**
 * Signed 64-bit integers as two halves, since JavaScript's numbers are exact to 2^53 only. `parseHalves` leaves them here.
 */
export const halves = { lo: 0, hi: 0 };

const MAX = Uint8Array.from('9223372036854775807', (digit) => digit.charCodeAt(0));
const MIN = Uint8Array.from('9223372036854775808', (digit) => digit.charCodeAt(0));

/**
 * Whether the bytes are a 64-bit signed integer in its one canonical form (Redis string2ll: a '-' or nothing, digits without
 * leading zeros); its halves are then in `halves`.
 */
export function parseHalves(buf: Uint8Array, off: number, len: number): boolean {
  if (len === 0 || len > 20) return false;
  let at = off;
  const end = off + len;
  const negative = buf[at] === 45;
  if (negative) at++;
  const digits = end - at;
  if (digits === 0 || digits > 19) return false;
  const first = buf[at];
  if (first === 48) {
    if (digits !== 1 || negative) return false;
    halves.lo = halves.hi = 0;
    return true;
  }
  // In two parts that are exact each: value = high × 10^9 + low.
  let low = 0;
  let high = 0;
  const split = digits > 9 ? end - 9 : at;
  for (let i = at; i < split; i++) {
    const digit = buf[i] - 48;
    if (digit < 0 || digit > 9) return false;
    high = high * 10 + digit;
  }
  for (let i = split; i < end; i++) {
    const digit = buf[i] - 48;
    if (digit < 0 || digit > 9) return false;
    low = low * 10 + digit;
  }
  if (digits === 19) {
    const limit = negative ? MIN : MAX;
    for (let i = 0; i < 19; i++) {
      const byte = buf[at + i];
      if (byte === limit[i]) continue;
      if (byte > limit[i]) return false;
      break;
    }
  }
  const sum = high * 1e9 + low;
  if (sum <= Number.MAX_SAFE_INTEGER) {
    setHalves(negative ? -sum : sum);
    return true;
  }
  let value = BigInt(high) * 1000000000n + BigInt(low);
  if (negative) value = -value;
  halves.lo = Number(BigInt.asIntN(32, value));
  halves.hi = Number(BigInt.asIntN(32, value >> 32n));
  return true;
}

/** Halves of a safe integer. */
export function setHalves(n: number): void {
  halves.lo = n | 0;
  halves.hi = Math.floor(n / 4294967296) | 0;
}
