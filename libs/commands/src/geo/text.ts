/** Numbers as C prints them with a fixed number of decimals. */

import type { ReplyWriter } from '@weir/resp';

/** "%.*f": like toFixed, but that a tie goes to the even digit and large numbers keep all their digits. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size >= 1e21) return `${sign}${BigInt(size)}.${'0'.repeat(decimals)}`;
  let text = size.toFixed(decimals);
  if (size < 2 ** 52) {
    const exact = size.toFixed(Math.min(100, decimals + 40));
    const cut = exact.length - Math.min(100, decimals + 40) + decimals;
    const even = (exact.charCodeAt(cut - 1) & 1) === 0;
    if (even && /^50*$/.test(exact.slice(cut))) text = exact.slice(0, cut);
  }
  return sign + text;
}

/** A distance: four decimals, a string in RESP3 too. */
export function replyDistance(reply: ReplyWriter, distance: number): void {
  reply.bulkLatin1(fixed(distance, 4));
}

/** A coordinate: up to 17 decimals, without zeros at the end. */
export function replyCoordinate(reply: ReplyWriter, degrees: number): void {
  let text = fixed(degrees, 17).replace(/\.?0+$/, '');
  if (text === '-0') text = '0';
  // In RESP3 it is a double, but with these digits.
  if (reply.resp === 2) reply.bulkLatin1(text);
  else reply.raw(Buffer.from(`,${text}\r\n`, 'latin1'));
}
