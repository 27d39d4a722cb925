/**
 * Which log is looked at:
 *
 * - `replicaof HOST PORT`: that node's, which is asked as a slave asks it, and so gives out a slave's rights. Where `nats-url` is given
 *   too, its servers are used in place of those that the node names;
 * - `nats-url`: the cluster's, as NATS remembers it. None is created.
 */

import { knownClusterLogId, logOfNode } from '@weir/cluster';
import type { LogPlace } from '@weir/cluster';
import type { Config } from '@weir/config';
import { connectNats } from '@weir/log';
import type { NatsLink } from '@weir/log';

const ASK_MS = 5000;

/** Throws with a sentence when there is no answer now. `link`: a connection to `nats-url` that is there already. */
export async function locateLog(config: Config, signal: AbortSignal, link: NatsLink | null): Promise<LogPlace> {
  const { natsUrl, weirCluster: cluster, masteruser: user } = config.text;
  if (config.replicaof !== null) {
    const password = nodePassword(config);
    try {
      return await logOfNode({ ...config.replicaof, user, password, natsUrl, as: 'slave', signal });
    } catch (error) {
      throw new Error(`the node ${(error as Error).message}`, { cause: error });
    }
  }
  const asked =
    link ?? (await connectNats({ urls: natsUrl, name: 'weir admin: which log', firstConnectMs: ASK_MS, signal }));
  try {
    const logId = await knownClusterLogId(asked, cluster);
    if (logId === null) throw new Error(`NATS knows no log of the cluster ${cluster} yet`);
    return { natsUrl, cluster, logId };
  } finally {
    if (asked !== link) await asked.close();
  }
}

/** What nodes are told: as a slave tells its master, or with the configuration of a master at hand, its own. */
export function nodePassword(config: Config): string {
  return config.text.masterauth || config.text.requirepass;
}
