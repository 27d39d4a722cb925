/*
 * How far a log may be trimmed, pure. Three wishes hold the line, the most cautious wins:
 *   snapshots   the one before the newest usable one must be able to catch up, so that a snapshot that turns out bad costs nothing
 *   bytes       the newest `keepBytes` stay, whatever the snapshots say: they are what a slave resumes from after an outage
 *   readers     a slave that is catching up is not cut off, within a bound: one that hangs must not fill the disk
 */

import { TAIL_KEPT } from './fragments.ts';
import type { LogState, SnapshotManifest } from './types.ts';

export interface ReaderProgress {
  /** Last sequence it has applied. */
  readonly seq: number;
  /** Since its last report. */
  readonly silentMs: number;
}

export interface RetentionInput {
  readonly log: LogState;
  /** In any order. */
  readonly snapshots: readonly SnapshotManifest[];
  readonly keepBytes: number;
  readonly readers: readonly ReaderProgress[];
  /** A reader counts while it has reported within this time … */
  readonly readerSilentMsMax: number;
  /** … and holds back at most so many bytes of log. */
  readonly readerBytesMax: number;
  /** Usable snapshots that must be able to catch up. */
  readonly snapshotsKept?: number;
}

/** Everything below the returned sequence may go (LogStore.purgeTo). It is the log's first sequence when nothing may. */
export function trimTarget(input: RetentionInput): number {
  const { log } = input;
  const usable = usableNewestFirst(input.snapshots);
  const keeper = usable[(input.snapshotsKept ?? 2) - 1];
  // Without so many snapshots the log is what a slave starts from.
  if (keeper === undefined || log.messages === 0) return log.firstSeq;
  let target = keeper.seq + 1;
  const mean = log.bytes / log.messages;
  const messagesOf = (bytes: number): number => Math.ceil(bytes / mean);
  target = Math.min(target, log.lastSeq + 1 - messagesOf(input.keepBytes), log.lastSeq - TAIL_KEPT + 1);
  const readerLimit = log.lastSeq + 1 - messagesOf(input.readerBytesMax);
  for (const reader of input.readers) {
    if (reader.silentMs > input.readerSilentMsMax) continue;
    // One that is already behind the first sequence has lost it: it bootstraps anyway.
    if (reader.seq + 1 < log.firstSeq) continue;
    target = Math.min(target, Math.max(reader.seq + 1, readerLimit));
  }
  return Math.max(target, log.firstSeq);
}

/** Snapshots that may be removed: behind the newest `kept` usable ones, and unusable ones older than the newest usable. */
export function expendableSnapshots(snapshots: readonly SnapshotManifest[], kept = 2): SnapshotManifest[] {
  const usable = usableNewestFirst(snapshots);
  const keep = new Set(usable.slice(0, kept).map((m) => m.id));
  const newest = usable[0];
  if (newest === undefined) return [];
  return snapshots.filter((m) => !keep.has(m.id) && (m.state === 'usable' || m.seq <= newest.seq));
}

function usableNewestFirst(snapshots: readonly SnapshotManifest[]): SnapshotManifest[] {
  return snapshots.filter((m) => m.state === 'usable').sort((a, b) => b.seq - a.seq || b.createdAt - a.createdAt);
}
