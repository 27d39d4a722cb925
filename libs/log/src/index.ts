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
export {
  fragmentCount,
  RecordReader,
  type RecordReaderOptions,
  RecordView,
  splitRecord,
  TAIL_KEPT,
} from './fragments.ts';
export { connectNats, type ConnectOptions, NatsLink } from './connect.ts';
export { JetStreamLog, type JetStreamLogOptions } from './jetstream-log.ts';
export { EmbeddedNats, type EmbeddedNatsEvent, type EmbeddedNatsOptions, startEmbeddedNats } from './embedded.ts';
export { LogWriter, type LogWriterOptions, openWriter, type OpenWriterOptions } from './writer.ts';
export { LOG_START, LogReader, type LogReaderOptions, type OpenedLog, openLog } from './reader.ts';
export { JetStreamSnapshots, type JetStreamSnapshotsOptions } from './snapshots.ts';
export { expendableSnapshots, type ReaderProgress, type RetentionInput, trimTarget } from './retention.ts';
