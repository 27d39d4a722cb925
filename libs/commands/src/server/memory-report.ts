import { keyAddress, keyLength, opsOf, typeOf, TYPE_STRING, valueAddress, valueLength } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import type { Ref } from '@weir/memory';

/** What the memory is used for. All of it is counted, nothing estimated. */
export interface MemoryReport {
  readonly used: number;
  readonly peak: number;
  /** Indexes: what would be left if every value were empty. */
  readonly overhead: number;
  readonly dataset: number;
  readonly keys: number;
  /** Bytes in pages that hold at least one block. */
  readonly active: number;
  /** Bytes that the arena has asked from the system. */
  readonly committed: number;
}

export function memoryReport(keyspace: Keyspace): MemoryReport {
  const { arena } = keyspace;
  let overhead = 0;
  for (const db of keyspace.dbs) overhead += db.keys.bytes + db.expires.bytes;
  return {
    used: keyspace.usedBytes,
    peak: arena.usedBytesPeak,
    overhead,
    dataset: keyspace.usedBytes - overhead,
    keys: keyspace.size,
    active: arena.activeBytes,
    committed: arena.committedBytes,
  };
}

/** A key's share of the index: a slot and its fingerprint, at the usual load. */
const INDEX_BYTES = 8;

/** Bytes that go when the key goes. */
export function keyBytes(keyspace: Keyspace, ref: Ref): number {
  const { arena } = keyspace;
  let bytes = arena.usableBytes(ref) + INDEX_BYTES;
  if (typeOf(arena, ref) !== TYPE_STRING) return bytes + opsOf(keyspace.space, ref).bytes(keyspace.space, ref);
  // A value that does not stand behind its key has a block of its own.
  const value = valueAddress(arena, ref);
  const inline = value === keyAddress(arena, ref) + keyLength(arena, ref);
  if (!inline && valueLength(arena, ref) > 0) bytes += arena.usableBytes(value / 16);
  return bytes;
}
