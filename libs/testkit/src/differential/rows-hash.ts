import { float, integer, keyOf, many, oneOf, opt, seq, word } from './grammar.ts';
import { burst, member, scanArgs, signedCount } from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('hash');
const number = (g: Parameters<typeof member>[0]) => (g.chance(0.5) ? integer(g) : float(g));

export const hashRows: readonly CommandRow[] = [
  { name: 'hset', args: seq(key, burst(seq(member, member))), weight: 6 },
  { name: 'hset', args: seq(key, member, number), weight: 4 },
  { name: 'hmset', args: seq(key, burst(seq(member, member))), weight: 2 },
  { name: 'hsetnx', args: seq(key, member, member), weight: 2 },
  { name: 'hget', args: seq(key, member), weight: 3 },
  { name: 'hmget', args: seq(key, many(1, 6, member)), weight: 2 },
  { name: 'hgetall', args: key, compare: 'pairs', weight: 2 },
  { name: 'hkeys', args: key, compare: 'set' },
  { name: 'hvals', args: key, compare: 'set' },
  { name: 'hlen', args: key, weight: 2 },
  { name: 'hstrlen', args: seq(key, member), weight: 2 },
  { name: 'hexists', args: seq(key, member), weight: 2 },
  { name: 'hdel', args: seq(key, burst(member)), weight: 5 },
  { name: 'hincrby', args: seq(key, member, integer), weight: 5 },
  { name: 'hincrbyfloat', args: seq(key, member, number), weight: 5 },
  { name: 'hrandfield', args: seq(key, opt(signedCount)), compare: 'random', weight: 2 },
  {
    name: 'hrandfield',
    args: seq(key, signedCount, oneOf(word('WITHVALUES'), word('WITHVALUES'), word('WITHSCORES'))),
    compare: 'random',
    weight: 2,
  },
  { name: 'hscan', args: seq(key, scanArgs), compare: 'scan', weight: 3 },
];
