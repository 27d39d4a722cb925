import { integer, keyOf, literal, many, oneOf, opt, options, seq, value, word } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import {
  burst,
  consumerName,
  count,
  groupName,
  idleTime,
  member,
  newStreamId,
  streamBound,
  streamId,
} from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('stream');

/** Mostly one of few sets of fields, so that entries of a node have the same ones. */
const fields: Grammar = oneOf(
  seq(literal('f'), member),
  seq(literal('f'), literal(1, 2, 3)),
  seq(literal('a'), member, literal('b'), member),
  seq(literal('12'), value, literal(''), member),
  many(1, 4, seq(member, member)),
  burst(seq(member, member)),
);

const about = oneOf(word('='), word('~'), word('~'), () => []);
const limit = oneOf(literal(0, 1, 2, 3, 5, 10, 100), integer);
const trim = oneOf(
  seq(word('MAXLEN'), about, oneOf(count, literal(0, 1, 2, 5, 20))),
  seq(word('MINID'), about, streamId),
  seq(word('MAXLEN'), word('~'), literal(0, 1, 3, 10), word('LIMIT'), limit),
  seq(word('MINID'), word('~'), streamId, word('LIMIT'), limit),
);
const trimming = oneOf(trim, trim, trim, seq(trim, word('LIMIT'), limit), seq(trim, trim), seq(word('LIMIT'), limit));

const readId = oneOf(streamId, streamId, literal('$', 0, 0));
const groupReadId = oneOf(literal('>'), literal('>'), literal('>'), literal(0), streamId, literal('$'));

/** `STREAMS key … ID …`, now and then with one ID too few. */
const streamsOf =
  (id: Grammar): Grammar =>
  (g) => {
    const n = 1 + g.below(3);
    const ids = g.chance(0.97) ? n : n - 1;
    return [...word('STREAMS')(g), ...many(n, n, key)(g), ...(ids === 0 ? [] : many(ids, ids, id)(g))];
  };

const readCount = seq(word('COUNT'), count);
const block = seq(word('BLOCK'), literal('-1', 'x', '', '9223372036854775808', '-9223372036854775808'));
const group = seq(word('GROUP'), groupName, consumerName);
const entriesRead = seq(
  word('ENTRIESREAD'),
  oneOf(literal(0, 1, 2, 5, 10, '-1', '-2', '9223372036854775807'), integer),
);
/** Of the groups that there are mostly. */
const ids = many(1, 5, streamId);
const retries = seq(word('RETRYCOUNT'), oneOf(literal(0, 1, 3, '-1', '9223372036854775807'), integer));
const claimTime = oneOf(
  seq(word('TIME'), literal(0, 1, 1000, '-1', '1600000000000', '9223372036854775807', 'x')),
  seq(word('IDLE'), literal('9223372036854775807', '-1', '0', '-9223372036854775808', 'x')),
);

const claim = seq(
  idleTime,
  ids,
  options(claimTime, retries, word('FORCE'), word('FORCE'), word('JUSTID'), seq(word('LASTID'), streamId)),
);
const autoclaim = seq(
  idleTime,
  streamBound,
  options(seq(word('COUNT'), literal(1, 2, 3, 0, '-1', 10, 1000, '9223372036854775807')), word('JUSTID')),
);

const setIdOptions = options(
  seq(word('ENTRIESADDED'), oneOf(literal(0, 5, 20, 100, '9223372036854775807'), integer)),
  seq(word('MAXDELETEDID'), streamId),
);

/** Redis 7.0 makes a consumer only when it gets something, 7.2 whenever it is named: here it is there before. */
const known = seq(literal('g1'), literal('c1', 'c2'));
const consumersFirst = {
  before: ['c1', 'c2'].map((consumer) => ['XGROUP', 'CREATECONSUMER', 'x1', 'g1', consumer]),
  fixed: true,
} as const;

export const streamRows: readonly CommandRow[] = [
  { name: 'xadd', args: seq(key, newStreamId, fields), compare: 'new-id', weight: 14 },
  {
    name: 'xadd',
    args: seq(key, options(word('NOMKSTREAM'), trimming), newStreamId, fields),
    compare: 'new-id',
    weight: 5,
  },
  { name: 'xlen', args: key },
  { name: 'xrange', args: seq(key, streamBound, streamBound, opt(readCount)), weight: 3 },
  { name: 'xrevrange', args: seq(key, streamBound, streamBound, opt(readCount)), weight: 3 },
  { name: 'xdel', args: seq(key, ids), weight: 4 },
  { name: 'xtrim', args: seq(key, trimming), weight: 3 },
  { name: 'xread', args: seq(options(readCount), streamsOf(readId)), weight: 3 },
  // Changed at random, BLOCK would wait.
  { name: 'xread', args: seq(options(readCount, block), streamsOf(readId)), fixed: true },
  { name: 'xsetid', args: seq(key, streamId, setIdOptions), oracle: 'valkey' },
  // Redis 7.0 does not look at what was deleted: here nothing was.
  {
    name: 'xsetid',
    args: seq(literal('x4'), literal('4', '5-1', '5-2', '100-0'), setIdOptions),
    before: [
      ['DEL', 'x4', 'nosuch'],
      ['XADD', 'x4', '5-1', 'f', 'v'],
    ],
    fixed: true,
    oracle: 'redis',
    weight: 0.3,
  },
  { name: 'xinfo', args: seq(word('STREAM'), key), compare: 'idle', weight: 2 },
  { name: 'xinfo', args: seq(word('STREAM'), key, word('FULL'), opt(readCount)), compare: 'idle', weight: 3 },
  { name: 'xinfo', args: seq(word('GROUPS'), key), compare: 'idle', weight: 2 },
  { name: 'xinfo', args: seq(word('CONSUMERS'), key, groupName), compare: 'idle', weight: 2 },
  { name: 'xinfo', args: word('HELP'), weight: 0.2 },
  { name: 'xgroup', args: word('HELP'), weight: 0.2 },
  {
    name: 'xgroup',
    args: seq(
      word('CREATE'),
      key,
      groupName,
      oneOf(literal('$'), literal(0), streamId),
      options(word('MKSTREAM'), word('MKSTREAM'), entriesRead),
    ),
    weight: 5,
  },
  {
    name: 'xgroup',
    args: seq(word('SETID'), key, groupName, oneOf(literal('$', '-', '+', 0), streamId), opt(entriesRead)),
    weight: 2,
  },
  { name: 'xgroup', args: seq(word('DESTROY'), key, groupName), weight: 0.3 },
  { name: 'xgroup', args: seq(word('CREATECONSUMER'), key, groupName, consumerName) },
  { name: 'xgroup', args: seq(word('DELCONSUMER'), key, groupName, consumerName), weight: 0.5 },
  { name: 'xreadgroup', args: seq(group, streamsOf(groupReadId)), weight: 5, oracle: 'valkey' },
  {
    name: 'xreadgroup',
    args: seq(options(readCount, word('NOACK')), group, streamsOf(groupReadId)),
    weight: 3,
    oracle: 'valkey',
  },
  {
    name: 'xreadgroup',
    args: seq(group, options(readCount, block, word('NOACK')), streamsOf(groupReadId)),
    fixed: true,
    oracle: 'valkey',
  },
  {
    name: 'xreadgroup',
    args: seq(options(readCount, word('NOACK')), word('GROUP'), known, word('STREAMS'), literal('x1'), groupReadId),
    weight: 8,
    ...consumersFirst,
  },
  { name: 'xack', args: seq(key, groupName, ids), weight: 3 },
  { name: 'xpending', args: seq(key, groupName), weight: 2 },
  {
    name: 'xpending',
    args: seq(key, groupName, opt(word('IDLE'), idleTime), streamBound, streamBound, count, opt(consumerName)),
    compare: 'idle',
    weight: 3,
  },
  { name: 'xclaim', args: seq(key, groupName, consumerName, claim), weight: 4, oracle: 'valkey' },
  { name: 'xclaim', args: seq(literal('x1'), known, claim), weight: 6, ...consumersFirst },
  { name: 'xautoclaim', args: seq(key, groupName, consumerName, autoclaim), weight: 4, oracle: 'valkey' },
  { name: 'xautoclaim', args: seq(literal('x1'), known, autoclaim), weight: 4, ...consumersFirst },
  { name: 'type', args: key },
  { name: 'object', args: seq(word('ENCODING'), key) },
  { name: 'copy', args: seq(key, key, opt(word('REPLACE'))) },
  { name: 'del', args: key, weight: 0.5 },
];
