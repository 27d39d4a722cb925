import type { Keyspace } from '@weir/keyspace';
import { LOG_START, RecordKind, checksumHex, decodeHeader, HEADER_BYTES, isLogError, RecordHeader } from '@weir/log';
import type { LogPosition, LogStore, SnapshotManifest, SnapshotStore, TailSource } from '@weir/log';
import { discardKeyspace, loadSnapshot } from '@weir/dataset';
import { Replay } from '@weir/replica';
import type { Time } from '@weir/time';

/**
 * A data set out of a log that cannot be followed: what `WEIR REPAIR` begins a new log with. It reads message by message and trusts each for
 * itself (its own checksum), where a Follower trusts a history.
 *
 * - `cut`: everything up to the first message that is damaged, missing or does not continue the history. What is behind it is given up.
 * - `skip`: damaged and missing messages are passed over, and what stands behind them is applied. Their effects are missing in the middle: a key may
 *   have a value that it never had together with others.
 */
export interface RescueOptions {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly mode: 'cut' | 'skip';
  /** Begin with this snapshot, and nothing else; absent: the newest one that can be loaded. */
  readonly snapshot?: string;
  /** Only the snapshot: no record of the log. */
  readonly snapshotOnly?: boolean;
  /** Messages that the log has lost. */
  readonly source: TailSource | null;
  readonly newKeyspace: () => Keyspace;
  readonly time: Pick<Time, 'wallMs' | 'endOfTurn'>;
  readonly signal?: AbortSignal;
}

export interface Rescued {
  readonly keyspace: Keyspace;
  /** Of the snapshot that it began with; null: none. */
  readonly snapshot: string | null;
  readonly from: number;
  /** Last sequence that was looked at, and the last there is. */
  readonly to: number;
  readonly end: number;
  readonly applied: number;
  /** Sequences that count nothing, with the reason; the first few. */
  readonly damaged: readonly { readonly seq: number; readonly why: string }[];
  readonly damagedCount: number;
}

const DAMAGED_TOLD = 20;
const TURN_EVERY = 64;

/** Throws what loading a named snapshot throws, and LogError 'log-unavailable'. The keyspace is the caller's. */
export async function rescue(options: RescueOptions): Promise<Rescued> {
  const { log, mode, source, time, signal } = options;
  const begun = await begin(options);
  const { keyspace, position } = begun;
  const damaged: { seq: number; why: string }[] = [];
  let damagedCount = 0;
  const note = (seq: number, why: string): void => {
    damagedCount++;
    if (damaged.length < DAMAGED_TOLD) damaged.push({ seq, why });
  };
  let applied = 0;
  let seq = position.seq;
  let end = position.seq;
  try {
    const state = await log.state().catch((error: unknown) => {
      if (isLogError(error, 'log-missing')) return null;
      throw error;
    });
    end = Math.max(state?.lastSeq ?? 0, source?.lastSeq ?? 0, position.seq);
    const records = new LooseReader(keyspace, position, mode, time);
    if (options.snapshotOnly !== true) {
      while (seq < end) {
        signal?.throwIfAborted();
        if (seq % TURN_EVERY === 0) await new Promise<void>((resolve) => time.endOfTurn(resolve));
        const next = firstFrom(seq + 1, state?.firstSeq ?? 1, source);
        if (next > seq + 1) {
          // Trimmed, and there may be millions of them: none is asked for.
          note(seq + 1, `records ${seq + 1} to ${next - 1} are not there`);
          if (mode === 'cut') break;
          damagedCount += next - seq - 2;
          seq = next - 1;
          records.broken();
          continue;
        }
        const message = (await readMessage(log, seq + 1)) ?? (await source?.message(seq + 1)) ?? null;
        const why = message === null ? 'it cannot be read' : records.push(message);
        if (why !== '' && mode === 'cut') {
          note(seq + 1, why);
          break;
        }
        seq++;
        if (why !== '') {
          note(seq, why);
          records.broken();
        }
      }
    }
    applied = records.applied;
  } catch (error) {
    discardKeyspace(keyspace);
    throw error;
  }
  return { keyspace, snapshot: begun.snapshot, from: position.seq, to: seq, end, applied, damaged, damagedCount };
}

async function begin(
  options: RescueOptions,
): Promise<{ keyspace: Keyspace; position: LogPosition; snapshot: string | null }> {
  const { snapshots, newKeyspace, snapshot, time, signal } = options;
  // Their stream may be what is lost.
  const listed = await snapshots.list().catch((error: unknown): SnapshotManifest[] => {
    if (isLogError(error, 'log-missing')) return [];
    throw error;
  });
  const wanted =
    snapshot === undefined
      ? listed.filter(({ state }) => state === 'usable')
      : listed.filter(({ id }) => id === snapshot);
  if (snapshot !== undefined && wanted.length === 0) throw new Error(`there is no snapshot ${snapshot}`);
  for (const manifest of wanted) {
    const keyspace = newKeyspace();
    try {
      const position = await loadSnapshot(snapshots, manifest, keyspace, time.wallMs(), () => {}, signal);
      return { keyspace, position, snapshot: manifest.id };
    } catch (error) {
      discardKeyspace(keyspace);
      signal?.throwIfAborted();
      if (snapshot !== undefined || isLogError(error, 'log-unavailable')) throw error;
    }
  }
  return { keyspace: newKeyspace(), position: LOG_START, snapshot: null };
}

/** The first sequence from `seq` on that the log or the source may have. */
function firstFrom(seq: number, logFirst: number, source: TailSource | null): number {
  if (source !== null && source.firstSeq <= seq && seq <= source.lastSeq) return seq;
  const ahead = source !== null && source.firstSeq > seq ? source.firstSeq : Infinity;
  return Math.max(seq, Math.min(logFirst, ahead));
}

/** Null when it is not there, or is not what was written. */
async function readMessage(log: LogStore, seq: number): Promise<Uint8Array | null> {
  try {
    return await log.read(seq);
  } catch (error) {
    if (isLogError(error, 'log-corrupt') || isLogError(error, 'log-missing')) return null;
    throw error;
  }
}

/** Applies what can be applied; says of each message why it cannot. */
class LooseReader {
  applied = 0;
  readonly #replay: Replay;
  readonly #header = new RecordHeader();
  readonly #strict: boolean;
  readonly #time: Pick<Time, 'wallMs'>;
  #checksum: string;
  #epoch: number;
  /** Something in front is missing: the next message need not continue what was read. */
  #gap = false;
  #group: Uint8Array[] = [];

  constructor(keyspace: Keyspace, position: LogPosition, mode: 'cut' | 'skip', time: Pick<Time, 'wallMs'>) {
    this.#time = time;
    this.#replay = new Replay(keyspace);
    this.#strict = mode === 'cut';
    this.#checksum = position.checksum;
    this.#epoch = position.epoch;
  }

  broken(): void {
    this.#gap = true;
    this.#group = [];
  }

  /** '' when it counts, or counts nothing and need not. */
  push(message: Uint8Array): string {
    const h = this.#header;
    try {
      decodeHeader(message, h);
    } catch (error) {
      return (error as Error).message;
    }
    const continues = checksumHex(h.previousHi, h.previousLo) === this.#checksum;
    if (!continues && !this.#gap) {
      // Of a master that was replaced; or, in a log that lost its end, of the history that took its place.
      if (h.epoch <= this.#epoch) return '';
      if (this.#strict) return 'it does not continue the history in front of it';
    }
    this.#gap = false;
    this.#checksum = checksumHex(h.checksumHi, h.checksumLo);
    this.#epoch = h.epoch;
    if (h.kind !== RecordKind.data) {
      this.#group = [];
      return '';
    }
    if (h.fragmentIndex !== this.#group.length) {
      this.#group = [];
      return 'an earlier part of this record is missing';
    }
    this.#group.push(message.slice(HEADER_BYTES));
    if (h.fragmentIndex < h.fragmentCount - 1) return '';
    const payload = this.#group.length === 1 ? this.#group[0]! : Buffer.concat(this.#group);
    this.#group = [];
    try {
      this.#replay.payload(payload, this.#time.wallMs());
    } catch (error) {
      return `it cannot be applied: ${(error as Error).message}`;
    }
    this.applied++;
    return '';
  }
}
