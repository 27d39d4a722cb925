/*
 * The newest messages of a log as this process wrote or read them, byte for byte: what a broker that lost its log's end is given back
 * (heal.ts). A ring of bytes and one of places, so that keeping a message costs one copy and no allocation. Messages stay contiguous by
 * sequence: one that does not follow begins anew.
 */

/** What can give a log's newest messages back. */
export interface TailSource {
  /** In words, for the log of the node. */
  readonly name: string;
  /** First and last sequence that it has; first is last + 1 when it has none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The caller's own copy; null when it is not there. */
  message(seq: number): Uint8Array | null | Promise<Uint8Array | null>;
}

/** More than a broker loses between two fsyncs, or with the newest block of its file (8 MB). */
export const RECENT_BYTES = 32 * 1024 * 1024;
const PLACES = 65_536;

export class RecentMessages implements TailSource {
  readonly name = 'the memory of this process';
  readonly #capacity: number;
  /** Made with the first message; the system gives memory to what is used of it. */
  #bytes: Uint8Array | null = null;
  readonly #starts = new Float64Array(PLACES);
  readonly #lengths = new Uint32Array(PLACES);
  #head = 0;
  #first = 1;
  #last = 0;

  constructor(capacity = RECENT_BYTES) {
    this.#capacity = capacity;
  }

  get firstSeq(): number {
    return this.#first;
  }

  get lastSeq(): number {
    return this.#last;
  }

  /** `message` is copied. One that is larger than the whole ring empties it. */
  push(seq: number, message: Uint8Array): void {
    const { length } = message;
    if (seq !== this.#last + 1) this.#first = seq;
    this.#last = seq;
    if (length > this.#capacity) {
      this.#first = seq + 1;
      return;
    }
    const bytes = (this.#bytes ??= new Uint8Array(this.#capacity));
    let start = this.#head % this.#capacity;
    // A message stands in one piece: what is left at the end stays unused.
    if (start + length > this.#capacity) {
      this.#head += this.#capacity - start;
      start = 0;
    }
    bytes.set(message, start);
    const place = seq % PLACES;
    this.#starts[place] = this.#head;
    this.#lengths[place] = length;
    this.#head += length;
    if (seq - this.#first >= PLACES) this.#first = seq - PLACES + 1;
    while (this.#first < seq && this.#starts[this.#first % PLACES]! < this.#head - this.#capacity) this.#first++;
  }

  /** Forgets everything from `seq` on: it turned out to be of another history. */
  cut(seq: number): void {
    if (seq > this.#last) return;
    this.#last = seq - 1;
    if (this.#first > this.#last) this.#first = this.#last + 1;
  }

  message(seq: number): Uint8Array | null {
    if (seq < this.#first || seq > this.#last || this.#bytes === null) return null;
    const place = seq % PLACES;
    const start = this.#starts[place]! % this.#capacity;
    return this.#bytes.slice(start, start + this.#lengths[place]!);
  }
}
