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
export { Crc64 } from './crc64.ts';
export { DumpEncoder, parsePayload, verifyPayload } from './dump.ts';
export { RdbError, type RdbErrorCode } from './errors.ts';
export { RDB_VERSION_READ_MAX, RDB_VERSION_WRITTEN, TYPE_STRING } from './format.ts';
export { LzfCompressor, lzfDecompress } from './lzf.ts';
export { RdbReader } from './reader.ts';
export type { RdbReaderApi, RdbReaderOptions, RdbSink, RdbWriterApi, RdbWriterOptions } from './types.ts';
export { RdbWriter } from './writer.ts';
