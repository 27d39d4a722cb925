// Small sorted sets are listpacks of member, score, member, score …, in order. Who reads one in place counts on that.

import { Int64 } from './int64.ts';
import { LISTPACK_END, LISTPACK_HEADER_BYTES, ListpackCursor, listpackNext, readInteger } from './listpack.ts';
import { parseScore } from './score.ts';

export type OrderFault = 'a score is not a number' | 'its members are not in order';

const number = new Int64();
const left = new ListpackCursor();
const right = new ListpackCursor();
/** The score that was read last: a number that is returned, or put into an object, is garbage on the heap. */
const score = new Float64Array(1);
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);
/** A mantissa of so many digits is exact, and so is a power of ten: one division rounds once, as it should be. */
const EXACT_DIGITS_MAX = 15;

/** What is wrong with the order of a valid listpack of pairs, or undefined. */
export function orderFault(buf: Uint8Array, off: number): OrderFault | undefined {
  let previousAt = 0;
  let previous = NaN;
  for (let at = off + LISTPACK_HEADER_BYTES; buf[at] !== LISTPACK_END;) {
    const scoreAt = listpackNext(buf, at);
    readScore(buf, scoreAt);
    const current = score[0];
    if (current !== current) return 'a score is not a number';
    if (current < previous || (current === previous && compareElements(buf, previousAt, at) >= 0)) {
      return 'its members are not in order';
    }
    previousAt = at;
    previous = current;
    at = listpackNext(buf, scoreAt);
  }
  return undefined;
}

function readScore(buf: Uint8Array, at: number): void {
  const first = buf[at];
  if (first < 0x80) score[0] = first;
  else if (first < 0xc0) {
    if (!readDecimal(buf, at + 1, first & 0x3f)) score[0] = parseScore(buf, at + 1, first & 0x3f);
  } else if (readInteger(buf, at, number)) score[0] = number.hi * 0x100000000 + number.lo;
  else {
    right.openAt(buf, at);
    right.next();
    score[0] = parseScore(right.strBuf, right.strOff, right.strLen);
    right.close();
  }
}

/** Short decimals without an exponent, which most scores are; false: it may be a number all the same. */
function readDecimal(buf: Uint8Array, off: number, len: number): boolean {
  const negative = buf[off] === 0x2d;
  let mantissa = 0;
  let digits = 0;
  let point = -1;
  for (let i = negative ? 1 : 0; i < len; i++) {
    const digit = buf[off + i] - 0x30;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
    } else if (digit === -2 && point < 0) point = digits;
    else return false;
  }
  if (digits === 0 || digits > EXACT_DIGITS_MAX) return false;
  const value = point < 0 ? mantissa : mantissa / POWERS_OF_TEN[digits - point];
  score[0] = negative ? -value : value;
  return true;
}

function compareElements(buf: Uint8Array, a: number, b: number): number {
  left.openAt(buf, a);
  left.next();
  right.openAt(buf, b);
  right.next();
  const length = Math.min(left.strLen, right.strLen);
  let difference = 0;
  for (let i = 0; i < length && difference === 0; i++) {
    difference = left.strBuf[left.strOff + i] - right.strBuf[right.strOff + i];
  }
  if (difference === 0) difference = left.strLen - right.strLen;
  left.close();
  right.close();
  return difference;
}
