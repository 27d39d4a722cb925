import type { Ref } from '@weir/memory';
import { TYPE_STRING, expireOf, keyAddress, keyLength, typeOf, valueAddress, valueLength } from './entry.ts';
import { hashBytes } from './hash.ts';
import { hashPair } from './hash-pair.ts';
import { READ_AHEAD, readAhead } from './ahead.ts';
import type { Keyspace } from './keyspace.ts';
import { LongHash } from './long-hash.ts';
import { opsOf } from './values.ts';

/**
 * A fingerprint of a whole data set that does not depend on the order of its keys, on encodings, or on who computes it: the sum
 * (mod 2^32, in four lanes made of a 64-bit hash) of all entries: database, type, key, value, expire time. Snapshots carry
 * it, and master, slaves and snapshots are compared by it. It finds accidents, not forgeries: the hash's key is known.
 * (DEBUG DIGEST is Redis's own, slower, and does not cover the expire times.)
 */
export function fingerprint(keyspace: Keyspace): string {
  const steps = fingerprintSteps(keyspace);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same of entries that somebody visits anyway: each has to be added once. */
export class Fingerprint {
  readonly #lanes = new Int32Array(4);
  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** An entry of that database. */
  add(db: number, ref: Ref): void {
    addEntry(this.#lanes, this.#keyspace, db, ref);
  }

  /** The same in steps, where the value is a long string: others have their turn at each yield. */
  *addInSteps(db: number, ref: Ref): Generator<void, void, void> {
    if (isLong(this.#keyspace, ref)) yield* addLongString(this.#lanes, this.#keyspace, db, ref);
    else this.add(db, ref);
  }

  /** Of what was added, and of the function libraries as they are now. */
  toString(): string {
    const lanes = this.#lanes.slice();
    for (const [, code] of this.#keyspace.functions) {
      addLanes(
        lanes,
        hashBytes(code, 0, code.length, 0x46554e43, 1),
        hashBytes(code, 0, code.length, 0x46554e43, 2),
        0,
      );
    }
    return Buffer.from(lanes.buffer).toString('hex');
  }
}

/** A string above this is hashed in parts of so many bytes: 3 ms each. */
export const SUMMED_AT_ONCE_BYTES_MAX = 512 * 1024;
const LONG_BYTES = SUMMED_AT_ONCE_BYTES_MAX;
if (LONG_BYTES % 4 !== 0) throw new Error('a hash takes parts of whole words');

/** Between two yields: keys, blocks of their values, and what strings are longer than short ones. */
const WORK_PER_STEP = 20_000;
const STRING_BYTES_PER_WORK = 256;

/** The same for a large data set that must not hold its thread for long; it must not change before the end. A value that is no string is one step. */
export function* fingerprintSteps(keyspace: Keyspace): Generator<void, string, void> {
  const sum = new Fingerprint(keyspace);
  const refs: Ref[] = [];
  let work = 0;
  for (const db of keyspace.dbs) {
    let cursor = 0;
    if (db.keys.size === 0) continue;
    do {
      cursor = db.keys.scan(cursor, refs);
      if (cursor !== 0 && refs.length < READ_AHEAD) continue;
      readAhead(keyspace.arena, refs);
      for (const ref of refs) {
        if (isLong(keyspace, ref)) yield* sum.addInSteps(db.index, ref);
        else sum.add(db.index, ref);
        work += workOf(keyspace, ref);
        if (work >= WORK_PER_STEP) {
          work = 0;
          yield;
        }
      }
      refs.length = 0;
    } while (cursor !== 0);
  }
  return sum.toString();
}

/** A string that is hashed in parts. */
function isLong({ arena }: Keyspace, ref: Ref): boolean {
  return typeOf(arena, ref) === TYPE_STRING && valueLength(arena, ref) > LONG_BYTES;
}

function workOf({ arena, space }: Keyspace, ref: Ref): number {
  if (typeOf(arena, ref) === TYPE_STRING) return 1 + valueLength(arena, ref) / STRING_BYTES_PER_WORK;
  return 1 + opsOf(space, ref).effort(space, ref);
}

/** Of the value of the entry at hand. */
const valueLanes = new Int32Array(2);

/** What an entry's value is hashed with: the two hashes of its key, and two seeds of its expire time. */
const head = new Int32Array(4);

function addEntry(lanes: Int32Array, keyspace: Keyspace, db: number, ref: Ref): void {
  const arena = keyspace.arena;
  const high = readHead(keyspace, db, ref);
  const a = head[0];
  const b = head[1];
  const seedA = head[2];
  const seedB = head[3];
  if (typeOf(arena, ref) === TYPE_STRING) {
    const value = valueAddress(arena, ref);
    const valueLen = valueLength(arena, ref);
    hashPair(arena.i32, value, valueLen, a, seedA, b, seedB, valueLanes);
  } else opsOf(keyspace.space, ref).fingerprint(keyspace.space, ref, a ^ seedA, b ^ seedB, valueLanes);
  addLanes(lanes, valueLanes[0], valueLanes[1], high);
}

function* addLongString(lanes: Int32Array, keyspace: Keyspace, db: number, ref: Ref): Generator<void, void, void> {
  const { arena } = keyspace;
  const high = readHead(keyspace, db, ref);
  const a = new LongHash();
  const b = new LongHash();
  a.begin(head[0], head[2]);
  b.begin(head[1], head[3]);
  let at = valueAddress(arena, ref);
  let left = valueLength(arena, ref);
  for (; left >= LONG_BYTES; left -= LONG_BYTES) {
    a.part(arena.u8, at, LONG_BYTES);
    b.part(arena.u8, at, LONG_BYTES);
    at += LONG_BYTES;
    yield;
  }
  const words = left & ~3;
  a.part(arena.u8, at, words);
  b.part(arena.u8, at, words);
  addLanes(lanes, a.end(arena.u8, at + words, left - words), b.end(arena.u8, at + words, left - words), high);
}

/** Fills `head`; returns the upper word of the expire time. */
function readHead({ arena }: Keyspace, db: number, ref: Ref): number {
  const key = keyAddress(arena, ref);
  const keyLen = keyLength(arena, ref);
  const when = expireOf(arena, ref);
  const seed = Math.imul(db + 1, 0x9e3779b1) ^ Math.imul(typeOf(arena, ref) + 1, 0x85ebca6b);
  const low = (when % 4294967296) | 0;
  const high = Math.floor(when / 4294967296) | 0;
  hashPair(arena.i32, key, keyLen, seed, 0x5bd1e995, 0x2545f491, seed, head);
  head[2] = low ^ Math.imul(high, 0xc2b2ae35) ^ 0x1b873593;
  head[3] = high ^ Math.imul(low, 0x27d4eb2f) ^ 0x38b34ae5;
  return high;
}

function addLanes(lanes: Int32Array, a: number, b: number, high: number): void {
  lanes[0] += a;
  lanes[1] += b;
  lanes[2] += Math.imul(a, 0x9e3779b1) ^ (b >>> 7);
  lanes[3] += Math.imul(b, 0x85ebca6b) ^ (a >>> 11) ^ high;
}
