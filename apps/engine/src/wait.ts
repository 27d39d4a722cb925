/**
 * WAIT: how many slaves of the log have applied up to an offset, from their own reports. Asks for reports while somebody waits,
 * as Redis asks with REPLCONF GETACK.
 */

import type { Membership } from '@weir/cluster';
import { realTime } from '@weir/time';
import type { Time, Timer } from '@weir/time';
import { slavesUpTo } from './slaves.ts';

interface Waiter {
  readonly offset: number;
  readonly replicas: number;
  readonly done: (acknowledged: number) => void;
  timer: Timer | null;
}

const POLL_MS = 20;

export class ReplicaWaits {
  readonly #membership: () => Membership | null;
  readonly #waiters = new Set<Waiter>();
  readonly #time: Time;
  #poller: Timer | null = null;

  constructor(membership: () => Membership | null, time: Time = realTime) {
    this.#time = time;
    this.#membership = membership;
  }

  acknowledged(offset: number): number {
    return slavesUpTo(this.#membership()?.others() ?? [], offset);
  }

  /** `timeoutMs` 0 waits without bound, as Redis does; `done` is called once. The returned function ends the wait. */
  wait(offset: number, replicas: number, timeoutMs: number, done: (acknowledged: number) => void): () => void {
    const now = this.acknowledged(offset);
    if (now >= replicas) {
      done(now);
      return () => {};
    }
    const waiter: Waiter = { offset, replicas, done, timer: null };
    if (timeoutMs > 0) waiter.timer = this.#time.after(timeoutMs, () => this.#finish(waiter));
    this.#waiters.add(waiter);
    this.#poller ??= this.#time.every(POLL_MS, () => this.#check());
    this.#membership()?.poll();
    return () => this.#finish(waiter);
  }

  #check(): void {
    for (const waiter of this.#waiters) {
      if (this.acknowledged(waiter.offset) >= waiter.replicas) this.#finish(waiter);
    }
    if (this.#waiters.size > 0) this.#membership()?.poll();
  }

  #finish(waiter: Waiter): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.timer?.cancel();
    if (this.#waiters.size === 0 && this.#poller !== null) {
      this.#poller.cancel();
      this.#poller = null;
    }
    waiter.done(this.acknowledged(waiter.offset));
  }

  /** This node is no master any more: everybody is told what there is. */
  releaseAll(): void {
    for (const waiter of [...this.#waiters]) this.#finish(waiter);
  }
}
