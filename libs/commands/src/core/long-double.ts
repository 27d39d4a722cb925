/**
 * The arithmetic of INCRBYFLOAT: Redis on x86-64 computes with 80-bit long doubles (64 bits of mantissa) and prints
 * "%.17Lf" without the zeros at the end. JavaScript's doubles have 53 bits, and clients see the difference at the third
 * increment by 0.1; so the numbers are exact fractions here, rounded to nearest-even where the hardware would round.
 */

export interface LongDouble {
  readonly negative: boolean;
  /** Value is mantissa × 2^exponent; at most 64 bits, 0n for zero. */
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly infinite: boolean;
}

const MANTISSA_BITS = 64;
/** Exponents of the lowest bit: of the smallest denormal number, and of the largest number. */
const EXPONENT_MIN = -16445;
const EXPONENT_MAX = 16383 - 63;
/** Redis's MAX_LONG_DOUBLE_CHARS. */
const TEXT_LENGTH_MAX = 5 * 1024;
const FRACTION_DIGITS = 17;
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS);

const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:e([+-]?\d+))?$/i;
const HEX = /^([+-]?)0x(?:([0-9a-f]+)\.?([0-9a-f]*)|\.([0-9a-f]+))(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** What C's strtold takes, the whole text of it; null where Redis says "value is not a valid float". */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length === 0 || text.length >= TEXT_LENGTH_MAX) return null;
  let match = DECIMAL.exec(text);
  if (match !== null) {
    const whole = match[2] ?? '';
    const fraction = match[3] ?? match[4] ?? '';
    const digits = BigInt(whole + fraction);
    if (digits === 0n) return ZERO;
    const power = Number(match[5] ?? 0) - fraction.length;
    // Far outside what the text's length can make up for; do not compute such powers.
    if (power > 10_000 || power < -20_000) return null;
    return power >= 0
      ? rounded(match[1] === '-', digits * 10n ** BigInt(power), 1n, 0)
      : rounded(match[1] === '-', digits, 10n ** BigInt(-power), 0);
  }
  match = HEX.exec(text);
  if (match !== null) {
    const whole = match[2] ?? '';
    const fraction = match[3] ?? match[4] ?? '';
    const digits = BigInt('0x' + whole + fraction);
    if (digits === 0n) return ZERO;
    const power = Number(match[5] ?? 0) - 4 * fraction.length;
    if (power > 40_000 || power < -60_000) return null;
    return rounded(match[1] === '-', digits, 1n, power);
  }
  match = INFINITE.exec(text);
  return match === null ? null : { negative: match[1] === '-', mantissa: 0n, exponent: 0, infinite: true };
}

/** The rounded sum; null when that is infinite or no number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.infinite || b.infinite) return null;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = signedAt(a, exponent) + signedAt(b, exponent);
  if (sum === 0n) return ZERO;
  return rounded(sum < 0n, sum < 0n ? -sum : sum, 1n, exponent);
}

/** "%.17Lf" without zeros at the end, as Redis's ld2string for humans. */
export function formatLongDouble(value: LongDouble): string {
  const { mantissa, exponent } = value;
  let scaled = mantissa * FRACTION_SCALE;
  if (exponent >= 0) scaled <<= BigInt(exponent);
  else scaled = shiftedHalfEven(scaled, -exponent);
  if (scaled === 0n) return '0';
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS);
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  return (value.negative ? '-' : '') + whole + (fraction === '' ? '' : '.' + fraction);
}

const ZERO: LongDouble = { negative: false, mantissa: 0n, exponent: 0, infinite: false };

function signedAt(value: LongDouble, exponent: number): bigint {
  const shifted = value.mantissa << BigInt(value.exponent - exponent);
  return value.negative ? -shifted : shifted;
}

/** numerator / denominator × 2^power, rounded; null when it overflows, or vanishes altogether. */
function rounded(negative: boolean, numerator: bigint, denominator: bigint, power: number): LongDouble | null {
  // Scale so that the quotient has at least two bits more than are kept; a remainder becomes a sticky last bit.
  const scale = MANTISSA_BITS + 2 - (bitLength(numerator) - bitLength(denominator));
  if (scale > 0) numerator <<= BigInt(scale);
  else denominator <<= BigInt(-scale);
  const quotient = numerator / denominator;
  const sticky = quotient * denominator === numerator ? 0n : 1n;
  const exact = (quotient << 1n) | sticky;
  let exponent = power - scale - 1;
  const drop = Math.max(bitLength(exact) - MANTISSA_BITS, EXPONENT_MIN - exponent);
  let mantissa = shiftedHalfEven(exact, drop);
  exponent += drop;
  if (mantissa === 0n) return null;
  if (bitLength(mantissa) > MANTISSA_BITS) {
    mantissa >>= 1n;
    exponent++;
  }
  // A short mantissa has room below it.
  if (exponent + bitLength(mantissa) - MANTISSA_BITS > EXPONENT_MAX) return null;
  return { negative, mantissa, exponent, infinite: false };
}

/** value / 2^bits, rounded to nearest, ties to even. */
function shiftedHalfEven(value: bigint, bits: number): bigint {
  if (bits <= 0) return value << BigInt(-bits);
  const by = BigInt(bits);
  const quotient = value >> by;
  const rest = value - (quotient << by);
  const half = 1n << (by - 1n);
  return rest > half || (rest === half && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

function bitLength(n: bigint): number {
  const hex = n.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(parseInt(hex[0], 16)));
}
