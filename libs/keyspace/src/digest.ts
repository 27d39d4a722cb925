import type { Ref } from '@weir/memory';
import { FLAG_EXPIRE, TYPE_STRING, keyAddress, keyLength, typeOf, valueAddress, valueLength } from './entry.ts';
import type { Keyspace } from './keyspace.ts';
import { SHA1_BYTES, sha1 } from './sha1.ts';

/**
 * The digest of a data set, by the rules of Redis's `debug.c` (computeDatasetDigest), so that a Weir and a Redis with
 * the same keys answer DEBUG DIGEST alike, whatever the order of their tables. Entries are combined by exclusive or;
 * within an entry order counts. It covers database number, key, type, value and whether the key expires (not when). A
 * key whose time has come and that nobody has removed yet counts, as in Redis.
 *
 * Two steps, in Redis's words: *xor* adds the SHA-1 of some bytes to a digest, *mix* does so and replaces the digest by
 * its own SHA-1.
 */

const hash = new Uint8Array(SHA1_BYTES);
const number = new Uint8Array(4);
const entry = new Uint8Array(SHA1_BYTES);
/** Hashes of the type numbers, which every entry begins with. */
const TYPE_HASHES = [0, 1, 2, 3, 4, 5, 6].map(hashOfNumber);
const EXPIRE_MARK = Buffer.from('!!expire!!');

/** 20 bytes. */
export function datasetDigest(keyspace: Keyspace): Uint8Array {
  const digest = new Uint8Array(SHA1_BYTES);
  for (const db of keyspace.dbs) {
    if (db.keys.size === 0) continue;
    mixNumber(digest, db.index);
    const u8 = keyspace.arena.u8;
    db.keys.forEach((ref) => {
      entry.fill(0);
      mix(entry, u8, keyAddress(keyspace.arena, ref), keyLength(keyspace.arena, ref));
      addValue(keyspace, entry, ref);
      xor(digest, entry, 0, SHA1_BYTES);
    });
  }
  return digest;
}

/** DEBUG DIGEST-VALUE: 20 bytes for the value of an entry; zeros for none. */
export function valueDigest(keyspace: Keyspace, ref: Ref): Uint8Array {
  const digest = new Uint8Array(SHA1_BYTES);
  if (ref !== 0) addValue(keyspace, digest, ref);
  return digest;
}

function addValue(keyspace: Keyspace, digest: Uint8Array, ref: Ref): void {
  const arena = keyspace.arena;
  const type = typeOf(arena, ref);
  xorHash(digest, TYPE_HASHES[type]);
  sha1(digest, 0, SHA1_BYTES, digest, 0);
  switch (type) {
    case TYPE_STRING:
      mix(digest, arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
      break;
    default:
      throw new Error(`digest: no rule for values of type ${type}`);
  }
  if ((arena.u8[ref * 16 + 1] & FLAG_EXPIRE) !== 0) xor(digest, EXPIRE_MARK, 0, EXPIRE_MARK.length);
}

function xor(digest: Uint8Array, buf: Uint8Array, off: number, len: number): void {
  sha1(buf, off, len, hash, 0);
  xorHash(digest, hash);
}

function xorHash(digest: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < SHA1_BYTES; i++) digest[i] ^= other[i];
}

function mix(digest: Uint8Array, buf: Uint8Array, off: number, len: number): void {
  xor(digest, buf, off, len);
  sha1(digest, 0, SHA1_BYTES, digest, 0);
}

/** Big endian, 32 bits. */
function mixNumber(digest: Uint8Array, value: number): void {
  writeNumber(value);
  mix(digest, number, 0, 4);
}

function writeNumber(value: number): void {
  number[0] = value >>> 24;
  number[1] = value >>> 16;
  number[2] = value >>> 8;
  number[3] = value;
}

function hashOfNumber(value: number): Uint8Array {
  const out = new Uint8Array(SHA1_BYTES);
  writeNumber(value);
  sha1(number, 0, 4, out, 0);
  return out;
}
