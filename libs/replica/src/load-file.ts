import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { KeyspaceLoader } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import { LOG_START } from '@weir/log';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';
import { RdbReader } from '@weir/rdb';
import { discardKeyspace } from './discard.ts';
import type { FollowerLogger } from './follower.ts';
import type { LoadProgress } from './load.ts';
import { uploadSnapshot } from './save.ts';
import { verifySnapshot } from './verify.ts';
import { ENGINE_VERSION, REDIS_VERSION } from './version.ts';

export interface LoadFileOptions {
  readonly nowMs: number;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface LoadedFile {
  readonly keys: number;
  /** Keys of the file whose time had come: left out, as Redis's masters do. */
  readonly expired: number;
  readonly auxFields: ReadonlyMap<string, string>;
}

const CHUNK_BYTES = 512 * 1024;

/** Loads an RDB file, such as Redis writes, into an empty keyspace. Throws when it is damaged or holds what does not fit. */
export async function loadRdbFile(path: string, keyspace: Keyspace, options: LoadFileOptions): Promise<LoadedFile> {
  const loader = new KeyspaceLoader(keyspace, { nowMs: options.nowMs, dropExpired: true });
  const reader = new RdbReader(loader, { maxStringBytes: 0x7fffffff });
  const file = await open(path);
  try {
    await readInto(reader, file, options);
  } finally {
    await file.close();
  }
  reader.end();
  return { keys: loader.entries, expired: loader.expired, auxFields: loader.auxFields };
}

/**
 * One buffer is parsed while the next one is read, and there are two of them: a read stream makes a new one for every chunk, and the garbage
 * collector's work on those was a sixth of the loading time.
 */
async function readInto(reader: RdbReader, file: FileHandle, options: LoadFileOptions): Promise<void> {
  const { size: totalBytes } = await file.stat();
  let loadedBytes = 0;
  let buffer = new Uint8Array(CHUNK_BYTES);
  let other = new Uint8Array(CHUNK_BYTES);
  let reading = file.read(buffer, 0, CHUNK_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      options.signal?.throwIfAborted();
      reading = file.read(other, 0, CHUNK_BYTES);
      reader.push(buffer.subarray(0, bytesRead));
      [buffer, other] = [other, buffer];
      loadedBytes += bytesRead;
      options.onProgress?.({ loadedBytes, totalBytes });
    }
  } finally {
    await reading.catch(() => {}); // nothing may read from a file that is closed
  }
}

export interface ImportOptions {
  readonly path: string;
  readonly snapshots: SnapshotStore;
  readonly newKeyspace: () => Keyspace;
  readonly logger: FollowerLogger;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Brings a file in as the snapshot in front of a log's first record. For a master whose log is empty, *before* its leadership record:
 * whoever reads the log later finds the snapshot, and nobody reads a log without records.
 *
 * Null when there is no such file, or when the log has a usable snapshot already (an import that was interrupted later than here).
 */
export async function importRdbFile(options: ImportOptions): Promise<SnapshotManifest | null> {
  const { path, snapshots, newKeyspace, logger, nowMs } = options;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  if ((await snapshots.newestUsable()) !== null) return null;
  const keyspace = newKeyspace();
  let manifest: SnapshotManifest;
  try {
    const loaded = await loadRdbFile(path, keyspace, { nowMs, ...signal }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw new Error(`${path} cannot be imported: ${error.message}`, { cause: error });
    });
    if (loaded === null) return null;
    logger.info(
      { path, keys: loaded.keys, expired: loaded.expired, redis: loaded.auxFields.get('redis-ver') },
      'file loaded',
    );
    manifest = await uploadSnapshot(snapshots, keyspace, LOG_START, {
      id: `import-${nowMs.toString(36)}-${randomBytes(3).toString('hex')}`,
      engineVersion: ENGINE_VERSION,
      redisVersion: REDIS_VERSION,
      nowMs,
      ...signal,
    });
  } finally {
    discardKeyspace(keyspace);
  }
  try {
    await verifySnapshot(snapshots, manifest, { newKeyspace, nowMs, ...signal });
  } catch (error) {
    await snapshots.remove(manifest.id).catch(() => {});
    throw error;
  }
  const usable = await snapshots.markUsable(manifest.id);
  logger.info(
    { path, snapshot: usable.id, keys: usable.keys },
    'file imported: it is the snapshot in front of the log',
  );
  return usable;
}
