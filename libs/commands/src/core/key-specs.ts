import type { Command, KeySpec } from './command.ts';

/** The key specification of the usual command: its first argument is its only key. `flags`: what it does with it. */
export function oneKey(...flags: readonly string[]): KeySpec {
  return keyAt(1, ...flags);
}

/** One key, in argument `index`. */
export function keyAt(index: number, ...flags: readonly string[]): KeySpec {
  return { flags, begin: { index }, find: { last: 0, step: 1, limit: 0 } };
}

export type KeyRange = readonly [first: number, last: number, step: number];

/**
 * What COMMAND INFO tells clients that do not read key specifications: one range of arguments, all zero without keys. A
 * negative last one counts from the end. Of several specifications it joins those that follow on each other, as Redis does.
 */
export function legacyRange({ keySpecs = [] }: Command): KeyRange {
  const ranges = keySpecs.map(rangeOf).filter((range) => range !== null);
  if (keySpecs.length === 1) return ranges[0] ?? [0, 0, 0];
  let joined: KeyRange = [0, 0, 0];
  for (const [first, last, step] of ranges) {
    const follows = joined[1] === 0 || joined[1] === first - 1;
    if (step === 1 && follows) joined = [joined[0] || first, last, 1];
  }
  return joined;
}

function rangeOf({ begin, find }: KeySpec): KeyRange | null {
  if (begin === 'unknown' || find === 'unknown' || !('index' in begin) || !('last' in find)) return null;
  return [begin.index, find.last < 0 ? find.last : begin.index + find.last, find.step];
}
