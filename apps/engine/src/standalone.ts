import { clusterLogId, rememberClusterLog } from '@weir/cluster';
import { listenLink } from '@weir/link';
import { lockFolder } from '@weir/log';
import type { Program, Running } from '@weir/program';
import { isClustered, takeNewerLog } from './cluster-mode.ts';
import { importsFile } from './import-file.ts';
import { externalRights } from './log-access.ts';
import { EngineNode } from './node.ts';

/**
 * An engine alone: its clients come over the link (`link-listen`) from ingress processes, its log is on the NATS servers
 * that `nats-url` names.
 */
export async function startEngine(program: Program): Promise<Running> {
  const { config, configFile, logger } = program;
  const { natsUrl, weirCluster, linkListen } = config.text;
  if (natsUrl === '')
    throw new Error('an engine alone needs nats-url: weir-server starts one with a NATS server of its own');
  if (linkListen === '')
    throw new Error('an engine alone needs link-listen: the address where ingress processes reach it');
  const clustered = isClustered(config);
  // First of all: whoever is refused has touched nothing.
  const lock = lockFolder(config.text.dir);
  const node = new EngineNode({
    config,
    configFile,
    logger,
    ownLog: {
      ownsStore: false,
      async locate(memory, signal) {
        const place = { natsUrl, cluster: weirCluster, signal, replicas: config.num.logReplicas };
        if (memory.logId === null) memory.remember(await clusterLogId(place), null);
        else if (clustered) await takeNewerLog(memory, place, logger);
        return { natsUrl, cluster: weirCluster, logId: memory.logId!, ...externalRights(config) };
      },
      place: async (logId) => ({ natsUrl, cluster: weirCluster, logId, ...externalRights(config) }),
      secure: async () => {},
      async remember({ logId }, generation, signal) {
        const place = { natsUrl, cluster: weirCluster, signal, replicas: config.num.logReplicas };
        // Where people decide who leads, the former master's log stays the cluster's.
        if (clustered) await rememberClusterLog(place, { logId, generation });
      },
      guard: () => null, // the files are not this node's
      settled: () => {},
    },
    importInto: importsFile(config, logger, (error) => program.stop('damaged file', error)),
    onStop: (error) => program.stop('SHUTDOWN', error),
  });
  lock.signOwner();
  const link = await listenLink({ engine: node.engine, address: linkListen, log: logger });
  node.linkAddress = link.address;
  node.start();
  return {
    async stop() {
      await node.stop();
      await link.stop();
      lock.release();
    },
  };
}
