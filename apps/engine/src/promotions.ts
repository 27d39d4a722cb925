/** REPLICAOF NO ONE is answered when this node leads, or cannot, or after so long; it goes on trying in any case. */
const PROMOTION_MS = 30_000;

/** Who waits for this node to lead. */
export class Promotions {
  readonly #waiting = new Set<(error: string | null) => void>();

  /** Null when this node leads, so that an OK means what it says, or the text of an error. */
  wait(): Promise<string | null> {
    return new Promise((resolve) => {
      const done = (error: string | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve(error);
      };
      const timer = setTimeout(() => done('ERR the log is not begun yet; it will be'), PROMOTION_MS);
      this.#waiting.add(done);
    });
  }

  settle(error: string | null): void {
    for (const done of [...this.#waiting]) done(error);
  }
}
