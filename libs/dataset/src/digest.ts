import { setImmediate as turn } from 'node:timers/promises';
import { fingerprintSteps } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';

/** The fingerprint of a data set which must not change meanwhile, without holding the event loop. `onStep` is told how many steps were made. */
export async function digestOf(
  keyspace: Keyspace,
  signal?: AbortSignal,
  onStep?: (steps: number) => void,
): Promise<string> {
  let made = 0;
  const steps = fingerprintSteps(keyspace);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    onStep?.(++made);
    await turn();
    signal?.throwIfAborted();
  }
}
