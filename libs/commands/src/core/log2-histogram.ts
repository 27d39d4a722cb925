/** How often a number was how large, by powers of two: a bucket has its bound and all that is larger than the one before. Costs an addition. */

const BUCKETS = 32;

export class Log2Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #sum = 0;
  #total = 0;

  /** A whole number; above 2^31 it counts in the last bucket. */
  record(value: number): void {
    this.#counts[value <= 1 ? 0 : value > 2 ** 31 ? BUCKETS - 1 : 32 - Math.clz32(value - 1)]++;
    this.#sum += value;
    this.#total++;
  }

  get total(): number {
    return this.#total;
  }

  get sum(): number {
    return this.#sum;
  }

  /** `1=5,2=9,4=9`: so many were at most so large, up to the largest that there was. */
  cumulative(): string {
    const lines: string[] = [];
    let seen = 0;
    for (let i = 0; seen < this.#total; i++) {
      seen += this.#counts[i];
      lines.push(`${2 ** i}=${seen}`);
    }
    return lines.join(',');
  }

  reset(): void {
    this.#counts.fill(0);
    this.#sum = this.#total = 0;
  }
}
