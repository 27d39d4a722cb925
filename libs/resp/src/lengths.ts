const INT64_MAX = 2n ** 63n - 1n;

/**
 * The decimal number in buf[start, end), as strict as Redis's string2ll: no sign but '-', no leading zero, no
 * "-0", within 64 bits; NaN otherwise. Beyond 2^53 the value is rounded, which only matters to be refused.
 */
export function parseLength(buf: Uint8Array, start: number, end: number): number {
  const negative = buf[start] === 45 && start < end;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > 19) return NaN;
  if (buf[first] === 48) return digits === 1 && !negative ? 0 : NaN;
  let value = 0;
  let exact = 0n;
  for (let at = first; at < end; at++) {
    const digit = buf[at] - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
    if (digits === 19) exact = exact * 10n + BigInt(digit);
  }
  if (exact > (negative ? INT64_MAX + 1n : INT64_MAX)) return NaN;
  return negative ? -value : value;
}
