/**
 * Where replies end in a queue of bytes, and the position that those up to there depend on. Marks that stand close together become one, the
 * later one: so a reply may be told of a little late, never early, and a backlog of any size has few marks.
 */

/** Marks closer together than this are one. */
export const MARK_BYTES = 64 * 1024;

interface Mark {
  /** From the mark before. */
  bytes: number;
  replies: number;
  position: number;
}

export class ReplyMarks {
  /** Of the last `take`: replies that end in the bytes taken, and the position; zeros where none does. */
  replies = 0;
  position = 0;
  readonly #marks: Mark[] = [];

  /** `bytes` more stand in the queue; `replies` end in them. */
  add(bytes: number, replies: number, position: number): void {
    const last = this.#marks.at(-1);
    if (last === undefined || last.bytes + bytes > MARK_BYTES) {
      this.#marks.push({ bytes, replies, position });
      return;
    }
    last.bytes += bytes;
    last.replies += replies;
    last.position = position;
  }

  /** `bytes` have left the queue. */
  take(bytes: number): void {
    this.replies = 0;
    this.position = 0;
    let left = bytes;
    while (this.#marks.length > 0 && this.#marks[0].bytes <= left) {
      const { bytes: taken, replies, position } = this.#marks.shift()!;
      left -= taken;
      this.replies += replies;
      this.position = position;
    }
    if (this.#marks.length > 0) this.#marks[0].bytes -= left;
  }
}
