import type { Ref } from '@weir/memory';
import { RdbError, printableKey } from '@weir/rdb';
import type { RdbSink } from '@weir/rdb';
import { ENC_EMBSTR, ENC_INT, ENC_RAW, keyAddress, keyLength, setLru } from '../entry.ts';
import { parseHalves } from '../listpack/int64.ts';
import type { Database, Keyspace } from '../keyspace.ts';
import { ValueLoader, emptyEncoding } from './value-loader.ts';

/** No file makes the table reserve more at once than this many entries. */
const RESERVE_MAX = 4_000_000;

export interface LoadOptions {
  readonly nowMs: number;
  /** Drops keys whose time has come, as a master does with a foreign dump; a snapshot keeps them, the log will say DEL. */
  readonly dropExpired?: boolean;
}

/**
 * Puts what an RdbReader reads into an empty keyspace. Throws when the file does not fit it. Values are built in place, under
 * their keys: after an error a part of one may be there, and the keyspace is to be dropped.
 */
export class KeyspaceLoader extends ValueLoader implements RdbSink {
  readonly keyspace: Keyspace;
  readonly auxFields = new Map<string, string>();
  /** That wrote a field without data: nothing of theirs is lost. */
  readonly modules = new Set<string>();
  entries = 0;
  expired = 0;
  #db: Database;
  readonly #options: LoadOptions;

  constructor(keyspace: Keyspace, options: LoadOptions) {
    super();
    this.keyspace = keyspace;
    this.#db = keyspace.dbs[0];
    this.#options = options;
  }

  header(): void {}

  aux(key: Uint8Array, value: Uint8Array): void {
    if (this.auxFields.size < 256)
      this.auxFields.set(Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1'));
  }

  moduleField(name: string): void {
    if (this.modules.size < 256) this.modules.add(name);
  }

  selectDb(db: number): void {
    if (db >= this.keyspace.dbs.length) {
      const message = `the file has a database ${db}, and there are ${this.keyspace.dbs.length}`;
      throw new RdbError('no-such-database', message);
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
    if (this.#isDropped(expireAtMs)) return;
    const { nowMs } = this.#options;
    const keyspace = this.keyspace;
    const db = this.#db;
    const hash = this.#newKey(keyBuf, keyOff, keyLen);
    const encoding = parseHalves(valBuf, valOff, valLen) ? ENC_INT : valLen <= 44 ? ENC_EMBSTR : ENC_RAW;
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
    this.#setRecency(ref, lruIdleSeconds, lfuFreq);
    this.entries++;
  }

  beginValue(
    object: number,
    _db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    sizeHint: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    if (this.#isDropped(expireAtMs)) {
      this.holder = 0;
      return;
    }
    const hash = this.#newKey(keyBuf, keyOff, keyLen);
    const { keyspace } = this;
    const db = this.#db;
    const encoding = emptyEncoding(object);
    let ref = keyspace.create(db, hash, keyBuf, keyOff, keyLen, object, encoding, this.#options.nowMs);
    if (expireAtMs >= 0) ref = keyspace.setExpire(db, hash, ref, expireAtMs);
    this.#setRecency(ref, lruIdleSeconds, lfuFreq);
    this.begin(keyspace.space, ref, object, sizeHint);
  }

  endValue(): void {
    if (this.holder === 0) return;
    this.finish();
    this.entries++;
  }

  protected describe(): string {
    const { arena } = this.keyspace;
    return `the value of key ${printableKey(arena.u8, keyAddress(arena, this.holder), keyLength(arena, this.holder))}`;
  }

  #isDropped(expireAtMs: number): boolean {
    if (this.#options.dropExpired !== true || expireAtMs < 0 || expireAtMs > this.#options.nowMs) return false;
    this.expired++;
    return true;
  }

  /** The hash of a key that must not be there. */
  #newKey(keyBuf: Uint8Array, keyOff: number, keyLen: number): number {
    const hash = this.keyspace.hash(keyBuf, keyOff, keyLen);
    if (this.#db.keys.find(hash, keyBuf, keyOff, keyLen) !== 0) {
      const db = this.keyspace.dbs.indexOf(this.#db);
      throw new RdbError('duplicate-key', `key ${printableKey(keyBuf, keyOff, keyLen)} stands twice in database ${db}`);
    }
    return hash;
  }

  #setRecency(ref: Ref, lruIdleSeconds: number, lfuFreq: number): void {
    const { arena, recency } = this.keyspace;
    const { nowMs } = this.#options;
    if (recency.lfu && lfuFreq >= 0) setLru(arena, ref, recency.fromFrequency(lfuFreq, nowMs));
    else if (!recency.lfu && lruIdleSeconds > 0) setLru(arena, ref, recency.fromIdle(lruIdleSeconds, nowMs));
  }

  end(): void {
    // What was reserved for entries that did not come.
    for (const db of this.keyspace.dbs) {
      db.keys.trim();
      db.expires.trim();
    }
  }
}
