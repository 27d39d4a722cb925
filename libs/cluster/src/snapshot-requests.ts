import type { NatsHandle } from '@weir/log';
import { snapshotSubject } from './topics.ts';

/** Asks the log's replication app for a snapshot, or to remove one, and how it answers. */
export type SnapshotAnswer =
  | { readonly ok: true; readonly id: string; readonly seq: number }
  | {
      readonly ok: false;
      readonly error: string;
      /** Nothing is wrong with the log: another app is or becomes the active one, and the same question is answered by that. */
      readonly again?: true;
    };

export type RemovalAnswer =
  | { readonly ok: true; readonly removed: string }
  | {
      readonly ok: false;
      readonly error: string;
      /** What to make of the error: `again` as above; absent: it failed. */
      readonly why?: 'again' | 'missing' | 'needed' | 'busy';
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

/** Asks that a snapshot is removed. Throws when nobody answers in time. An app from before this question makes a snapshot instead: that is an error too. */
export async function requestRemoval(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  timeoutMs: number,
  id: string,
): Promise<RemovalAnswer> {
  const question = Buffer.from(JSON.stringify({ remove: id }));
  const answer = await nats.request(snapshotSubject(cluster, logId), question, timeoutMs);
  const parsed = JSON.parse(Buffer.from(answer).toString()) as RemovalAnswer;
  if (parsed.ok && parsed.removed !== id) {
    return { ok: false, error: 'the replication app is too old to remove a snapshot on request' };
  }
  return parsed;
}

/** The replication app's side: `handle` makes the snapshot, `remove` removes one. Requests that come meanwhile are theirs to join. */
export function serveSnapshotRequests(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  handle: (seq: number | undefined) => Promise<SnapshotAnswer>,
  remove: (id: string) => Promise<RemovalAnswer> = () => Promise.reject(new Error('nothing is removed here')),
): () => void {
  return nats.subscribe(snapshotSubject(cluster, logId), (data, replyTo) => {
    if (replyTo === undefined) return;
    const question = parseQuestion(data);
    const work: Promise<SnapshotAnswer | RemovalAnswer> =
      question.remove === undefined ? handle(question.seq) : remove(question.remove);
    void work
      .catch((error: unknown) => ({ ok: false, error: error instanceof Error ? error.message : String(error) }))
      .then((answer) => nats.publish(replyTo, Buffer.from(JSON.stringify(answer))));
  });
}

function parseQuestion(data: Uint8Array): { seq?: number; remove?: string } {
  if (data.length === 0 || data.length > 256) return {};
  try {
    const { seq, remove } = JSON.parse(Buffer.from(data).toString()) as { seq?: unknown; remove?: unknown };
    if (typeof remove === 'string') return { remove };
    return typeof seq === 'number' && Number.isSafeInteger(seq) ? { seq } : {};
  } catch {
    return {};
  }
}
