/**
 * The generator behind math.random, as Redis has it: the 48-bit congruential one of `lrand48`, which gives the same numbers after
 * every start. It is not begun anew for each script: since effects are replicated, nothing needs that.
 */

// x' = 0x5DEECE66D · x + 11 modulo 2^48, in two halves of 24 bits.
const A_HIGH = 0x5de;
const A_LOW = 0xece66d;
const HALF = 0x1000000;
/** As Redis does: the largest 32-bit integer is never reached. */
const MAX = 0x7fffffff;

export class Random {
  #high = 0x1234ab;
  #low = 0xcd330e;

  seed(value: number): void {
    const seed = value >>> 0;
    // The value is in the upper 32 bits, 0x330e below.
    this.#high = seed >>> 8;
    this.#low = ((seed & 255) << 16) | 0x330e;
  }

  /** 31 bits. */
  next(): number {
    const low = this.#low * A_LOW + 11;
    const carry = Math.floor(low / HALF);
    const high = this.#high * A_LOW + this.#low * A_HIGH + carry;
    this.#low = low % HALF;
    this.#high = high % HALF;
    return this.#high * 128 + (this.#low >>> 17);
  }

  /** 0 ≤ r < 1 */
  fraction(): number {
    return (this.next() % MAX) / MAX;
  }
}
