import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { KeyspaceLoader } from '@weir/keyspace';
import type { Fingerprint, Keyspace } from '@weir/keyspace';
import { isLogError } from '@weir/log';
import { RdbError, RdbReader, remedyOf } from '@weir/rdb';
import type { LoadProgress } from './load.ts';
import { Pace } from './pace.ts';

export interface LoadFileOptions {
  /** Keys whose time has come by then are left out. */
  readonly nowMs: number;
  /** Is given every entry. */
  readonly sum?: Fingerprint;
  /** Is given the bytes of the file, those that were decoded, one piece behind the other; a piece is its own until it resolves. */
  readonly copyTo?: (chunk: Uint8Array) => Promise<void>;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  /** How long it decodes before others have their turn. */
  readonly pace?: Pace;
}

export interface LoadedFile {
  readonly keys: number;
  /** Keys of the file whose time had come: left out, as Redis's masters do. */
  readonly expired: number;
  readonly auxFields: ReadonlyMap<string, string>;
  /** Modules that had nothing to save but wrote so: names and versions in words. */
  readonly modules: ReadonlySet<string>;
}

const CHUNK_BYTES = 512 * 1024;

/**
 * Loads an RDB file, such as Redis writes, into an empty keyspace. Throws when it is damaged or holds what does not fit: of a file that
 * there is, an error whose message names the file, what it claims to be, what is wrong and where, and what can be done about it. An error of
 * the store that `copyTo` writes to is none of the file and is thrown as it is.
 */
export async function loadRdbFile(path: string, keyspace: Keyspace, options: LoadFileOptions): Promise<LoadedFile> {
  const { nowMs, sum } = options;
  const loader = new KeyspaceLoader(keyspace, { nowMs, expiredAtMs: nowMs, ...(sum === undefined ? {} : { sum }) });
  const reader = new RdbReader(loader, { maxStringBytes: 0x7fffffff });
  const file = await open(path);
  try {
    await readInto(reader, loader, file, options);
    reader.end();
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isLogError(error)) throw error;
    const { message } = error as Error;
    const format = reader.format === '' ? '' : ` (${reader.format}${writerOf(loader.auxFields)})`;
    const remedy = error instanceof RdbError ? `. ${remedyOf(error.code)}` : '';
    throw new Error(`${path} cannot be imported${format}: ${message}${remedy}`, { cause: error });
  } finally {
    await file.close();
  }
  return { keys: loader.entries, expired: loader.expired, auxFields: loader.auxFields, modules: loader.modules };
}

/**
 * One buffer is parsed while the next one is read, and there are two of them: a read stream makes a new one for every chunk, and the garbage
 * collector's work on those was a sixth of the loading time.
 */
async function readInto(
  reader: RdbReader,
  loader: KeyspaceLoader,
  file: FileHandle,
  options: LoadFileOptions,
): Promise<void> {
  const { pace = new Pace() } = options;
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
      pace.begin();
      const chunk = buffer.subarray(0, bytesRead);
      reader.push(chunk);
      for (const _ of loader.sumLong()) if (pace.spent) await pace.rest();
      await options.copyTo?.(chunk);
      [buffer, other] = [other, buffer];
      loadedBytes += bytesRead;
      options.onProgress?.({ loadedBytes, totalBytes, keys: loader.entries });
      if (pace.spent) await pace.rest();
    }
  } finally {
    await reading.catch(() => {}); // nothing may read from a file that is closed
  }
}

function writerOf(auxFields: ReadonlyMap<string, string>): string {
  const valkey = auxFields.get('valkey-ver');
  const version = valkey ?? auxFields.get('redis-ver');
  return version === undefined ? '' : `, written by ${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`;
}
