/** A fixed number of bits. */
export class Bits {
  readonly #words: Uint32Array;

  constructor(count: number) {
    this.#words = new Uint32Array((count + 31) >> 5);
  }

  has(at: number): boolean {
    return (this.#words[at >> 5] & (1 << (at & 31))) !== 0;
  }

  put(at: number, value: boolean): void {
    if (value) this.#words[at >> 5] |= 1 << (at & 31);
    else this.#words[at >> 5] &= ~(1 << (at & 31));
  }

  fill(value: boolean): void {
    this.#words.fill(value ? 0xffffffff : 0);
  }

  set(other: Bits): void {
    this.#words.set(other.#words);
  }
}
