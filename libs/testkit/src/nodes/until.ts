import { setTimeout as sleep } from 'node:timers/promises';

/** A wait that ended with nothing; the message says what was waited for, and what was seen last. */
export class WaitedInVain extends Error {}

/** Thrown by a probe when there is no use in waiting any longer. */
export class Hopeless extends Error {}

/**
 * Bounds are what a wait takes at most on a machine of two cores that does nothing else; all are stretched by this, because they are
 * there to end a run that hangs, not to measure. A wait that ends well costs no more for it.
 */
export const PATIENCE = 4;

/** Polls until `probe` answers something else than undefined or false; an error it throws counts as "not yet". Always bounded. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  boundMs = 15_000,
  everyMs = 20,
): Promise<T> {
  const end = performance.now() + boundMs * PATIENCE;
  let last = '';
  for (;;) {
    try {
      const value = await within(what, Promise.resolve(probe()), Math.max(1000, end - performance.now()));
      if (value !== undefined && value !== false) return value;
      last = '';
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = `; last: ${(error as Error).message}`;
    }
    if (performance.now() > end) throw new WaitedInVain(`waited ${boundMs * PATIENCE} ms in vain for: ${what}${last}`);
    await sleep(everyMs);
  }
}

/** Rejects when the promise is not settled in time. */
export function bounded<T>(what: string, promise: Promise<T>, boundMs: number): Promise<T> {
  return within(what, promise, boundMs * PATIENCE);
}

/** The same, to the millisecond: for what is measured. */
export async function within<T>(what: string, promise: Promise<T>, boundMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new WaitedInVain(`waited ${Math.round(boundMs)} ms in vain for: ${what}`)),
      boundMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}
