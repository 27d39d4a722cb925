/*
 * The interfaces of the log: what an engine, a replication app and libs/cluster program against. Implementations:
 * JetStreamLog / JetStreamSnapshots (nats) and FakeLog / FakeSnapshots (./testing). Sequences, offsets and epochs are
 * plain numbers (below 2^53). A checksum travels as two unsigned 32-bit numbers on hot paths and as 16 hex digits
 * everywhere else.
 *
 * Expected failures are values (AppendResult, AppendOutcome) or LogError with a stable code; nobody has to read prose.
 */

export type Unsubscribe = () => void;

/** Where somebody stands in a log: after the record `seq`, whose payload ends before `offset`. Sequence 0 is the empty log. */
export interface LogPosition {
  readonly seq: number;
  /** Replication offset of the next payload byte. */
  readonly offset: number;
  readonly epoch: number;
  /** Running checksum of the message at `seq`, 16 hex digits (EMPTY_CHECKSUM for the empty log). */
  readonly checksum: string;
}

// ------------------------------------------------------------------------------------------------------ storage

export type RefusedReason =
  | 'disconnected' // not connected to the broker: nothing was sent
  | 'no-space' // stream or server limit, disk full
  | 'no-stream' // nobody stores this subject
  | 'too-large' // above max_payload
  | 'unavailable'; // the broker says it cannot now (no leader, JetStream off, shutting down)

/** What became of an append. A value, never an exception. */
export type AppendResult =
  | { readonly kind: 'stored'; readonly seq: number }
  /** The last sequence is not the expected one. Also what a retry of a stored append answers: read the log, then decide. */
  | { readonly kind: 'rejected'; readonly lastSeq: number | undefined }
  /** No answer in time or the connection broke: it may be stored, or still arrive. */
  | { readonly kind: 'unknown'; readonly error: string }
  /** Definitely not stored. */
  | { readonly kind: 'refused'; readonly reason: RefusedReason; readonly error: string };

export type AppendCallback = (result: AppendResult) => void;

export interface LogState {
  /** First sequence still stored (lastSeq + 1 when nothing is). */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly bytes: number;
  readonly messages: number;
}

export type ConsumeState = 'catching-up' | 'live' | 'disconnected';

/**
 * Called in sequence order, without holes, synchronously. `message` is a view on the client's read buffer: dead when the handler
 * has returned (or the promise it returned has resolved). A returned promise holds back everything behind it.
 */
export type MessageHandler = (seq: number, message: Uint8Array) => void | Promise<void>;

export interface ConsumeOptions {
  /** The wanted sequence was trimmed: `first` is the oldest one there is. The subscription has stopped; bootstrap again. */
  readonly onGap: (gap: { readonly expected: number; readonly first: number }) => void;
  /** The log ends before the sequence that was asked for: this is another log, or it lost its tail. The subscription has stopped. */
  readonly onAhead?: (info: { readonly expected: number; readonly last: number }) => void;
  readonly onState?: (state: ConsumeState, detail: string) => void;
  /** The handler threw or its promise was rejected. The subscription has stopped. */
  readonly onError?: (error: unknown) => void;
}

export interface LogSubscription {
  /** Next sequence to be handed to the handler. */
  readonly nextSeq: number;
  readonly state: ConsumeState | 'stopped';
  /** Hold messages back (bounded: nothing more is asked of the broker meanwhile). */
  pause(): void;
  resume(): void;
  stop(): void;
}

export interface EnsureStreamOptions {
  readonly replicas?: number;
  /** Upper bound of the stream in bytes; above it appends are refused. Default: none. */
  readonly maxBytes?: number;
}

/** One log. Appends are fenced by the sequence expected to be the last. */
export interface LogStore {
  /** Largest message (header and payload) one append can take. Known once connected. */
  readonly maxMessageBytes: number;
  readonly connected: boolean;

  /** `message` belongs to the store until the result is there. */
  append(message: Uint8Array, expectedLastSeq: number): Promise<AppendResult>;
  /** The same without a promise. `callback` is always called, later, exactly once. */
  appendCb(message: Uint8Array, expectedLastSeq: number, callback: AppendCallback): void;

  /** From the stream's leader. Throws LogError('log-unavailable' | 'log-missing'). */
  state(): Promise<LogState>;
  /** The caller's own copy; null when that sequence is not stored. From the leader. Throws as state() does. */
  read(seq: number): Promise<Uint8Array | null>;
  readLast(): Promise<{ readonly seq: number; readonly message: Uint8Array } | null>;

  consume(fromSeq: number, handler: MessageHandler, options: ConsumeOptions): LogSubscription;

  /** Removes everything below `seq`, but never any of the last TAIL_KEPT messages. */
  purgeTo(seq: number): Promise<void>;

  /** Creates the stream, or brings its configuration in line. */
  ensureStream(options?: EnsureStreamOptions): Promise<void>;
  /** Connection state as far as appending goes, for logs and for readiness. */
  onConnection(listener: (connected: boolean) => void): Unsubscribe;
}

// ------------------------------------------------------------------------------------------------------ writer

export type WriterState =
  | 'open'
  | 'resolving' // an append had no clear outcome: reading the tail
  | 'blocked' // the log refuses or cannot be reached; retrying
  | 'fenced' // somebody else wrote, or the log lost what it had: this writer is finished
  | 'stopped';

/**
 * committed: stored at `seq`, its payload ends at `endOffset`.
 * fenced: not part of the history. stopped: the writer was stopped first, or its deadline passed: may or may not be stored.
 */
export type AppendOutcome = 'committed' | 'fenced' | 'stopped';
export type CommitCallback = (outcome: AppendOutcome, seq: number, endOffset: number) => void;

// ------------------------------------------------------------------------------------------------------ snapshots

export interface SnapshotMeta {
  /** Chosen by the caller, unique, `[A-Za-z0-9_-]+`. */
  readonly id: string;
  /** The position which the data set reflects. */
  readonly seq: number;
  readonly offset: number;
  readonly epoch: number;
  readonly checksum: string;
  /** Data-set digest, hex. */
  readonly digest: string;
  readonly keys: number;
  readonly engineVersion: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /**
   * Set when the bytes are a file of another server as it came (of any RDB version that is read): when it was brought in, in milliseconds since
   * 1970. Keys of it whose time had come by then are no part of the data set.
   */
  readonly importedAtMs?: number;
}

export interface SnapshotPart {
  readonly bytes: number;
  readonly chunks: number;
  readonly sha256: string;
}

export type SnapshotState = 'uploaded' | 'usable';

export interface SnapshotManifest extends SnapshotMeta {
  readonly format: 1;
  readonly bytes: number;
  readonly parts: readonly SnapshotPart[];
  readonly state: SnapshotState;
}

export interface SnapshotUpload {
  /** Resolves when there is room for more. `chunk` may be reused afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes the manifest. Fields of `extra` overwrite those given to create() (keys and digest are often known only now). */
  finish(extra?: Partial<Omit<SnapshotMeta, 'id'>>): Promise<SnapshotManifest>;
  abort(): Promise<void>;
}

/** Snapshots of one log. Every method throws LogError('log-unavailable' | 'log-full' | …). */
export interface SnapshotStore {
  ensure(options?: { readonly replicas?: number; readonly maxBytes?: number }): Promise<void>;
  create(meta: SnapshotMeta): Promise<SnapshotUpload>;
  /** Complete ones only, newest (highest seq, then createdAt) first. */
  list(): Promise<SnapshotManifest[]>;
  newestUsable(): Promise<SnapshotManifest | null>;
  markUsable(id: string): Promise<SnapshotManifest>;
  /** Verifies size and SHA-256 of every part; throws LogError('snapshot-damaged') before the damaged part's last byte is yielded. */
  read(manifest: SnapshotManifest): AsyncIterable<Uint8Array>;
  remove(id: string): Promise<void>;
  /**
   * Removes uploads without a manifest to which nothing was added for `olderThanMs`, as this store has seen by its own monotonic clock: no
   * clock that is set, here or at the broker, makes an upload under way look old. Only those whose id begins with `idPrefix`. Returns their ids.
   */
  removeAbandoned(olderThanMs: number, idPrefix?: string): Promise<string[]>;
}

// ------------------------------------------------------------------------------------------------------ connection

export type NatsStatus = 'connected' | 'disconnected' | 'closed';

export interface KvEntry {
  readonly key: string;
  /** null: deleted or expired. */
  readonly value: Uint8Array | null;
  readonly revision: number;
}

export type KvPutResult = { readonly kind: 'stored'; readonly revision: number } | { readonly kind: 'rejected' };

/** As much of NATS as libs/cluster needs, so that only this library knows the client. */
export interface NatsHandle {
  readonly status: NatsStatus;
  onStatus(listener: (status: NatsStatus, detail: string) => void): Unsubscribe;

  publish(subject: string, data: Uint8Array, replyTo?: string): void;
  subscribe(
    subject: string,
    listener: (data: Uint8Array, replyTo: string | undefined, subject: string) => void,
  ): Unsubscribe;
  /** Resolves when the server has taken what was published so far. Rejects when the connection is away. */
  flushed(): Promise<void>;
  /** Throws LogError('log-unavailable') on time-out or when nobody answers. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;

  /** Creates the bucket when missing. Entries vanish `ttlMs` after their last put (0: never). */
  kvEnsure(
    bucket: string,
    options?: { readonly ttlMs?: number; readonly replicas?: number; readonly history?: number },
  ): Promise<void>;
  /** `expectedRevision` 0: only when the key does not exist; n: only when it is at n; absent: always. */
  kvPut(bucket: string, key: string, value: Uint8Array, expectedRevision?: number): Promise<KvPutResult>;
  kvGet(bucket: string, key: string): Promise<KvEntry | null>;
  kvDelete(bucket: string, key: string): Promise<void>;
  kvGetAll(bucket: string): Promise<KvEntry[]>;
  /**
   * Every current entry, then every change; after a reconnect everything again. Entries that expire by TTL are not announced:
   * carry a time in the value, or look at kvGetAll.
   */
  kvWatch(bucket: string, listener: (entry: KvEntry) => void): Unsubscribe;

  close(): Promise<void>;
}
