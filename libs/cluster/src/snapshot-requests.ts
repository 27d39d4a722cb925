import type { NatsHandle } from '@weir/log';
import { snapshotSubject } from './topics.ts';

/** Asks the log's replication app for a snapshot, and how it answers. */
export type SnapshotAnswer =
  { readonly ok: true; readonly id: string; readonly seq: number } | { readonly ok: false; readonly error: string };

/** Resolves when a snapshot that holds everything committed before the call is usable. Throws when nobody answers in time. */
export async function requestSnapshot(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  timeoutMs: number,
): Promise<SnapshotAnswer> {
  const answer = await nats.request(snapshotSubject(cluster, logId), new Uint8Array(0), timeoutMs);
  return JSON.parse(Buffer.from(answer).toString()) as SnapshotAnswer;
}

/** The replication app's side: `handle` makes the snapshot. Requests that come meanwhile are its to join. */
export function serveSnapshotRequests(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  handle: () => Promise<SnapshotAnswer>,
): () => void {
  return nats.subscribe(snapshotSubject(cluster, logId), (_data, replyTo) => {
    if (replyTo === undefined) return;
    void handle()
      .catch((error: unknown): SnapshotAnswer => ({
        ok: false,
        error: error instanceof Error ? error.message : String(error),
      }))
      .then((answer) => nats.publish(replyTo, Buffer.from(JSON.stringify(answer))));
  });
}
