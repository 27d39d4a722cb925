/**
 * One collection of a million elements: the rate at which it is filled, what an element takes, and the commands that look
 * into it. redis-benchmark draws the elements, so that after a million draws a third of them is missing; these are added
 * before memory is counted and anything is read, and then every random read finds something.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { digits, scattered, sendAll, variadic } from './bulk.ts';
import type { Words } from './bulk.ts';
import type { Figure } from './report.ts';
import { withClient } from './resp-client.ts';
import type { BenchServer } from './servers.ts';
import type { ThroughputCase } from './throughput.ts';

export const LARGE = 1_000_000;
export const LARGE_QUICK = 20_000;
const TARGET = 0.7;
export const MEMORY_MAX = { of: 'ratio', bound: 'max', at: 1.2 } as const;
const SETTLE_MS = 1500;

export interface LargeCollection {
  /** What its cases' names begin with. */
  readonly name: string;
  readonly cases: readonly ThroughputCase[];
  /** Behind the cases that begin with it: the rest of the elements. */
  readonly complete: (count: number) => Iterable<Words>;
  /** Instead of the collection that was filled by the clients, for the commands that read. */
  readonly replace: ((count: number) => Iterable<Words>) | null;
}

function largeCase(name: string, load: string, more: Partial<ThroughputCase> = {}): ThroughputCase {
  return {
    name,
    load: load.split(' '),
    pipeline: 16,
    clients: 50,
    appendfsync: 'everysec',
    split: false,
    target: TARGET,
    valueBytes: 3,
    ...more,
  };
}

const unlink = async (port: number): Promise<void> => sendAll(port, [['DEL', 'big']]);

/** Every run reads from the beginning, as a new group. */
const newGroup = async (port: number): Promise<void> =>
  withClient(port, async (client) => {
    await client.text('XGROUP', 'DESTROY', 'big', 'g');
    await client.text('XGROUP', 'CREATE', 'big', 'g', '0');
  });

/** `count` elements each. */
export function largeCollections(count: number): readonly LargeCollection[] {
  // Once: it takes seconds by itself.
  const fill = { prepare: unlink, requests: count, rounds: 1 };
  const middle = count / 2;
  return [
    {
      name: 'large-zset',
      cases: [
        largeCase('large-zset-zadd', 'ZADD big __rand_int__ member:__rand_int__', fill),
        largeCase('large-zset-zadd-again', 'ZADD big __rand_int__ member:__rand_int__'),
        largeCase('large-zset-zrank', 'ZRANK big member:__rand_int__'),
        largeCase('large-zset-zscore', 'ZSCORE big member:__rand_int__'),
        largeCase('large-zset-zrange', `ZRANGE big ${middle} ${middle + 9}`),
        largeCase('large-zset-zrangebyscore', 'ZRANGEBYSCORE big __rand_int__ +inf LIMIT 0 10'),
        largeCase('large-zset-zcount', 'ZCOUNT big __rand_int__ +inf'),
      ],
      complete: (n) => variadic(['ZADD', 'big', 'NX'], n, (i) => [scattered(i, n), `member:${digits(i)}`]),
      replace: null,
    },
    {
      name: 'large-hash',
      cases: [
        largeCase('large-hash-hset', 'HSET big field:__rand_int__ value:__rand_int__', fill),
        largeCase('large-hash-hset-again', 'HSET big field:__rand_int__ value:__rand_int__'),
        largeCase('large-hash-hget', 'HGET big field:__rand_int__'),
      ],
      complete: (n) => variadic(['HSET', 'big'], n, (i) => [`field:${digits(i)}`, `value:${digits(i)}`]),
      replace: null,
    },
    {
      name: 'large-set',
      cases: [
        largeCase('large-set-sadd', 'SADD big member:__rand_int__', fill),
        largeCase('large-set-sismember', 'SISMEMBER big member:__rand_int__'),
        largeCase('large-set-srandmember', 'SRANDMEMBER big 10'),
      ],
      complete: (n) => variadic(['SADD', 'big'], n, (i) => [`member:${digits(i)}`]),
      replace: null,
    },
    {
      name: 'large-list',
      cases: [
        largeCase('large-list-lpush', 'LPUSH big element:__rand_int__', fill),
        largeCase('large-list-lindex-first', 'LINDEX big 0'),
        largeCase('large-list-lindex-last', 'LINDEX big -1'),
        largeCase('large-list-lindex-middle', `LINDEX big ${middle}`),
        largeCase('large-list-lrange-100', 'LRANGE big 0 99'),
        largeCase('large-list-lrange-last-100', 'LRANGE big -100 -1'),
      ],
      complete: () => [],
      replace: null,
    },
    {
      name: 'large-stream',
      cases: [
        largeCase('large-stream-xadd', 'XADD big * field value:__rand_int__', fill),
        largeCase('large-stream-xrange', 'XRANGE big __rand_int__ + COUNT 10'),
        largeCase('large-stream-xrevrange', 'XREVRANGE big __rand_int__ - COUNT 10'),
        largeCase('large-stream-xreadgroup', 'XREADGROUP GROUP g c COUNT 10 STREAMS big >', {
          prepare: newGroup,
          requestsMax: count / 10,
        }),
      ],
      complete: () => [],
      // IDs that redis-benchmark can draw.
      *replace(n) {
        yield ['DEL', 'big'];
        for (let i = 1; i <= n; i++) yield ['XADD', 'big', `${i}-0`, 'field', `value:${digits(i)}`];
      },
    },
  ];
}

/** Bytes by the server's own count. */
export async function usedMemory(port: number): Promise<number> {
  return withClient(port, async (client) => Number(await client.info('memory', 'used_memory')));
}

/** Completes the collection and returns what an element of it takes. */
export async function completeCollection(
  collection: LargeCollection,
  server: BenchServer,
  usedBefore: number,
  count: number,
  quick: boolean,
): Promise<number> {
  await sendAll(server.port, collection.complete(count));
  // A hash table grows in the background.
  await sleep(quick ? 0 : SETTLE_MS);
  const used = (await usedMemory(server.port)) - usedBefore;
  if (collection.replace !== null) await sendAll(server.port, collection.replace(count));
  return used / count;
}

export function elementFigure(collection: LargeCollection, count: number, weir: number, redis: number): Figure {
  return {
    name: `${collection.name}: memory per element`,
    unit: 'bytes',
    weir,
    redis,
    target: MEMORY_MAX,
    note: `${count} elements, used_memory`,
  };
}
