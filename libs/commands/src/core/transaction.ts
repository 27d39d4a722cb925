import { FRAME, FrameScanner } from '@weir/resp';
import type { Request } from '@weir/resp';
import { F_IN_TROUBLE, F_LOADING, F_STALE } from './table.ts';
import type { TableCommand } from './table.ts';

/**
 * What a session has put in its queue since MULTI: the frames of the requests, one behind the other, as they came. So a hundred thousand commands are one
 * run of bytes and not as many objects. The session keeps it from one transaction to the next.
 */

const FIRST_BYTES = 512;
/** A buffer beyond this is not kept for the next transaction. */
const KEPT_BYTES_MAX = 16 * 1024;
/** A queue has no more commands: EXEC keeps room for an error in the place of each reply, and the table of commands is on the heap. */
export const QUEUED_MAX = 2 ** 24;
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
  readonly #commands: TableCommand[] = [];
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
    this.#commands.push(command);
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
      run(scanner.request, this.#commands[i]);
    }
    scanner.feed(EMPTY, 0, 0); // it keeps no queue
  }

  /** Empties the queue. */
  clear(): void {
    this.count = this.length = this.#some = 0;
    this.#all = -1;
    this.#commands.length = 0;
    this.isDoomed = this.isStale = false;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = EMPTY;
  }

  /** Bytes that it takes in memory. */
  get memoryBytes(): number {
    return this.#bytes.length + 8 * this.#commands.length + this.watchedBytes;
  }

  #grow(bytes: number): void {
    let size = Math.max(FIRST_BYTES, this.#bytes.length);
    while (size < this.length + bytes) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
