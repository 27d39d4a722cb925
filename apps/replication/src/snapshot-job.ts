import { isLogError } from '@weir/log';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';
import { ENGINE_VERSION, Pace, REDIS_VERSION, uploadSnapshot, verifySnapshot } from '@weir/dataset';
import type { Time } from '@weir/time';
import type { Copy, Frozen } from './copy.ts';
import type { AppLogger, ReplicationSettings } from './options.ts';

export interface SnapshotJob {
  readonly copy: Copy;
  readonly snapshots: SnapshotStore;
  readonly settings: ReplicationSettings;
  readonly logger: AppLogger;
  readonly now: () => number;
  readonly time: Time;
  /** The snapshot holds at least everything up to here. */
  readonly seq: number;
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
}

export interface SnapshotResult {
  readonly manifest: SnapshotManifest;
  readonly frozen: Frozen;
}

/**
 * freeze → upload → release → read back and compare → usable. An ephemeral copy is dropped before the scratch one is loaded, so that
 * never more than one data set is in memory; a resident one goes on following meanwhile, and there are two.
 */
export async function makeSnapshot(job: SnapshotJob): Promise<SnapshotResult> {
  const { copy, snapshots, settings, logger, now, time, signal, onProgress } = job;
  const started = now();
  const frozen = await copy.freeze(job.seq, signal, onProgress);
  const frozenAt = now();
  let manifest: SnapshotManifest;
  try {
    manifest = await uploadSnapshot(snapshots, frozen.keyspace, frozen.position, {
      id: snapshotId(frozen.position.seq, frozenAt, time),
      engineVersion: ENGINE_VERSION,
      redisVersion: REDIS_VERSION,
      nowMs: frozenAt,
      compress: settings.compress,
      checksum: settings.checksum,
      pace: new Pace({ time }),
      signal,
      onProgress,
    });
  } finally {
    frozen.release();
  }
  const uploadedAt = now();
  try {
    await verifySnapshot(snapshots, manifest, {
      newKeyspace: settings.newKeyspace,
      nowMs: frozenAt,
      signal,
      onProgress,
      time,
    });
    signal.throwIfAborted();
    manifest = await snapshots.markUsable(manifest.id);
  } catch (error) {
    // Where the broker is away it stays, not usable, until a later clean-up.
    if (!isLogError(error, 'log-unavailable')) await snapshots.remove(manifest.id).catch(() => {});
    throw error;
  }
  logger.info(
    {
      snapshot: manifest.id,
      seq: manifest.seq,
      keys: manifest.keys,
      bytes: manifest.bytes,
      prepareMs: frozenAt - started,
      uploadMs: uploadedAt - frozenAt,
      verifyMs: now() - uploadedAt,
    },
    'snapshot is usable',
  );
  return { manifest, frozen };
}

function snapshotId(seq: number, nowMs: number, time: Time): string {
  return `s${seq}-${nowMs.toString(36)}-${Buffer.from(time.randomBytes(3)).toString('hex')}`;
}
