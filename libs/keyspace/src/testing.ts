import type { Arena, Ref } from '@weir/memory';
import { expireOf, keyAddress, keyLength, valueAddress, valueLength } from './entry.ts';
import type { Keyspace } from './keyspace.ts';

/** Throws when the tables or, in debug mode, the arena of a keyspace contradict themselves. */
export function verifyKeyspace(keyspace: Keyspace, debugArena = true): void {
  const arena = keyspace.arena;
  if (debugArena) arena.verify();
  keyspace.later.verify();
  for (const db of keyspace.dbs) {
    db.keys.verify();
    db.expires.verify();
    let expires = 0;
    db.keys.forEach((ref) => {
      const hash = db.keys.hashOf(ref);
      if (db.keys.find(hash, arena.u8, keyAddress(arena, ref), keyLength(arena, ref)) !== ref) {
        throw new Error(`db${db.index}: another entry has the key ${textOf(arena, ref).key}`);
      }
      if (expireOf(arena, ref) < 0) return;
      expires++;
      if (!db.expires.holds(hash, ref)) throw new Error(`db${db.index}: an expire time is missing in expires`);
    });
    if (expires !== db.expires.size) throw new Error(`db${db.index}: expires holds ${db.expires.size}, not ${expires}`);
  }
}

/** Key, value and expire time of an entry, one character per byte. */
export function textOf(arena: Arena, ref: Ref): { key: string; value: string; expireMs: number } {
  const text = (at: number, len: number): string => Buffer.from(arena.u8.slice(at, at + len)).toString('latin1');
  return {
    key: text(keyAddress(arena, ref), keyLength(arena, ref)),
    value: text(valueAddress(arena, ref), valueLength(arena, ref)),
    expireMs: expireOf(arena, ref),
  };
}
