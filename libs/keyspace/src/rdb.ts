import type { Ref } from '@weir/memory';
import { RdbError } from '@weir/rdb';
import type { RdbSink, RdbWriter } from '@weir/rdb';
import {
  ENC_EMBSTR,
  ENC_INT,
  ENC_RAW,
  expireOf,
  keyAddress,
  keyLength,
  lruOf,
  setLru,
  valueAddress,
  valueLength,
} from './entry.ts';
import { isCanonicalInt64 } from './integer.ts';
import type { Database, Keyspace } from './keyspace.ts';

/** Entries between two yields of `saveKeyspace`. */
const ENTRIES_PER_STEP = 2000;
/** No file makes the table reserve more at once than this many entries. */
const RESERVE_MAX = 4_000_000;

/**
 * Writes all databases into `writer`, without header, auxiliary fields and end. Yields now and then, so that the
 * caller can hand on what was written; the keyspace must not change before it is finished.
 */
export function* saveKeyspace(keyspace: Keyspace, writer: RdbWriter, nowMs: number): Generator<void> {
  const refs: Ref[] = [];
  for (const db of keyspace.dbs) {
    if (db.keys.size === 0) continue;
    writer.selectDb(db.index);
    writer.resizeDb(db.keys.size, db.expires.size);
    let cursor = 0;
    let written = 0;
    do {
      cursor = db.keys.scan(cursor, refs);
      for (const ref of refs) writeEntry(keyspace, writer, ref, nowMs);
      written += refs.length;
      refs.length = 0;
      if (written >= ENTRIES_PER_STEP) {
        written = 0;
        yield;
      }
    } while (cursor !== 0);
  }
}

function writeEntry(keyspace: Keyspace, writer: RdbWriter, ref: Ref, nowMs: number): void {
  const arena = keyspace.arena;
  const recency = keyspace.recency;
  writer.stringEntry(
    arena.u8,
    keyAddress(arena, ref),
    keyLength(arena, ref),
    arena.u8,
    valueAddress(arena, ref),
    valueLength(arena, ref),
    expireOf(arena, ref),
    recency.lfu ? -1 : recency.idleSeconds(lruOf(arena, ref), nowMs),
    recency.lfu ? recency.lfuCounter(lruOf(arena, ref), nowMs) : -1,
  );
}

export interface LoadOptions {
  readonly nowMs: number;
  /** Drops keys whose time has come, as a master does with a foreign dump; a snapshot keeps them, the log will say DEL. */
  readonly dropExpired?: boolean;
}

/** Puts what an RdbReader reads into an empty keyspace. Throws when the file does not fit it. */
export class KeyspaceLoader implements RdbSink {
  readonly keyspace: Keyspace;
  readonly auxFields = new Map<string, string>();
  entries = 0;
  expired = 0;
  #db: Database;
  readonly #options: LoadOptions;

  constructor(keyspace: Keyspace, options: LoadOptions) {
    this.keyspace = keyspace;
    this.#db = keyspace.dbs[0];
    this.#options = options;
  }

  header(): void {}

  aux(key: Uint8Array, value: Uint8Array): void {
    if (this.auxFields.size < 256)
      this.auxFields.set(Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1'));
  }

  selectDb(db: number): void {
    if (db >= this.keyspace.dbs.length) {
      throw new Error(`the file has a database ${db}, and there are ${this.keyspace.dbs.length}`);
    }
    this.#db = this.keyspace.dbs[db];
  }

  resizeDb(keys: number, expires: number): void {
    this.#db.keys.reserve(Math.min(keys, RESERVE_MAX));
    if (expires > 0) this.#db.expires.reserve(Math.min(expires, RESERVE_MAX));
  }

  string(
    _db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    const { nowMs } = this.#options;
    if (this.#options.dropExpired === true && expireAtMs >= 0 && expireAtMs <= nowMs) {
      this.expired++;
      return;
    }
    const keyspace = this.keyspace;
    const db = this.#db;
    const hash = keyspace.hash(keyBuf, keyOff, keyLen);
    if (db.keys.find(hash, keyBuf, keyOff, keyLen) !== 0) {
      throw new Error('the file has a key twice');
    }
    const encoding = isCanonicalInt64(valBuf, valOff, valLen) ? ENC_INT : valLen <= 44 ? ENC_EMBSTR : ENC_RAW;
    const ref =
      expireAtMs < 0
        ? keyspace.setString(db, hash, 0, keyBuf, keyOff, keyLen, valBuf, valOff, valLen, encoding, false, nowMs)
        : keyspace.setExpiringString(
            db,
            hash,
            0,
            keyBuf,
            keyOff,
            keyLen,
            valBuf,
            valOff,
            valLen,
            encoding,
            expireAtMs,
            nowMs,
          );
    const recency = keyspace.recency;
    if (recency.lfu && lfuFreq >= 0) setLru(keyspace.arena, ref, recency.fromFrequency(lfuFreq, nowMs));
    else if (!recency.lfu && lruIdleSeconds > 0) setLru(keyspace.arena, ref, recency.fromIdle(lruIdleSeconds, nowMs));
    this.entries++;
  }

  beginValue(object: number): void {
    throw new RdbError('unsupported-type', `values of type ${object} are not loaded`, 0);
  }
  listpack(): void {}
  intset(): void {}
  element(): void {}
  pair(): void {}
  member(): void {}
  streamNode(): void {}
  streamMeta(): void {}
  streamGroup(): void {}
  streamPending(): void {}
  streamConsumer(): void {}
  streamConsumerPending(): void {}
  endValue(): void {}

  end(): void {
    // What was reserved for entries that did not come.
    for (const db of this.keyspace.dbs) {
      db.keys.trim();
      db.expires.trim();
    }
  }
}
