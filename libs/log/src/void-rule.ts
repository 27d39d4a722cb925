/*
 * Which messages may be void (see fragments.ts), and how many. Without a bound a reader whose history the log has lost would pass over every
 * record of a lower epoch for ever and believe itself current.
 *
 * A writer has at most IN_FLIGHT_MAX messages on their way. When a leadership record takes sequence s, the messages of the writer that it
 * replaces expect at most s (the first of them would have been stored at s), so what is stored of them stands at s + 1 … s + IN_FLIGHT_MAX − 1.
 * Each of these can push a message of the new leader into the same trouble, and that one, sent again while an earlier try of it is still on its
 * way, can push another: such a run stands directly behind a void message, in the leader's own epoch. It grows by one with each try, so it is
 * short, but only the number of tries bounds it.
 */
export const IN_FLIGHT_MAX = 2;
const LATE_MAX = IN_FLIGHT_MAX - 1;
/** More tries than a writer makes in two minutes. */
const RUN_MAX = 64;

export class VoidRule {
  /** Sequence of the last leadership record of the history, or the position where reading began, which may be one. */
  #from: number;
  /** The last message taken for void; #from when none was. */
  #through: number;

  constructor(from: number) {
    this.#from = this.#through = from;
  }

  /** A leadership record of the history stands at `seq`. */
  leads(seq: number): void {
    this.#from = this.#through = seq;
  }

  /** Whether the message at `seq`, which does not continue the history, counts nothing. Asked in order; the same one may be asked for again. */
  allows(seq: number, epoch: number, historyEpoch: number): boolean {
    if (seq <= this.#through && seq > this.#from) return true;
    const late = epoch < historyEpoch && seq <= this.#from + LATE_MAX;
    const pushed =
      epoch === historyEpoch && this.#through > this.#from && seq === this.#through + 1 && seq <= this.#from + RUN_MAX;
    if (!late && !pushed) return false;
    this.#through = seq;
    return true;
  }
}
