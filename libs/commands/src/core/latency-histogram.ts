/**
 * How long the calls of a command took: a histogram with two significant digits, from 1 ns to 1 s, as Redis keeps it
 * (HdrHistogram): values below 256 have a bucket each, and every doubling from there on 128 of them.
 */

const DIGIT_BITS = 7;
const PER_DOUBLING = 1 << DIGIT_BITS;
const NANOS_MAX = 1e9;
/** The first value that LATENCY HISTOGRAM has a line for. */
const FIRST_LEVEL = 1024;

function indexOf(nanos: number): number {
  const doubling = 32 - Math.clz32(nanos | (2 * PER_DOUBLING - 1)) - (DIGIT_BITS + 1);
  return (doubling << DIGIT_BITS) + (nanos >> doubling);
}

/** The smallest and the largest value that are counted there. */
function lowest(index: number): number {
  const doubling = Math.max(0, (index >> DIGIT_BITS) - 1);
  return (index - doubling * PER_DOUBLING) * 2 ** doubling;
}

function highest(index: number): number {
  return lowest(index) + 2 ** Math.max(0, (index >> DIGIT_BITS) - 1) - 1;
}

const BUCKETS = indexOf(2 ** 30 - 1) + 1;

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);

  /** Runs after each call of most commands: no more than an addition, in whole numbers as soon as it can. */
  record(micros: number, calls: number): void {
    const nanos = micros < NANOS_MAX / 1000 ? (micros * 1000 + 0.5) | 0 : NANOS_MAX;
    this.#counts[indexOf(nanos > 0 ? nanos : 1)] += calls;
  }

  reset(): void {
    this.#counts.fill(0);
  }

  /** Calls that were recorded. */
  get total(): number {
    return this.#counts.reduce((sum, calls) => sum + calls, 0);
  }

  /** Microseconds within which that many percent of the calls ended. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.floor((percent / 100) * this.total + 0.5));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i];
      if (seen >= wanted) return (percent === 0 ? lowest(i) : highest(i)) / 1000;
    }
    return 0;
  }

  /** Pairs for LATENCY HISTOGRAM: microseconds, about a power of two each, and how many calls took no longer. */
  cumulative(): (readonly [micros: number, calls: number])[] {
    const lines: [number, number][] = [];
    const { total } = this;
    let seen = 0;
    let next = 0;
    for (let level = FIRST_LEVEL; seen < total; level *= 2) {
      const last = Math.min(BUCKETS - 1, indexOf(Math.min(level, 2 ** 30 - 1)));
      const before = seen;
      for (; next <= last; next++) seen += this.#counts[next];
      if (seen > before) lines.push([Math.floor(highest(last) / 1000), seen]);
    }
    return lines;
  }
}
