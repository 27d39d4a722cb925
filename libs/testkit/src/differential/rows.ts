// A command of the differential test is one line in rows-*.ts. What to use:
//
// - Keys: `keyOf('list')` (grammar.ts) is mostly one of four list keys (l1 … l4; h, s, z, x for streams, b for bitmaps …),
//   now and then any key, so that WRONGTYPE happens; `key` is a key of any type. `numkeys('zset')` is `numkeys key …`.
// - Arguments of collections (grammar-types.ts): `member` (elements, fields, values, with edge values), `burst(part)` (once or
//   a few times, now and then hundreds of different ones, so that encodings change), `count`, `signedCount`, `rank`, `score`,
//   `scoreBound`, `lexBound`, `limit`, `streamId`, `newStreamId`, `streamBound`, `groupName`, `consumerName`, `idleTime`,
//   `bitOffset`, `bitfieldType`, `longitude`, `geoUnit`, `scanArgs` …
// - Comparisons: below. Options that conflict: `options(...)` chooses some in any order, now and then one twice.
// - Wrong arity and junk: every request is mutated now and then (`mutate`); a row needs none of its own.

import type { Grammar } from './grammar.ts';

/**
 * How two replies are compared. Errors are compared byte for byte whatever the rule.
 * - exact: byte for byte
 * - set: an array (or set, or map) with the same elements in any order: SMEMBERS, HKEYS, SUNION, KEYS
 * - pairs: the same, of pairs: RESP2's flat array, RESP3's map or array of pairs: HGETALL, CONFIG GET
 * - time-seconds, time-milliseconds: integers that may differ by two seconds (what was relative to two clocks)
 * - idle: the same structure, in which integers that are times may differ: those behind the names idle, inactive,
 *   seen-time and active-time, and the third of four in an entry of a PEL: XPENDING, XINFO
 * - near: the same structure, in which numbers may differ in their last digits (sines of two libraries): GEOPOS, GEODIST
 * - kind: both nil, or both a value of the same type
 * - scan: SCAN, HSCAN, SSCAN, ZSCAN: scans from 0 are completed on both sides and compared as sets
 * - random: SRANDMEMBER, HRANDFIELD, ZRANDMEMBER: as many, distinct if they must be, and each in the collection
 * - pop: SPOP: both sides lose as many; then Redis is made to lose what Weir lost
 * - new-id: XADD with an ID of the clock's: Redis is told the ID that Weir chose
 */
export type Comparison =
  | 'exact'
  | 'set'
  | 'pairs'
  | 'time-seconds'
  | 'time-milliseconds'
  | 'idle'
  | 'near'
  | 'kind'
  | 'scan'
  | 'random'
  | 'pop'
  | 'new-id'
  | Compare;

/** A rule of a row's own, for what is volatile in a reply: what differs, or null. Given are the bytes, one character each. */
export type Compare = (redis: string, weir: string) => string | null;

/** The real server that replies are compared with. */
export type OracleName = 'redis' | 'valkey';

/** One command of the differential test. */
export interface CommandRow {
  readonly name: string;
  /** The arguments behind the name. */
  readonly args: Grammar;
  /** How often relative to others; default 1. */
  readonly weight?: number;
  readonly compare?: Comparison;
  /** Requests to send to both sides before, so that the reply is determined. */
  readonly before?: readonly (readonly string[])[];
  /** Requests that a random change could make harmful are sent as they are. */
  readonly fixed?: boolean;
  /** Only against that server: 'valkey' for what Redis has since 7.2. */
  readonly oracle?: OracleName;
  /** Why no request of this row succeeds, ever. Any other row must succeed now and then. */
  readonly refused?: string;
}
