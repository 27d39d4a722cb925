/**
 * Sessions whose requests were kept back and can be executed now. They go on one after another, a step each, and the event loop turns when
 * they have had SLICE_MS: so a backlog of a gigabyte costs the others a few milliseconds a turn, and not all of its time at once.
 */

import type { Time } from '@weir/time';

/** A session whose requests are kept back. */
export interface Resumable {
  /** Goes on by one step. True when there is more to do at once. */
  resume(): boolean;
}

const SLICE_MS = 4;

export class KeptBack {
  readonly #time: Time;
  #waiting: Resumable[] = [];
  readonly #queued = new Set<Resumable>();
  #scheduled = false;

  constructor(time: Time) {
    this.#time = time;
  }

  /** The session goes on in a later turn. */
  add(session: Resumable): void {
    if (this.#queued.has(session)) return;
    this.#queued.add(session);
    this.#waiting.push(session);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#time.endOfTurn(this.#run);
  }

  readonly #run = (): void => {
    const end = this.#time.monotonicMs() + SLICE_MS;
    do {
      const round = this.#waiting;
      this.#waiting = [];
      for (let i = 0; i < round.length; i++) {
        const session = round[i];
        this.#queued.delete(session);
        if (session.resume()) {
          this.#queued.add(session);
          this.#waiting.push(session);
        }
        if (this.#time.monotonicMs() >= end) {
          // Who had no step yet comes first.
          this.#waiting = round.slice(i + 1).concat(this.#waiting);
          break;
        }
      }
    } while (this.#waiting.length > 0 && this.#time.monotonicMs() < end);
    this.#scheduled = this.#waiting.length > 0;
    if (this.#scheduled) this.#time.endOfTurn(this.#run);
  };
}
