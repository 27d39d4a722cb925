import type { Arena } from '@weir/memory';
import type { HashSeed } from './hash.ts';
import { KeyTable } from './table.ts';
import type { TableLimits } from './table.ts';

export class Database {
  index: number;
  readonly keys: KeyTable;
  /** The same entries again: those with an expire time. */
  readonly expires: KeyTable;
  /** Where the active expire cycle goes on (a SCAN cursor of `expires`). */
  expireCursor = 0;
  /** Estimated mean time to live in ms (INFO keyspace). */
  avgTtlMs = 0;

  constructor(index: number, arena: Arena, seed: HashSeed, limits: TableLimits) {
    this.index = index;
    this.keys = new KeyTable(arena, seed.k0, seed.k1, limits);
    this.expires = new KeyTable(arena, seed.k0, seed.k1, limits);
  }
}

/**
 * A key of a database: its hash, and where its bytes are. A keyspace has one such object, which `Keyspace.key` aims: it is passed on at
 * once and never kept, so naming a key allocates nothing.
 */
export class KeyRef {
  db: Database;
  hash = 0;
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;

  constructor(db: Database) {
    this.db = db;
  }
}
