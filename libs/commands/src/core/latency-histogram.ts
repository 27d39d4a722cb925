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
  total = 0;
  readonly #counts = new Float64Array(BUCKETS);

  record(micros: number, calls: number): void {
    const nanos = Math.min(NANOS_MAX, Math.max(1, Math.round(micros * 1000)));
    this.#counts[indexOf(nanos)] += calls;
    this.total += calls;
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
    let seen = 0;
    let next = 0;
    for (let level = FIRST_LEVEL; seen < this.total; level *= 2) {
      const last = Math.min(BUCKETS - 1, indexOf(Math.min(level, 2 ** 30 - 1)));
      const before = seen;
      for (; next <= last; next++) seen += this.#counts[next];
      if (seen > before) lines.push([Math.floor(highest(last) / 1000), seen]);
    }
    return lines;
  }
}
