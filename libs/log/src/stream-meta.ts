/*
 * What nats-server keeps of a stream beside its messages: `meta.inf`, its configuration, and `meta.sum`, the hash of that. With one bit wrong in either it
 * passes the whole stream over when it starts, though every message is on the disk. So a copy of the two is kept,
 *
 *   <dir>/meta/<stream>/meta.inf, meta.sum
 *
 * and put back before a start when they are not whole. An older configuration does no harm: whoever uses the stream brings it in line.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from './connect.ts';
import { writeFileDurably } from './durable-file.ts';
import { HighwayHash } from './highway-hash.ts';

interface Meta {
  readonly inf: Buffer;
  readonly sum: Buffer;
}

/** Before nats-server is started on `dir`. Returns a sentence for each stream whose files were put back, or could not be. */
export function healMetas(dir: string): string[] {
  return [...streamFolders(dir)].flatMap(({ stream, folder }) => {
    if (isWhole(readMeta(folder), stream)) return [];
    const kept = readMeta(join(dir, 'meta', stream));
    if (!isWhole(kept, stream)) return [];
    try {
      write(folder, kept);
    } catch (error) {
      return [`the configuration of ${stream} cannot be put back: ${describe(error)}`];
    }
    return [`the configuration of ${stream} was damaged or missing: it is put back from a copy`];
  });
}

/** Of the streams that there are: a copy, for later. Where none can be made there is one less. */
export function keepMetas(dir: string): void {
  const copies = join(dir, 'meta');
  const streams = new Set<string>();
  for (const { stream, folder } of streamFolders(dir)) {
    streams.add(stream);
    const meta = readMeta(folder);
    const copy = join(copies, stream);
    const kept = readMeta(copy);
    if (!isWhole(meta, stream) || (kept !== null && kept.inf.equals(meta.inf) && kept.sum.equals(meta.sum))) continue;
    try {
      mkdirSync(copy, { recursive: true, mode: 0o700 });
      write(copy, meta);
    } catch {
      // said by whoever has something to write that matters
    }
  }
  for (const stream of names(copies))
    if (!streams.has(stream)) rmSync(join(copies, stream), { recursive: true, force: true });
}

function* streamFolders(dir: string): Generator<{ readonly stream: string; readonly folder: string }> {
  const accounts = join(dir, 'store', 'jetstream');
  for (const account of names(accounts)) {
    const streams = join(accounts, account, 'streams');
    for (const stream of names(streams)) yield { stream, folder: join(streams, stream) };
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readMeta(folder: string): Meta | null {
  try {
    return { inf: readFileSync(join(folder, 'meta.inf')), sum: readFileSync(join(folder, 'meta.sum')) };
  } catch {
    return null;
  }
}

function write(folder: string, { inf, sum }: Meta): void {
  writeFileDurably(join(folder, 'meta.inf'), inf.toString('latin1'), { mode: 0o600, encoding: 'latin1' });
  writeFileDurably(join(folder, 'meta.sum'), sum.toString('latin1'), { mode: 0o600, encoding: 'latin1' });
}

function isWhole(meta: Meta | null, stream: string): meta is Meta {
  return meta !== null && meta.inf.length > 0 && meta.sum.toString('latin1') === sumOf(meta.inf, stream);
}

/** As nats-server makes it. */
export function sumOf(inf: Uint8Array, stream: string): string {
  const hash = new HighwayHash(createHash('sha256').update(stream).digest());
  hash.reset();
  hash.write(inf, 0, inf.length);
  hash.finish();
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(hash.lo);
  bytes.writeUInt32LE(hash.hi, 4);
  return bytes.toString('hex');
}
