export * from './types.ts';
export { isLogError, LogError, type LogErrorCode } from './errors.ts';
export {
  checksumHex,
  checksumHi,
  checksumLo,
  decodeHeader,
  EMPTY_CHECKSUM,
  encodeHeader,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAX_FRAGMENTS,
  RecordHeader,
  RecordKind,
  sameMessage,
  WRITER_ID_BYTES,
} from './record.ts';
export { fragmentCount, RecordReader, type RecordReaderOptions, RecordView, splitRecord } from './fragments.ts';
