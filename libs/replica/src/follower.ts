/**
 * Follows a log with a data set: newest usable snapshot, load, consume from the sequence behind it, for ever.
 *
 *   idle ──bootstrap──▶ loading ──▶ catching-up ⇄ live
 *                          │             │  ▲
 *                          ▼             ▼  │ (the subscription heals itself)
 *                        failed ◀──── disconnected
 *
 * - loading: a snapshot is being loaded into a fresh keyspace; nobody sees it yet.
 * - catching-up, live: records are applied as they come; `live` means that the end of the log was reached once since.
 * - disconnected: nothing comes; the data set stays and the subscription resumes by sequence.
 * - failed: the data set cannot follow the log any more (the log was trimmed past it, diverged, or a record could not be
 *   applied). It ends here: whoever owns the follower makes a new one.
 *
 * One record is either applied whole or it fails the follower: `position` never lies about the data set.
 *
 * With a pace, the event loop turns between records, and between the commands of one record as long as nobody looks at the data set: `position` is
 * then in front of it. Who wants to look asks for `whole()` while the follower is paused, or for `serve()`: from then on each record
 * is applied in one go, since readers must not find half of one.
 */

import type { Keyspace } from '@weir/keyspace';
import {
  LOG_START,
  LogError,
  LogReader,
  RecordKind,
  decodeHandover,
  decodeHeartbeat,
  decodeLeadership,
  isLogError,
} from '@weir/log';
import type {
  Beginning,
  Handover,
  Heartbeat,
  LogPosition,
  LogStore,
  RecentMessages,
  RecordView,
  SnapshotManifest,
  SnapshotStore,
} from '@weir/log';
import { ENGINE_VERSION, Pace, discardKeyspace, freeInBackground, loadSnapshot } from '@weir/dataset';
import type { LoadProgress, LoadedSnapshot } from '@weir/dataset';
import type { EventLogger } from '@weir/telemetry';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';
import { provenSnapshots, unprovenBeginning } from './beginning.ts';
import { DoesNotFitError, explained } from './does-not-fit.ts';
import { Replay } from './replay.ts';

export type FollowerState = 'idle' | 'loading' | 'catching-up' | 'live' | 'disconnected' | 'failed' | 'stopped';

export type FollowerLogger = Pick<EventLogger, 'debug' | 'info' | 'warn'>;

export interface LeaderInfo {
  readonly epoch: number;
  readonly payload: Uint8Array;
}

/** Who leads, as its records say: its node, and for how long it may answer alone. */
export interface LeaseHolder extends Heartbeat {
  readonly epoch: number;
}

export interface FollowerOptions {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  /** Makes an empty data set. */
  readonly newKeyspace: () => Keyspace;
  /** The data set of the newest usable snapshot, loaded and verified already: it is not loaded once more, as long as it is that. */
  readonly loaded?: LoadedSnapshot | undefined;
  readonly logger: FollowerLogger;
  readonly now: () => number;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** Gets every message that is read. */
  readonly recent?: RecentMessages;
  readonly onState?: (state: FollowerState, detail: string) => void;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly onLeader?: (leader: LeaderInfo) => void;
  readonly onHandover?: (handover: Handover) => void;
  /** How long it applies before others have their turn. Absent: as long as there is something. */
  readonly pace?: Pace;
  /** A record takes its time: some more of it was applied. */
  readonly onPart?: () => void;
  /** After each applied record. */
  readonly onApplied?: (seq: number, commands: number, payloadBytes: number) => void;
}

export class Follower {
  keyspace: Keyspace;
  state: FollowerState = 'idle';
  /** What ended it, when failed. */
  failure: unknown = null;
  /** When the last message or sign of life came, in milliseconds of the monotonic clock. */
  lastIoMs: number;
  /** The snapshot that its data set was loaded from; null: none, it was read from the log's beginning. */
  base: SnapshotManifest | null = null;
  /** What the log began with, as far as that was known when it was bootstrapped. */
  beginning: Beginning | null = null;
  /** The leadership record seen last. */
  leader: LeaderInfo | null = null;
  /** By the last record that says who leads; null: none of those read did. */
  holder: LeaseHolder | null = null;
  /** The leader has given its lease up, and nobody leads since. */
  handover: Handover | null = null;
  /** When a message of the log came last, of whatever kind, or reading began. By the monotonic clock, when it was dealt with: never too early. */
  lastRecordMs: number;
  readonly #options: FollowerOptions;
  readonly #time: Time;
  #replay: Replay;
  #reader: LogReader;
  /** Readers look at the data set. */
  #serving = false;
  /** A record is being applied with pauses. */
  #applying: Promise<void> | null = null;
  /** A record was begun and is not applied to its end: so it stays when the follower ends meanwhile. */
  #half = false;
  readonly #waiters: { seq: number; resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#time = options.time ?? realTime;
    this.keyspace = options.loaded?.keyspace ?? options.newKeyspace();
    freeInBackground(this.keyspace);
    this.#replay = new Replay(this.keyspace);
    this.#reader = this.#readerAt(LOG_START);
    this.lastIoMs = this.lastRecordMs = this.#time.monotonicMs();
  }

  /** After the last record that was applied whole. */
  get position(): LogPosition {
    return this.#reader.position;
  }

  /** After the last message, an incomplete group of fragments included: where a new master appends. */
  get tail(): LogPosition {
    return this.#reader.tail;
  }

  get seq(): number {
    return this.#reader.seq;
  }

  /**
   * Loads the newest usable snapshot that can be loaded and is one of this log's history, or starts at the log's beginning where that is proven to
   * be there. Throws LogError 'beginning-missing' when data must exist that neither gives back.
   */
  async bootstrap(signal?: AbortSignal): Promise<void> {
    const { snapshots, log, logger, now } = this.#options;
    this.#setState('loading', '');
    const { usable, beginning, state } = await provenSnapshots(log, snapshots, logger);
    this.beginning = beginning;
    const { loaded } = this.#options;
    if (loaded !== undefined) {
      if (usable[0]?.id === loaded.manifest.id) {
        this.#reader = this.#readerAt(loaded.position);
        this.base = loaded.manifest;
        logger.info({ snapshot: loaded.manifest.id, keys: this.keyspace.size }, 'the snapshot is loaded already');
        return;
      }
      this.#empty(); // somebody else was quicker
    }
    let damage: unknown = null;
    for (const manifest of usable) {
      logger.info(
        { snapshot: manifest.id, keys: manifest.keys, bytes: manifest.bytes, seq: manifest.seq },
        'loading snapshot',
      );
      const started = now();
      try {
        const position = await loadSnapshot(
          snapshots,
          manifest,
          this.keyspace,
          started,
          this.#options.onProgress,
          signal,
          new Pace({ time: this.#time }),
        );
        this.#reader = this.#readerAt(position);
        this.base = manifest;
        logger.info({ snapshot: manifest.id, keys: manifest.keys, ms: now() - started }, 'snapshot loaded');
        return;
      } catch (caught) {
        signal?.throwIfAborted();
        const error = explained(caught, `snapshot ${manifest.id} of ${manifest.keys} keys`, this.keyspace);
        // The one before it says nothing about this one, and would be followed by more of the log.
        if (isLogError(error, 'log-unavailable') || error instanceof DoesNotFitError) throw error;
        logger.warn({ snapshot: manifest.id, err: error }, 'snapshot cannot be loaded; trying the one before it');
        damage = error;
        this.#empty();
      }
    }
    const missing = unprovenBeginning(state, beginning, usable);
    if (missing !== null) throw new LogError('beginning-missing', missing, { cause: damage });
    logger.info({ lastSeq: state.lastSeq }, 'no snapshot: reading the log from its beginning');
  }

  #empty(): void {
    discardKeyspace(this.keyspace);
    this.keyspace = this.#options.newKeyspace();
    freeInBackground(this.keyspace);
    this.#replay = new Replay(this.keyspace);
  }

  #readerAt(position: LogPosition): LogReader {
    return new LogReader({
      log: this.#options.log,
      position,
      engineVersion: ENGINE_VERSION,
      ...(this.#options.recent === undefined ? {} : { recent: this.#options.recent }),
      onRecord: (record) => this.#record(record),
      onMessage: (seq) => {
        this.#applying = null;
        this.lastIoMs = this.lastRecordMs = this.#time.monotonicMs();
        if (this.#waiters.length > 0) this.#wake(seq);
        const { pace } = this.#options;
        if (pace?.spent === true) return pace.rest();
      },
      onError: (error) => this.#fail(error),
      onState: (state, detail) => {
        this.lastIoMs = this.#time.monotonicMs();
        this.#setState(state, detail);
      },
    });
  }

  /** Starts consuming behind the position. */
  start(): void {
    if (this.state !== 'idle' && this.state !== 'loading') return;
    this.#setState('catching-up', '');
    this.lastRecordMs = this.#time.monotonicMs();
    this.#reader.start();
  }

  #record(record: RecordView): void | Promise<void> {
    if (record.kind === RecordKind.data) {
      const { pace } = this.#options;
      pace?.begin();
      this.#half = true;
      this.#replay.begin(record.payload, this.#options.now());
      if (!this.#replay.more(this.#serving ? null : (pace ?? null))) {
        this.#applying = this.#applyRest(record, pace!);
        return this.#applying;
      }
      this.#half = false;
      this.#options.onApplied?.(record.seq, record.commandCount, record.payload.length);
    } else if (record.kind === RecordKind.leadership) {
      this.leader = { epoch: record.epoch, payload: record.payload.slice() };
      const { begins, node, leaseMs } = decodeLeadership(record.payload);
      if (record.firstSeq === 1) this.#proveBase(begins);
      this.#leads(record.epoch, {
        ...(node === undefined ? {} : { node }),
        ...(leaseMs === undefined ? {} : { leaseMs }),
      });
      this.#options.onLeader?.(this.leader);
      this.#options.onApplied?.(record.seq, 0, 0);
    } else if (record.kind === RecordKind.heartbeat) this.#leads(record.epoch, decodeHeartbeat(record.payload));
    else if (record.kind === RecordKind.handover) {
      this.handover = decodeHandover(record.payload);
      this.#options.onHandover?.(this.handover);
    }
  }

  #leads(epoch: number, who: Heartbeat): void {
    this.holder = { ...who, epoch };
    this.handover = null;
  }

  /** The first record says what it stands behind: another beginning than this data set's makes another data set. */
  #proveBase(begins: Beginning | undefined): void {
    if (begins === undefined) return;
    const { base } = this;
    const same = begins.kind === 'nothing' ? base === null : base?.id === begins.id && base.digest === begins.digest;
    if (same) return;
    const what = begins.kind === 'nothing' ? 'nothing' : `snapshot ${begins.id}`;
    throw new LogError('log-diverged', `the log begins with ${what}, this data set with ${base?.id ?? 'nothing'}`);
  }

  async #applyRest(record: RecordView, pace: Pace): Promise<void> {
    do {
      this.#options.onPart?.();
      await pace.rest();
      if (this.#ended) return; // and nobody may touch the data set any more
      pace.begin();
    } while (!this.#replay.more(this.#serving ? null : pace));
    this.#half = false;
    this.#options.onApplied?.(record.seq, record.commandCount, record.payload.length);
  }

  get #ended(): boolean {
    return this.state === 'failed' || this.state === 'stopped';
  }

  /**
   * Resolves when the data set is that of `position`, which it stays while the follower is paused or when it has ended. Rejects when it ended within a
   * record: half of that is in the data set.
   */
  async whole(signal?: AbortSignal): Promise<void> {
    // It is null as soon as the reader's position is behind the record.
    while (this.#applying !== null && !this.#ended) await unlessAborted(this.#applying, signal);
    signal?.throwIfAborted();
    if (this.#half) throw this.failure ?? new Error('the follower was stopped within a record');
  }

  /** From when it resolves on, readers may look at the data set: it is whole, and each record is applied in one go. */
  serve(): Promise<void> {
    this.#serving = true;
    return this.whole();
  }

  #wake(seq: number): void {
    for (let i = this.#waiters.length - 1; i >= 0; i--) {
      if (this.#waiters[i].seq <= seq) this.#waiters.splice(i, 1)[0].resolve();
    }
  }

  /** Resolves when everything up to `seq` was consumed; rejects when the follower ends before that. */
  reached(seq: number, signal?: AbortSignal): Promise<void> {
    if (this.seq >= seq) return Promise.resolve();
    if (this.state === 'failed' || this.state === 'stopped')
      return Promise.reject(this.failure ?? new Error('stopped'));
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        reject(signal!.reason);
      };
      const waiter = {
        seq,
        resolve: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        reject: (error: unknown) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', abort);
    });
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
  }

  stop(): void {
    this.#reader.stop();
    if (this.state !== 'failed') this.#setState('stopped', '');
    this.#rejectWaiters(new Error('the follower was stopped'));
  }

  #fail(cause: unknown): void {
    if (this.state === 'failed' || this.state === 'stopped') return;
    const error = explained(cause, `the record behind sequence ${this.position.seq}`, this.keyspace);
    this.failure = error;
    this.#reader.stop();
    this.#setState('failed', error instanceof Error ? error.message : String(error));
    this.#rejectWaiters(error);
  }

  #rejectWaiters(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #setState(state: FollowerState, detail: string): void {
    if (this.state === state) return;
    this.state = state;
    this.#options.onState?.(state, detail);
  }
}

function unlessAborted(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
