/**
 * Copies of the requests of one connection that an engine has not answered yet, one behind the other, so that they can go to another engine when this one is
 * lost or gives them back. The buffers are shared by all connections: one that has nothing outstanding holds none.
 */

import { FRAME, FrameScanner } from '@weir/resp';
import type { Request } from '@weir/resp';

const BUFFER_BYTES = 4 * 1024;
/** More of one connection is not kept: what it has outstanding then cannot be sent again. */
export const UNANSWERED_BYTES_MAX = 1024 * 1024;
/** Of all connections together. */
const ALL_BYTES_MAX = 256 * 1024 * 1024;
const SPARE_MAX = 1024;

const LIMITS = {
  bulkBytesMax: 0x7fffffff,
  argsMax: 0x7fffffff,
  inlineBytesMax: 65536,
  queryBufferBytesMax: 0x7fffffff,
};

const spare: Uint8Array[] = [];
let allBytes = 0;

export class Unanswered {
  /** False: some that is unanswered was not kept. */
  isWhole = true;
  #buf: Uint8Array | null = null;
  #length = 0;
  /** Requests in the buffer, and those of them that are answered. */
  #count = 0;
  #answered = 0;

  /** `buf[start, end)` are `count` whole requests that are on their way now. */
  add(buf: Uint8Array, start: number, end: number, count: number): void {
    if (!this.isWhole) return;
    const bytes = end - start;
    if (this.#buf === null || this.#length + bytes > this.#buf.length) {
      if (!this.#makeRoom(bytes)) {
        this.clear();
        this.isWhole = false;
        return;
      }
    }
    const own = this.#buf!;
    let to = this.#length;
    if (bytes <= 64) for (let i = start; i < end; i++) own[to++] = buf[i];
    else own.set(buf.subarray(start, end), to);
    this.#length += bytes;
    this.#count += count;
  }

  answered(count: number): void {
    this.#answered += count;
    if (this.#answered >= this.#count && this.isWhole) this.clear();
  }

  /** Nothing is outstanding. */
  clear(): void {
    const own = this.#buf;
    this.#length = this.#count = this.#answered = 0;
    this.isWhole = true;
    if (own === null) return;
    this.#buf = null;
    if (own.length === BUFFER_BYTES && spare.length < SPARE_MAX) spare.push(own);
    else allBytes -= own.length;
  }

  /** Calls `visit` with each request that is not answered, in order; the bytes are borrowed for the call. */
  each(visit: (request: Request) => void): void {
    this.#scan((request, isAnswered) => {
      if (!isAnswered) visit(request);
    });
  }

  #scan(visit: (request: Request, isAnswered: boolean) => void): void {
    if (this.#buf === null) return;
    const scanner = new FrameScanner(LIMITS);
    scanner.feed(this.#buf, 0, this.#length);
    for (let i = 0; i < this.#count; i++) {
      if (scanner.next() !== FRAME) throw new Error(`a request that was sent is no request: ${scanner.errorText}`);
      visit(scanner.request, i < this.#answered);
    }
  }

  #makeRoom(bytes: number): boolean {
    if (this.#answered > 0) this.#dropAnswered();
    const old = this.#buf;
    const need = this.#length + bytes;
    if (old !== null && need <= old.length) return true;
    let size = BUFFER_BYTES;
    while (size < need) size *= 2;
    if (size > UNANSWERED_BYTES_MAX || allBytes + size > ALL_BYTES_MAX) return false;
    const pooled = size === BUFFER_BYTES ? spare.pop() : undefined;
    if (pooled === undefined) allBytes += size;
    const grown = pooled ?? Buffer.allocUnsafeSlow(size);
    if (old !== null) {
      grown.set(old.subarray(0, this.#length));
      allBytes -= old.length;
    }
    this.#buf = grown;
    return true;
  }

  #dropAnswered(): void {
    const own = this.#buf!;
    let from = 0;
    this.#scan(({ start, end }, isAnswered) => {
      if (isAnswered) from += end - start;
    });
    own.copyWithin(0, from, this.#length);
    this.#length -= from;
    this.#count -= this.#answered;
    this.#answered = 0;
  }
}
