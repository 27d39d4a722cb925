/** Which log is the cluster's: its id in a key-value bucket on the NATS servers that hold the log. */

import { connectNats, isLogError } from '@weir/log';
import type { NatsHandle } from '@weir/log';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';

export interface ClusterPlace {
  readonly natsUrl: string;
  readonly cluster: string;
  readonly signal: AbortSignal;
  /** Of the bucket; fewer than it has change nothing. */
  readonly replicas?: number;
  /** Told, in words, each time that NATS cannot be reached; it is tried again until `signal`. */
  readonly onRetry?: (reason: string) => void;
}

export function newLogId(time: Pick<Time, 'randomBytes'> = realTime): string {
  return Buffer.from(time.randomBytes(20)).toString('hex');
}

/**
 * The id of the cluster's log as NATS remembers it, created when there is none: so a master that comes back on an empty disk, or
 * in another container, leads the log that it led before.
 */
export async function clusterLogId(place: ClusterPlace): Promise<string> {
  const { cluster, replicas = 1 } = place;
  const link = await connect(place);
  try {
    const bucket = clusterBucket(cluster);
    await link.kvEnsure(bucket, { replicas });
    for (;;) {
      const known = await link.kvGet(bucket, 'log');
      if (known !== null && known.value !== null) return parseNamed(known.value).logId;
      const logId = newLogId();
      const put = await link.kvPut(bucket, 'log', Buffer.from(logId), known === null ? 0 : known.revision);
      if (put.kind === 'stored') return logId;
    }
  } finally {
    await link.close();
  }
}

/**
 * The cluster's log, as the bucket names it: the id, then, where one node alone decides, how many logs that node had begun before. So of two
 * names, the node's file and this one, the newer is known. Without a number it is 0.
 */
export interface NamedLog {
  readonly logId: string;
  readonly generation: number;
}

function parseNamed(value: Uint8Array): NamedLog {
  const [logId = '', generation = '0'] = Buffer.from(value).toString().split(' ');
  return { logId, generation: Number(generation) };
}

/** The id that NATS remembers for the cluster; null: none, and none is created. */
export async function knownClusterLogId(link: NatsHandle, cluster: string): Promise<string | null> {
  return (await namedLog(link, cluster))?.logId ?? null;
}

async function namedLog(link: NatsHandle, cluster: string): Promise<NamedLog | null> {
  try {
    const known = await link.kvGet(clusterBucket(cluster), 'log');
    return known === null || known.value === null ? null : parseNamed(known.value);
  } catch (error) {
    if (isLogError(error, 'log-missing')) return null; // not even the bucket
    throw error;
  }
}

/** The same over a connection of its own. */
export async function askClusterLog(place: ClusterPlace): Promise<NamedLog | null> {
  const link = await connect(place);
  try {
    return await namedLog(link, place.cluster);
  } finally {
    await link.close();
  }
}

/** From now on that log is the cluster's. */
export async function rememberClusterLog(place: ClusterPlace, { logId, generation }: NamedLog): Promise<void> {
  const { cluster, replicas = 1 } = place;
  const link = await connect(place);
  try {
    await link.kvEnsure(clusterBucket(cluster), { replicas });
    await link.kvPut(clusterBucket(cluster), 'log', Buffer.from(`${logId} ${generation}`));
  } finally {
    await link.close();
  }
}

/** That log has had a leader: from now on its stream exists, or is lost. */
export async function markBegun(nats: NatsHandle, cluster: string, logId: string, replicas = 1): Promise<void> {
  const bucket = clusterBucket(cluster);
  await nats.kvEnsure(bucket, { replicas });
  if ((await nats.kvGet(bucket, begunKey(logId))) === null) await nats.kvPut(bucket, begunKey(logId), Buffer.from('1'));
}

/** Whether that log has had a leader, as far as NATS remembers. */
export async function hasBegun(nats: NatsHandle, cluster: string, logId: string): Promise<boolean> {
  try {
    const mark = await nats.kvGet(clusterBucket(cluster), begunKey(logId));
    return mark !== null && mark.value !== null;
  } catch (error) {
    if (isLogError(error, 'log-missing')) return false; // not even the bucket
    throw error;
  }
}

function begunKey(logId: string): string {
  return `begun.${logId}`;
}

function connect({ natsUrl, signal, onRetry }: ClusterPlace): ReturnType<typeof connectNats> {
  return connectNats({
    urls: natsUrl,
    name: 'weir: which log',
    signal,
    onEvent: ({ kind, detail }) => {
      if (kind === 'retry') onRetry?.(detail);
    },
  });
}

function clusterBucket(cluster: string): string {
  return `weir_${cluster}`;
}
