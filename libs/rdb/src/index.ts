export {
  AUX_AOF_BASE,
  AUX_CREATION_TIME,
  AUX_REDIS_BITS,
  AUX_REDIS_VERSION,
  AUX_USED_MEMORY,
  AUX_WEIR_CHECKSUM,
  AUX_WEIR_EPOCH,
  AUX_WEIR_OFFSET,
  AUX_WEIR_SEQ,
} from './aux.ts';
export { DumpEncoder, parseFunctions, parsePayload, verifyPayload } from './dump.ts';
export { RdbError, remedyOf } from './errors.ts';
export type { RdbErrorCode } from './errors.ts';
export {
  TYPE_HASH,
  TYPE_HASH_LISTPACK,
  TYPE_LIST_QUICKLIST_2,
  TYPE_SET,
  TYPE_SET_INTSET,
  TYPE_STREAM_LISTPACKS_2,
  TYPE_STRING,
  TYPE_ZSET_2,
  TYPE_ZSET_LISTPACK,
} from './format.ts';
export { ListpackBuilder } from './listpack-builder.ts';
export { formatInt64, parseInt64 } from './int64.ts';
export { RdbReader } from './reader.ts';
export type {
  RdbReaderApi,
  RdbReaderOptions,
  RdbSink,
  RdbStreamMeta,
  RdbWriterApi,
  RdbWriterOptions,
} from './types.ts';
export { printableKey } from './values.ts';
export { COMPRESS_UP_TO, RdbWriter } from './writer.ts';
export { KEYS_AHEAD_MAX } from './scout.ts';
