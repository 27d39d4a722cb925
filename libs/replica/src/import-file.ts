import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Keyspace } from '@weir/keyspace';
import { LOG_START } from '@weir/log';
import type { LogPosition, SnapshotManifest, SnapshotStore } from '@weir/log';
import { discardKeyspace } from './discard.ts';
import type { FollowerLogger } from './follower.ts';
import { ImportProgress } from './import-progress.ts';
import type { ImportPass } from './import-progress.ts';
import { loadRdbFile } from './load-file.ts';
import type { LoadProgress } from './load.ts';
import { uploadSnapshot } from './save.ts';
import { loadVerified } from './verify.ts';
import { ENGINE_VERSION, REDIS_VERSION } from './version.ts';

export interface ImportOptions {
  readonly path: string;
  readonly snapshots: SnapshotStore;
  readonly newKeyspace: () => Keyspace;
  readonly logger: FollowerLogger;
  readonly nowMs: number;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** The data set of a usable snapshot, which a follower takes instead of loading it once more. It belongs to who got it. */
export interface LoadedSnapshot {
  readonly keyspace: Keyspace;
  readonly position: LogPosition;
  readonly manifest: SnapshotManifest;
}

/**
 * Brings a file in as the snapshot in front of a log's first record. For a master whose log is empty, *before* its leadership record:
 * whoever reads the log later finds the snapshot, and nobody reads a log without records.
 *
 * The file is decoded into a data set, which is stored and dropped; what was stored is read back into a second one and compared. That one
 * is returned: it is proven to be what the snapshot holds, and at no time are there two.
 *
 * Null when there is no such file, or when the log has a usable snapshot already (an import that was interrupted later than here).
 */
export async function importRdbFile(options: ImportOptions): Promise<LoadedSnapshot | null> {
  const { path, snapshots, newKeyspace, logger, nowMs } = options;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  if ((await snapshots.newestUsable()) !== null) return null;
  const fileBytes = await sizeOf(path);
  if (fileBytes === null) return null;
  const { onProgress } = options;
  const progress = new ImportProgress({ path, logger, ...(onProgress === undefined ? {} : { onProgress }) });
  progress.begin(fileBytes);
  const bytesOf =
    (pass: ImportPass) =>
    ({ loadedBytes, totalBytes, keys }: LoadProgress): void =>
      progress.at(pass, loadedBytes / totalBytes, keys ?? 0);
  let manifest: SnapshotManifest;
  const keyspace = newKeyspace();
  try {
    const started = performance.now();
    const loaded = await loadRdbFile(path, keyspace, { nowMs, onProgress: bytesOf('reading the file'), ...signal });
    logger.info(
      {
        path,
        keys: loaded.keys,
        expired: loaded.expired,
        redis: loaded.auxFields.get('redis-ver') ?? loaded.auxFields.get('valkey-ver'),
        ms: Math.round(performance.now() - started),
      },
      'file loaded',
    );
    for (const module of loaded.modules) {
      logger.warn(
        { path, module },
        `module ${module} was loaded where ${path} was written; the file has no data of it`,
      );
    }
    let stored = 0;
    manifest = await uploadSnapshot(snapshots, keyspace, LOG_START, {
      id: `import-${nowMs.toString(36)}-${randomBytes(3).toString('hex')}`,
      engineVersion: ENGINE_VERSION,
      redisVersion: REDIS_VERSION,
      nowMs,
      ...signal,
      onProgress: (bytes) => {
        stored += bytes;
        progress.at('storing', stored / fileBytes, Math.floor(loaded.keys * Math.min(1, stored / fileBytes)));
      },
    });
  } finally {
    discardKeyspace(keyspace);
  }
  let verified: Keyspace;
  try {
    verified = await loadVerified(snapshots, manifest, {
      newKeyspace,
      nowMs,
      ...signal,
      onProgress: bytesOf('reading back'),
      onDigest: (made) => {
        const keys = Math.min(manifest.keys, made * KEYS_PER_DIGEST_STEP);
        progress.at('comparing', keys / manifest.keys, keys);
      },
    });
  } catch (error) {
    await snapshots.remove(manifest.id).catch(() => {});
    throw error;
  }
  try {
    progress.at('comparing', 1, verified.size);
    const usable = await snapshots.markUsable(manifest.id);
    logger.info(
      { path, snapshot: usable.id, keys: usable.keys },
      'file imported: it is the snapshot in front of the log',
    );
    return { manifest: usable, keyspace: verified, position: LOG_START };
  } catch (error) {
    discardKeyspace(verified);
    throw error;
  }
}

/** As many short strings are one step of a digest; longer values make it more steps. */
const KEYS_PER_DIGEST_STEP = 20_000;

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
