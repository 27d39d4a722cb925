import type { Keyspace } from '@weir/keyspace';

/**
 * Gives a data set's memory back to the system now. Dropping the last reference would do, but only when the garbage collector
 * comes round, and it sees little reason to: the arena is outside its heap. Whoever still uses the keyspace reads nothing.
 */
export function discardKeyspace(keyspace: Keyspace): void {
  keyspace.later.forget();
  keyspace.arena.buffer.resize(0);
}
