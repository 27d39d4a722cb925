import { askClusterLog } from '@weir/cluster';
import type { ClusterPlace } from '@weir/cluster';
import type { Config } from '@weir/config';
import type { Logger } from './logger.ts';
import type { RoleMemory } from './node-memory.ts';

/**
 * A cluster is a log and its members: every engine that is started with the same `weir-cluster` on the same NATS servers finds the log by that name,
 * follows it, and leads it when nobody does. It has to be said: without `weir-cluster`, or with `replicaof`, people decide who leads.
 */
export function isClustered(config: Config): boolean {
  return config.text.natsUrl !== '' && config.isGiven('weir-cluster') && config.replicaof === null;
}

/** The cluster has another log since (WEIR REPAIR on another node): that one is this node's from now on. */
export async function takeNewerLog(memory: RoleMemory, place: ClusterPlace, logger: Logger): Promise<void> {
  const named = await askClusterLog(place);
  if (named === null || named.logId === memory.logId || named.generation <= memory.generation) return;
  logger.warn(
    { before: memory.logId, now: named.logId },
    'the cluster has a newer log than this node knew: that one is taken',
  );
  memory.begin(named.logId, named.generation, null);
}
