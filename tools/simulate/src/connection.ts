/**
 * A process's connection to a broker, and what goes over it.
 *
 * Messages of one subject arrive in order, each later than it was sent; those of different subjects overtake each other. When the way is cut they
 * wait at the cut. A cut that lasts is noticed: the connection is given up, and what waits at the cut is lost, or (the server had it in
 * its buffers) arrives when the way is whole again, long after its sender has given up. Answers go the same way back, so what was asked
 * may have happened without an answer.
 */

import { LogError } from '@weir/log';
import type {
  AppendCallback,
  AppendResult,
  ConsumeOptions,
  ConsumeState,
  KvEntry,
  KvPutResult,
  LogState,
  LogStore,
  LogSubscription,
  MessageHandler,
  NatsHandle,
  NatsStatus,
  SnapshotManifest,
  SnapshotMeta,
  SnapshotStore,
  SnapshotUpload,
  Unsubscribe,
} from '@weir/log';
import type { Broker, Peer, Stream } from './broker.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** The way between a machine and a broker. */
export interface Way {
  cut: boolean;
  /** Called when the next append of this machine is stored, before the answer is on its way. */
  onStored: (() => void) | null;
  /** Typical one-way time. */
  readonly latencyMs: number;
  /** How often a message takes much longer. */
  readonly slow: number;
  /** How often a plain message to a subscriber is dropped, and comes twice. */
  readonly drop: number;
  readonly twice: number;
  /** Woken when the way is whole again. */
  readonly waiting: Set<() => void>;
}

const ANSWER_MS = 5000;
const NOTICE_MIN_MS = 3000;
const NOTICE_MAX_MS = 9000;
const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1500;
const SLOW_MS_MAX = 400;
const BATCH_MAX = 32;
/** Why a consumer is disconnected whose connection is there. */
export const NO_STREAM = 'the stream is not there';

export class Connection implements NatsHandle, Peer {
  status: NatsStatus = 'connected';
  readonly broker: Broker;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly #way: Way;
  /** How long something asked may be without an answer. */
  answerMs = ANSWER_MS;
  readonly #listeners = new Set<(status: NatsStatus, detail: string) => void>();
  readonly #subscriptions = new Map<object, Subscription>();
  /** When the last message of a subject arrives, each direction. */
  readonly #arrivals = new Map<string, number>();
  /** What is answered when the connection breaks. */
  readonly #pending = new Set<() => void>();
  /** Counts the connections made: a message of an older one does not arrive by the next. */
  #life = 0;
  #inboxes = 0;
  #noticing = false;
  /** False from when the connection broke, noticed here or not, until the next one. */
  #linked = true;

  constructor(broker: Broker, process: Process, scheduler: Scheduler, way: Way) {
    this.broker = broker;
    this.process = process;
    this.scheduler = scheduler;
    this.#way = way;
    broker.peers.add(this);
  }

  // --- the way

  /** Resolves when the broker can be reached, as a client's first connection does. */
  static async open(
    broker: Broker,
    process: Process,
    scheduler: Scheduler,
    way: Way,
    signal: AbortSignal,
  ): Promise<Connection> {
    for (;;) {
      await process.sleep(way.latencyMs * 4, signal);
      signal.throwIfAborted();
      if (broker.up && !way.cut) return new Connection(broker, process, scheduler, way);
      await process.sleep(250, signal);
      signal.throwIfAborted();
    }
  }

  /** A message to the broker; `lost` when it does not arrive. */
  up(subject: string, arrive: () => void): void {
    if (!this.#linked) return;
    const life = this.#life;
    this.#travel(`>${subject}`, null, () => {
      // Of a connection that is gone: the server may have had it already.
      if (!this.broker.up || (life !== this.#life && !this.scheduler.chance(0.5))) return;
      arrive();
    });
  }

  /** A message from the broker. */
  down(subject: string, arrive: () => void): void {
    const life = this.#life;
    this.#travel(`<${subject}`, this.process, () => {
      if (life === this.#life && this.status === 'connected') arrive();
    });
  }

  #travel(key: string, owner: Process | null, arrive: () => void): void {
    const { scheduler } = this;
    const way = this.#way;
    const late = scheduler.chance(way.slow) ? scheduler.between(0, SLOW_MS_MAX) : 0;
    const at = Math.max(
      scheduler.now + way.latencyMs * scheduler.between(0.5, 1.5) + late,
      this.#arrivals.get(key) ?? 0,
    );
    this.#arrivals.set(key, at);
    const go = (): void => {
      if (!way.cut) {
        if (owner === null) arrive();
        else scheduler.after(0, arrive, owner);
        return;
      }
      this.#notice();
      const wait = (): void => {
        way.waiting.delete(wait);
        scheduler.after(0, go);
      };
      way.waiting.add(wait);
    };
    scheduler.after(at - scheduler.now, go);
  }

  /** A cut that lasts breaks the connection. */
  #notice(): void {
    if (this.#noticing) return;
    this.#noticing = true;
    this.scheduler.after(this.scheduler.between(NOTICE_MIN_MS, NOTICE_MAX_MS), () => {
      this.#noticing = false;
      if (this.#way.cut) this.broken('no answer from the server');
    });
  }

  broken(why: string): void {
    if (this.status !== 'connected' || !this.#linked) return;
    this.#linked = false;
    this.#life++;
    this.broker.peers.delete(this);
    for (const key of this.#subscriptions.keys()) this.broker.unsubscribe(key);
    const tell = (): void => {
      if (this.status !== 'connected') return;
      this.#become('disconnected', why);
      for (const end of [...this.#pending]) end();
      this.#pending.clear();
      this.#reconnectLater();
    };
    this.scheduler.after(0, tell, this.process);
  }

  #reconnectLater(): void {
    this.process.after(this.scheduler.between(RECONNECT_MIN_MS, RECONNECT_MAX_MS), () => {
      if (this.status !== 'disconnected') return;
      if (!this.broker.up || this.#way.cut) return this.#reconnectLater();
      this.#linked = true;
      this.#life++;
      this.#arrivals.clear();
      this.broker.peers.add(this);
      for (const [key, { subject }] of this.#subscriptions) this.broker.subscribe(subject, this, key);
      this.#become('connected', 'reconnected');
    });
  }

  #become(status: NatsStatus, detail: string): void {
    this.status = status;
    for (const listener of [...this.#listeners]) listener(status, detail);
  }

  /** The process is gone, or closes in order. */
  drop(): void {
    if (this.status === 'closed') return;
    this.#life++;
    this.status = 'closed';
    this.broker.peers.delete(this);
    for (const key of this.#subscriptions.keys()) this.broker.unsubscribe(key);
    this.#subscriptions.clear();
  }

  /** Something asked of the broker: rejects with what it says, or LogError 'log-unavailable' without an answer in time. */
  ask<T>(subject: string, what: () => T, timeoutMs = this.answerMs): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.status !== 'connected') {
        this.process.after(1, () => reject(new LogError('log-unavailable', `not connected to NATS (${this.status})`)));
        return;
      }
      const end = (): void => {
        this.#pending.delete(end);
        timer.cancel();
        reject(new LogError('log-unavailable', 'the connection broke'));
      };
      const timer = this.process.after(timeoutMs, () => {
        this.#pending.delete(end);
        reject(new LogError('log-unavailable', `no answer in ${timeoutMs} ms`));
      });
      this.#pending.add(end);
      this.up(subject, () => {
        let answer: () => void;
        try {
          const value = what();
          answer = () => resolve(value);
        } catch (error) {
          answer = () => reject(error as Error);
        }
        this.down(subject, () => {
          this.#pending.delete(end);
          timer.cancel();
          answer();
        });
      });
    });
  }

  /** As `ask` for an append: without an answer the outcome is unknown. */
  askAppend(subject: string, what: () => AppendResult, callback: AppendCallback): void {
    if (this.status !== 'connected') {
      this.process.after(1, () => callback({ kind: 'refused', reason: 'disconnected', error: this.status }));
      return;
    }
    const end = (): void => finish({ kind: 'unknown', error: 'the connection broke' });
    const finish = (result: AppendResult): void => {
      if (!this.#pending.delete(end)) return;
      timer.cancel();
      callback(result);
    };
    const timer = this.process.after(this.answerMs, () => finish({ kind: 'unknown', error: 'no answer in time' }));
    this.#pending.add(end);
    this.up(subject, () => {
      const result = what();
      const { onStored } = this.#way;
      if (onStored !== null && result.kind === 'stored') {
        this.#way.onStored = null;
        onStored();
      }
      this.down(subject, () => finish(result));
    });
  }

  // --- NatsHandle

  onStatus(listener: (status: NatsStatus, detail: string) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  publish(subject: string, data: Uint8Array, replyTo?: string): void {
    if (this.status !== 'connected') return;
    const copy = new Uint8Array(data);
    this.up(subject, () => void this.broker.route(subject, copy, replyTo));
  }

  delivered(subject: string, data: Uint8Array, replyTo: string | undefined, key: object): void {
    if (this.scheduler.chance(this.#way.drop)) return;
    for (let times = this.scheduler.chance(this.#way.twice) ? 2 : 1; times > 0; times--)
      this.down(subject, () => this.#subscriptions.get(key)?.listener(new Uint8Array(data), replyTo, subject));
  }

  subscribe(
    subject: string,
    listener: (data: Uint8Array, replyTo: string | undefined, subject: string) => void,
  ): Unsubscribe {
    const key = {};
    this.#subscriptions.set(key, { subject, listener });
    if (this.status === 'connected') this.broker.subscribe(subject, this, key);
    return () => {
      this.#subscriptions.delete(key);
      this.broker.unsubscribe(key);
    };
  }

  flushed(): Promise<void> {
    if (this.status === 'connected') return Promise.resolve();
    return Promise.reject(new LogError('log-unavailable', 'the connection is away'));
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const inbox = `_INBOX.${this.process.name}.${++this.#inboxes}`;
      const stop = this.subscribe(inbox, (answer) => {
        stop();
        timer.cancel();
        resolve(answer);
      });
      const timer = this.process.after(timeoutMs, () => {
        stop();
        reject(new LogError('log-unavailable', `no answer on ${subject}`));
      });
      this.publish(subject, data, inbox);
    });
  }

  kvEnsure(bucket: string, options: { readonly ttlMs?: number } = {}): Promise<void> {
    return this.ask('kv', () => this.broker.kvEnsure(bucket, options.ttlMs ?? 0));
  }

  kvPut(bucket: string, key: string, value: Uint8Array, expectedRevision?: number): Promise<KvPutResult> {
    const copy = new Uint8Array(value);
    return this.ask('kv', () => this.broker.kvPut(bucket, key, copy, expectedRevision));
  }

  kvGet(bucket: string, key: string): Promise<KvEntry | null> {
    return this.ask('kv', () => this.broker.kvGet(bucket, key));
  }

  async kvDelete(bucket: string, key: string): Promise<void> {
    await this.ask('kv', () => this.broker.kvPut(bucket, key, null, undefined));
  }

  kvGetAll(bucket: string): Promise<KvEntry[]> {
    return this.ask('kv', () => this.broker.kvGetAll(bucket));
  }

  kvWatch(): Unsubscribe {
    throw new Error('nobody watches a bucket in the simulation');
  }

  async close(): Promise<void> {
    await this.process.sleep(1);
    this.drop();
  }
}

interface Subscription {
  readonly subject: string;
  readonly listener: (data: Uint8Array, replyTo: string | undefined, subject: string) => void;
}

/** A log over a connection. */
export class SimulatedLog implements LogStore {
  readonly #connection: Connection;
  readonly #logId: string;
  readonly #consumers = new Set<Consumer>();
  readonly maxMessageBytes: number;

  constructor(connection: Connection, logId: string) {
    this.#connection = connection;
    this.#logId = logId;
    this.maxMessageBytes = connection.broker.maxMessageBytes;
  }

  get connected(): boolean {
    return this.#connection.status === 'connected';
  }

  append(message: Uint8Array, expectedLastSeq: number): Promise<AppendResult> {
    return new Promise((resolve) => this.appendCb(message, expectedLastSeq, resolve));
  }

  appendCb(message: Uint8Array, expectedLastSeq: number, callback: AppendCallback): void {
    const { broker, scheduler } = this.#connection;
    const copy = new Uint8Array(message);
    const logId = this.#logId;
    const store = (): AppendResult => {
      const result = broker.append(logId, copy, expectedLastSeq);
      // The client sent it twice: whichever answer comes first.
      if (!scheduler.chance(0.01)) return result;
      const again = broker.append(logId, copy, expectedLastSeq);
      return scheduler.chance(0.5) ? again : result;
    };
    this.#connection.askAppend(`log.${logId}`, store, callback);
  }

  state(): Promise<LogState> {
    return this.#connection.ask('api.state', () => this.#connection.broker.state(this.#logId));
  }

  read(seq: number): Promise<Uint8Array | null> {
    return this.#connection.ask('api.read', () => this.#connection.broker.read(this.#logId, seq));
  }

  async readLast(): Promise<{ readonly seq: number; readonly message: Uint8Array } | null> {
    const { lastSeq } = await this.state();
    const message = lastSeq === 0 ? null : await this.read(lastSeq);
    return message === null ? null : { seq: lastSeq, message };
  }

  consume(fromSeq: number, handler: MessageHandler, options: ConsumeOptions): LogSubscription {
    const consumer = new Consumer(this.#connection, this.#logId, Math.max(1, fromSeq), handler, options);
    this.#consumers.add(consumer);
    return consumer;
  }

  purgeTo(seq: number): Promise<void> {
    return this.#connection.ask('api.purge', () => this.#connection.broker.purgeTo(this.#logId, seq));
  }

  ensureStream(): Promise<void> {
    return this.#connection.ask('api.ensure', () => this.#connection.broker.ensureStream(this.#logId));
  }

  onConnection(listener: (connected: boolean) => void): Unsubscribe {
    return this.#connection.onStatus((status) => listener(status === 'connected'));
  }

  close(): void {
    for (const consumer of this.#consumers) consumer.stop();
  }
}

/** Between two looks of a consumer that gets nothing. */
const WATCH_MS = 700;

/** Keeps the contract of LogStore.consume: in order, without holes, and it says so when that cannot be. */
class Consumer implements LogSubscription {
  nextSeq: number;
  state: ConsumeState | 'stopped' = 'catching-up';
  readonly #connection: Connection;
  readonly #logId: string;
  readonly #handler: MessageHandler;
  readonly #options: ConsumeOptions;
  readonly #ignore: Unsubscribe;
  #stream: Stream | null = null;
  #paused = false;
  #busy = false;
  #asked = false;
  #watch: { cancel(): void };

  constructor(connection: Connection, logId: string, from: number, handler: MessageHandler, options: ConsumeOptions) {
    this.#connection = connection;
    this.#logId = logId;
    this.nextSeq = from;
    this.#handler = handler;
    this.#options = options;
    this.#ignore = connection.onStatus((status, detail) => {
      this.#asked = false;
      if (status === 'connected') {
        this.#become('catching-up', detail);
        this.#ask();
      } else this.#become('disconnected', detail);
    });
    this.#watch = connection.process.every(WATCH_MS, () => {
      this.#asked = false; // an answer that was lost
      this.#ask();
    });
    this.#ask();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#ask();
  }

  stop(): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.#ignore();
    this.#watch.cancel();
    this.#stream?.listeners.delete(this.#pushed);
  }

  readonly #pushed = (): void => {
    if (!this.#asked) this.#ask();
  };

  #become(state: ConsumeState, detail: string): void {
    if (this.state === state || this.state === 'stopped') return;
    this.state = state;
    this.#options.onState?.(state, detail);
  }

  /** The broker is to send what is next, as far as there is something. */
  #ask(): void {
    if (this.state === 'stopped' || this.#asked || this.#busy || this.#paused) return;
    if (this.#connection.status !== 'connected') return;
    this.#asked = true;
    const { broker, scheduler } = this.#connection;
    const subject = `consume.${this.#logId}`;
    this.#connection.down(subject, () => {
      this.#asked = false;
      if (this.state === 'stopped' || this.#busy) return;
      let stream: Stream;
      try {
        broker.reachable();
        stream = broker.stream(this.#logId);
      } catch {
        return this.#become('disconnected', NO_STREAM);
      }
      this.#stream?.listeners.delete(this.#pushed);
      this.#stream = stream;
      stream.listeners.add(this.#pushed);
      if (this.#paused) return;
      const { firstSeq: first, lastSeq: last } = stream;
      if (first > this.nextSeq) {
        this.stop();
        return this.#options.onGap({ expected: this.nextSeq, first });
      }
      if (this.nextSeq > last + 1) {
        this.stop();
        return this.#options.onAhead?.({ expected: this.nextSeq, last });
      }
      if (this.state === 'disconnected') this.#become('catching-up', 'the stream is there');
      this.#deliver(stream, 1 + scheduler.below(BATCH_MAX));
    });
  }

  #deliver(stream: Stream, most: number): void {
    for (let n = 0; n < most && !this.#paused && this.#running(); n++) {
      const message = stream.at(this.nextSeq);
      if (message === null) return this.#become('live', '');
      const seq = this.nextSeq++;
      const view = new Uint8Array(message);
      let result: void | Promise<void>;
      try {
        result = this.#handler(seq, view);
      } catch (error) {
        return this.#fail(error);
      }
      if (result === undefined) {
        view.fill(0xdb);
        continue;
      }
      this.#busy = true;
      result.then(
        () => {
          view.fill(0xdb);
          this.#busy = false;
          this.#ask();
        },
        (error: unknown) => this.#fail(error),
      );
      return;
    }
    this.#ask();
  }

  #running(): boolean {
    return this.state !== 'stopped';
  }

  #fail(error: unknown): void {
    this.stop();
    this.#options.onError?.(error);
  }
}

const CHUNK_BYTES = 4 * 1024;

/** Snapshots of a log over a connection. */
export class SimulatedSnapshots implements SnapshotStore {
  readonly #connection: Connection;
  readonly #logId: string;

  constructor(connection: Connection, logId: string) {
    this.#connection = connection;
    this.#logId = logId;
  }

  ensure(): Promise<void> {
    return this.#connection.ask('snap', () => this.#connection.broker.writable());
  }

  async create(meta: SnapshotMeta): Promise<SnapshotUpload> {
    const { broker } = this.#connection;
    const logId = this.#logId;
    await this.#connection.ask('snap', () => broker.createSnapshot(logId, meta));
    return {
      write: (chunk) => {
        const copy = new Uint8Array(chunk);
        return this.#connection.ask('snap', () => broker.writeSnapshot(logId, meta.id, copy));
      },
      finish: (extra = {}) =>
        this.#connection.ask('snap', () => broker.finishSnapshot(logId, { ...meta, ...extra, id: meta.id })),
      abort: () => this.#connection.ask('snap', () => broker.removeSnapshot(logId, meta.id)),
    };
  }

  list(): Promise<SnapshotManifest[]> {
    return this.#connection.ask('snap', () => this.#connection.broker.listSnapshots(this.#logId));
  }

  async newestUsable(): Promise<SnapshotManifest | null> {
    return (await this.list()).find(({ state }) => state === 'usable') ?? null;
  }

  markUsable(id: string): Promise<SnapshotManifest> {
    return this.#connection.ask('snap', () => this.#connection.broker.markUsable(this.#logId, id));
  }

  async *read(manifest: SnapshotManifest): AsyncGenerator<Uint8Array, void, void> {
    const { broker } = this.#connection;
    for (let at = 0; at < manifest.bytes; at += CHUNK_BYTES) {
      const part = await this.#connection.ask('snap', () => broker.snapshotBytes(this.#logId, manifest));
      yield new Uint8Array(part.subarray(at, at + CHUNK_BYTES));
    }
  }

  remove(id: string): Promise<void> {
    return this.#connection.ask('snap', () => this.#connection.broker.removeSnapshot(this.#logId, id));
  }

  removeAbandoned(olderThanMs: number, idPrefix = ''): Promise<string[]> {
    const { broker } = this.#connection;
    return this.#connection.ask('snap', () => broker.removeAbandoned(this.#logId, olderThanMs, idPrefix));
  }
}
