import { keyOf, literal, many, oneOf, opt, options, seq, word } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import {
  burst,
  count,
  lexBound,
  limit,
  member,
  numkeys,
  rank,
  scanArgs,
  score,
  scoreBound,
  signedCount,
} from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('zset');
/** Sets are taken for sorted sets too. */
const input = oneOf(key, key, key, keyOf('set'));
const pairs = burst(seq(score, member));
const conditions = options(word('NX'), word('XX'), word('GT'), word('LT'), word('CH'));

/** `numkeys key … WEIGHTS …`, with as many weights as keys, mostly. */
const weightedBy =
  (weight: Grammar): Grammar =>
  (g) => {
    const keys = numkeys('zset')(g);
    if (g.chance(0.2)) keys[1 + g.below(keys.length - 1)] = input(g)[0];
    const weights: Uint8Array[] = g.chance(0.5)
      ? [word('WEIGHTS')(g)[0], ...many(keys.length - 1, keys.length - 1, weight)(g)]
      : [];
    return [...keys, ...weights];
  };
const weighted = weightedBy(score);
/** Negative ones and 0 make a -0, which not every encoding keeps (differences.ts). */
const weightedToStore = weightedBy(literal('1', '1', '2', '0.5', '3.3', 'inf', '1e300', 'x', '', 'nan'));
const aggregate = opt(word('AGGREGATE'), oneOf(word('SUM'), word('MIN'), word('MAX'), literal('avg', '')));

// By name only sets with equal scores have an order: nobody else touches these keys.
const lexKey = literal('lex1', 'lex2', 'lex3');
const lex = { fixed: true } as const;

const byRank = seq(rank, rank);
const byScore = seq(scoreBound, scoreBound);
const byLex = seq(lexBound, lexBound);
const withScores = opt(word('WITHSCORES'));
const rangeOptions = options(word('REV'), word('WITHSCORES'), word('WITHSCORES'), limit, word('BYSCORE'));

export const zsetRows: readonly CommandRow[] = [
  { name: 'zadd', args: seq(key, pairs), weight: 8 },
  { name: 'zadd', args: seq(key, conditions, pairs), weight: 5 },
  { name: 'zadd', args: seq(key, conditions, word('INCR'), score, member), weight: 3 },
  { name: 'zadd', args: seq(lexKey, burst(seq(literal('-1.5'), member))), weight: 3, ...lex },
  { name: 'zincrby', args: seq(key, score, member), weight: 4 },
  { name: 'zrem', args: seq(key, burst(member)), weight: 4 },
  { name: 'zremrangebyrank', args: seq(key, byRank) },
  { name: 'zremrangebyscore', args: seq(key, byScore) },
  { name: 'zremrangebylex', args: seq(lexKey, byLex), ...lex },
  { name: 'zremrangebylex', args: seq(literal('nosuch'), byLex), ...lex },
  { name: 'zscore', args: seq(key, member), weight: 2 },
  { name: 'zmscore', args: seq(key, many(1, 6, member)) },
  { name: 'zcard', args: key },
  { name: 'zcount', args: seq(key, byScore), weight: 2 },
  { name: 'zlexcount', args: seq(lexKey, byLex), ...lex },
  { name: 'zrank', args: seq(key, member), weight: 2, fixed: true },
  { name: 'zrevrank', args: seq(key, member), weight: 2, fixed: true },
  { name: 'zrank', args: seq(key, member, word('WITHSCORE')), weight: 3, oracle: 'valkey' },
  { name: 'zrevrank', args: seq(key, member, opt(word('WITHSCORE'))), weight: 3, oracle: 'valkey' },
  { name: 'zrange', args: seq(key, byRank, rangeOptions), weight: 3 },
  { name: 'zrange', args: seq(key, byScore, word('BYSCORE'), rangeOptions), weight: 4 },
  { name: 'zrange', args: seq(lexKey, byLex, word('BYLEX'), opt(word('REV')), opt(limit)), weight: 2, ...lex },
  { name: 'zrevrange', args: seq(key, byRank, withScores), weight: 2 },
  { name: 'zrangebyscore', args: seq(key, byScore, withScores, opt(limit)), weight: 2 },
  { name: 'zrevrangebyscore', args: seq(key, byScore, withScores, opt(limit)), weight: 2 },
  { name: 'zrangebylex', args: seq(lexKey, byLex, opt(limit)), ...lex },
  { name: 'zrevrangebylex', args: seq(lexKey, byLex, opt(limit)), ...lex },
  { name: 'zrangestore', args: seq(key, key, byRank, opt(word('REV'))), weight: 2 },
  { name: 'zrangestore', args: seq(key, key, byScore, word('BYSCORE'), opt(word('REV')), opt(limit)), weight: 2 },
  { name: 'zrangestore', args: seq(key, lexKey, byLex, word('BYLEX'), opt(word('REV')), opt(limit)), ...lex },
  { name: 'zunion', args: seq(weighted, aggregate, withScores), weight: 3 },
  { name: 'zinter', args: seq(weighted, aggregate, withScores), weight: 3 },
  { name: 'zdiff', args: seq(weighted, withScores), weight: 2 },
  { name: 'zunionstore', args: seq(key, weightedToStore, aggregate), weight: 4 },
  { name: 'zinterstore', args: seq(key, weightedToStore, aggregate), weight: 4 },
  { name: 'zdiffstore', args: seq(key, numkeys('zset')), weight: 3 },
  { name: 'zintercard', args: seq(numkeys('zset'), opt(word('LIMIT'), count)), weight: 2 },
  { name: 'zpopmin', args: seq(key, opt(count)), weight: 2 },
  { name: 'zpopmax', args: seq(key, opt(count)), weight: 2 },
  { name: 'zmpop', args: seq(numkeys('zset'), oneOf(word('MIN'), word('MAX')), opt(word('COUNT'), count)), weight: 3 },
  { name: 'zrandmember', args: seq(key, opt(signedCount)), compare: 'random', weight: 2 },
  // These compare scores as text, and 7.2 prints doubles otherwise.
  {
    name: 'zrandmember',
    args: seq(key, signedCount, word('WITHSCORES')),
    compare: 'random',
    weight: 2,
    oracle: 'redis',
  },
  { name: 'zscan', args: seq(key, scanArgs), compare: 'scan', weight: 2, oracle: 'redis' },
];
