/**
 * What a session has put in its queue since MULTI: the frames of the requests, one behind the other, as they came. So a hundred thousand commands are one
 * run of bytes and not as many objects. The session keeps it from one transaction to the next.
 */

import { FRAME, FrameScanner } from '@weir/resp';
import type { Request } from '@weir/resp';
import { F_IN_TROUBLE, F_LOADING, F_STALE } from './table.ts';
import type { TableCommand } from './table.ts';

const FIRST_BYTES = 512;
/** A buffer beyond this is not kept for the next transaction. */
const KEPT_BYTES_MAX = 16 * 1024;
/** A queue has no more commands: EXEC keeps room for an error in the place of each reply, which is finite. */
export const QUEUED_MAX = 2 ** 24;
const FIRST_COMMANDS = 16;
const NO_KINDS = new Uint16Array(0);
const EMPTY = new Uint8Array(0);

/** What is in a queue was accepted once. Transactions run one at a time. */
const scanner = new FrameScanner({
  bulkBytesMax: 0x7fffffff,
  argsMax: 0x7fffffff,
  inlineBytesMax: 65536,
  queryBufferBytesMax: 0x7fffffff,
});

export class Transaction {
  /** Commands in the queue. */
  count = 0;
  /** A command was refused when it should have been queued: EXEC will run none. */
  isDoomed = false;
  /** A key that is watched has changed: EXEC will run none. */
  isStale = false;
  /** Bytes of the queue. */
  length = 0;
  /** Bytes that the keys take which are watched. */
  watchedBytes = 0;
  #bytes: Uint8Array = EMPTY;
  /** The commands that are in the queue, each once. */
  readonly #kinds: TableCommand[] = [];
  /** Which of them each is: two bytes beside the heap, where an array of a hundred million would find no room. */
  #kindOf = NO_KINDS;
  /** Flags that some command has, and those that all have. */
  #some = 0;
  #all = -1;

  add(req: Request, command: TableCommand): void {
    // Nobody will run it.
    if (this.isDoomed || this.isStale) return;
    const len = req.end - req.start;
    if (this.length + len > this.#bytes.length) this.#grow(len);
    this.#bytes.set(req.buf.subarray(req.start, req.end), this.length);
    this.length += len;
    let kind = this.#kinds.indexOf(command);
    if (kind === -1) kind = this.#kinds.push(command) - 1;
    if (this.count === this.#kindOf.length) this.#growKinds();
    this.#kindOf[this.count] = kind;
    this.#some |= command.flags;
    this.#all &= command.flags;
    this.count++;
  }

  /**
   * The flags by which EXEC is admitted, of which `own` are its own: it writes when one of its commands does, and needs data when one does. In
   * trouble it runs when all of them do.
   */
  flags(own: number): number {
    const may = F_LOADING | F_STALE | F_IN_TROUBLE;
    return ((own | this.#some) & ~may) | ((own | F_IN_TROUBLE) & this.#all & may);
  }

  /** Hands out the commands in their order. The requests are valid for the call. */
  each(run: (req: Request, command: TableCommand) => void): void {
    scanner.feed(this.#bytes, 0, this.length);
    for (let i = 0; i < this.count; i++) {
      if (scanner.next() !== FRAME) throw new Error(`a queued request is no request: ${scanner.errorText}`);
      // The bytes are ours, and go with the transaction.
      scanner.request.borrowed = false;
      run(scanner.request, this.#kinds[this.#kindOf[i]]);
    }
    scanner.feed(EMPTY, 0, 0); // it keeps no queue
  }

  /** Empties the queue. */
  clear(): void {
    this.count = this.length = this.#some = 0;
    this.#all = -1;
    this.#kinds.length = 0;
    this.isDoomed = this.isStale = false;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = EMPTY;
    if (this.#kindOf.length > KEPT_BYTES_MAX) this.#kindOf = NO_KINDS;
  }

  /** Bytes that it takes in memory. */
  get memoryBytes(): number {
    return this.#bytes.length + 2 * this.#kindOf.length + this.watchedBytes;
  }

  #growKinds(): void {
    const grown = new Uint16Array(Math.max(FIRST_COMMANDS, 2 * this.#kindOf.length));
    grown.set(this.#kindOf);
    this.#kindOf = grown;
  }

  #grow(bytes: number): void {
    let size = Math.max(FIRST_BYTES, this.#bytes.length);
    while (size < this.length + bytes) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
