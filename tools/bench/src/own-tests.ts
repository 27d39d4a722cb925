/**
 * redis-benchmark's own tests, with its own values of three bytes, over 100 000 keys or elements. A test that adds begins
 * with nothing, and one that removes with as much as it will remove: otherwise a list grows from run to run, and most
 * of LPOP's answers are nil.
 */

import { createHash } from 'node:crypto';
import { digits, sendAll, variadic } from './bulk.ts';
import type { ThroughputCase } from './throughput.ts';

/** For keys as for elements. */
export const OWN_KEYS = 100_000;
export const OWN_VALUE_BYTES = 3;
/** At P=16; at P=1 it is mostly the two servers' sockets that are compared. */
const TARGET = 0.7;

const VALUE = 'xxx';

function emptied(key: string, fill?: (requests: number) => Iterable<readonly (string | number)[]>) {
  return async (port: number, requests: number): Promise<void> => {
    await sendAll(port, [['DEL', key]]);
    if (fill !== undefined) await sendAll(port, fill(requests));
  };
}

const fullList = emptied('mylist', (requests) => variadic(['RPUSH', 'mylist'], requests, () => [VALUE]));
const fullSet = emptied('myset', (requests) => variadic(['SADD', 'myset'], requests, (i) => [`element:${digits(i)}`]));
const fullZset = emptied('myzset', (requests) =>
  variadic(['ZADD', 'myzset'], requests, (i) => [i, `element:${digits(i)}`]),
);

const tests: readonly (readonly [name: string, prepare?: (port: number, requests: number) => Promise<void>])[] = [
  ['ping_mbulk'],
  ['set'],
  ['get'],
  ['incr'],
  ['lpush', emptied('mylist')],
  ['rpush', emptied('mylist')],
  ['lpop', fullList],
  ['rpop', fullList],
  ['sadd', emptied('myset')],
  ['hset', emptied('myhash')],
  ['spop', fullSet],
  ['zadd', emptied('myzset')],
  ['zpopmin', fullZset],
  ['lrange_100', emptied('mylist')],
  ['lrange_300', emptied('mylist')],
  ['lrange_500', emptied('mylist')],
  ['lrange_600', emptied('mylist')],
  ['mset'],
];

/** Scripts by EVALSHA: one that only reads, and a rate limiter as programs have it. */
const scripts: readonly (readonly [name: string, text: string, words: readonly string[]])[] = [
  ['script-get', "return redis.call('GET', KEYS[1])", ['1', 'key:__rand_int__']],
  [
    'script-limiter',
    `local calls = redis.call('INCR', KEYS[1])
if calls == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
if calls > tonumber(ARGV[2]) then return 0 end
return 1`,
    ['1', 'limit:__rand_int__', '60000', '10'],
  ],
];

const scriptCases: readonly ThroughputCase[] = [16, 1].flatMap((pipeline) =>
  scripts.map(([name, text, words]) => ({
    name: `rb-${name}-p${pipeline}`,
    load: ['EVALSHA', createHash('sha1').update(text).digest('hex'), ...words],
    pipeline,
    clients: 50,
    appendfsync: 'everysec' as const,
    split: false,
    target: pipeline === 1 ? null : TARGET,
    valueBytes: OWN_VALUE_BYTES,
    prepare: (port: number) => sendAll(port, [['SCRIPT', 'LOAD', text]]),
  })),
);

const testCases: readonly ThroughputCase[] = [16, 1].flatMap((pipeline) =>
  tests.map(([test, prepare]) => ({
    name: `rb-${test.replace('_mbulk', '')}-p${pipeline}`,
    load: ['-t', test],
    pipeline,
    clients: 50,
    appendfsync: 'everysec' as const,
    split: false,
    target: pipeline === 1 ? null : TARGET,
    valueBytes: OWN_VALUE_BYTES,
    ...(prepare === undefined ? {} : { prepare }),
  })),
);

export const ownCases: readonly ThroughputCase[] = [...testCases, ...scriptCases];
