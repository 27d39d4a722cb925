export { hasMemberTable, valueBlock } from './ahead.ts';
export { candidateIn } from './buckets.ts';
export type { Changes } from './changes.ts';
export type { ChangeListener } from './changes.ts';
export { datasetDigest, valueDigest } from './digest.ts';
export {
  ENC_EMBSTR,
  ENC_HASHTABLE,
  ENC_INT,
  ENC_INTSET,
  ENC_LISTPACK,
  ENC_QUICKLIST,
  ENC_RAW,
  ENC_SKIPLIST,
  ENC_STREAM,
  FLAG_EXPIRE,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
  copyIn,
  encodingOf,
  expireOf,
  keyAddress,
  keyLength,
  lruOf,
  setEncoding,
  setLru,
  typeOf,
  valueAddress,
  valueLength,
} from './entry.ts';
export * as events from './events.ts';
export type { KeyEvent } from './events.ts';
export type { EvictionOrder } from './eviction.ts';
export { hashBytes } from './hash.ts';
export type { HashSeed } from './hash.ts';
export type { LazyfreeSettings } from './free-later.ts';
export { Database } from './database.ts';
export { Keyspace } from './keyspace.ts';
export type { KeyspaceOptions } from './keyspace.ts';
export { Space, rootOf } from './space.ts';
export type { EncodingLimits } from './space.ts';
export { encodingName, opsOf, opsOfType, typeName, typeNamed } from './values.ts';
export { Random } from './random.ts';
export { KeyTable, bucketIn } from './table.ts';
export type { TableLimits } from './table.ts';
export { Fingerprint, fingerprint, fingerprintSteps } from './fingerprint.ts';
export { KeyspaceLoader } from './rdb/keyspace-loader.ts';
export type { LoadOptions } from './rdb/keyspace-loader.ts';
export { dumpValue, saveKeyspace } from './rdb/save.ts';
export { ValueLoader } from './rdb/value-loader.ts';
// The types of values: `lists.push(space, holder, …)`.
export * as hashes from './hash/index.ts';
export * as lists from './list/index.ts';
export * as sets from './set/index.ts';
export * as streams from './stream/index.ts';
export * as zsets from './zset/index.ts';
export * as listpack from './listpack/index.ts';
export { Element, halves, parseHalves, writeInt64 } from './listpack/index.ts';
