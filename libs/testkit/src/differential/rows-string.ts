import {
  float,
  index,
  integer,
  keyOf,
  literal,
  many,
  milliseconds,
  oneOf,
  options,
  seconds,
  seq,
  text,
  unixMilliseconds,
  unixSeconds,
  value,
  word,
} from './grammar.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('string');

const expiry = oneOf(
  seq(word('EX'), seconds),
  seq(word('PX'), milliseconds),
  seq(word('EXAT'), unixSeconds),
  seq(word('PXAT'), unixMilliseconds),
);

export const stringRows: readonly CommandRow[] = [
  { name: 'get', args: key, weight: 3 },
  { name: 'set', args: seq(key, value), weight: 4 },
  {
    name: 'set',
    args: seq(key, value, options(oneOf(word('NX'), word('XX')), word('GET'), expiry, word('KEEPTTL'))),
    weight: 4,
  },
  { name: 'setnx', args: seq(key, value) },
  { name: 'setex', args: seq(key, seconds, value) },
  { name: 'psetex', args: seq(key, milliseconds, value) },
  { name: 'getset', args: seq(key, value) },
  { name: 'getdel', args: key },
  { name: 'getex', args: seq(key, options(expiry, word('PERSIST'))), weight: 2 },
  { name: 'mget', args: many(1, 5, key) },
  { name: 'mset', args: many(1, 4, seq(key, value)) },
  { name: 'msetnx', args: many(1, 3, seq(key, value)) },
  { name: 'append', args: seq(key, value), weight: 2 },
  { name: 'strlen', args: key },
  { name: 'setrange', args: seq(key, oneOf(index, index, literal(1024, 1048570, 1048576)), value), weight: 2 },
  { name: 'getrange', args: seq(key, index, index) },
  { name: 'substr', args: seq(key, index, index) },
  { name: 'incr', args: key, weight: 2 },
  { name: 'decr', args: key, weight: 2 },
  { name: 'incrby', args: seq(key, integer), weight: 2 },
  { name: 'decrby', args: seq(key, integer), weight: 2 },
  { name: 'incrbyfloat', args: seq(key, float), weight: 3 },
  { name: 'set', args: seq(key, oneOf(integer, float, text)), weight: 3 },
  {
    name: 'lcs',
    args: seq(
      key,
      key,
      options(
        word('IDX'),
        word('LEN'),
        word('WITHMATCHLEN'),
        seq(word('MINMATCHLEN'), oneOf(literal(0, 1, 2, 3), integer)),
      ),
    ),
    weight: 2,
  },
];
