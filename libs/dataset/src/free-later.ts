import type { Keyspace } from '@weir/keyspace';

/**
 * Gives back in the background what a keyspace has left for later (UNLINK, FLUSHDB ASYNC, the lazyfree-… directives), and then the memory
 * that its arena does not need to the system: half a millisecond of that, then at least one for others. A set of a million
 * members is gone in less than a second, and who waits for an answer meanwhile waits half a millisecond longer. It runs only while there
 * is something; master, slaves and the replication app's copy all have it done in this way.
 */
const STEP_MS = 0.5;
const PAUSE_MS = 1;
/** Blocks between two looks at the clock: 10 to 50 µs. */
const BLOCKS = 128;

export function freeInBackground(keyspace: Keyspace): void {
  const { later, arena } = keyspace;
  let scheduled = false;
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // Nobody has to stay alive to free memory.
    setTimeout(run, PAUSE_MS).unref();
  };
  const run = (): void => {
    scheduled = false;
    const end = performance.now() + STEP_MS;
    while (later.step(BLOCKS) > 0) {
      if (performance.now() > end) {
        schedule();
        return;
      }
    }
    if (arena.shrinkStep()) schedule();
  };
  later.onBegin = schedule;
  arena.onShrink = schedule;
  if (!later.idle) schedule();
}
