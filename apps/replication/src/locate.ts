/**
 * Which log this process is for. The first of these that is given:
 *
 * - `WEIR_LOG_ID` and `nats-url`: a node names its log to the app that it starts;
 * - `replicaof HOST PORT`: the log of that node, which is asked as a slave asks it. Where `nats-url` is given too, its servers are used
 *   in place of those that the node names: they may have other addresses here;
 * - `nats-url`: the log of the cluster, as NATS remembers it.
 */

import { clusterLogId, logOfNode } from '@weir/cluster';
import type { LogPlace } from '@weir/cluster';
import type { Config } from '@weir/config';
import { Retry, realTime } from '@weir/time';
import type { AppLogger } from './options.ts';

export interface LocateOptions {
  readonly config: Config;
  /** WEIR_LOG_ID, or ''. */
  readonly logId: string;
  readonly logger: AppLogger;
  readonly signal: AbortSignal;
  /** A node that does not answer is asked again, for ever. */
  readonly patient: boolean;
  /** Only to read: a slave's rights are enough. */
  readonly reads: boolean;
}

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5000;

export async function locateLog(options: LocateOptions): Promise<LogPlace> {
  const { config, logId, signal } = options;
  const { natsUrl, weirCluster: cluster } = config.text;
  if (logId !== '') {
    if (natsUrl === '') throw new Error('WEIR_LOG_ID names a log: nats-url has to say where it is');
    return { natsUrl, cluster, logId };
  }
  if (config.replicaof !== null) return askNode(options);
  if (natsUrl === '') {
    throw new Error('which log? Give replicaof HOST PORT of a node, or nats-url for the log of the cluster');
  }
  return { natsUrl, cluster, logId: await clusterLogId({ natsUrl, cluster, signal }) };
}

async function askNode({ config, logger, signal, patient, reads }: LocateOptions): Promise<LogPlace> {
  const { natsUrl, masteruser: user, masterauth: password } = config.text;
  const retry = new Retry({ time: realTime, minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  for (let attempt = 1; ; attempt++) {
    try {
      const as = reads ? 'slave' : 'replication';
      return await logOfNode({ ...config.replicaof!, user, password, natsUrl, as, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!patient) throw new Error(`the node ${(error as Error).message}`, { cause: error });
      const level = attempt === 1 || attempt % 10 === 0 ? 'warn' : 'debug';
      logger[level]({ attempt }, `the node ${(error as Error).message}; trying again`);
      await retry.pause(signal);
    }
  }
}
