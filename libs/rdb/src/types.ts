// The two sides of the codec: what a reader tells, and what a writer and a reader are made of.
// Buffers handed to callbacks are views that die when the callback returns: copy what is to stay.

export interface RdbSink {
  header(version: number): void;
  /** Owned copies: auxiliary fields are few and small, and are usually kept. */
  aux(key: Uint8Array, value: Uint8Array): void;
  /** Not checked against the number of databases: the sink knows that. 0 holds until the first call. */
  selectDb(db: number): void;
  /** Hints by whoever wrote the file, so possibly lies: cap what is reserved for them. */
  resizeDb(keys: number, expires: number): void;
  /**
   * expireAtMs, lruIdleSeconds, lfuFreq: -1 when the file does not say. Entries that are expired already are told like all others,
   * and a key may come twice: both are the sink's to judge.
   */
  string(
    db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void;
  /** The source of a function library (Redis 7). Skipped when absent. An owned copy. */
  functionLibrary?(code: Uint8Array): void;
  /** The file is complete and its checksum right (or not computed by its writer). */
  end(): void;
}

export interface RdbReaderOptions {
  /** A longer string is refused before memory is spent on it. Default 512 MiB (proto-max-bulk-len). */
  readonly maxStringBytes?: number;
  /** rdbchecksum. Default true. */
  readonly verifyChecksum?: boolean;
}

export interface RdbWriterOptions {
  /** Takes a full buffer, synchronously; the view is overwritten when it returns. */
  readonly flush: (chunk: Uint8Array) => void;
  /** Size of the writer's own buffer, which is the largest chunk. Default 64 KiB, at least 64. */
  readonly chunkBytes?: number;
  /** rdbcompression: LZF for strings of more than 20 bytes. Default true. */
  readonly compress?: boolean;
  /** rdbchecksum: false writes a zero, which readers take as "not computed". Default true. */
  readonly checksum?: boolean;
}

/** Implemented by RdbWriter. */
export interface RdbWriterApi {
  header(): void;
  aux(key: string | Uint8Array, value: string | Uint8Array): void;
  selectDb(db: number): void;
  resizeDb(keys: number, expires: number): void;
  stringEntry(
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void;
  /** Everything of an entry but its value: one of the valueXxx methods must follow. */
  entryPrefix(
    type: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void;
  valueString(buf: Uint8Array, off: number, len: number): void;
  /** End of file: checksum, then the last flush. */
  end(): void;
  /** Bytes written so far, flushed or not. */
  readonly bytesWritten: number;
}

/** Implemented by RdbReader. Both methods throw RdbError; after that the reader is dead and throws the same again. */
export interface RdbReaderApi {
  push(chunk: Uint8Array): void;
  /** No more bytes will come: throws `truncated` unless the end of the file was seen. */
  end(): void;
  readonly finished: boolean;
}
