export * from './types.ts';
export { isLogError, LogError, type LogErrorCode } from './errors.ts';
export {
  checksumHex,
  decodeHeader,
  HEADER_BYTES,
  messageChecksum,
  messageEpoch,
  RECORD_BYTES_MAX,
  RecordHeader,
  RecordKind,
  WRITER_ID_BYTES,
} from './record.ts';
export { RecordView } from './fragments.ts';
export { healTail, type Healed } from './heal.ts';
export { dropGuard, GuardedTail, guardedTail } from './block-guard.ts';
export { type Beginning, decodeLeadership, type Leadership, readBeginning } from './leadership.ts';
export { RecentMessages, type TailSource } from './recent.ts';
export { connectNats, type ConnectOptions, NatsLink, OLDEST_ALWAYS, type ServerVersion } from './connect.ts';
export { JetStreamLog, type JetStreamLogOptions, logStream } from './jetstream-log.ts';
export { EmbeddedNats, startEmbeddedNats } from './embedded.ts';
export type { EmbeddedNatsEvent, EmbeddedNatsOptions } from './embedded-options.ts';
export { LogWriter, type LogWriterOptions, openWriter, type OpenWriterOptions } from './writer.ts';
export { LOG_START, LogReader, type LogReaderOptions, type OpenedLog, openLog } from './reader.ts';
export { type DurableFileOptions, writeFileDurably } from './durable-file.ts';
export { FolderLock, lockFolder, OWNER_FILE } from './folder-lock.ts';
export { JetStreamSnapshots, type JetStreamSnapshotsOptions } from './snapshots.ts';
export { expendableSnapshots, type ReaderProgress, type RetentionInput, trimTarget } from './retention.ts';
export { type LogNames, type NatsUser } from './rights.ts';
export { type Sync } from './embedded-files.ts';
export { listLogs, removeLog, type StoredLog } from './stored-logs.ts';
