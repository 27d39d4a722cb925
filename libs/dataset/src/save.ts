import { Fingerprint, saveKeyspace } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import type { LogPosition, SnapshotManifest, SnapshotMeta, SnapshotStore } from '@weir/log';
import {
  AUX_AOF_BASE,
  AUX_CREATION_TIME,
  AUX_REDIS_BITS,
  AUX_REDIS_VERSION,
  AUX_USED_MEMORY,
  AUX_WEIR_CHECKSUM,
  AUX_WEIR_EPOCH,
  AUX_WEIR_OFFSET,
  AUX_WEIR_SEQ,
  RdbWriter,
} from '@weir/rdb';
import { Pace } from './pace.ts';

export interface SaveOptions {
  readonly id: string;
  readonly engineVersion: number;
  readonly nowMs: number;
  readonly redisVersion: string;
  readonly compress?: boolean;
  readonly checksum?: boolean;
  readonly signal?: AbortSignal;
  /** How long it encodes before others have their turn. */
  readonly pace?: Pace;
  /** After each chunk that the store took. */
  readonly onProgress?: (bytes: number) => void;
}

/** Writes an RDB file of the keyspace, which must not change meanwhile; `sink` takes each chunk before the next is made. Returns the digest. */
export async function writeRdb(
  keyspace: Keyspace,
  position: LogPosition,
  options: SaveOptions,
  sink: (chunk: Uint8Array) => Promise<void>,
): Promise<string> {
  let full: Uint8Array[] = [];
  const writer = new RdbWriter({
    flush: (chunk) => void full.push(chunk.slice()),
    chunkBytes: 256 * 1024,
    compress: options.compress ?? true,
    checksum: options.checksum ?? true,
  });
  const drain = async () => {
    const chunks = full;
    full = [];
    for (const chunk of chunks) {
      await sink(chunk);
      options.signal?.throwIfAborted();
      options.onProgress?.(chunk.length);
    }
  };
  writer.header();
  writer.aux(AUX_REDIS_VERSION, options.redisVersion);
  writer.aux(AUX_REDIS_BITS, '64');
  writer.aux(AUX_CREATION_TIME, String(Math.floor(options.nowMs / 1000)));
  writer.aux(AUX_USED_MEMORY, String(keyspace.usedBytes));
  writer.aux(AUX_AOF_BASE, '0');
  writer.aux(AUX_WEIR_SEQ, String(position.seq));
  writer.aux(AUX_WEIR_OFFSET, String(position.offset));
  writer.aux(AUX_WEIR_EPOCH, String(position.epoch));
  writer.aux(AUX_WEIR_CHECKSUM, position.checksum);
  const { pace = new Pace() } = options;
  pace.begin();
  const sum = new Fingerprint(keyspace);
  for (const _ of saveKeyspace(keyspace, writer, options.nowMs, sum)) {
    if (full.length > 0) await drain();
    if (pace.spent) await pace.rest(); // a sink that takes all at once makes no turn of the event loop
    pace.begin();
  }
  writer.end();
  await drain();
  return sum.toString();
}

/** Uploads a snapshot of the keyspace as it stands at `position`. It is not marked usable. */
export async function uploadSnapshot(
  snapshots: SnapshotStore,
  keyspace: Keyspace,
  position: LogPosition,
  options: SaveOptions,
): Promise<SnapshotManifest> {
  const meta: SnapshotMeta = {
    id: options.id,
    seq: position.seq,
    offset: position.offset,
    epoch: position.epoch,
    checksum: position.checksum,
    digest: '', // known when all is written
    keys: keyspace.size,
    engineVersion: options.engineVersion,
    createdAt: options.nowMs,
  };
  const upload = await snapshots.create(meta);
  try {
    const digest = await writeRdb(keyspace, position, options, (chunk) => upload.write(chunk));
    return await upload.finish({ digest });
  } catch (error) {
    await upload.abort().catch(() => {});
    throw error;
  }
}
