/**
 * xoshiro128** (Blackman and Vigna): the keyspace's source of randomness, seeded from outside, so that a run can be
 * repeated. Good for sampling; not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    // splitmix32 spreads the seed over the state; a state of all zeros cannot come out of it.
    let s = seed | 0;
    const next = () => {
      s = (s + 0x9e3779b9) | 0;
      let z = s ^ (s >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** Unsigned 32-bit integer. A property, so that it can be handed on as a function. */
  readonly u32 = (): number => {
    let result = Math.imul(this.#b, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  };

  /** Double in [0, 1). */
  double(): number {
    return this.u32() / 4294967296;
  }
}
