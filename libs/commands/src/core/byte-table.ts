/**
 * Things by their names, which are bytes of any length: a string cannot be as long as a name may be, and need not be made to look one up.
 * They are few beside the keys of a data set, so a Map by hash, with a chain of those whose hash is the same, does.
 */

export interface Named {
  readonly hash: number;
  readonly bytes: Uint8Array;
  /** The next one with the same hash. */
  next: this | null;
}

export class ByteTable<T extends Named> implements Iterable<T> {
  size = 0;
  readonly #byHash = new Map<number, T>();

  find(hash: number, buf: Uint8Array, off: number, len: number): T | null {
    let at: T | null | undefined = this.#byHash.get(hash);
    while (at !== undefined && at !== null) {
      if (isSame(at.bytes, buf, off, len)) return at;
      at = at.next;
    }
    return null;
  }

  /** One that is not there. */
  add(one: T): void {
    one.next = this.#byHash.get(one.hash) ?? null;
    this.#byHash.set(one.hash, one);
    this.size++;
  }

  /** One that is there. */
  remove(one: T): void {
    this.size--;
    const first = this.#byHash.get(one.hash)!;
    if (first === one) {
      if (one.next === null) this.#byHash.delete(one.hash);
      else this.#byHash.set(one.hash, one.next);
      return;
    }
    let before = first;
    while (before.next !== one) before = before.next!;
    before.next = one.next;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const first of this.#byHash.values()) {
      for (let at: T | null = first; at !== null; at = at.next) yield at;
    }
  }
}

function isSame(bytes: Uint8Array, buf: Uint8Array, off: number, len: number): boolean {
  if (bytes.length !== len) return false;
  for (let i = 0; i < len; i++) if (bytes[i] !== buf[off + i]) return false;
  return true;
}
