/*
 * A log in memory with faults on demand. Time is the caller's: by default answers come in microtasks; a simulator passes its own `schedule`.
 * What a handler gets is overwritten as soon as the handler is done with it, so whoever keeps a view finds out.
 */

import { LogError } from './errors.ts';
import { TAIL_KEPT } from './fragments.ts';
import type {
  AppendCallback,
  AppendResult,
  ConsumeOptions,
  ConsumeState,
  LogState,
  LogStore,
  LogSubscription,
  MessageHandler,
  RefusedReason,
  Unsubscribe,
} from './types.ts';

export { FakeSnapshots } from './fake-snapshots.ts';

/**
 * What happens to one append:
 * lost: not stored, no answer. lost-ack: stored, no answer. late: no answer, and stored (if it still fits) when releaseLate() is called.
 * refuse-…: a definite no.
 */
export type AppendFault = 'lost' | 'lost-ack' | 'late' | `refuse-${RefusedReason}`;

export interface FakeLogOptions {
  readonly maxMessageBytes?: number;
  /** Runs `fn` after `ms` of whatever time the test has. Default: microtasks for 0, real timers else. */
  readonly schedule?: (fn: () => void, ms: number) => void;
  /** Before each answer. */
  readonly delayMs?: number;
}

export class FakeLog implements LogStore {
  maxMessageBytes: number;
  delayMs: number;
  /** Appends are refused with this reason while set. */
  refusing: RefusedReason | null = null;
  /** Consumers get nothing (as after a server's death that nobody noticed) until it is false and kick() was called. */
  silent = false;
  /** Of all appends that reached the log. */
  appends = 0;
  readonly #schedule: (fn: () => void, ms: number) => void;
  readonly #faults: (AppendFault | null)[] = [];
  readonly #late: { readonly message: Uint8Array; readonly expected: number }[] = [];
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #subscriptions = new Set<FakeSubscription>();
  #messages: Uint8Array[] = [];
  #firstSeq = 1;
  #connected = true;
  #exists = true;

  constructor(options: FakeLogOptions = {}) {
    this.maxMessageBytes = options.maxMessageBytes ?? 1024 * 1024;
    this.delayMs = options.delayMs ?? 0;
    this.#schedule = options.schedule ?? ((fn, ms) => (ms === 0 ? queueMicrotask(fn) : void setTimeout(fn, ms)));
  }

  // ---------------------------------------------------------------------------------------------- faults

  /** For the next appends, one each; null lets one pass. */
  fail(...faults: (AppendFault | null)[]): void {
    this.#faults.push(...faults);
  }

  /** Takes back the next fault; false when there was none. */
  dropFault(): boolean {
    if (this.#faults.length === 0) return false;
    this.#faults.shift();
    return true;
  }

  /** The appends lost as 'late' arrive now. Returns how many were stored. */
  releaseLate(): number {
    let stored = 0;
    for (const { message, expected } of this.#late.splice(0))
      if (this.#store(message, expected).kind === 'stored') stored++;
    return stored;
  }

  setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    for (const listener of [...this.#listeners]) listener(connected);
    for (const s of [...this.#subscriptions]) s.kick(connected ? 'reconnected' : 'connection lost');
  }

  /** Flips one bit of a stored message. */
  corrupt(seq: number, at: number): void {
    const message = this.#at(seq);
    if (message === null) throw new RangeError(`no message ${seq}`);
    message[at]! ^= 1;
  }

  /** The log forgets its last messages, as a broker that acknowledged before fsync may. */
  loseTail(count: number): void {
    this.#messages.length = Math.max(0, this.#messages.length - count);
  }

  /** The stream is gone. */
  dropStream(): void {
    this.#exists = false;
    this.#messages = [];
    this.#firstSeq = 1;
  }

  kick(): void {
    for (const s of [...this.#subscriptions]) s.kick('kicked');
  }

  // ---------------------------------------------------------------------------------------------- LogStore

  get connected(): boolean {
    return this.#connected;
  }

  get lastSeq(): number {
    return this.#firstSeq + this.#messages.length - 1;
  }

  append(message: Uint8Array, expectedLastSeq: number): Promise<AppendResult> {
    return new Promise((resolve) => this.appendCb(message, expectedLastSeq, resolve));
  }

  appendCb(message: Uint8Array, expectedLastSeq: number, callback: AppendCallback): void {
    const result = this.#append(message, expectedLastSeq);
    this.#schedule(() => callback(result), this.delayMs);
  }

  #append(message: Uint8Array, expected: number): AppendResult {
    if (!this.#connected) return refused('disconnected');
    if (this.refusing !== null) return refused(this.refusing);
    if (message.byteLength > this.maxMessageBytes) return refused('too-large');
    this.appends++;
    const fault = this.#faults.shift() ?? null;
    switch (fault) {
      case null:
        return this.#store(message, expected);
      case 'lost':
        return { kind: 'unknown', error: 'fault: lost' };
      case 'lost-ack':
        this.#store(message, expected);
        return { kind: 'unknown', error: 'fault: acknowledgement lost' };
      case 'late':
        this.#late.push({ message: message.slice(), expected });
        return { kind: 'unknown', error: 'fault: late' };
      default:
        return refused(fault.slice('refuse-'.length) as RefusedReason);
    }
  }

  #store(message: Uint8Array, expected: number): AppendResult {
    if (!this.#exists) return refused('no-stream');
    if (expected !== this.lastSeq) return { kind: 'rejected', lastSeq: this.lastSeq };
    this.#messages.push(message.slice());
    for (const s of this.#subscriptions) s.pump();
    return { kind: 'stored', seq: this.lastSeq };
  }

  async state(): Promise<LogState> {
    await this.#reach();
    let bytes = 0;
    for (const m of this.#messages) bytes += m.byteLength;
    return { firstSeq: this.#firstSeq, lastSeq: this.lastSeq, bytes, messages: this.#messages.length };
  }

  async read(seq: number): Promise<Uint8Array | null> {
    await this.#reach();
    return this.#at(seq)?.slice() ?? null;
  }

  async readLast(): Promise<{ readonly seq: number; readonly message: Uint8Array } | null> {
    await this.#reach();
    const message = this.#at(this.lastSeq);
    return message === null ? null : { seq: this.lastSeq, message: message.slice() };
  }

  #reach(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#schedule(() => {
        if (!this.#connected) reject(new LogError('log-unavailable', 'fake log: not connected'));
        else if (!this.#exists) reject(new LogError('log-missing', 'fake log: no stream'));
        else resolve();
      }, this.delayMs);
    });
  }

  #at(seq: number): Uint8Array | null {
    return this.#messages[seq - this.#firstSeq] ?? null;
  }

  consume(fromSeq: number, handler: MessageHandler, options: ConsumeOptions): LogSubscription {
    const subscription = new FakeSubscription(
      {
        message: (seq) => this.#at(seq),
        bounds: () => ({
          first: this.#firstSeq,
          last: this.lastSeq,
          reachable: this.#connected && !this.silent,
          connected: this.#connected,
        }),
        forget: (s) => void this.#subscriptions.delete(s),
        schedule: this.#schedule,
      },
      Math.max(1, fromSeq),
      handler,
      options,
    );
    this.#subscriptions.add(subscription);
    subscription.pump();
    return subscription;
  }

  async purgeTo(seq: number): Promise<void> {
    await this.#reach();
    const to = Math.min(seq, this.lastSeq - TAIL_KEPT + 1);
    if (to <= this.#firstSeq) return;
    this.#messages.splice(0, to - this.#firstSeq);
    this.#firstSeq = to;
  }

  async ensureStream(): Promise<void> {
    this.#exists = true;
    await this.#reach();
  }

  onConnection(listener: (connected: boolean) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

interface FakeSource {
  message(seq: number): Uint8Array | null;
  bounds(): { readonly first: number; readonly last: number; readonly reachable: boolean; readonly connected: boolean };
  forget(s: FakeSubscription): void;
  schedule(fn: () => void, ms: number): void;
}

class FakeSubscription implements LogSubscription {
  nextSeq: number;
  state: ConsumeState | 'stopped' = 'catching-up';
  readonly #source: FakeSource;
  readonly #handler: MessageHandler;
  readonly #options: ConsumeOptions;
  #paused = false;
  #busy = false;
  #scheduled = false;

  constructor(source: FakeSource, nextSeq: number, handler: MessageHandler, options: ConsumeOptions) {
    this.#source = source;
    this.nextSeq = nextSeq;
    this.#handler = handler;
    this.#options = options;
  }

  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.pump();
  }
  stop(): void {
    this.state = 'stopped';
    this.#source.forget(this);
  }

  kick(why: string): void {
    if (!this.#source.bounds().connected) this.#become('disconnected', why);
    else if (this.state === 'disconnected') this.#become('catching-up', why);
    this.pump();
  }

  pump(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#source.schedule(() => {
      this.#scheduled = false;
      this.#step();
    }, 0);
  }

  #become(state: ConsumeState, detail: string): void {
    if (this.state === state || this.state === 'stopped') return;
    this.state = state;
    this.#options.onState?.(state, detail);
  }

  #step(): void {
    if (this.state === 'stopped' || this.#paused || this.#busy) return;
    const { first, last, reachable } = this.#source.bounds();
    if (!reachable) return;
    if (first > this.nextSeq) {
      this.stop();
      return this.#options.onGap({ expected: this.nextSeq, first });
    }
    if (this.nextSeq > last + 1) {
      this.stop();
      return this.#options.onAhead?.({ expected: this.nextSeq, last });
    }
    if (this.nextSeq === last + 1) return this.#become('live', '');
    const seq = this.nextSeq++;
    const view = this.#source.message(seq)!.slice();
    let result: void | Promise<void>;
    try {
      result = this.#handler(seq, view);
    } catch (error) {
      return this.#fail(error);
    }
    if (result === undefined) {
      view.fill(0xdb);
      return this.pump();
    }
    this.#busy = true;
    result.then(
      () => {
        view.fill(0xdb);
        this.#busy = false;
        this.pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    this.stop();
    this.#options.onError?.(error);
  }
}

function refused(reason: RefusedReason): AppendResult {
  return { kind: 'refused', reason, error: `fault: ${reason}` };
}
