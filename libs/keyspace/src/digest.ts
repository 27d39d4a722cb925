/**
 * The digest of a data set, by the rules of Redis's `debug.c` (computeDatasetDigest), so that a Weir and a Redis with
 * the same keys answer DEBUG DIGEST alike, whatever the order of their tables. Entries are combined by exclusive or;
 * within an entry order counts. It covers database number, key, type, value and whether the key expires (not when). A
 * key whose time has come and that nobody has removed yet counts, as in Redis.
 */

import type { Ref } from '@weir/memory';
import { DigestMixer } from './digest-mixer.ts';
import { FLAG_EXPIRE, TYPE_STRING, keyAddress, keyLength, typeOf, valueAddress, valueLength } from './entry.ts';
import type { Keyspace } from './keyspace.ts';
import { SHA1_BYTES } from './sha1.ts';
import { opsOf } from './values.ts';

const EXPIRE_MARK = Buffer.from('!!expire!!');
const entry = new DigestMixer();

/** 20 bytes. */
export function datasetDigest(keyspace: Keyspace): Uint8Array {
  const digest = new DigestMixer();
  for (const db of keyspace.dbs) {
    if (db.keys.size === 0) continue;
    digest.mixNumber(db.index);
    const u8 = keyspace.arena.u8;
    db.keys.forEach((ref) => {
      entry.reset();
      entry.mix(u8, keyAddress(keyspace.arena, ref), keyLength(keyspace.arena, ref));
      addValue(keyspace, entry, ref);
      digest.xor(entry.bytes, 0, SHA1_BYTES);
    });
  }
  return digest.bytes;
}

/** DEBUG DIGEST-VALUE: 20 bytes for the value of an entry; zeros for none. */
export function valueDigest(keyspace: Keyspace, ref: Ref): Uint8Array {
  const digest = new DigestMixer();
  if (ref !== 0) addValue(keyspace, digest, ref);
  return digest.bytes;
}

function addValue(keyspace: Keyspace, digest: DigestMixer, ref: Ref): void {
  const arena = keyspace.arena;
  const type = typeOf(arena, ref);
  digest.mixNumber(type);
  if (type === TYPE_STRING) digest.mix(arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
  else opsOf(keyspace.space, ref).digest(keyspace.space, ref, digest);
  if ((arena.u8[ref * 16 + 1] & FLAG_EXPIRE) !== 0) digest.xor(EXPIRE_MARK, 0, EXPIRE_MARK.length);
}
