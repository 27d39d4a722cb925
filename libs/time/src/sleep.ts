import type { Time } from './types.ts';

/** `Time.sleep` by the timers of that time: resolves after so long, or when the signal is aborted. */
export function sleepOn(time: Pick<Time, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = time.after(ms, done);
    signal?.addEventListener('abort', done);
  });
}
