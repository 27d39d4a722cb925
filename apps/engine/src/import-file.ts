/**
 * What a master does with the files of a real Redis in its folder. Its data set comes from its log, so there is one moment when they count:
 * when that log is empty. Then an RDB file is imported, and an append-only file, which cannot be read yet, is refused, since Redis would
 * take it instead of the RDB file beside it and the older of two data sets is not to come up in silence. Later they are ignored, and
 * that is said, but for the file that was imported.
 */

import type { Stats } from 'node:fs';
import { readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import { isLogError } from '@weir/log';
import { importRdbFile } from '@weir/dataset';
import { wallClockMs } from '@weir/time';
import type { LoadProgress, LoadedSnapshot } from '@weir/dataset';
import type { LogAccess } from './log-access.ts';
import type { Logger } from './logger.ts';

export interface ImportMoment {
  /** The log has no record: the data set begins here. */
  readonly logIsEmpty: boolean;
  readonly newKeyspace: () => Keyspace;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly signal: AbortSignal;
}

/** Resolves to the imported data set, or to null when there is none to take over. */
export type ImportInto = (access: LogAccess, moment: ImportMoment) => Promise<LoadedSnapshot | null>;

/** Beside the files: which one was imported, so that it is not warned of at every start. */
const IMPORTED_FILE = 'weir-imported.json';

export function importsFile(
  config: Config,
  logger: Logger,
  /** A file cannot be taken; it stays so, and starting empty would hide it. */
  onRefused: (error: unknown) => void,
): ImportInto {
  let said = false;
  return async (access, { logIsEmpty, newKeyspace, onProgress, signal }) => {
    const path = config.path('dbfilename');
    if (!logIsEmpty) {
      if (!said) sayIgnored(config, logger);
      said = true;
      return null;
    }
    try {
      refuseAppendOnlyFile(config);
      const before = statOf(path);
      const imported = await importRdbFile({
        path,
        snapshots: access.snapshots,
        newKeyspace,
        logger,
        nowMs: wallClockMs(),
        onProgress,
        signal,
      });
      if (imported !== null && before !== null) remember(config, logger, before);
      said = true;
      return imported;
    } catch (error) {
      if (!isLogError(error) && !signal.aborted) onRefused(error); // a log that is away comes back
      throw error;
    }
  };
}

/** Where Redis of this configuration would have its append-only file: of 7.0 and later in a folder, of earlier ones one file. */
export function findAppendOnlyFile(config: Config): string | null {
  const { dir, appendfilename, appenddirname } = config.text;
  const folder = join(dir, appenddirname);
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  const hasData = (path: string): boolean => {
    const found = statOf(path);
    return found !== null && found.isFile() && found.size > 0;
  };
  const manifest = join(folder, `${appendfilename}.manifest`);
  if (hasData(manifest)) return manifest;
  const part = names
    .toSorted()
    .map((name) => join(folder, name))
    .find((path) => basename(path).startsWith(`${appendfilename}.`) && hasData(path));
  if (part !== undefined) return part;
  const old = join(dir, appendfilename);
  return hasData(old) ? old : null;
}

function refuseAppendOnlyFile(config: Config): void {
  const found = findAppendOnlyFile(config);
  if (found === null) return;
  const { dir, appendfilename, appenddirname, dbfilename } = config.text;
  const moved = found === join(dir, appendfilename) ? found : join(dir, appenddirname);
  throw new Error(
    `${found} is an append-only file of Redis, which Weir cannot import yet; starting without its data is refused. ` +
      `To bring the data in, start redis-server with appendonly yes and dir ${dir}, then CONFIG SET appendonly no, SAVE, ` +
      `SHUTDOWN NOSAVE; move ${moved} to another folder and start Weir, which imports ${dbfilename}. ` +
      'If its data is not wanted, moving it away is enough',
  );
}

function sayIgnored(config: Config, logger: Logger): void {
  const path = config.path('dbfilename');
  const found = statOf(path);
  if (found !== null && !isRemembered(config, found)) {
    logger.warn(
      { path, bytes: found.size },
      `${path} is ignored: the data set of this node comes from its log, and a file is imported only when the log is empty`,
    );
  }
  const aof = findAppendOnlyFile(config);
  if (aof !== null) {
    logger.warn(
      { path: aof },
      `${aof} is ignored: the data set of this node comes from its log, which is no file of Redis`,
    );
  }
}

interface ImportedFile {
  readonly name: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

function described(config: Config, file: Stats): ImportedFile {
  return { name: config.text.dbfilename, bytes: file.size, mtimeMs: file.mtimeMs };
}

function remember(config: Config, logger: Logger, file: Stats): void {
  const path = join(config.text.dir, IMPORTED_FILE);
  try {
    writeFileSync(`${path}.tmp`, `${JSON.stringify(described(config, file))}\n`);
    renameSync(`${path}.tmp`, path);
  } catch (error) {
    logger.warn(
      { err: error },
      `${path} cannot be written: the imported file will be called ignored at the next start`,
    );
  }
}

function isRemembered(config: Config, file: Stats): boolean {
  try {
    const known = JSON.parse(readFileSync(join(config.text.dir, IMPORTED_FILE), 'utf8')) as Partial<ImportedFile>;
    const { name, bytes, mtimeMs } = described(config, file);
    return known.name === name && known.bytes === bytes && known.mtimeMs === mtimeMs;
  } catch {
    return false; // none was imported, or it is not known which: a line too many is the lesser evil
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}
