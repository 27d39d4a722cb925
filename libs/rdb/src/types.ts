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
   * Keys that will probably be told next, in this order: of each its place in `buf` and its length, both in `places`. A hint, for who wants the memory of
   * several lookups to be on its way before the first of them is made. Until the next call, with 0 keys when `buf` ends, these bytes stay as they are.
   */
  keysAhead?(buf: Uint8Array, places: Int32Array, count: number): void;
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
  /**
   * A value of another type than string is told as beginValue, its parts, endValue. After an error there is no endValue: who builds
   * values in place drops what it has. Empty collections are not told at all (Redis skips them too), except streams, which may be
   * empty.
   *
   * object: Redis's number of the type (OBJECT_LIST …). sizeHint: the number of elements or pairs, of lists and streams the number
   * of nodes; it is what the file claims, so cap what is reserved for it.
   */
  beginValue(
    object: number,
    db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    sizeHint: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void;
  /**
   * A valid listpack in which every element is encoded as Redis would: of a list one node, else all of the value (elements of a set;
   * fields and values of a hash; members, ascending, and scores, which are numbers, of a sorted set). `count` counts both of a pair.
   * Not known: whether there are equal members or fields.
   */
  listpack(buf: Uint8Array, off: number, len: number, count: number): void;
  /** All of a set: a valid intset, ascending, as wide as it stood in the file. */
  intset(buf: Uint8Array, off: number, len: number): void;
  /** One element of a list or set. */
  element(buf: Uint8Array, off: number, len: number): void;
  /** One field of a hash. */
  pair(
    fieldBuf: Uint8Array,
    fieldOff: number,
    fieldLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
  ): void;
  /** One member of a sorted set, in any order. The score is not NaN. */
  member(buf: Uint8Array, off: number, len: number, score: number): void;
  /**
   * A node of a stream: its master ID in four 32-bit parts, unsigned, and a valid listpack of entries with ascending IDs, some of them
   * live; nodes ascend as well. Then streamMeta, and the groups; all pending entries of a group come before its consumers.
   */
  streamNode(msHi: number, msLo: number, seqHi: number, seqLo: number, buf: Uint8Array, off: number, len: number): void;
  /** One object, used again. */
  streamMeta(meta: RdbStreamMeta): void;
  /** Entries read: a signed integer, -1 when not known. */
  streamGroup(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    entriesReadHi: number,
    entriesReadLo: number,
  ): void;
  streamPending(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    deliveryTimeMs: number,
    deliveryCountHi: number,
    deliveryCountLo: number,
  ): void;
  /** activeTimeMs: -1 when never active; of a file older than Redis 7.2 the time when it was seen. */
  streamConsumer(nameBuf: Uint8Array, nameOff: number, nameLen: number, seenTimeMs: number, activeTimeMs: number): void;
  /** One of the group's pending entries that is this consumer's; not checked to be one. */
  streamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void;
  endValue(): void;
  /** The source of a function library (Redis 7), an owned copy. Without this method a file with one is refused, so that none is lost. */
  functionLibrary?(code: Uint8Array): void;
  /** A module wrote a field that belongs to no key, and no data in it: its name and version in words. Passed over when absent. */
  moduleField?(name: string): void;
  /** The file is complete and its checksum right (or not computed by its writer). */
  end(): void;
}

/** IDs, and what may be any 64-bit integer, in parts of 32 bits, unsigned. */
export interface RdbStreamMeta {
  /** Live entries: those in the nodes, whatever the file claims. */
  length: number;
  lastMsHi: number;
  lastMsLo: number;
  lastSeqHi: number;
  lastSeqLo: number;
  /** Of the first live entry. */
  firstMsHi: number;
  firstMsLo: number;
  firstSeqHi: number;
  firstSeqLo: number;
  maxDeletedMsHi: number;
  maxDeletedMsLo: number;
  maxDeletedSeqHi: number;
  maxDeletedSeqLo: number;
  entriesAddedHi: number;
  entriesAddedLo: number;
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
  /** A string, and what is saved as one: the listpack of a hash (16) or sorted set (17), an intset (11). */
  valueString(buf: Uint8Array, off: number, len: number): void;
  /** How many elements, pairs or nodes follow. */
  valueLength(count: number): void;
  /** Member and score of a sorted set (5). Redis writes the highest first. */
  valueMember(buf: Uint8Array, off: number, len: number, score: number): void;
  /** A node of a list (18): a listpack, or one long element. */
  valueNode(plain: boolean, buf: Uint8Array, off: number, len: number): void;
  /** A stream (19) is valueLength and its nodes, the meta, valueLength and its groups; */
  valueStreamNode(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    buf: Uint8Array,
    off: number,
    len: number,
  ): void;
  valueStreamMeta(meta: RdbStreamMeta): void;
  /** a group its header, valueLength and its pending entries, valueLength and its consumers; */
  valueStreamGroup(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    entriesReadHi: number,
    entriesReadLo: number,
  ): void;
  valueStreamPending(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    deliveryTimeMs: number,
    deliveryCountHi: number,
    deliveryCountLo: number,
  ): void;
  /** a consumer its header, valueLength and the IDs of its pending entries. Pending entries ascend. */
  valueStreamConsumer(nameBuf: Uint8Array, nameOff: number, nameLen: number, seenTimeMs: number): void;
  valueStreamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void;
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
