/**
 * Whoever looks at a log from outside (ingress, admin app) looks again and again whether the node or the cluster has another one now. What keeps it from
 * looking is said once, and tried again with a backoff.
 */

import { Retry, realTime } from '@weir/time';

export interface LookOptions {
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** Why it could not look, each time; '': it could. */
  readonly onTrouble?: (trouble: string) => void;
  readonly log: { warn(fields: object, text: string): void };
  readonly signal: AbortSignal;
}

const LOOK_MS = 5000;
const RETRY_MIN_MS = 200;

/** Looks every five seconds until `signal` is aborted; never throws. */
export async function keepLooking({ look, onTrouble, log, signal }: LookOptions): Promise<void> {
  const retry = new Retry({ time: realTime, minMs: RETRY_MIN_MS, maxMs: LOOK_MS });
  let said = '';
  while (!signal.aborted) {
    let pauseMs = LOOK_MS;
    try {
      await look(signal);
      retry.succeeded();
      said = '';
      onTrouble?.('');
    } catch (error) {
      if (signal.aborted) return;
      const trouble = (error as Error).message;
      if (trouble !== said) log.warn({ trouble }, 'cannot look for the log; trying again');
      said = trouble;
      onTrouble?.(trouble);
      pauseMs = retry.failed();
    }
    await realTime.sleep(pauseMs, signal);
  }
}
