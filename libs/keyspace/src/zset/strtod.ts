/**
 * C's strtod on bytes, correctly rounded like glibc's: decimal and hexadecimal, infinities, "nan", in any case. What it found is left in
 * `parsed`. Short decimals, which nearly all scores are, are computed here: with at most 15 digits and a power of ten up to 22, digits and
 * power are exact doubles, and so is their one rounding (Clinger's fast path). Others are JavaScript's Number().
 */
export const parsed = {
  /** Position behind the number; the start when there is none. */
  end: 0,
  /** The number was too large (infinity) or too small (zero) for a double: C's ERANGE. */
  range: false,
};

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const EXPONENT_DIGITS_MAX = 9;

export function strtod(buf: Uint8Array, off: number, stop: number): number {
  let at = off;
  parsed.end = off;
  parsed.range = false;
  while (at < stop && isSpace(buf[at])) at++;
  const negative = at < stop && buf[at] === 45;
  if (at < stop && (negative || buf[at] === 43)) at++;
  const value = magnitude(buf, at, stop);
  if (parsed.end === at) parsed.end = off;
  return negative ? -value : value;
}

export function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function magnitude(buf: Uint8Array, start: number, stop: number): number {
  let at = start;
  parsed.end = start;
  if (at === stop) return 0;
  const first = buf[at] | 32;
  if (first === 105 || first === 110) return named(buf, at, stop);
  if (buf[at] === 48 && at + 1 < stop && (buf[at + 1] | 32) === 120) {
    const value = hexadecimal(buf, at + 2, stop);
    if (value >= 0) return value;
    parsed.end = at + 1; // "0x" and no digit: the zero
    return 0;
  }
  let mantissa = 0;
  let digits = 0;
  let exponent = 0;
  let any = false;
  for (; at < stop && isDigit(buf[at]); at++) {
    any = true;
    if (digits === 0 && buf[at] === 48) continue;
    if (++digits <= 15) mantissa = mantissa * 10 + buf[at] - 48;
  }
  if (at < stop && buf[at] === 46 && (any || (at + 1 < stop && isDigit(buf[at + 1])))) {
    for (at++; at < stop && isDigit(buf[at]); at++) {
      any = true;
      exponent--;
      if (digits === 0 && buf[at] === 48) continue;
      if (++digits <= 15) mantissa = mantissa * 10 + buf[at] - 48;
    }
  }
  if (!any) return 0;
  const scientific = exponentAt(buf, at, stop, 101);
  if (scientific.end > at) {
    at = scientific.end;
    exponent += scientific.value;
  }
  parsed.end = at;
  if (digits === 0) return 0;
  if (digits <= 15 && exponent >= -22 && exponent <= 22) {
    return exponent < 0 ? mantissa / POWERS[-exponent] : mantissa * POWERS[exponent];
  }
  const value = Number(textAt(buf, start, at));
  if (value === 0 || value === Infinity) parsed.range = true;
  return value;
}

const exponentPart = { value: 0, end: 0 };

/** The exponent behind a letter; `end` is `at` when there is none. Cut to nine digits, which decide all the same. */
function exponentAt(buf: Uint8Array, at: number, stop: number, letter: number): { value: number; end: number } {
  exponentPart.end = at;
  exponentPart.value = 0;
  if (at >= stop || (buf[at] | 32) !== letter) return exponentPart;
  let i = at + 1;
  const negative = i < stop && buf[i] === 45;
  if (i < stop && (negative || buf[i] === 43)) i++;
  if (i >= stop || !isDigit(buf[i])) return exponentPart;
  let value = 0;
  let digits = 0;
  for (; i < stop && isDigit(buf[i]); i++) {
    if (digits === 0 && buf[i] === 48) continue;
    if (++digits <= EXPONENT_DIGITS_MAX) value = value * 10 + buf[i] - 48;
  }
  if (digits > EXPONENT_DIGITS_MAX) value = 999_999_999;
  exponentPart.value = negative ? -value : value;
  exponentPart.end = i;
  return exponentPart;
}

function named(buf: Uint8Array, at: number, stop: number): number {
  if (hasWord(buf, at, stop, 'infinity')) parsed.end = at + 8;
  else if (hasWord(buf, at, stop, 'inf')) parsed.end = at + 3;
  else if (hasWord(buf, at, stop, 'nan')) {
    parsed.end = at + 3;
    // nan(letters and digits)
    if (at + 3 < stop && buf[at + 3] === 40) {
      let i = at + 4;
      while (i < stop && (isDigit(buf[i]) || buf[i] === 95 || ((buf[i] | 32) >= 97 && (buf[i] | 32) <= 122))) i++;
      if (i < stop && buf[i] === 41) parsed.end = i + 1;
    }
    return NaN;
  } else return 0;
  return Infinity;
}

function hasWord(buf: Uint8Array, at: number, stop: number, word: string): boolean {
  if (stop - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if ((buf[at + i] | 32) !== word.charCodeAt(i)) return false;
  return true;
}

/** What stands behind "0x"; -1 when there is no digit. */
function hexadecimal(buf: Uint8Array, start: number, stop: number): number {
  let at = start;
  let digits = '';
  let exponent = 0;
  for (; at < stop && hexDigit(buf[at]) >= 0; at++) digits += String.fromCharCode(buf[at]);
  if (at < stop && buf[at] === 46 && (digits !== '' || (at + 1 < stop && hexDigit(buf[at + 1]) >= 0))) {
    for (at++; at < stop && hexDigit(buf[at]) >= 0; at++) {
      digits += String.fromCharCode(buf[at]);
      exponent -= 4;
    }
  }
  if (digits === '') return -1;
  const binary = exponentAt(buf, at, stop, 112);
  if (binary.end > at) {
    at = binary.end;
    exponent += binary.value;
  }
  parsed.end = at;
  const mantissa = BigInt(`0x${digits}`);
  if (mantissa === 0n) return 0;
  const value = scaled(mantissa, exponent);
  if (value === 0 || value === Infinity) parsed.range = true;
  return value;
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** mantissa × 2^exponent, rounded to the nearest double, ties to even. */
function scaled(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1024) return Infinity;
  if (bits + exponent < -1074) return 0;
  // The exponent of the last bit that a double of this size has.
  const last = Math.max(-1074, bits + exponent - 53);
  const drop = last - exponent;
  if (drop > 0) {
    const shift = BigInt(drop);
    const rest = mantissa & ((1n << shift) - 1n);
    const half = 1n << (shift - 1n);
    mantissa >>= shift;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    exponent = last;
  }
  return Number(mantissa) * 2 ** exponent;
}

function textAt(buf: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(buf[i]);
  return text;
}
