/**
 * The 24 bits of each entry that eviction decides by, as in Redis `evict.c`: either the LRU clock in seconds, or LFU's
 * 16 bits of minutes (when the counter was last decremented) and 8 bits of a logarithmic counter.
 */

import type { Random } from './random.ts';

const LRU_MAX = (1 << 24) - 1;
const LFU_INIT = 5;

export class Recency {
  /** True with a `maxmemory-policy` of the lfu family. */
  lfu = false;
  lfuLogFactor = 10;
  lfuDecayMinutes = 1;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Field of a new entry. */
  initial(nowMs: number): number {
    return this.lfu ? ((minutes(nowMs) << 8) | LFU_INIT) >>> 0 : lruClock(nowMs);
  }

  /** Field of an entry that was just accessed. */
  touched(field: number, nowMs: number): number {
    if (!this.lfu) return lruClock(nowMs);
    return ((minutes(nowMs) << 8) | this.#increment(this.lfuCounter(field, nowMs))) >>> 0;
  }

  /** LFU counter after its decay until now. */
  lfuCounter(field: number, nowMs: number): number {
    const counter = field & 255;
    if (this.lfuDecayMinutes === 0) return counter;
    const then = field >>> 8;
    const now = minutes(nowMs);
    const elapsed = now >= then ? now - then : 65535 - then + now;
    return Math.max(0, counter - Math.floor(elapsed / this.lfuDecayMinutes));
  }

  #increment(counter: number): number {
    if (counter === 255) return 255;
    const base = Math.max(0, counter - LFU_INIT);
    return this.#random.double() < 1 / (base * this.lfuLogFactor + 1) ? counter + 1 : counter;
  }

  /** Seconds since the last access, under an LRU policy. */
  idleSeconds(field: number, nowMs: number): number {
    const now = lruClock(nowMs);
    return now >= field ? now - field : now + (LRU_MAX - field);
  }

  /** Field of an entry restored as idle for that long. */
  fromIdle(idleSeconds: number, nowMs: number): number {
    const now = lruClock(nowMs);
    return idleSeconds > now ? (now - idleSeconds + LRU_MAX) & LRU_MAX : now - idleSeconds;
  }

  /** Field of an entry restored with an LFU counter. */
  fromFrequency(counter: number, nowMs: number): number {
    return ((minutes(nowMs) << 8) | counter) >>> 0;
  }
}

function lruClock(nowMs: number): number {
  return Math.floor(nowMs / 1000) & LRU_MAX;
}

function minutes(nowMs: number): number {
  return Math.floor(nowMs / 60000) & 65535;
}
