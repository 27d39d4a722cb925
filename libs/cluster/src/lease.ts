/**
 * One holder at a time of something, by a key-value entry that vanishes when it is not renewed.
 *
 *                                          ┌──── no renewal in time ────▶ lapsed
 *   waiting ──put, the key being absent──▶ held ◀──renewed, or put anew──────┘ │
 *      ▲                                     │                               │
 *      └── another one holds it, or release ─┴───────────────────────────────┘
 *
 * - waiting: another one holds it, or the broker cannot be asked. Tried again every `renewMs`, and at once when the broker is back.
 * - held: from the moment in which a put *was sent* until `validMs` later, measured by this process's own monotonic clock; each
 *   renewal expects the revision of the one before. The entry lives longer in the broker (`ttlMs`, from when it arrived), so
 *   a holder that cannot renew knows that it lost the lease before anybody else can have it. A process that was suspended finds
 *   out by `held`, which looks at the clock, even before its timers run.
 *
 * - lapsed: `held` says no, and anybody may take it; but the term goes on until somebody is known to have. A process that is
 *   starved of CPU, or was stopped for a while, would otherwise lose its work each time though nobody else wants to do it.
 *
 * One that stands by takes an entry over that stands still for longer than its life, by its own clock: the broker lets entries go
 * by the wall clock of its machine, and an hour set back there would keep a dead holder's lease for that hour. What is written is
 * conditional on the entry that was seen, so a holder that renewed meanwhile keeps it.
 *
 * The terms of the lease are AbortSignals: work done under it carries the signal of its term.
 *
 * It saves work; it does not protect data. What must not happen twice is fenced by the log.
 */

import type { NatsHandle } from '@weir/log';
import { realTime } from '@weir/time';
import type { Time, Timer } from '@weir/time';

export interface LeaseOptions {
  readonly nats: NatsHandle;
  readonly bucket: string;
  readonly key: string;
  /** Unique for this process, not empty. */
  readonly owner: string;
  readonly ttlMs?: number;
  readonly renewMs?: number;
  /** Replicas of the bucket, when it has to be made. */
  readonly replicas?: number;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** Monotonic, in place of that time's clock. */
  readonly now?: () => number;
  /** Called when the holder changes as far as this process knows, and when the broker cannot be asked. */
  readonly onState?: (state: LeaseState) => void;
}

export interface LeaseState {
  readonly held: boolean;
  /** Who holds it; empty when unknown. */
  readonly holder: string;
  readonly detail: string;
}

export const LEASE_TTL_MS = 10_000;
export const LEASE_RENEW_MS = 3_000;
/** Of the entry's life, what the holder counts on: the rest is for clocks that run differently. */
const VALID_PART = 0.8;

export class Lease {
  readonly #options: LeaseOptions;
  readonly #ttlMs: number;
  readonly #renewMs: number;
  readonly #now: () => number;
  readonly #time: Time;
  readonly #stop = new AbortController();
  #revision = 0;
  #validUntil = 0;
  #lapsed = false;
  /** Another one's entry, and since when it stands as it is. */
  #seen = { revision: 0, sinceMs: 0 };
  #term: AbortController | null = null;
  #expiry: Timer | null = null;
  #holder = '';
  #reported = '';
  #ensured = false;
  /** Ends the pause between two turns. */
  #wake: (() => void) | null = null;
  #ended: Promise<void> = Promise.resolve();
  #waiters: { resolve: (signal: AbortSignal) => void; reject: (error: unknown) => void }[] = [];

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? LEASE_TTL_MS;
    this.#renewMs = options.renewMs ?? LEASE_RENEW_MS;
    const time = (this.#time = options.time ?? realTime);
    this.#now = options.now ?? (() => time.monotonicMs());
    if (this.#renewMs * 2 > this.#ttlMs * VALID_PART)
      throw new RangeError('a lease has to be renewed twice in its time');
    if (options.owner === '') throw new RangeError('the owner of a lease has a name');
  }

  get held(): boolean {
    if (this.#term === null) return false;
    if (this.#now() < this.#validUntil) return true;
    if (!this.#lapsed) {
      this.#lapsed = true;
      this.#report('not renewed in time');
    }
    return false;
  }

  get holder(): string {
    return this.held ? this.#options.owner : this.#holder;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** The signal of the term that is running or begins next: aborted when it ends. Rejects when the lease is stopped. */
  acquired(): Promise<AbortSignal> {
    if (this.#term !== null) return Promise.resolve(this.#term.signal);
    if (this.#stop.signal.aborted) return Promise.reject(this.#stop.signal.reason);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Ends the term, and gives the lease back so that the next one need not wait for its end. */
  async stop(): Promise<void> {
    const held = this.#term !== null;
    this.#stop.abort(new Error('the lease was given back'));
    this.#lose('given back');
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#stop.signal.reason);
    await this.#ended;
    if (!held || this.#options.nats.status !== 'connected') return;
    const { nats, bucket, key } = this.#options;
    // Not a deletion: that cannot be made conditional, and the lease may have passed on meanwhile.
    await nats.kvPut(bucket, key, encode(''), this.#revision).catch(() => {});
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    const ignore = this.#options.nats.onStatus((status) => {
      if (status === 'connected') this.#wake?.();
    });
    stopped.addEventListener('abort', () => this.#wake?.());
    while (!stopped.aborted) {
      const started = this.#now();
      try {
        await this.#turn();
      } catch (error) {
        this.#report(error instanceof Error ? error.message : String(error));
      }
      const waitMs = Math.max(this.#renewMs / 10, this.#renewMs - (this.#now() - started));
      await this.#pause(waitMs);
    }
    ignore();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#wake = null;
        resolve();
      };
      const timer = this.#time.after(ms, end);
      this.#wake = end;
      if (this.#stop.signal.aborted) end();
    });
  }

  async #turn(): Promise<void> {
    const { nats, bucket, key, owner, replicas } = this.#options;
    if (nats.status !== 'connected') throw new Error(`not connected to NATS (${nats.status})`);
    if (!this.#ensured) {
      await nats.kvEnsure(bucket, { ttlMs: this.#ttlMs, ...(replicas !== undefined ? { replicas } : {}) });
      this.#ensured = true;
    }
    const sentAt = this.#now();
    const put = await nats.kvPut(bucket, key, encode(owner), this.#term !== null ? this.#revision : 0);
    if (put.kind === 'stored') return this.#hold(put.revision, sentAt);
    const entry = await nats.kvGet(bucket, key);
    const holder = entry === null || entry.value === null ? '' : decode(entry.value);
    // Nothing there: it vanished while nobody renewed it. Given back, or a put of ours whose answer was lost: taken at its revision.
    const free = entry === null ? this.#term !== null : holder === owner || (holder === '' && entry.value !== null);
    if (free || (entry !== null && this.#standsStill(entry.revision))) {
      const again = this.#now();
      const retaken = await nats.kvPut(bucket, key, encode(owner), entry?.revision ?? 0);
      if (retaken.kind === 'stored') return this.#hold(retaken.revision, again);
      // Who was quicker is seen at the next turn.
      return;
    }
    this.#holder = holder;
    this.#lose(holder === '' ? 'it vanished' : `it is ${holder}'s`);
    this.#report('');
  }

  #standsStill(revision: number): boolean {
    const now = this.#now();
    if (this.#seen.revision !== revision) this.#seen = { revision, sinceMs: now };
    return now - this.#seen.sinceMs > this.#ttlMs + this.#renewMs;
  }

  #hold(revision: number, sentAt: number): void {
    this.#revision = revision;
    this.#lapsed = false;
    this.#validUntil = sentAt + this.#ttlMs * VALID_PART;
    if (this.#stop.signal.aborted) return;
    this.#expiry?.cancel();
    this.#expiry = this.#time.after(Math.max(0, this.#validUntil - this.#now()) + 1, () => void this.held);
    this.#holder = this.#options.owner;
    if (this.#term === null) {
      const term = new AbortController();
      this.#term = term;
      this.#report('');
      for (const waiter of this.#waiters.splice(0)) waiter.resolve(term.signal);
    } else this.#report('');
  }

  #lose(why: string): void {
    const term = this.#term;
    if (term === null) return;
    this.#term = null;
    this.#lapsed = false;
    this.#expiry?.cancel();
    this.#expiry = null;
    if (this.#holder === this.#options.owner) this.#holder = '';
    term.abort(new Error(`the lease ended: ${why}`));
    this.#report(why);
  }

  #report(detail: string): void {
    const state: LeaseState = { held: this.#term !== null && !this.#lapsed, holder: this.#holder, detail };
    const text = JSON.stringify(state);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.onState?.(state);
  }
}

function encode(owner: string): Uint8Array {
  return Buffer.from(JSON.stringify({ owner }));
}

/** Empty when nobody's: given back, or not written by a lease. */
function decode(value: Uint8Array): string {
  try {
    const { owner } = JSON.parse(Buffer.from(value).toString()) as { owner?: unknown };
    return typeof owner === 'string' ? owner : '';
  } catch {
    return '';
  }
}
