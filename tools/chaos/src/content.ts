/**
 * The writes whose fate is looked at. Write number i is always the same command, adds exactly one element somewhere, and
 * changes nothing else: so the size of the content says how many writes are missing, and its digest that none is another.
 */

import type { Argument, RawClient } from '@weir/testkit';

const COLLECTIONS = [
  ['HLEN', 'hash'],
  ['SCARD', 'set'],
  ['ZCARD', 'zset'],
  ['LLEN', 'list'],
  ['XLEN', 'stream'],
] as const;
const BATCH = 8;

export function writeNumber(i: number, valueBytes: number): Argument[] {
  const value = `${i}:`.padEnd(valueBytes, '.');
  switch (i % 8) {
    case 3:
      return ['HSET', 'hash', `f${i}`, value];
    case 4:
      return ['SADD', 'set', value];
    case 5:
      return ['ZADD', 'zset', i, value];
    case 6:
      return ['RPUSH', 'list', value];
    case 7:
      return ['XADD', 'stream', `${i + 1}-1`, 'value', value];
    default:
      return ['SET', `string:${i}`, value];
  }
}

/** The writes from..to-1, each acknowledged. */
export async function write(client: RawClient, from: number, to: number, valueBytes: number): Promise<void> {
  for (let i = from; i < to; i += BATCH) {
    const commands = Array.from({ length: Math.min(BATCH, to - i) }, (_, n) => writeNumber(i + n, valueBytes));
    for (const outcome of await client.pipeline(commands)) if (outcome instanceof Error) throw outcome;
  }
}

/** How many elements a node has: of `n` writes, n when the data set holds nothing else. */
export async function sizeOf(client: RawClient): Promise<number> {
  const sizes = await client.pipeline([['DBSIZE'], ...COLLECTIONS.map(([command, key]) => [command, key])]);
  const failed = sizes.find((size) => size instanceof Error);
  if (failed !== undefined) throw failed;
  const [keys, ...lengths] = sizes as number[];
  // A collection's key stands for none of its elements.
  return lengths.reduce((sum, length) => sum + length - (length > 0 ? 1 : 0), keys!);
}
