import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Keyspace } from '@weir/keyspace';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';
import { discardKeyspace } from './discard.ts';
import { loadSnapshot } from './load.ts';
import { writeRdb } from './save.ts';
import { ENGINE_VERSION, REDIS_VERSION } from './version.ts';

export interface ExportOptions {
  /** For a snapshot that is a file of another server. */
  readonly newKeyspace: () => Keyspace;
  readonly nowMs: number;
}

/**
 * Writes a snapshot to a file that Redis 7.0 and everything newer loads. The file appears under its name whole and on disk, or not at all; an older
 * one of that name stays until then.
 */
export async function exportSnapshot(
  snapshots: SnapshotStore,
  manifest: SnapshotManifest,
  path: string,
  options: ExportOptions,
): Promise<void> {
  await writeFileWhole(path, async (sink) => {
    if (manifest.importedAtMs === undefined) for await (const chunk of snapshots.read(manifest)) await sink(chunk);
    else await writeAnew(snapshots, manifest, options, sink);
  });
}

/** Writes a file that appears under its name whole and on disk, or not at all; an older one of that name stays until then. */
export async function writeFileWhole(
  path: string,
  write: (sink: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await write((chunk) => file.writeFile(chunk));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A file that came in may be of a version that only newer servers read, and has keys that had expired by then. */
async function writeAnew(
  snapshots: SnapshotStore,
  manifest: SnapshotManifest,
  { newKeyspace, nowMs }: ExportOptions,
  sink: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const keyspace = newKeyspace();
  try {
    const position = await loadSnapshot(snapshots, manifest, keyspace, nowMs);
    const { id } = manifest;
    await writeRdb(keyspace, position, { id, engineVersion: ENGINE_VERSION, redisVersion: REDIS_VERSION, nowMs }, sink);
  } finally {
    discardKeyspace(keyspace);
  }
}
