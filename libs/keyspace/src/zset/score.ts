/** Scores as text in listpacks, as Redis writes them (zzlInsertAt): integers up to 2^62 as such, others "%.17g". */

import { formatDouble } from '@weir/resp';
import { Element, writeInt64 } from '../listpack/index.ts';
import { strtod } from './strtod.ts';

const INTEGER_MAX = 2 ** 62;

/** What `writeScore` wrote. */
export const scoreBytes = new Uint8Array(32);

/** Writes a score to `scoreBytes`; returns the length. As in Redis, a listpack does not know -0 from 0. */
export function writeScore(score: number): number {
  if (score === 0) {
    scoreBytes[0] = 48;
    return 1;
  }
  if (Number.isInteger(score) && Math.abs(score) <= INTEGER_MAX) {
    return writeInt64(scoreBytes, 0, score | 0, Math.floor(score / 4294967296) | 0);
  }
  const text = formatDouble(score);
  for (let i = 0; i < text.length; i++) scoreBytes[i] = text.charCodeAt(i);
  return text.length;
}

/** The score in an element of a listpack; what is no number (a foreign listpack may have it) counts as Redis's strtod says. */
export function readScore(element: Element): number {
  if (element.isInt) return element.hi * 4294967296 + (element.lo >>> 0);
  return strtod(element.buf, element.off, element.off + element.len);
}
