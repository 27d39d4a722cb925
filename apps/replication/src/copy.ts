import type { Keyspace } from '@weir/keyspace';
import { LOG_START, LogError } from '@weir/log';
import type { LogPosition, LogStore, SnapshotManifest, SnapshotStore } from '@weir/log';
import { Pace, discardKeyspace } from '@weir/dataset';
import { Follower } from '@weir/replica';
import type { Time } from '@weir/time';
import { ChangeMeter, MESSAGE_OVERHEAD_BYTES } from './change-meter.ts';
import type { AppLogger } from './options.ts';

/**
 * The app's copy of the data set, and the count of what has changed since the newest usable snapshot.
 *
 * - ephemeral: between snapshots there is no data set, only the count. For a snapshot the newest usable one is loaded, the
 *   log behind it applied up to the end it has then, and the data set dropped as soon as it is uploaded.
 * - resident: the data set follows the log. For a snapshot it stands still.
 */
export interface Copy {
  /** Commands, and bytes of log, behind the newest usable snapshot. */
  readonly changes: number;
  readonly logBytes: number;
  readonly position: LogPosition;
  readonly state: 'loading' | 'catching-up' | 'online';
  /** Brings the counts up to date. Throws LogError: 'log-unavailable' passes, after any other this copy is finished. */
  tick(signal: AbortSignal): Promise<void>;
  /** The data set at some sequence not before `seq`; it stands still until it is released. */
  freeze(seq: number, signal: AbortSignal, onProgress: () => void): Promise<Frozen>;
  /** A frozen data set has become the newest usable snapshot. */
  saved(frozen: Frozen): void;
  stop(): void;
}

export interface Frozen {
  readonly keyspace: Keyspace;
  readonly position: LogPosition;
  /** Everything up to here was read; behind `position` there can be fragments and void messages. */
  readonly readSeq: number;
  release(): void;
}

export interface CopyOptions {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly newKeyspace: () => Keyspace;
  readonly logger: AppLogger;
  readonly now: () => number;
  readonly time: Time;
  readonly stallMs: number;
}

function positionOf(manifest: SnapshotManifest | null): LogPosition {
  if (manifest === null) return LOG_START;
  return { seq: manifest.seq, offset: manifest.offset, epoch: manifest.epoch, checksum: manifest.checksum };
}

export class EphemeralCopy implements Copy {
  readonly #options: CopyOptions;
  #meter: ChangeMeter;
  #caughtUp = false;

  constructor(options: CopyOptions, newest: SnapshotManifest | null) {
    this.#options = options;
    this.#meter = new ChangeMeter(options.log, positionOf(newest), options.stallMs, options.time);
  }

  get changes(): number {
    return this.#meter.changes;
  }

  get logBytes(): number {
    return this.#meter.bytes;
  }

  get position(): LogPosition {
    return this.#meter.position;
  }

  get state(): 'catching-up' | 'online' {
    return this.#caughtUp ? 'online' : 'catching-up';
  }

  async tick(signal: AbortSignal): Promise<void> {
    await this.#meter.advance(signal);
    this.#caughtUp = true;
  }

  async freeze(seq: number, signal: AbortSignal, onProgress: () => void): Promise<Frozen> {
    const { log, snapshots, newKeyspace, logger, now, time } = this.#options;
    const follower = new Follower({
      log,
      snapshots,
      newKeyspace,
      logger,
      now,
      time,
      pace: new Pace({ time }),
      onProgress,
      onPart: onProgress,
      onApplied: onProgress,
    });
    try {
      await follower.bootstrap(signal);
      follower.start();
      await follower.reached(seq, signal);
      follower.pause();
      await follower.whole(signal);
    } catch (error) {
      follower.stop();
      discardKeyspace(follower.keyspace);
      throw error;
    }
    follower.stop();
    const { keyspace, position } = follower;
    return { keyspace, position, readSeq: follower.seq, release: () => discardKeyspace(keyspace) };
  }

  saved(frozen: Frozen): void {
    // What was counted behind the snapshot's sequence meanwhile is counted again: it is little, and nothing has to be remembered.
    const { log, stallMs, time } = this.#options;
    this.#meter = new ChangeMeter(log, frozen.position, stallMs, time);
  }

  stop(): void {}
}

export class ResidentCopy implements Copy {
  readonly #follower: Follower;
  #changes = 0;
  #bytes = 0;
  #savedChanges = 0;
  #savedBytes = 0;
  /** Where the counts stood when the data set was frozen. */
  #frozenChanges = 0;
  #frozenBytes = 0;

  private constructor(options: CopyOptions) {
    const { log, snapshots, newKeyspace, logger, now, time } = options;
    this.#follower = new Follower({
      log,
      snapshots,
      newKeyspace,
      logger,
      now,
      time,
      pace: new Pace({ time }),
      onPart: () => this.onApplied(),
      onApplied: (_seq, commands, payloadBytes) => {
        this.#changes += commands;
        this.#bytes += payloadBytes + MESSAGE_OVERHEAD_BYTES;
        this.onApplied();
      },
      onState: (state, detail) => logger.debug({ state, detail }, 'resident copy'),
    });
  }

  onApplied: () => void = () => {};

  static async open(options: CopyOptions, signal: AbortSignal): Promise<ResidentCopy> {
    const copy = new ResidentCopy(options);
    try {
      await copy.#follower.bootstrap(signal);
    } catch (error) {
      copy.stop();
      throw error;
    }
    copy.#follower.start();
    return copy;
  }

  get changes(): number {
    return this.#changes - this.#savedChanges;
  }

  get logBytes(): number {
    return this.#bytes - this.#savedBytes;
  }

  get position(): LogPosition {
    return this.#follower.position;
  }

  get state(): 'catching-up' | 'online' {
    return this.#follower.state === 'live' ? 'online' : 'catching-up';
  }

  async tick(): Promise<void> {
    if (this.#follower.state === 'failed') throw this.#follower.failure;
  }

  async freeze(seq: number, signal: AbortSignal, onProgress: () => void): Promise<Frozen> {
    const follower = this.#follower;
    this.onApplied = onProgress;
    await follower.reached(seq, signal);
    if (follower.state === 'failed') throw follower.failure ?? new LogError('log-diverged', 'the copy has failed');
    follower.pause();
    try {
      await follower.whole(signal);
    } catch (error) {
      follower.resume();
      throw error;
    }
    this.#frozenChanges = this.#changes;
    this.#frozenBytes = this.#bytes;
    let released = false;
    return {
      keyspace: follower.keyspace,
      position: follower.position,
      readSeq: follower.seq,
      release: () => {
        if (!released) follower.resume();
        released = true;
      },
    };
  }

  saved(): void {
    this.#savedChanges = this.#frozenChanges;
    this.#savedBytes = this.#frozenBytes;
  }

  stop(): void {
    this.#follower.stop();
    discardKeyspace(this.#follower.keyspace);
  }
}
