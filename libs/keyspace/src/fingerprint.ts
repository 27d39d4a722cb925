import type { Ref } from '@weir/memory';
import { TYPE_STRING, expireOf, keyAddress, keyLength, typeOf, valueAddress, valueLength } from './entry.ts';
import { hashBytes } from './hash.ts';
import type { Keyspace } from './keyspace.ts';
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

  toString(): string {
    return Buffer.from(this.#lanes.buffer).toString('hex');
  }
}

/** Between two yields: keys, blocks of their values, and what strings are longer than short ones. */
const WORK_PER_STEP = 20_000;
const STRING_BYTES_PER_WORK = 256;

/** The same for a large data set that must not hold its thread for long; it must not change before the end. A value is one step. */
export function* fingerprintSteps(keyspace: Keyspace): Generator<void, string, void> {
  const sum = new Fingerprint(keyspace);
  const refs: Ref[] = [];
  let work = 0;
  for (const db of keyspace.dbs) {
    let cursor = 0;
    if (db.keys.size === 0) continue;
    do {
      cursor = db.keys.scan(cursor, refs);
      for (const ref of refs) {
        sum.add(db.index, ref);
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

function workOf({ arena, space }: Keyspace, ref: Ref): number {
  if (typeOf(arena, ref) === TYPE_STRING) return 1 + valueLength(arena, ref) / STRING_BYTES_PER_WORK;
  return 1 + opsOf(space, ref).effort(space, ref);
}

/** Of the value of the entry at hand. */
const valueLanes = new Int32Array(2);

function addEntry(lanes: Int32Array, keyspace: Keyspace, db: number, ref: Ref): void {
  const arena = keyspace.arena;
  const u8 = arena.u8;
  const key = keyAddress(arena, ref);
  const keyLen = keyLength(arena, ref);
  const when = expireOf(arena, ref);
  const head = Math.imul(db + 1, 0x9e3779b1) ^ Math.imul(typeOf(arena, ref) + 1, 0x85ebca6b);
  const low = (when % 4294967296) | 0;
  const high = Math.floor(when / 4294967296) | 0;
  let a = hashBytes(u8, key, keyLen, head, 0x5bd1e995);
  let b = hashBytes(u8, key, keyLen, 0x2545f491, head);
  const seedA = low ^ Math.imul(high, 0xc2b2ae35) ^ 0x1b873593;
  const seedB = high ^ Math.imul(low, 0x27d4eb2f) ^ 0x38b34ae5;
  if (typeOf(arena, ref) === TYPE_STRING) {
    const value = valueAddress(arena, ref);
    const valueLen = valueLength(arena, ref);
    a = hashBytes(u8, value, valueLen, a, seedA);
    b = hashBytes(u8, value, valueLen, b, seedB);
  } else {
    opsOf(keyspace.space, ref).fingerprint(keyspace.space, ref, a ^ seedA, b ^ seedB, valueLanes);
    a = valueLanes[0];
    b = valueLanes[1];
  }
  lanes[0] += a;
  lanes[1] += b;
  lanes[2] += Math.imul(a, 0x9e3779b1) ^ (b >>> 7);
  lanes[3] += Math.imul(b, 0x85ebca6b) ^ (a >>> 11) ^ high;
}
