/**
 * What goes after a snapshot became usable: snapshots beyond the newest `keep`, and the log in front of the one before the newest. Not
 * yet, within bounds, what a member still needs:
 * - one that loads a snapshot: everything stays as it is, because nobody knows which one it loads;
 * - a slave that is behind: the log from its sequence on, at most `holdBytesMax` of it.
 * Both for `holdMsMax` at most: then it is cut off and starts again from a snapshot, rather than fill the disk.
 */

import type { Member } from '@weir/cluster';
import { expendableSnapshots, trimTarget } from '@weir/log';
import type { LogState, SnapshotManifest } from '@weir/log';

export interface RetentionPolicy {
  readonly keep: number;
  readonly holdBytesMax: number;
  readonly holdMsMax: number;
  /** A member that is silent for longer is gone. */
  readonly silentMsMax: number;
}

export interface RetentionInput {
  readonly log: LogState;
  readonly snapshots: readonly SnapshotManifest[];
  readonly members: readonly Member[];
  readonly now: number;
  /** Since when something is held back; 0: nothing is. */
  readonly heldSinceMs: number;
}

export interface RetentionPlan {
  readonly remove: readonly string[];
  /** Everything in front of it goes; null: nothing does. */
  readonly trimTo: number | null;
  /** Members that something is kept for beyond what the snapshots need. */
  readonly heldFor: readonly string[];
  /** They have had their time: they were not waited for. */
  readonly outOfTime: boolean;
}

export function planRetention(policy: RetentionPolicy, input: RetentionInput): RetentionPlan {
  const { log, snapshots, now, heldSinceMs } = input;
  const members = input.members.filter((member) => now - member.receivedMs <= policy.silentMsMax);
  const loading = members.filter((member) => member.role !== 'replication' && member.state === 'loading');
  const readers = members.filter((member) => member.role === 'slave' && member.state !== 'loading');
  const bounds = {
    log,
    snapshots,
    keepBytes: 0,
    readerSilentMsMax: policy.silentMsMax,
    readerBytesMax: policy.holdBytesMax,
    snapshotsKept: Math.min(2, policy.keep),
  };
  // What a log began with goes only after the log's own beginning: whoever finds sequence 1 and not the data set in front of it would
  // take the log for one that began empty.
  const remove = expendableSnapshots(snapshots, policy.keep)
    .filter(({ seq, keys }) => seq > 0 || keys === 0 || log.firstSeq > 1)
    .map(({ id }) => id);
  const free = trimTarget({ ...bounds, readers: [] });
  const considerate = trimTarget({
    ...bounds,
    readers: readers.map(({ seq, receivedMs }) => ({ seq, silentMs: now - receivedMs })),
  });
  const behind = considerate < free ? readers.filter((reader) => reader.seq + 1 < free) : [];
  const waitsForLoading = loading.length > 0 && (remove.length > 0 || free > log.firstSeq);
  const heldFor = [...(waitsForLoading ? loading : []), ...behind].map(({ id }) => id);
  const outOfTime = heldFor.length > 0 && heldSinceMs > 0 && now - heldSinceMs > policy.holdMsMax;
  if (outOfTime) return { remove, trimTo: free > log.firstSeq ? free : null, heldFor, outOfTime };
  if (waitsForLoading) return { remove: [], trimTo: null, heldFor, outOfTime };
  return { remove, trimTo: considerate > log.firstSeq ? considerate : null, heldFor, outOfTime };
}
