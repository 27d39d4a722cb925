// What SORT makes of a set, and of members that compare as equal, depends on hash tables. So these rows have keys of their own, of which
// the type is known, and compare sets by what is in them wherever Redis may answer in any order.

import { burst, limit, member, signedCount } from './grammar-types.ts';
import { float, integer, literal, many, oneOf, opt, options, seq, text, value, word } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import type { CommandRow } from './rows.ts';

const bytes = (content: string): Uint8Array => Buffer.from(content, 'latin1');
const list = literal('sort:l1', 'sort:l1', 'sort:l2');
const set = literal('sort:s1', 'sort:s2');
const zset = literal('sort:z1', 'sort:z2');
const target = literal('sort:l1', 'sort:l2', 'sort:d', 'sort:d', 'l1');

const NUMBERS = [
  '-3',
  '1.5',
  '1e2',
  '007',
  '7',
  '7.0',
  '+7',
  '0x10',
  ' 5',
  'inf',
  '-inf',
  '',
  '9007199254740993',
  '-9223372036854775808',
];

/** A number, mostly one of those that weights are named after. */
const element: Grammar = (g) => {
  if (g.wide) return [bytes(String(g.below(3000) - 500))];
  if (g.chance(0.85)) return [bytes(String(g.below(20)))];
  return [bytes(g.pick(NUMBERS))];
};
/** Words, without a NUL: strcoll ends there. */
const wordy: Grammar = (g) => {
  const [content] = g.chance(0.4) ? element(g) : g.chance(0.9) ? text(g) : oneOf(float, integer)(g);
  return [content.includes(0) ? bytes('0') : content];
};
/** Makes a sorted set a skiplist, which SORT would do in Redis. */
const long = literal('0'.repeat(70));
const small: Grammar = (g) => [bytes(String(g.below(20)))];
const prefixed =
  (prefix: string, suffix: string, part: Grammar): Grammar =>
  (g) => [Buffer.concat([bytes(prefix), part(g)[0], bytes(suffix)])];

const weights = literal(
  'w_*',
  'w_*',
  'w_*',
  'h_*->f',
  'h_*->f',
  'h_*->',
  'h_*->nosuch',
  'w_*_x',
  '*',
  '*->f',
  'w_*\x00',
  'h_*->f->g',
);
const by = seq(word('BY'), weights);
const unsorted = seq(word('BY'), literal('nosort', '', '#', 'w\x00*'));
const order = oneOf(word('ASC'), word('DESC'));
const get = many(
  1,
  2,
  seq(
    word('GET'),
    oneOf(literal('#', '#', 'w_*', 'h_*->f', 'h_*->', 'nosuch', '#\x00', '##', '', 'l*', 'h_*'), weights),
  ),
);
const window: Grammar = (g) => (g.chance(0.5) ? limit(g) : seq(word('LIMIT'), literal(0, 1, 5, 20), signedCount)(g));
const store = seq(word('STORE'), target);
const anything = options(by, by, unsorted, window, window, get, order, order, word('ALPHA'), store);
const reading = options(by, by, unsorted, window, window, get, order, order, word('ALPHA'));
/** Whose result is determined for sets, too. */
const strict = options(window, window, get, order, store);

/**
 * Redis's SORT takes an old ERANGE in errno for its own, when elements are no integers. Reading a cursor leaves it 0, in Valkey only
 * one that is beyond a signed integer. A whole scan comes first: a page would remove what has expired on one side only.
 */
const before = [
  ['SCAN', '0', 'COUNT', '1000000'],
  ['SCAN', '12345678901234567890'],
];
/** A random change could name another key, which may be a sorted set, or what compares as equal. */
const sort = { name: 'sort', before, fixed: true } as const;
const junk = literal('', 'abc', 'LIMIT', 'BY', 'GET', 'STORE', 'ASC', '0', '-1', 'x', 'alpha\x00x', 'AND', '#');

export const sortRows: readonly CommandRow[] = [
  // sort:l1 has numbers only, but for what is stored there.
  { name: 'rpush', args: seq(literal('sort:l1'), burst(element)), weight: 5 },
  { name: 'rpush', args: seq(literal('sort:l2'), burst(oneOf(element, wordy, wordy, member))), weight: 3 },
  { name: 'del', args: literal('sort:l2') },
  { name: 'ltrim', args: seq(list, literal(0, 10), literal(30, 50)), weight: 2 },
  { name: 'del', args: list },
  { name: 'sadd', args: seq(set, burst(element)), weight: 3, fixed: true },
  { name: 'sadd', args: seq(literal('sort:s2'), burst(wordy)), fixed: true },
  { name: 'del', args: set },
  { name: 'zadd', args: seq(literal('sort:z1'), literal(0), long, burst(seq(small, element))), weight: 3, fixed: true },
  { name: 'zadd', args: seq(literal('sort:z2'), literal(0), long, burst(seq(small, wordy))), weight: 2, fixed: true },
  { name: 'del', args: zset },
  { name: 'set', args: seq(prefixed('w_', '', small), oneOf(element, element, element, value)), weight: 6 },
  { name: 'set', args: seq(prefixed('w_', '_x', small), element) },
  {
    name: 'hset',
    args: seq(prefixed('h_', '', small), literal('f', 'f', 'f', '', 'f->g'), oneOf(element, element, value)),
    weight: 6,
  },
  // Lists are determined to the last tie.
  { ...sort, args: seq(list, anything), weight: 12 },
  { ...sort, name: 'sort_ro', args: seq(list, reading), weight: 3 },
  { ...sort, args: seq(list, by, word('ALPHA'), window), weight: 4 },
  { ...sort, args: seq(literal('w_1', 'h_1', 'sort:nosuch'), anything) },
  { ...sort, args: seq(list, options(by, window, get, order), junk, opt(oneOf(order, window, junk))), weight: 2 },
  // Sets and sorted sets.
  { ...sort, args: seq(set, opt(by), strict), weight: 3 },
  { ...sort, args: seq(set, word('ALPHA'), strict), weight: 2 },
  { ...sort, args: seq(set, by, word('ALPHA'), opt(get), opt(order)), compare: 'set' },
  { ...sort, args: seq(set, unsorted, opt(get), opt(order)), compare: 'set' },
  { ...sort, args: seq(set, unsorted, order, limit, store) },
  { ...sort, args: seq(zset, opt(by), strict), weight: 2 },
  { ...sort, args: seq(zset, word('ALPHA'), strict), weight: 2 },
  { ...sort, args: seq(zset, by, word('ALPHA'), opt(get), opt(order)), compare: 'set' },
  { ...sort, args: seq(zset, unsorted, options(order, window, get, store)), weight: 3 },
];
