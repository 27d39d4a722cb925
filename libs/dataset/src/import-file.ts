import { createHash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Fingerprint } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import { LOG_START, LogError } from '@weir/log';
import type { LogPosition, SnapshotManifest, SnapshotStore } from '@weir/log';
import { discardKeyspace } from './discard.ts';
import type { EventLogger } from '@weir/telemetry';
import { ImportProgress } from './import-progress.ts';
import { loadRdbFile } from './load-file.ts';
import type { LoadProgress } from './load.ts';
import { Pace } from './pace.ts';
import { ENGINE_VERSION } from './version.ts';

export interface ImportOptions {
  readonly path: string;
  readonly snapshots: SnapshotStore;
  readonly newKeyspace: () => Keyspace;
  readonly logger: Pick<EventLogger, 'debug' | 'info' | 'warn'>;
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

const ID_PREFIX = 'import-';

/** What was read of the file: the bytes that became the data set, by their hash, and how many keys it has. */
interface Stored {
  readonly manifest: SnapshotManifest;
  readonly sha256: string;
}

/**
 * Brings a file in as the snapshot in front of a log's first record. For a master whose log is empty, *before* its leadership record:
 * whoever reads the log later finds the snapshot, and nobody reads a log without records.
 *
 * The snapshot is the file, byte for byte. While it is decoded into the data set that the node will serve, the same bytes are stored; then they are
 * read back, and must be the ones that were decoded. The same bytes are the same data set, so nothing is decoded twice, and nothing is encoded.
 * (Encoding the data set anew, and decoding that once more to prove it, took four times as long as Redis takes to load the file.)
 *
 * Null when there is no such file, or when the log has a usable snapshot already (an import that was interrupted later than here).
 */
export async function importRdbFile(options: ImportOptions): Promise<LoadedSnapshot | null> {
  const { path, snapshots, newKeyspace, logger } = options;
  if ((await snapshots.newestUsable()) !== null) return null;
  const fileBytes = await sizeOf(path);
  if (fileBytes === null) return null;
  await removeLeftovers(snapshots);
  const { onProgress } = options;
  const progress = new ImportProgress({ path, fileBytes, logger, ...(onProgress === undefined ? {} : { onProgress }) });
  const keyspace = newKeyspace();
  try {
    const stored = await decodeAndStore(options, keyspace, progress);
    const { id } = stored.manifest;
    try {
      await readBack(options, stored, progress);
    } catch (error) {
      await snapshots.remove(id).catch(() => {});
      throw error;
    }
    const usable = await snapshots.markUsable(id);
    logger.info(
      { path, snapshot: usable.id, keys: usable.keys },
      'file imported: it is the snapshot in front of the log',
    );
    return { manifest: usable, keyspace, position: LOG_START };
  } catch (error) {
    discardKeyspace(keyspace);
    throw error;
  }
}

/**
 * What an import that was killed has stored. A server that is killed again and again, as one without enough memory is, would fill the disk with
 * beginnings of the file. The log is empty, so that nobody else makes snapshots of it.
 */
async function removeLeftovers(snapshots: SnapshotStore): Promise<void> {
  for (const { id } of await snapshots.list()) if (id.startsWith(ID_PREFIX)) await snapshots.remove(id);
  await snapshots.removeAbandoned(0, ID_PREFIX);
}

async function decodeAndStore(options: ImportOptions, keyspace: Keyspace, progress: ImportProgress): Promise<Stored> {
  const { path, snapshots, logger, nowMs, signal } = options;
  const started = performance.now();
  const upload = await snapshots.create({
    id: `${ID_PREFIX}${nowMs.toString(36)}-${randomBytes(3).toString('hex')}`,
    ...LOG_START,
    digest: '', // known when all is read, as the number of keys is
    keys: 0,
    engineVersion: ENGINE_VERSION,
    createdAt: nowMs,
    importedAtMs: nowMs,
  });
  try {
    // Of what the decoder got, whatever the upload makes of it.
    const hash = createHash('sha256');
    const sum = new Fingerprint(keyspace);
    const loaded = await loadRdbFile(path, keyspace, {
      nowMs,
      sum,
      copyTo: async (chunk) => {
        hash.update(chunk);
        await upload.write(chunk);
      },
      onProgress: ({ loadedBytes, keys }) => progress.at('reading the file', loadedBytes, keys ?? 0),
      ...(signal === undefined ? {} : { signal }),
    });
    if (keyspace.size !== loaded.keys) {
      throw new Error(`${loaded.keys} keys of ${path} were loaded, and the data set has ${keyspace.size}`);
    }
    const manifest = await upload.finish({ digest: sum.toString(), keys: loaded.keys });
    logger.info(
      {
        path,
        keys: loaded.keys,
        expired: loaded.expired,
        redis: loaded.auxFields.get('redis-ver') ?? loaded.auxFields.get('valkey-ver'),
        ms: Math.round(performance.now() - started),
      },
      'file loaded and stored',
    );
    for (const module of loaded.modules) {
      logger.warn(
        { path, module },
        `module ${module} was loaded where ${path} was written; the file has no data of it`,
      );
    }
    return { manifest, sha256: hash.digest('hex') };
  } catch (error) {
    await upload.abort().catch(() => {});
    throw error;
  }
}

/** Throws LogError 'snapshot-damaged' when what is stored is not, to the byte, what was decoded. */
async function readBack(options: ImportOptions, { manifest, sha256 }: Stored, progress: ImportProgress): Promise<void> {
  const pace = new Pace();
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of options.snapshots.read(manifest)) {
    options.signal?.throwIfAborted();
    pace.begin();
    hash.update(chunk);
    bytes += chunk.length;
    progress.at('reading back', bytes, manifest.keys);
    if (pace.spent) await pace.rest();
  }
  if (hash.digest('hex') !== sha256) {
    throw new LogError('snapshot-damaged', `snapshot ${manifest.id} has other bytes than the file that was read`);
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
