import { JetStreamSnapshots, LogError, connectNats } from '@weir/log';
import type { Keyspace } from '@weir/keyspace';
import type { SnapshotManifest } from '@weir/log';
import { exportSnapshot } from '@weir/dataset';
import { wallClockMs } from '@weir/time';

/** Writes the newest usable snapshot of a log to a file that Redis loads. */
export async function exportNewest(options: {
  readonly natsUrl: string;
  readonly cluster: string;
  readonly logId: string;
  readonly path: string;
  readonly newKeyspace: () => Keyspace;
}): Promise<SnapshotManifest> {
  const { natsUrl, cluster, logId, path, newKeyspace } = options;
  const link = await connectNats({ urls: natsUrl, name: 'weir export', firstConnectMs: 10_000 });
  const snapshots = new JetStreamSnapshots(link, { cluster, logId });
  try {
    const newest = await snapshots.newestUsable();
    if (newest === null)
      throw new LogError('snapshot-missing', `log ${logId} has no usable snapshot; SAVE at a node makes one`);
    await exportSnapshot(snapshots, newest, path, { newKeyspace, nowMs: wallClockMs() });
    return newest;
  } finally {
    snapshots.close();
    await link.close();
  }
}
