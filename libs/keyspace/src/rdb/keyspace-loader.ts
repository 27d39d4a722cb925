import type { Ref } from '@weir/memory';
import { KEYS_AHEAD_MAX, RdbError, printableKey } from '@weir/rdb';
import type { RdbSink } from '@weir/rdb';
import { ENC_EMBSTR, ENC_INT, ENC_RAW, keyAddress, keyLength, setLru } from '../entry.ts';
import { SUMMED_AT_ONCE_BYTES_MAX } from '../fingerprint.ts';
import type { Fingerprint } from '../fingerprint.ts';
import { parseHalves } from '../listpack/int64.ts';
import type { Database } from '../database.ts';
import type { Keyspace } from '../keyspace.ts';
import { opsOfType } from '../values.ts';
import { ValueLoader } from './value-loader.ts';

/** No file makes the table reserve more at once than this many entries. */
const RESERVE_MAX = 4_000_000;
/** By then no key has expired. */
const NEVER = -1;

export interface LoadOptions {
  readonly nowMs: number;
  /** Leaves out keys whose time had come by then, as a master does with a foreign dump; a snapshot keeps them, the log will say DEL. */
  readonly expiredAtMs?: number;
  /** Is given every entry as soon as it is loaded, while its memory is at hand; of long strings `sumLong` does that. */
  readonly sum?: Fingerprint;
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
  /** What was read ahead, for nobody: a compiler leaves a read out whose result goes nowhere. */
  ahead = 0;
  entries = 0;
  expired = 0;
  #db: Database;
  readonly #options: LoadOptions;
  readonly #aheadHashes = new Int32Array(KEYS_AHEAD_MAX);
  #aheadBuf: Uint8Array | null = null;
  #aheadPlaces: Int32Array = new Int32Array(0);
  #aheadAt = 0;
  #aheadCount = 0;
  readonly #sum: Fingerprint | undefined;
  readonly #expiredAtMs: number;
  /** Of long strings that were not summed up yet: database and entry in turns. */
  #long: number[] = [];

  constructor(keyspace: Keyspace, options: LoadOptions) {
    super();
    this.keyspace = keyspace;
    this.#db = keyspace.dbs[0];
    this.#options = options;
    this.#sum = options.sum;
    this.#expiredAtMs = options.expiredAtMs ?? NEVER;
  }

  header(): void {}

  aux(key: Uint8Array, value: Uint8Array): void {
    if (this.auxFields.size < 256)
      this.auxFields.set(Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1'));
  }

  functionLibrary(code: Uint8Array): void {
    this.keyspace.functions.set(code);
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

  keysAhead(buf: Uint8Array, places: Int32Array, count: number): void {
    const { keys } = this.#db;
    const { u32 } = this.keyspace.arena;
    const hashes = this.#aheadHashes;
    for (let i = 0; i < count; i++) hashes[i] = this.keyspace.hash(buf, places[2 * i], places[2 * i + 1]);
    // Apart from the hashes, so that nothing comes between these reads: none of them waits for another.
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= u32[keys.bucketOf(hashes[i]) * 4];
    this.ahead = sum;
    this.#aheadBuf = buf;
    this.#aheadPlaces = places;
    this.#aheadAt = 0;
    this.#aheadCount = count;
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
    const key = keyspace.key(db, hash, keyBuf, keyOff, keyLen);
    const ref =
      expireAtMs < 0
        ? keyspace.setString(key, 0, valBuf, valOff, valLen, encoding, false, nowMs)
        : keyspace.setExpiringString(key, 0, valBuf, valOff, valLen, encoding, expireAtMs, nowMs);
    this.#setRecency(ref, lruIdleSeconds, lfuFreq);
    this.entries++;
    if (this.#sum === undefined) return;
    if (valLen > SUMMED_AT_ONCE_BYTES_MAX) this.#long.push(db.index, ref);
    else this.#sum.add(db.index, ref);
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
    const encoding = opsOfType(object).emptyEncoding;
    let ref = keyspace.create(keyspace.key(db, hash, keyBuf, keyOff, keyLen), object, encoding, this.#options.nowMs);
    if (expireAtMs >= 0) ref = keyspace.setExpire(db, hash, ref, expireAtMs);
    this.#setRecency(ref, lruIdleSeconds, lfuFreq);
    this.begin(keyspace.space, ref, object, sizeHint);
  }

  endValue(): void {
    if (this.holder === 0) return;
    this.finish();
    this.entries++;
    this.#sum?.add(this.#db.index, this.holder);
  }

  /** Adds to `sum` the long strings that were read since it was called last. Others have their turn at each yield. */
  *sumLong(): Generator<void, void, void> {
    const long = this.#long;
    if (long.length === 0) return;
    this.#long = [];
    for (let i = 0; i < long.length; i += 2) yield* this.#sum!.addInSteps(long[i], long[i + 1]);
  }

  protected describe(): string {
    const { arena } = this.keyspace;
    return `the value of key ${printableKey(arena.u8, keyAddress(arena, this.holder), keyLength(arena, this.holder))}`;
  }

  #isDropped(expireAtMs: number): boolean {
    if (expireAtMs < 0 || expireAtMs > this.#expiredAtMs) return false;
    this.expired++;
    return true;
  }

  /** The hash of a key that must not be there. */
  #newKey(keyBuf: Uint8Array, keyOff: number, keyLen: number): number {
    const hash = this.#hashOf(keyBuf, keyOff, keyLen);
    if (this.#db.keys.find(hash, keyBuf, keyOff, keyLen) !== 0) {
      const db = this.keyspace.dbs.indexOf(this.#db);
      throw new RdbError('duplicate-key', `key ${printableKey(keyBuf, keyOff, keyLen)} stands twice in database ${db}`);
    }
    return hash;
  }

  /** Of a key that was told ahead it is known: its place in the buffer says which one it is. */
  #hashOf(keyBuf: Uint8Array, keyOff: number, keyLen: number): number {
    if (keyBuf === this.#aheadBuf) {
      for (let i = this.#aheadAt; i < this.#aheadCount; i++) {
        if (this.#aheadPlaces[2 * i] !== keyOff || this.#aheadPlaces[2 * i + 1] !== keyLen) continue;
        this.#aheadAt = i + 1;
        return this.#aheadHashes[i];
      }
    }
    return this.keyspace.hash(keyBuf, keyOff, keyLen);
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
