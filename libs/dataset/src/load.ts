import { KeyspaceLoader } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import type { LogPosition, SnapshotManifest, SnapshotStore } from '@weir/log';
import { RdbReader } from '@weir/rdb';
import { Pace } from './pace.ts';

export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** So far. */
  readonly keys?: number;
}

/** Loads a snapshot into an empty keyspace. Throws when the snapshot is damaged or does not fit. */
export async function loadSnapshot(
  snapshots: SnapshotStore,
  manifest: SnapshotManifest,
  keyspace: Keyspace,
  nowMs: number,
  onProgress: (progress: LoadProgress) => void = () => {},
  signal?: AbortSignal,
  pace = new Pace(),
): Promise<LogPosition> {
  const { importedAtMs } = manifest;
  const loader = new KeyspaceLoader(keyspace, {
    nowMs,
    ...(importedAtMs === undefined ? {} : { expiredAtMs: importedAtMs }),
  });
  const reader = new RdbReader(loader, { maxStringBytes: 0x7fffffff });
  let loadedBytes = 0;
  for await (const chunk of snapshots.read(manifest)) {
    signal?.throwIfAborted();
    // Chunks that have arrived come without a turn of the event loop between them, and the broker's pings are to be answered.
    pace.begin();
    reader.push(chunk);
    if (pace.spent) await pace.rest();
    loadedBytes += chunk.length;
    onProgress({ loadedBytes, totalBytes: manifest.bytes, keys: loader.entries });
  }
  reader.end();
  if (loader.entries !== manifest.keys) {
    throw new Error(`snapshot ${manifest.id} holds ${loader.entries} keys, its manifest says ${manifest.keys}`);
  }
  return { seq: manifest.seq, offset: manifest.offset, epoch: manifest.epoch, checksum: manifest.checksum };
}
