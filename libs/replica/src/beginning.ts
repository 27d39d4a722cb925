/**
 * Where a data set may begin: which snapshots are of this log's history, and whether its first record is really the first.
 *
 * A log's first record says what stands in front of it (leadership.ts in libs/log): nothing, or a snapshot. So "there is no snapshot" is never
 * taken for "there was no data".
 */

import { isLogError, messageChecksum, messageEpoch, readBeginning } from '@weir/log';
import type { Beginning, LogState, LogStore, SnapshotManifest, SnapshotStore } from '@weir/log';
import type { FollowerLogger } from './follower.ts';

export interface ProvenSnapshots {
  /** Usable, of this history, and reached by the log; newest first. */
  readonly usable: readonly SnapshotManifest[];
  /** Null: not known (the first record is trimmed, or from before logs said it). */
  readonly beginning: Beginning | null;
  readonly state: LogState;
}

/** Throws LogError as the stores do, and 'log-corrupt' for a first message that is damaged and needed. */
export async function provenSnapshots(
  log: LogStore,
  snapshots: SnapshotStore,
  logger: FollowerLogger,
): Promise<ProvenSnapshots> {
  const state = await log.state();
  const listed = (await snapshots.list()).filter((manifest) => manifest.state === 'usable');
  let beginning: Beginning | null = null;
  let damage: unknown = null;
  try {
    beginning = await readBeginning(log);
  } catch (error) {
    if (!isLogError(error, 'log-corrupt')) throw error;
    damage = error;
  }
  const usable: SnapshotManifest[] = [];
  for (const manifest of listed) {
    if (manifest.seq + 1 < state.firstSeq) break; // what came between it and the log's beginning is gone
    const why = await foreign(log, state, beginning, manifest);
    if (why === '') usable.push(manifest);
    else logger.warn({ snapshot: manifest.id, seq: manifest.seq }, `snapshot passed over: ${why}`);
  }
  if (damage !== null && !usable.some(({ seq }) => seq > 0)) throw damage;
  return { usable, beginning, state };
}

/** Why the snapshot is none of this log's history, or ''. What cannot be decided is not held against it: reading on will. */
async function foreign(
  log: LogStore,
  state: LogState,
  beginning: Beginning | null,
  manifest: SnapshotManifest,
): Promise<string> {
  const { seq } = manifest;
  if (seq === 0) {
    if (beginning === null) return '';
    if (beginning.kind === 'nothing') return 'the log began with nothing';
    const same = beginning.id === manifest.id && beginning.digest === manifest.digest;
    return same ? '' : `the log began with snapshot ${beginning.id}`;
  }
  if (seq < state.firstSeq) return '';
  if (seq > state.lastSeq) {
    // The log lost its end behind a snapshot, or went on without it: then somebody led it since.
    const last = state.lastSeq === 0 ? null : await log.read(state.lastSeq);
    const epoch = last === null ? null : messageEpoch(last);
    return epoch !== null && epoch > manifest.epoch ? 'the log went on without it' : '';
  }
  const message = await log.read(seq).catch((error: unknown) => {
    if (isLogError(error, 'log-corrupt')) return null;
    throw error;
  });
  const checksum = message === null ? null : messageChecksum(message);
  return checksum === null || checksum === manifest.checksum ? '' : 'it is of a history that the log does not hold';
}

/** Why the log's first record is not where the data began, as far as is known; null when it is. */
export function unprovenBeginning(
  state: LogState,
  beginning: Beginning | null,
  usable: readonly SnapshotManifest[],
): string | null {
  if (state.firstSeq > 1) {
    const why = usable.length === 0 ? 'no usable snapshot reaches that far' : 'no snapshot that does can be loaded';
    return `the log begins at ${state.firstSeq}, and ${why}`;
  }
  if (beginning?.kind === 'snapshot') {
    const { id, keys } = beginning;
    return `the log begins with snapshot ${id} (${keys} keys), which is missing or cannot be loaded`;
  }
  if (beginning === null && usable.some(({ seq, keys }) => seq === 0 && keys > 0))
    return 'the log began with a data set, whose snapshot cannot be loaded';
  return null;
}
