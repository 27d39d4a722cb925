import { burst, count, member, numkeys, rank, signedCount } from './grammar-types.ts';
import { integer, keyOf, literal, oneOf, opt, options, seq, word } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('list');
/** Positions, now and then in the midst of a long list. */
const index: Grammar = (g) => (g.chance(0.75) ? rank(g) : [Buffer.from(String(g.below(800) - 400))]);
/** Mostly from near one end to near the other, so that a trim leaves something. */
const range: Grammar = (g) => {
  if (g.chance(0.4)) return seq(index, index)(g);
  return seq(literal(0, 0, 1, 2), literal('-1', '-1', '-2', '-3'))(g);
};
const end: Grammar = (g) => (g.chance(0.95) ? oneOf(word('LEFT'), word('RIGHT'))(g) : literal('', 'x', 'MIDDLE')(g));
const limit = oneOf(count, count, integer);

export const listRows: readonly CommandRow[] = [
  { name: 'lpush', args: seq(key, burst(member)), weight: 6 },
  { name: 'rpush', args: seq(key, burst(member)), weight: 6 },
  { name: 'lpushx', args: seq(key, burst(member)), weight: 2 },
  { name: 'rpushx', args: seq(key, burst(member)), weight: 2 },
  { name: 'lpop', args: seq(key, opt(count)), weight: 3 },
  { name: 'rpop', args: seq(key, opt(count)), weight: 3 },
  { name: 'lmpop', args: seq(numkeys('list'), end, opt(word('COUNT'), count)), weight: 2 },
  { name: 'llen', args: key },
  { name: 'lindex', args: seq(key, index), weight: 3 },
  { name: 'lrange', args: seq(key, index, index), weight: 4 },
  {
    name: 'lpos',
    args: seq(
      key,
      member,
      options(seq(word('RANK'), oneOf(signedCount, integer)), seq(word('COUNT'), limit), seq(word('MAXLEN'), limit)),
    ),
    weight: 4,
  },
  { name: 'linsert', args: seq(key, oneOf(word('BEFORE'), word('AFTER')), member, member), weight: 5 },
  { name: 'lset', args: seq(key, index, member), weight: 5 },
  { name: 'lrem', args: seq(key, oneOf(signedCount, integer, literal(0)), member), weight: 4 },
  { name: 'ltrim', args: seq(key, range), weight: 2 },
  { name: 'lmove', args: seq(key, key, end, end), weight: 5 },
  { name: 'rpoplpush', args: seq(key, key), weight: 2 },
  { name: 'object', args: seq(word('ENCODING'), key), weight: 4, oracle: 'valkey' },
];
