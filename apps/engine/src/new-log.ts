import type { Keyspace } from '@weir/keyspace';
import { LOG_START } from '@weir/log';
import type { Beginning, LogPosition, SnapshotManifest } from '@weir/log';
import { ENGINE_VERSION, Pace, REDIS_VERSION, uploadSnapshot, verifySnapshot } from '@weir/dataset';
import type { Time } from '@weir/time';
import type { LogAccess } from './log-access.ts';

/** A snapshot made by an engine from its own data set: the beginning of a new log, or what a log that was trimmed too far begins with again. */
export interface MemorySnapshotOptions {
  readonly access: LogAccess;
  /** Must not change until this is done. */
  readonly keyspace: Keyspace;
  readonly position: LogPosition;
  readonly newKeyspace: () => Keyspace;
  readonly time: Time;
  readonly signal: AbortSignal;
}

/** Uploads it, reads it back as a slave would, and only then marks it usable. Throws as the store does; 'snapshot-damaged' is removed again. */
export async function snapshotFromMemory(options: MemorySnapshotOptions): Promise<SnapshotManifest> {
  const { access, keyspace, position, newKeyspace, time, signal } = options;
  const { snapshots } = access;
  const nowMs = time.wallMs();
  const manifest = await uploadSnapshot(snapshots, keyspace, position, {
    id: position.seq === 0 ? `base-${nowMs}` : `memory${position.seq}-${nowMs}`,
    engineVersion: ENGINE_VERSION,
    nowMs,
    redisVersion: REDIS_VERSION,
    signal,
    pace: new Pace({ time }),
  });
  try {
    await verifySnapshot(snapshots, manifest, { newKeyspace, nowMs, signal, time });
  } catch (error) {
    await snapshots.remove(manifest.id).catch(() => {});
    throw error;
  }
  return snapshots.markUsable(manifest.id);
}

/** The data set becomes what an empty log begins with; the log has no record yet. */
export async function beginLog(
  options: Omit<MemorySnapshotOptions, 'position'> & {
    /** What the data set was until now; null: it was put together from what was left. */
    readonly from: { readonly logId: string; readonly seq: number } | null;
  },
): Promise<Beginning> {
  if ((await options.access.log.state()).lastSeq > 0)
    throw new Error('the log that this node was to begin is not empty');
  const begins = beginningOf(await snapshotFromMemory({ ...options, position: LOG_START }));
  return options.from === null || begins.kind === 'nothing' ? begins : { ...begins, from: options.from };
}

/** What the first record of a log says of the snapshot in front of it. */
export function beginningOf(base: SnapshotManifest | null): Beginning {
  if (base === null) return { kind: 'nothing' };
  const { id, seq, digest, keys } = base;
  return { kind: 'snapshot', id, seq, digest, keys };
}
