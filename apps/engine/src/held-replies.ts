/**
 * The replies that wait for one record: their bytes, one behind the other, and whose they are. Reused from record to
 * record, so that holding a reply costs a copy of its bytes and no object.
 */

/** Whose replies are held: a session. */
export interface ReplyTarget {
  /** What a slice of `heldBytes` waited for is decided: that is what the client is sent. `buf` is borrowed for the call. */
  releaseHeld(heldBytes: number, buf: Uint8Array, start: number, end: number, replies: number): void;
  /** The next slice that is released is errors, one in the place of each reply. */
  refused(): void;
  /** Nobody can say what became of its writes: its connection is cut off. */
  destroy(): void;
}

const FIRST_BYTES = 64 * 1024;
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

export class HeldReplies {
  /** The engine's number of the record. */
  seq = 0;
  #buf: Uint8Array = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #pos = 0;
  readonly #targets: ReplyTarget[] = [];
  readonly #ends: number[] = [];
  /** Replies in each slice, so that they can be answered with as many errors instead. */
  readonly #counts: number[] = [];

  get bytes(): number {
    return this.#pos;
  }

  /** True when that made a slice of its own: two in a row of one session are one. */
  add(target: ReplyTarget, buf: Uint8Array, start: number, end: number, replies: number): boolean {
    const len = end - start;
    if (this.#pos + len > this.#buf.length) this.#grow(len);
    if (len <= 24) for (let i = 0; i < len; i++) this.#buf[this.#pos + i] = buf[start + i];
    else this.#buf.set(buf.subarray(start, end), this.#pos);
    this.#pos += len;
    const last = this.#targets.length - 1;
    if (last >= 0 && this.#targets[last] === target) {
      this.#ends[last] = this.#pos;
      this.#counts[last] += replies;
      return false;
    }
    this.#targets.push(target);
    this.#ends.push(this.#pos);
    this.#counts.push(replies);
    return true;
  }

  /** Sends everything and is empty again. */
  release(): void {
    let start = 0;
    for (let i = 0; i < this.#targets.length; i++) {
      const end = this.#ends[i];
      this.#targets[i].releaseHeld(end - start, this.#buf, start, end, this.#counts[i]);
      start = end;
    }
    this.clear();
  }

  /** Answers every held reply with `error` (a whole RESP error line) instead, and is empty again. */
  refuse(error: Uint8Array): void {
    let start = 0;
    for (let i = 0; i < this.#targets.length; i++) {
      const all = Buffer.concat(new Array<Uint8Array>(this.#counts[i]).fill(error));
      this.#targets[i].refused();
      this.#targets[i].releaseHeld(this.#ends[i] - start, all, 0, all.length, this.#counts[i]);
      start = this.#ends[i];
    }
    this.clear();
  }

  /** Closes the connections of everybody who waits: what became of their writes is not known. */
  abandon(): void {
    for (const target of this.#targets) target.destroy();
    this.clear();
  }

  clear(): void {
    this.#pos = 0;
    this.#targets.length = 0;
    this.#ends.length = 0;
    this.#counts.length = 0;
    if (this.#buf.length > KEPT_BYTES_MAX) this.#buf = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #grow(len: number): void {
    let size = this.#buf.length;
    while (size < this.#pos + len) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.#buf.subarray(0, this.#pos));
    this.#buf = grown;
  }
}
