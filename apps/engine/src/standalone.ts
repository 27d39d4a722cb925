import { clusterLogId } from '@weir/cluster';
import { listenLink } from '@weir/link';
import type { Program, Running } from '@weir/program';
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
  const node = new EngineNode({
    config,
    configFile,
    logger,
    async ownLog(identity, signal, fresh) {
      const place = { natsUrl, cluster: weirCluster, signal, replicas: config.num.logReplicas };
      const logId = fresh ?? identity.logId ?? (await clusterLogId(place));
      if (logId !== identity.logId) identity.remember(logId);
      return { natsUrl, cluster: weirCluster, logId, ...externalRights(config) };
    },
    importInto: importsFile(config, logger, (error) => program.stop('damaged file', error)),
    onStop: () => program.stop('SHUTDOWN'),
  });
  const link = await listenLink({ engine: node.engine, address: linkListen, log: logger });
  node.start();
  return {
    async stop() {
      await node.stop();
      await link.stop();
    },
  };
}
