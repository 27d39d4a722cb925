import { fingerprintSteps } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';

/** The fingerprint of a data set which must not change meanwhile, without holding the event loop. `onStep` is told how many steps were made. */
export async function digestOf(
  keyspace: Keyspace,
  signal?: AbortSignal,
  onStep?: (steps: number) => void,
  time: Pick<Time, 'endOfTurn'> = realTime,
): Promise<string> {
  let made = 0;
  const steps = fingerprintSteps(keyspace);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    onStep?.(++made);
    await new Promise<void>((resolve) => time.endOfTurn(resolve));
    signal?.throwIfAborted();
  }
}
