import { realTime } from '@weir/time';
import type { Time } from '@weir/time';

/**
 * How long a process applies records before everything else in it has its turn: timers, sockets, a lease that must be renewed. What arrives
 * in one piece can be much work, a record as well as many of them one behind the other: a thousand APPENDs to a string of half a
 * gigabyte are a few kilobytes of log and minutes of copying.
 *
 * The budget is of one turn of the event loop, whoever applies in it. Only a command cannot be interrupted.
 */
export interface PaceOptions {
  readonly budgetMs?: number;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** In place of that time's. */
  readonly clock?: () => number;
  /** Calls back when the event loop has turned. */
  readonly turn?: (done: () => void) => void;
}

/** Short enough for a slave that answers with its old data set meanwhile; a turn of the loop costs a ten-thousandth of it. */
const BUDGET_MS = 20;

export class Pace {
  readonly #budgetMs: number;
  readonly #clock: () => number;
  readonly #turn: (done: () => void) => void;
  /** Of this turn of the loop. */
  #running = false;
  #end = 0;

  constructor(options: PaceOptions = {}) {
    this.#budgetMs = options.budgetMs ?? BUDGET_MS;
    const time = options.time ?? realTime;
    this.#clock = options.clock ?? (() => time.monotonicMs());
    this.#turn = options.turn ?? ((done) => time.endOfTurn(done));
  }

  /** Something is about to be applied. */
  begin(): void {
    if (this.#running) return;
    this.#running = true;
    this.#end = this.#clock() + this.#budgetMs;
    this.#turn(() => {
      this.#running = false;
    });
  }

  /** Whether others should have their turn. */
  get spent(): boolean {
    return this.#running && this.#clock() >= this.#end;
  }

  rest(): Promise<void> {
    return new Promise((resolve) => this.#turn(resolve));
  }
}
