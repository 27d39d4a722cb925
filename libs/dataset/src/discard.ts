import type { Keyspace } from '@weir/keyspace';

/** So much at a time, half a millisecond: all of it at once would stop a slave that has taken a new data set for 0.7 s a gigabyte. */
const STEP_BYTES = 512 * 1024;
const PAUSE_MS = 1;

/**
 * Gives a data set's memory back to the system, beginning now. Dropping the last reference would do, but only when the garbage
 * collector comes round, and it sees little reason to: the arena is outside its heap. Whoever still uses the keyspace reads nothing.
 */
export function discardKeyspace(keyspace: Keyspace): void {
  keyspace.later.forget();
  const { buffer } = keyspace.arena;
  const step = (): void => {
    buffer.resize(Math.max(0, buffer.byteLength - STEP_BYTES));
    if (buffer.byteLength > 0) setTimeout(step, PAUSE_MS).unref();
  };
  step();
}
