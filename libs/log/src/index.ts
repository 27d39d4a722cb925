export * from './types.ts';
export { isLogError, LogError } from './errors.ts';
export type { LogErrorCode } from './errors.ts';
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
export { healTail } from './heal.ts';
export type { Healed } from './heal.ts';
export { dropGuard, GuardedTail, guardedTail } from './block-guard.ts';
export { decodeLeadership, readBeginning } from './leadership.ts';
export type { Beginning, Leadership, LeadershipCause } from './leadership.ts';
export { decodeHandover, decodeHeartbeat, encodeHandover, encodeHeartbeat } from './heartbeat.ts';
export type { Handover, Heartbeat } from './heartbeat.ts';
export { RecentMessages } from './recent.ts';
export type { TailSource } from './recent.ts';
export { connectNats, NatsLink, OLDEST_ALWAYS } from './connect.ts';
export type { ConnectOptions, ServerVersion } from './connect.ts';
export { JetStreamLog, logStream } from './jetstream-log.ts';
export type { JetStreamLogOptions, LogDescription } from './jetstream-log.ts';
export { EmbeddedNats, startEmbeddedNats } from './embedded.ts';
export type { EmbeddedNatsEvent, EmbeddedNatsOptions } from './embedded-options.ts';
export { openWriter } from './open-writer.ts';
export type { OpenWriterOptions } from './open-writer.ts';
export { LogWriter } from './writer.ts';
export type { LogWriterOptions } from './writer.ts';
export { LOG_START, LogReader, openLog } from './reader.ts';
export type { LogReaderOptions, OpenedLog } from './reader.ts';
export { writeFileDurably } from './durable-file.ts';
export type { DurableFileOptions } from './durable-file.ts';
export { FolderLock, lockFolder, OWNER_FILE } from './folder-lock.ts';
export { JetStreamSnapshots } from './snapshots.ts';
export type { JetStreamSnapshotsOptions } from './snapshots.ts';
export { expendableSnapshots, trimTarget } from './retention.ts';
export type { ReaderProgress, RetentionInput } from './retention.ts';
export type { LogNames, NatsUser } from './rights.ts';
export type { Sync } from './embedded-files.ts';
export { listLogs, removeLog } from './stored-logs.ts';
export type { StoredLog } from './stored-logs.ts';
