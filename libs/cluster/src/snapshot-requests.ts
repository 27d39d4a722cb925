import type { NatsHandle } from '@weir/log';
import { snapshotSubject } from './topics.ts';

/** Asks the log's replication app for a snapshot, and how it answers. */
export type SnapshotAnswer =
  | { readonly ok: true; readonly id: string; readonly seq: number }
  | {
      readonly ok: false;
      readonly error: string;
      /** Nothing is wrong with the log: another app is or becomes the active one, and the same question is answered by that. */
      readonly again?: true;
    };

/**
 * Resolves when a snapshot is usable that holds everything up to `seq` (absent: up to the log's present end). Throws when nobody
 * answers in time; asking for the same sequence again then joins the snapshot that is under way, or takes the one that was made.
 */
export async function requestSnapshot(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  timeoutMs: number,
  seq?: number,
): Promise<SnapshotAnswer> {
  const question = seq === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify({ seq }));
  const answer = await nats.request(snapshotSubject(cluster, logId), question, timeoutMs);
  return JSON.parse(Buffer.from(answer).toString()) as SnapshotAnswer;
}

/** The replication app's side: `handle` makes the snapshot. Requests that come meanwhile are its to join. */
export function serveSnapshotRequests(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  handle: (seq: number | undefined) => Promise<SnapshotAnswer>,
): () => void {
  return nats.subscribe(snapshotSubject(cluster, logId), (data, replyTo) => {
    if (replyTo === undefined) return;
    void handle(seqOf(data))
      .catch((error: unknown): SnapshotAnswer => ({
        ok: false,
        error: error instanceof Error ? error.message : String(error),
      }))
      .then((answer) => nats.publish(replyTo, Buffer.from(JSON.stringify(answer))));
  });
}

function seqOf(data: Uint8Array): number | undefined {
  if (data.length === 0 || data.length > 256) return undefined;
  try {
    const { seq } = JSON.parse(Buffer.from(data).toString()) as { seq?: unknown };
    return typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : undefined;
  } catch {
    return undefined;
  }
}
