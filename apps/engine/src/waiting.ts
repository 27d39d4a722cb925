import type { Time, Timer } from '@weir/time';

/** Pauses that somebody else can end early. */
export class Pauses {
  readonly #wakes = new Set<() => void>();
  readonly #time: Pick<Time, 'after'>;

  constructor(time: Pick<Time, 'after'>) {
    this.#time = time;
  }

  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wakes.delete(done);
        resolve();
      };
      const timer = this.#time.after(ms, done);
      this.#wakes.add(done);
    });
  }

  /** Ends all that are under way. */
  end(): void {
    for (const done of [...this.#wakes]) done();
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Whether the promise was kept in that time. */
export async function within(time: Pick<Time, 'after'>, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => (timer = time.after(ms, () => resolve(false))));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    timer?.cancel();
  }
}
