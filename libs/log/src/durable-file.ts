import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface DurableFileOptions {
  readonly mode?: number;
  readonly encoding?: BufferEncoding;
}

/**
 * Replaces a small file. It holds all of the old text or all of the new one, also after a power cut, and when this
 * returns it is the new one. A rename alone does not promise that: the name can reach the disk before the text, and the
 * file is then empty.
 *
 * The new text is written to `<path>.new` first, so one process at a time may write a path. When it fails it throws
 * what the system says, and the old file is untouched.
 */
export function writeFileDurably(path: string, text: string, options: DurableFileOptions = {}): void {
  const { mode = 0o666, encoding = 'utf8' } = options;
  const temporary = `${path}.new`;
  try {
    rmSync(temporary, { force: true }); // one that a crash left would keep its mode
    const file = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(file, text, encoding);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * When it resolves, the folder, everything below it, and all that anybody had written there when it was called are on disk. Files that another
 * process removes meanwhile are passed over. Rejects with what the system says.
 */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(orGone);
  for (const entry of entries ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await sync(path);
  }
  await sync(folder).catch(orCannot);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r').catch(orGone);
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
}

function orGone(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } catch (error) {
    orCannot(error as NodeJS.ErrnoException);
  } finally {
    closeSync(folder);
  }
}

/** A file system that cannot sync a folder says so in these two ways; Redis passes over them as well. */
function orCannot(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL' && error.code !== 'EBADF') throw error;
}
