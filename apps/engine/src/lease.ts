/**
 * The lease of a leader, as its engine goes by it.
 *
 * A leader may answer alone for `leaseMs` after each append of its own that is stored, counted from when that append was *sent*. Somebody else claims
 * the log only when it has seen no record of the leader for longer than that and a margin for clocks that run differently. So as long as the
 * lease holds nobody else has acknowledged anything, and what is in memory here is current; when it has run out, that is not known.
 *
 * Writes need no lease to be right: they are acknowledged by the log. A read is answered from memory. It is looked at when a chunk of requests is
 * begun: every one of them was asked before that moment, and nothing but this process changes what it answers with, so each may be taken to have
 * happened in it, however long the replies are under way.
 *
 * A request that needs the data set and finds no lease waits, with all that its connection sent behind it, for as long as a write waits for the log
 * (`commit-timeout`). Then it is refused, and so are others until the lease is back. Whatever needs no data (INFO, PING, CONFIG) is answered.
 */

import type { Config } from '@weir/config';

export interface LeaseTerms {
  readonly leaseMs: number;
  /** Beyond the lease, before another node claims. */
  readonly marginMs: number;
  readonly heartbeatMs: number;
}

/** Clocks that differ by a twentieth each way; real ones differ by a ten-thousandth. */
const MARGIN_PART = 10;
/** Heartbeats within a lease: one that is late or lost must not end it. */
const BEATS_MIN = 3;

/** Throws a sentence when the directives do not go together. */
export function leaseTermsOf({ num }: Pick<Config, 'num'>): LeaseTerms {
  const { leaderLease: leaseMs, leaderLeaseMargin: marginMs, leaderHeartbeat: heartbeatMs } = num;
  if (marginMs * MARGIN_PART < leaseMs)
    throw new Error(`leader-lease-margin ${marginMs} is less than a tenth of leader-lease ${leaseMs}`);
  if (heartbeatMs * BEATS_MIN > leaseMs)
    throw new Error(`leader-heartbeat ${heartbeatMs} is more than a third of leader-lease ${leaseMs}`);
  return { leaseMs, marginMs, heartbeatMs };
}

/** What renews it: the writer. */
export interface Renewals {
  /** When the newest append that is known to be stored was sent. */
  readonly renewedMs?: number;
}

/** A connection with a request that waits for the lease. */
export interface LeaseWaiter {
  leaseChanged(): void;
}

const NOT_HELD =
  'NOREPLICAS The lease of this master has run out and the replication log does not renew it; another node may lead';

export class Lease {
  readonly #onRefusal: (error: string) => void;
  #refusal = '';
  readonly #waiters = new Set<LeaseWaiter>();
  #renewals: Renewals | null = null;
  #leaseMs = 0;

  /** `onRefusal` is told what is answered in place of whatever needs the data set; '': nothing is. */
  constructor(onRefusal: (error: string) => void) {
    this.#onRefusal = onRefusal;
  }

  /** What needs the data set is refused: the lease has been out for too long. */
  get refuses(): boolean {
    return this.#refusal !== '';
  }

  /** From now on it is needed; `leaseMs` 0: it leads without one. */
  begin(renewals: Renewals, leaseMs: number): void {
    this.#renewals = leaseMs > 0 ? renewals : null;
    this.#leaseMs = leaseMs;
    this.#settle();
  }

  /** It leads no more: whoever waited is answered as what the node is now. */
  end(): void {
    this.#renewals = null;
    this.#settle();
  }

  /** Until when it may answer, by the monotonic clock; Infinity: it needs no lease. */
  get endMs(): number {
    return this.#renewals === null ? Infinity : (this.#renewals.renewedMs ?? 0) + this.#leaseMs;
  }

  /** A record of this leader was stored. */
  renewed(nowMs: number): void {
    if ((this.#refusal !== '' || this.#waiters.size > 0) && nowMs < this.endMs) this.#settle();
  }

  /** Looked at now and then: who has waited for longer than `patienceMs` is refused. */
  watch(nowMs: number, patienceMs: number): void {
    if (nowMs < this.endMs) return this.renewed(nowMs);
    if (this.#refusal !== '' || nowMs < this.endMs + patienceMs) return;
    this.#settle(NOT_HELD);
  }

  wait(waiter: LeaseWaiter): void {
    this.#waiters.add(waiter);
  }

  forget(waiter: LeaseWaiter): void {
    this.#waiters.delete(waiter);
  }

  #settle(refusal = ''): void {
    if (refusal !== this.#refusal) this.#onRefusal((this.#refusal = refusal));
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.leaseChanged();
  }
}
