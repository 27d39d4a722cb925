export { RdbError, type RdbErrorCode } from './errors.ts';
export { RDB_VERSION_READ_MAX, RDB_VERSION_WRITTEN, TYPE_STRING } from './format.ts';
export type { RdbReaderApi, RdbReaderOptions, RdbSink, RdbWriterApi, RdbWriterOptions } from './types.ts';
