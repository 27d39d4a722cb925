import { DumpEncoder } from '@weir/rdb';
import {
  dbIndex,
  integer,
  key,
  literal,
  many,
  milliseconds,
  oneOf,
  options,
  opt,
  pattern,
  seconds,
  seq,
  unixMilliseconds,
  unixSeconds,
  value,
  word,
} from './grammar.ts';
import type { Grammar } from './grammar.ts';
import { samePayload } from './masks.ts';
import type { CommandRow } from './rows.ts';

const nxXx = options(word('NX'), word('XX'));
const conditions = options(word('NX'), word('XX'), word('GT'), word('LT'));

const encoder = new DumpEncoder(true);

/** A DUMP payload of a string, now and then a damaged one. */
const payload: Grammar = (g) => {
  const [content] = value(g);
  const bytes = encoder.string(content, 0, content.length);
  if (g.chance(0.1)) bytes[g.below(bytes.length)] ^= 1 << g.below(8);
  return [g.chance(0.05) ? bytes.subarray(0, g.below(bytes.length)) : bytes];
};

/** Removes on both sides what has expired: only then are there as many keys. */
const PURGE = [['SCAN', '0', 'COUNT', '1000000']];

export const keyRows: readonly CommandRow[] = [
  { name: 'del', args: many(1, 3, key), weight: 2 },
  { name: 'unlink', args: many(1, 3, key) },
  { name: 'exists', args: many(1, 4, key) },
  { name: 'touch', args: many(1, 4, key) },
  { name: 'type', args: key },
  { name: 'keys', args: pattern, compare: 'set' },
  { name: 'dbsize', args: () => [], before: PURGE },
  { name: 'randomkey', args: () => [], before: PURGE, compare: 'kind' },
  {
    name: 'scan',
    args: seq(
      oneOf(
        literal(0),
        literal(0),
        literal(0, 1, 7, '-1', '+0', '', '18446744073709551615', '18446744073709551616', 'x', ' 0'),
      ),
      options(
        seq(word('MATCH'), pattern),
        seq(word('COUNT'), oneOf(literal(1, 5, 1000000), literal(1000000), integer)),
        seq(word('TYPE'), literal('string', 'String', 'list', 'nosuch', '')),
      ),
    ),
    before: PURGE,
    compare: 'scan',
    weight: 2,
  },
  { name: 'scan', args: seq(literal(0), word('COUNT'), literal(1000000)), compare: 'scan' },
  { name: 'rename', args: seq(key, key), weight: 2 },
  { name: 'renamenx', args: seq(key, key) },
  { name: 'copy', args: seq(key, key, options(seq(word('DB'), dbIndex), word('REPLACE'))), weight: 2 },
  { name: 'move', args: seq(key, dbIndex) },
  { name: 'expire', args: seq(key, seconds, nxXx), weight: 2 },
  { name: 'pexpire', args: seq(key, milliseconds, nxXx) },
  { name: 'expireat', args: seq(key, unixSeconds, conditions), weight: 2 },
  { name: 'pexpireat', args: seq(key, unixMilliseconds, conditions), weight: 2 },
  { name: 'persist', args: key },
  { name: 'ttl', args: key, compare: 'time-seconds' },
  { name: 'pttl', args: key, compare: 'time-milliseconds' },
  { name: 'expiretime', args: key, compare: 'time-seconds' },
  { name: 'pexpiretime', args: key, compare: 'time-milliseconds' },
  { name: 'object', args: seq(word('ENCODING'), key), weight: 3 },
  // Redis shares the objects of small integers: their count and their time of last access are those of all of them.
  { name: 'object', args: seq(oneOf(word('REFCOUNT'), word('IDLETIME')), key) },
  { name: 'object', args: seq(oneOf(word('FREQ'), word('HELP'), word('NOSUCH')), opt(key)) },
  { name: 'dump', args: key, weight: 2, compare: samePayload },
  {
    name: 'restore',
    args: seq(
      key,
      oneOf(literal(0), literal(0), milliseconds),
      payload,
      options(
        word('REPLACE'),
        word('REPLACE'),
        seq(word('IDLETIME'), oneOf(literal(0, 1000), integer)),
        seq(word('FREQ'), oneOf(literal(0, 255), integer)),
      ),
    ),
    weight: 2,
  },
  {
    name: 'restore',
    args: seq(key, unixMilliseconds, payload, word('ABSTTL'), options(word('REPLACE'))),
  },
  {
    name: 'wait',
    fixed: true,
    args: seq(oneOf(literal(0), literal(-1, 'x')), literal(0, -1, 'x', '9223372036854775808')),
    weight: 0.3,
  },
  {
    name: 'waitaof',
    fixed: true,
    args: seq(literal(0, 0, 1, 2, -1, 'x'), literal(0, 0, -1, 'x'), literal(0, 0, -1, 'x', '9223372036854775808')),
    oracle: 'valkey',
    weight: 0.3,
  },
  { name: 'flushdb', args: opt(oneOf(word('ASYNC'), word('SYNC'), word('NOW'))), weight: 0.1 },
  { name: 'flushall', args: opt(oneOf(word('ASYNC'), word('SYNC'), word('NOW'))), weight: 0.05 },
  { name: 'swapdb', args: seq(dbIndex, dbIndex), weight: 0.5 },
  { name: 'select', args: dbIndex, weight: 1.5 },
  { name: 'nosuchcommand', args: many(0, 5, value), weight: 0.3, refused: 'there is none' },
];
