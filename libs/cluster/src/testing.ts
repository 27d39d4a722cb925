import { LogError } from '@weir/log';
import type { KvEntry, KvPutResult, NatsHandle, NatsStatus, Unsubscribe } from '@weir/log';

/**
 * NATS in memory: subjects and key-value buckets shared by any number of handles, each of which can be cut off. Messages are
 * delivered in microtasks. Time for the buckets' expiry is the test's.
 */
export class FakeNats {
  now = 0;
  readonly #subscribers = new Set<Subscriber>();
  readonly #buckets = new Map<string, { readonly ttlMs: number; readonly entries: Map<string, Stored> }>();
  #revision = 0;
  #inbox = 0;

  handle(): FakeHandle {
    return new FakeHandle(this);
  }

  deliver(subject: string, data: Uint8Array, replyTo: string | undefined): number {
    const copy = data.slice();
    let count = 0;
    for (const subscriber of this.#subscribers) {
      if (subscriber.subject !== subject || subscriber.handle.status !== 'connected') continue;
      count++;
      queueMicrotask(() => {
        if (this.#subscribers.has(subscriber)) subscriber.listener(copy, replyTo, subject);
      });
    }
    return count;
  }

  subscribe(subscriber: Subscriber): Unsubscribe {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  inbox(): string {
    return `_INBOX.${++this.#inbox}`;
  }

  ensure(bucket: string, ttlMs: number): void {
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, { ttlMs, entries: new Map() });
  }

  put(bucket: string, key: string, value: Uint8Array | null, expected: number | undefined): KvPutResult {
    const { entries } = this.#bucket(bucket);
    const current = this.#live(bucket, key);
    const at = current === undefined || (current.value === null && expected === 0) ? 0 : current.revision;
    if (expected !== undefined && expected !== at) return { kind: 'rejected' };
    entries.set(key, { value: value === null ? null : value.slice(), revision: ++this.#revision, putAt: this.now });
    return { kind: 'stored', revision: this.#revision };
  }

  get(bucket: string, key: string): KvEntry | null {
    const stored = this.#live(bucket, key);
    return stored === undefined ? null : { key, value: stored.value, revision: stored.revision };
  }

  keys(bucket: string): string[] {
    return [...this.#bucket(bucket).entries.keys()];
  }

  #live(bucket: string, key: string): Stored | undefined {
    const { ttlMs, entries } = this.#bucket(bucket);
    const stored = entries.get(key);
    if (stored !== undefined && ttlMs > 0 && this.now >= stored.putAt + ttlMs) {
      entries.delete(key);
      return undefined;
    }
    return stored;
  }

  #bucket(bucket: string): { readonly ttlMs: number; readonly entries: Map<string, Stored> } {
    const found = this.#buckets.get(bucket);
    if (found === undefined) throw new LogError('log-missing', `fake NATS: no bucket ${bucket}`);
    return found;
  }
}

interface Stored {
  readonly value: Uint8Array | null;
  readonly revision: number;
  readonly putAt: number;
}

interface Subscriber {
  readonly subject: string;
  readonly handle: FakeHandle;
  readonly listener: (data: Uint8Array, replyTo: string | undefined, subject: string) => void;
}

export class FakeHandle implements NatsHandle {
  status: NatsStatus = 'connected';
  /** The next put is stored, but its answer is lost. */
  loseNextAnswer = false;
  readonly #nats: FakeNats;
  readonly #listeners = new Set<(status: NatsStatus, detail: string) => void>();

  constructor(nats: FakeNats) {
    this.#nats = nats;
  }

  setStatus(status: NatsStatus): void {
    this.status = status;
    for (const listener of [...this.#listeners]) listener(status, 'fake');
  }

  onStatus(listener: (status: NatsStatus, detail: string) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  publish(subject: string, data: Uint8Array, replyTo?: string): void {
    if (this.status === 'connected') this.#nats.deliver(subject, data, replyTo);
  }

  subscribe(
    subject: string,
    listener: (data: Uint8Array, replyTo: string | undefined, subject: string) => void,
  ): Unsubscribe {
    return this.#nats.subscribe({ subject, handle: this, listener });
  }

  async flushed(): Promise<void> {
    await this.#reach();
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    await this.#reach();
    const inbox = this.#nats.inbox();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new LogError('log-unavailable', `fake NATS: no answer on ${subject}`));
      }, timeoutMs);
      const stop = this.subscribe(inbox, (answer) => {
        stop();
        clearTimeout(timer);
        resolve(answer);
      });
      if (this.#nats.deliver(subject, data, inbox) > 0) return;
      stop();
      clearTimeout(timer);
      reject(new LogError('log-unavailable', `fake NATS: nobody listens on ${subject}`));
    });
  }

  async kvEnsure(bucket: string, options: { readonly ttlMs?: number } = {}): Promise<void> {
    await this.#reach();
    this.#nats.ensure(bucket, options.ttlMs ?? 0);
  }

  async kvPut(bucket: string, key: string, value: Uint8Array, expectedRevision?: number): Promise<KvPutResult> {
    await this.#reach();
    const result = this.#nats.put(bucket, key, value, expectedRevision);
    if (this.loseNextAnswer) {
      this.loseNextAnswer = false;
      throw new LogError('log-unavailable', 'fake NATS: answer lost');
    }
    return result;
  }

  async kvGet(bucket: string, key: string): Promise<KvEntry | null> {
    await this.#reach();
    return this.#nats.get(bucket, key);
  }

  async kvDelete(bucket: string, key: string): Promise<void> {
    await this.#reach();
    this.#nats.put(bucket, key, null, undefined);
  }

  async kvGetAll(bucket: string): Promise<KvEntry[]> {
    await this.#reach();
    const entries = this.#nats.keys(bucket).map((key) => this.#nats.get(bucket, key));
    return entries.filter((entry): entry is KvEntry => entry !== null && entry.value !== null);
  }

  kvWatch(): Unsubscribe {
    throw new Error('fake NATS: kvWatch is not there');
  }

  async close(): Promise<void> {
    this.setStatus('closed');
  }

  async #reach(): Promise<void> {
    await Promise.resolve();
    if (this.status !== 'connected') throw new LogError('log-unavailable', `fake NATS: ${this.status}`);
  }
}
