/**
 * Whether the bytes are a 64-bit signed integer in the one form that prints back to the same bytes (Redis string2ll):
 * no sign but '-', no leading zeros, no spaces.
 */
export function isCanonicalInt64(buf: Uint8Array, off: number, len: number): boolean {
  if (len === 0 || len > 20) return false;
  let at = off;
  const end = off + len;
  const negative = buf[at] === 45;
  if (negative) at++;
  const digits = end - at;
  if (digits === 0 || digits > 19) return false;
  const first = buf[at];
  if (first === 48) return digits === 1 && !negative;
  for (let i = at; i < end; i++) if (buf[i] < 48 || buf[i] > 57) return false;
  if (digits < 19) return true;
  const limit = negative ? '9223372036854775808' : '9223372036854775807';
  for (let i = 0; i < 19; i++) {
    const byte = buf[at + i];
    const most = limit.charCodeAt(i);
    if (byte !== most) return byte < most;
  }
  return true;
}
