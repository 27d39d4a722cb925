/**
 * The data set as it was: the newest usable snapshot in front of a point, and the log up to it, written to a file with which a new node begins a log of its
 * own. The log that it is read from is not touched. A record counts whole or not at all, so a sequence inside of a record means the one before it.
 */

import type { Keyspace } from '@weir/keyspace';
import { LOG_START, LogError, LogReader, RecordKind } from '@weir/log';
import type { LogPosition, LogStore, RecordView, SnapshotManifest, SnapshotStore } from '@weir/log';
import {
  ENGINE_VERSION,
  Pace,
  REDIS_VERSION,
  discardKeyspace,
  loadSnapshot,
  writeFileWhole,
  writeRdb,
} from '@weir/dataset';
import { provenSnapshots, unprovenBeginning } from './beginning.ts';
import type { FollowerLogger } from './follower.ts';
import { Replay } from './replay.ts';

export type RestorePoint =
  | { readonly kind: 'snapshot'; readonly id: string }
  | { readonly kind: 'sequence'; readonly seq: number }
  /** Milliseconds since 1970 by NATS's clock: the last message that was stored by then. */
  | { readonly kind: 'time'; readonly ms: number };

export interface RestoreProgress {
  readonly phase: 'loading' | 'applying' | 'writing';
  readonly done: number;
  /** Of the same kind: bytes of the snapshot, messages of the log, keys. */
  readonly total: number;
}

export interface RestoreOptions {
  readonly log: LogStore & { readStored(seq: number): Promise<{ readonly storedMs: number } | null> };
  readonly snapshots: SnapshotStore;
  readonly point: RestorePoint;
  readonly newKeyspace: () => Keyspace;
  readonly logger: FollowerLogger;
  readonly nowMs: number;
  readonly onProgress?: (progress: RestoreProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Restored {
  /** The last record that it holds. */
  readonly seq: number;
  readonly keys: number;
  readonly bytes: number;
  readonly digest: string;
  /** The snapshot that it began with; null: the log's beginning. */
  readonly snapshot: string | null;
}

/** Writes `path` whole and on disk, or not at all. Throws with a sentence where the point cannot be reached. */
export async function restoreToFile(path: string, options: RestoreOptions): Promise<Restored> {
  const { nowMs, signal, onProgress = () => undefined } = options;
  const { keyspace, position, base } = await restoreKeyspace(options);
  try {
    let bytes = 0;
    let digest = '';
    const keys = keyspace.size;
    const save = {
      id: 'restore',
      engineVersion: ENGINE_VERSION,
      redisVersion: REDIS_VERSION,
      nowMs,
      ...(signal === undefined ? {} : { signal }),
    };
    await writeFileWhole(path, async (sink) => {
      digest = await writeRdb(keyspace, position, save, async (chunk) => {
        await sink(chunk);
        bytes += chunk.length;
        onProgress({ phase: 'writing', done: bytes, total: 0 });
      });
    });
    return { seq: position.seq, keys, bytes, digest, snapshot: base?.id ?? null };
  } finally {
    discardKeyspace(keyspace);
  }
}

export interface RestoredKeyspace {
  /** The caller's. */
  readonly keyspace: Keyspace;
  readonly position: LogPosition;
  readonly base: SnapshotManifest | null;
}

/** Throws with a sentence where the point cannot be reached. */
export async function restoreKeyspace(options: RestoreOptions): Promise<RestoredKeyspace> {
  const { log, snapshots, point, newKeyspace, logger, nowMs, signal, onProgress = () => undefined } = options;
  const { usable, beginning, state } = await provenSnapshots(log, snapshots, logger);
  const seq = await sequenceOf(options, usable, state);
  const base = usable.find((one) => (point.kind === 'snapshot' ? one.id === point.id : one.seq <= seq)) ?? null;
  const missing = base === null ? unprovenBeginning(state, beginning, []) : null;
  if (missing !== null) {
    const first = usable.at(-1);
    const earliest = first === undefined ? '' : `; the earliest that can be restored is ${first.seq}`;
    throw new Error(`sequence ${seq} cannot be restored: ${missing}${earliest}`);
  }
  const keyspace = newKeyspace();
  try {
    let position = LOG_START;
    if (base !== null) {
      const tell = ({ loadedBytes: done, totalBytes: total }: { loadedBytes: number; totalBytes: number }): void =>
        onProgress({ phase: 'loading', done, total });
      position = await loadSnapshot(snapshots, base, keyspace, nowMs, tell, signal);
    }
    if (position.seq < seq) position = await applyUpTo(seq, position, keyspace, options);
    return { keyspace, position, base };
  } catch (error) {
    discardKeyspace(keyspace);
    throw error;
  }
}

async function sequenceOf(
  { log, point }: RestoreOptions,
  usable: readonly SnapshotManifest[],
  { firstSeq, lastSeq }: { readonly firstSeq: number; readonly lastSeq: number },
): Promise<number> {
  if (point.kind === 'snapshot') {
    const found = usable.find(({ id }) => id === point.id);
    if (found === undefined) throw new Error(`there is no usable snapshot ${point.id}`);
    return found.seq;
  }
  if (point.kind === 'sequence') {
    if (point.seq > lastSeq) throw new Error(`sequence ${point.seq} is not written yet: the log ends at ${lastSeq}`);
    return point.seq;
  }
  const storedMs = async (seq: number): Promise<number> => {
    const stored = await log.readStored(seq);
    if (stored === null) throw new LogError('log-trimmed', `sequence ${seq} was trimmed`);
    return stored.storedMs;
  };
  if (lastSeq < firstSeq || (await storedMs(firstSeq)) > point.ms) {
    const at = lastSeq < firstSeq ? 'it is empty' : new Date(await storedMs(firstSeq)).toISOString();
    throw new Error(`the log does not reach back to ${new Date(point.ms).toISOString()}: its oldest message: ${at}`);
  }
  let [low, high] = [firstSeq, lastSeq];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((await storedMs(middle)) <= point.ms) low = middle;
    else high = middle - 1;
  }
  return low;
}

function applyUpTo(
  seq: number,
  from: LogPosition,
  keyspace: Keyspace,
  { log, nowMs, signal, onProgress = () => undefined }: RestoreOptions,
): Promise<LogPosition> {
  const replay = new Replay(keyspace);
  const pace = new Pace();
  return new Promise((resolve, reject) => {
    const end = (run: () => void): void => {
      reader.stop();
      signal?.removeEventListener('abort', aborted);
      run();
    };
    const aborted = (): void => end(() => reject(signal!.reason as Error));
    let position = from;
    const reader = new LogReader({
      log,
      position: from,
      engineVersion: ENGINE_VERSION,
      onRecord: (record: RecordView) => {
        if (record.seq <= seq && record.kind === RecordKind.data) replay.payload(record.payload, nowMs);
      },
      onMessage: (at) => {
        if (at <= seq) position = reader.position;
        onProgress({ phase: 'applying', done: Math.min(at, seq) - from.seq, total: seq - from.seq });
        if (at >= seq) return end(() => resolve(position));
        if (pace.spent) return pace.rest();
      },
      onError: (error) => end(() => reject(error as Error)),
    });
    signal?.addEventListener('abort', aborted, { once: true });
    pace.begin();
    reader.start();
  });
}
