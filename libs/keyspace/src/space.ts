import type { Arena, Ref } from '@weir/memory';
import { hashBytes } from './hash.ts';
import type { HashSeed } from './hash.ts';
import type { Random } from './random.ts';
import { KeyTable } from './table.ts';
import type { TableLimits } from './table.ts';

/** Up to where values stay small encodings; the names of redis.conf. The engine hands in its live configuration. */
export interface EncodingLimits {
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValue: number;
  /** Positive: elements; negative: -1 … -5 for 4 … 64 KiB. */
  readonly listMaxListpackSize: number;
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValue: number;
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValue: number;
  readonly hllSparseMaxBytes: number;
  /** 0: no limit. */
  readonly streamNodeMaxBytes: number;
  /** 0: no limit. */
  readonly streamNodeMaxEntries: number;
}

/** Redis's defaults. */
export const DEFAULT_LIMITS: EncodingLimits = {
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  listMaxListpackSize: -2,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  hllSparseMaxBytes: 3000,
  streamNodeMaxBytes: 4096,
  streamNodeMaxEntries: 100,
};

/**
 * What the values of one keyspace have in common: their memory, the hash that their tables use, the limits of their
 * encodings. Functions on values take it first.
 *
 * A value is reached through its *holder*: the block of its key's entry (entry.ts), whose byte 0 has type and encoding, and
 * whose u32 at offset 12 is the ref of the value's root block. Functions that change a value update both there; the
 * holder itself does not move. A value may exist before its key does (SUNIONSTORE, RESTORE): it is then held by a
 * block that is in no table (`Keyspace.detached`).
 */
export class Space {
  readonly arena: Arena;
  readonly limits: EncodingLimits;
  readonly random: Random;
  /** The table of the set, hash or sorted set at hand: `members.open(root)`. Any other function on values may open another. */
  readonly members: KeyTable;
  /** The table that is being freed (dismantle.ts). */
  readonly dying: KeyTable;
  readonly #k0: number;
  readonly #k1: number;
  #knownBuf: Uint8Array | null = null;
  #knownOff = 0;
  #knownLen = 0;
  #knownHash = 0;

  constructor(arena: Arena, seed: HashSeed, tableLimits: TableLimits, limits: EncodingLimits, random: Random) {
    this.arena = arena;
    this.limits = limits;
    this.random = random;
    this.#k0 = seed.k0 | 0;
    this.#k1 = seed.k1 | 0;
    this.members = new KeyTable(arena, this.#k0, this.#k1, tableLimits);
    this.dying = new KeyTable(arena, this.#k0, this.#k1, tableLimits);
  }

  /** The hash of the members of tables. */
  hash(buf: Uint8Array, off: number, len: number): number {
    if (off === this.#knownOff && buf === this.#knownBuf && len === this.#knownLen) return this.#knownHash;
    return hashBytes(buf, off, len, this.#k0, this.#k1);
  }

  /** These bytes have that hash, and stay as they are until `forgetHash`. For who computed it ahead. */
  knowHash(buf: Uint8Array, off: number, len: number, hash: number): void {
    this.#knownBuf = buf;
    this.#knownOff = off;
    this.#knownLen = len;
    this.#knownHash = hash;
  }

  forgetHash(): void {
    this.#knownBuf = null;
  }
}

/** Ref of the root block of a value that is no string; 0 in a holder that is empty. */
export function rootOf(arena: Arena, holder: Ref): Ref {
  return arena.u32[holder * 4 + 3];
}

export function setRoot(arena: Arena, holder: Ref, root: Ref): void {
  arena.u32[holder * 4 + 3] = root;
}
