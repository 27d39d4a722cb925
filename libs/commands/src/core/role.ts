import type { Paused } from './pause.ts';

/**
 * What the node's role lets commands do. Whoever changes the role (the engine's role machine) says here what is so now; handlers and the dispatcher ask.
 *
 * The answers that every command needs (`isReplay`, `ownsExpiry`, `isPlain`) are plain fields, made anew when one of the facts changes. Which error a
 * command is refused with stands in admit.ts, and only there.
 */
export class Role {
  /** A master that serves and takes writes: nothing below is to be looked at. */
  isPlain = true;
  /** Removes keys whose time has come and those for which there is no room, and tells the log. Else that is the master's. */
  ownsExpiry = true;
  /** Applies the log: what it says happens, no more and no less, and nothing is propagated. */
  isReplay = false;

  #paused: Paused = 'nothing';
  #isSlave = false;
  #isLoading = false;
  #writeRefusal = '';
  #leaseRefusal = '';
  /** On a slave: the log is being followed right now. */
  linkUp = true;
  /** While set, it is what is answered while `isLoading`, in place of LOADING: what is missing does not come by waiting. */
  dataRefusal = '';

  /** Writes of clients are refused; keys whose time has come are hidden and stay. */
  get isSlave(): boolean {
    return this.#isSlave;
  }

  set isSlave(isSlave: boolean) {
    this.#isSlave = isSlave;
    this.#conclude();
  }

  /** There is no data set to be served: only commands flagged `loading` run. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  set isLoading(isLoading: boolean) {
    this.#isLoading = isLoading;
    this.#conclude();
  }

  /** While set, writes of clients are refused with this error. */
  get writeRefusal(): string {
    return this.#writeRefusal;
  }

  set writeRefusal(error: string) {
    this.#writeRefusal = error;
    this.#conclude();
  }

  /** What clients have to wait with (CLIENT PAUSE). While it is anything, nothing expires or is evicted. */
  get paused(): Paused {
    return this.#paused;
  }

  set paused(paused: Paused) {
    this.#paused = paused;
    this.#conclude();
  }

  /** While set, this master cannot know whether it still leads: whatever needs the data set is refused with this error. */
  get leaseRefusal(): string {
    return this.#leaseRefusal;
  }

  set leaseRefusal(error: string) {
    this.#leaseRefusal = error;
    this.#conclude();
  }

  /** A context that applies the log, and does nothing else. */
  becomeReplay(isReplay = true): void {
    this.isReplay = isReplay;
    this.#conclude();
  }

  /** Whether a command that reads, and would like to keep what it computed, may. */
  mayWrite(): boolean {
    return this.isReplay || (!this.#isSlave && this.#writeRefusal === '' && this.#leaseRefusal === '');
  }

  #conclude(): void {
    this.ownsExpiry = !this.#isSlave && !this.isReplay;
    this.isPlain =
      !this.#isSlave &&
      !this.#isLoading &&
      this.#writeRefusal === '' &&
      this.#leaseRefusal === '' &&
      this.#paused === 'nothing';
  }
}
