import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';

/**
 * Writes a snapshot to a file that Redis loads. The file appears under its name whole and on disk, or not at all; an older
 * one of that name stays until then.
 */
export async function exportSnapshot(
  snapshots: SnapshotStore,
  manifest: SnapshotManifest,
  path: string,
): Promise<void> {
  const target = resolve(path);
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      for await (const chunk of snapshots.read(manifest)) await file.writeFile(chunk);
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
