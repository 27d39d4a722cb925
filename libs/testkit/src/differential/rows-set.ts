import { keyOf, many, oneOf, opt, seq, word } from './grammar.ts';
import { burst, count, intMember, member, numkeys, scanArgs, signedCount } from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('set');
const keys = many(1, 4, key);

export const setRows: readonly CommandRow[] = [
  { name: 'sadd', args: seq(key, burst(member)), weight: 6 },
  { name: 'sadd', args: seq(key, burst(intMember)), weight: 6 },
  { name: 'srem', args: seq(key, burst(oneOf(member, intMember))), weight: 5 },
  { name: 'sismember', args: seq(key, oneOf(member, intMember)), weight: 2 },
  { name: 'smismember', args: seq(key, many(1, 6, oneOf(member, intMember))), weight: 2 },
  { name: 'smembers', args: key, compare: 'set', weight: 3 },
  { name: 'scard', args: key, weight: 2 },
  { name: 'spop', args: key, compare: 'pop', weight: 2 },
  { name: 'spop', args: seq(key, count), compare: 'pop', weight: 2 },
  { name: 'srandmember', args: seq(key, opt(signedCount)), compare: 'random', weight: 3 },
  { name: 'smove', args: seq(key, key, oneOf(member, intMember)), weight: 4 },
  { name: 'sinter', args: keys, compare: 'set', weight: 3 },
  { name: 'sinterstore', args: seq(key, keys), weight: 4 },
  { name: 'sintercard', args: seq(numkeys('set'), opt(word('LIMIT'), count)), weight: 3 },
  { name: 'sunion', args: keys, compare: 'set', weight: 3 },
  { name: 'sunionstore', args: seq(key, keys), weight: 4 },
  { name: 'sdiff', args: keys, compare: 'set', weight: 3 },
  { name: 'sdiffstore', args: seq(key, keys), weight: 4 },
  { name: 'sscan', args: seq(key, scanArgs), compare: 'scan', weight: 3 },
];
