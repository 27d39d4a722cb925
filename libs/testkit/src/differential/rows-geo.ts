import { keyOf, literal, oneOf, opt, options, seq, word } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import { burst, count, distance, geoUnit, latitude, longitude, member, score } from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('geo');
/** A few members, so that some are found. */
const place = oneOf(literal('a', 'b', 'c', 'd', 'e', 'foo', 'bar'), member);
const position = seq(longitude, latitude);
const radius = seq(distance, geoUnit);
const box = seq(distance, distance, geoUnit);
const from = oneOf(seq(word('FROMMEMBER'), place), seq(word('FROMLONLAT'), position));
const by = oneOf(seq(word('BYRADIUS'), radius), seq(word('BYBOX'), box));
const withAll = [word('WITHCOORD'), word('WITHDIST'), word('WITHHASH')];
const counted = seq(word('COUNT'), count, opt(word('ANY')));
const order = oneOf(word('ASC'), word('DESC'));
const store: Grammar = opt(oneOf(word('STORE'), word('STOREDIST')), key);
const conditions = options(word('NX'), word('XX'), word('CH'));

export const geoRows: readonly CommandRow[] = [
  { name: 'geoadd', args: seq(key, burst(seq(position, place))), weight: 10 },
  { name: 'geoadd', args: seq(key, conditions, burst(seq(position, place))), weight: 3 },
  { name: 'zadd', args: seq(key, score, place) },
  { name: 'geopos', args: seq(key, burst(place)), compare: 'near', weight: 3 },
  { name: 'geohash', args: seq(key, burst(place)), weight: 3 },
  { name: 'geodist', args: seq(key, place, place, opt(geoUnit)), compare: 'near', weight: 4 },
  { name: 'geosearch', args: seq(key, from, by, options(...withAll, counted, order)), compare: 'near', weight: 8 },
  { name: 'geosearch', args: seq(key, by, from, order, opt(counted)), compare: 'near', weight: 4 },
  { name: 'geosearch', args: seq(key, options(from, by, counted, order, from, by)), compare: 'near' },
  { name: 'geosearchstore', args: seq(key, key, from, by, options(counted, order, word('STOREDIST'))), weight: 4 },
  {
    name: 'georadius',
    args: seq(key, position, radius, options(...withAll, counted, order)),
    compare: 'near',
    weight: 3,
  },
  { name: 'georadius', args: seq(key, position, radius, options(counted, order), store), compare: 'near', weight: 2 },
  {
    name: 'georadiusbymember',
    args: seq(key, place, radius, options(...withAll, counted, order)),
    compare: 'near',
    weight: 3,
  },
  {
    name: 'georadiusbymember',
    args: seq(key, place, radius, options(counted, order), store),
    compare: 'near',
    weight: 2,
  },
  {
    name: 'georadius_ro',
    args: seq(key, position, radius, options(...withAll, counted, order, store)),
    compare: 'near',
    weight: 2,
  },
  {
    name: 'georadiusbymember_ro',
    args: seq(key, place, radius, options(...withAll, counted, order)),
    compare: 'near',
    weight: 2,
  },
  { name: 'zrange', args: seq(key, literal(0), literal(-1), word('WITHSCORES')), compare: 'near' },
];
