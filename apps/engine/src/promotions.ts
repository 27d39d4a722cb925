import type { Time } from '@weir/time';

/** REPLICAOF NO ONE is answered when this node leads, or cannot, or after so long; it goes on trying in any case. */
const PROMOTION_MS = 30_000;

/** Who waits for this node to lead. */
export class Promotions {
  readonly #waiting = new Set<(error: string | null) => void>();
  readonly #time: Pick<Time, 'after'>;

  constructor(time: Pick<Time, 'after'>) {
    this.#time = time;
  }

  /** Null when this node leads, so that an OK means what it says, or the text of an error. */
  wait(): Promise<string | null> {
    return new Promise((resolve) => {
      const done = (error: string | null): void => {
        timer.cancel();
        this.#waiting.delete(done);
        resolve(error);
      };
      const timer = this.#time.after(PROMOTION_MS, () => done('ERR the log is not begun yet; it will be'));
      this.#waiting.add(done);
    });
  }

  settle(error: string | null): void {
    for (const done of [...this.#waiting]) done(error);
  }
}
