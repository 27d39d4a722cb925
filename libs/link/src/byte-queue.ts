/**
 * Bytes waiting to be sent, owned (copied in), in chunks. Small appends share a chunk, so that a slow client which
 * is owed a million 5-byte replies costs their bytes and not a million objects.
 */

const CHUNK_BYTES_MIN = 4 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

export class ByteQueue {
  /** Bytes held. */
  length = 0;
  /** Bytes of memory that it has for them. */
  capacity = 0;
  #chunks: Uint8Array[] = [];
  /** First unread byte of the first chunk. */
  #head = 0;
  /** First free byte of the last chunk. */
  #tail = 0;

  append(buf: Uint8Array, start: number, end: number): void {
    let at = start;
    this.length += end - start;
    const last = this.#chunks.length - 1;
    if (last >= 0) {
      const chunk = this.#chunks[last];
      const room = chunk.length - this.#tail;
      if (room > 0) {
        const n = Math.min(room, end - at);
        chunk.set(buf.subarray(at, at + n), this.#tail);
        this.#tail += n;
        at += n;
      }
    }
    if (at === end) return;
    // Chunks grow with what is already waiting; a single large append is held in one piece of its exact size.
    const rest = end - at;
    const size = Math.max(rest, Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, this.length)));
    const chunk = new Uint8Array(size);
    chunk.set(buf.subarray(at, end), 0);
    this.#chunks.push(chunk);
    this.capacity += size;
    this.#tail = rest;
  }

  /** A view on at most `max` bytes from the front, still counted until `consume`; undefined when empty. The memory is never written again. */
  peek(max: number): Uint8Array | undefined {
    if (this.length === 0) return undefined;
    const chunk = this.#chunks[0];
    const end = this.#chunks.length === 1 ? this.#tail : chunk.length;
    return chunk.subarray(this.#head, Math.min(end, this.#head + max));
  }

  /** Drops `n` bytes, at most as many as the last `peek` returned. */
  consume(n: number): void {
    this.length -= n;
    this.#head += n;
    const end = this.#chunks.length === 1 ? this.#tail : this.#chunks[0].length;
    if (this.#head === end) {
      this.capacity -= this.#chunks.shift()!.length;
      this.#head = 0;
      if (this.#chunks.length === 0) this.#tail = 0;
    }
  }

  clear(): void {
    this.#chunks = [];
    this.capacity = 0;
    this.length = 0;
    this.#head = 0;
    this.#tail = 0;
  }
}
