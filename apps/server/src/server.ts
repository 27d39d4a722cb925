/**
 * One node from one configuration: ingress and engine in this process, joined by plain calls; the embedded
 * nats-server and the replication app as its children while it leads a log of its own.
 */

import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EngineNode, importsFile } from '@weir/app-engine';
import type { LogLocation } from '@weir/app-engine';
import { clientAddresses, isOptionalAddress, startIngress } from '@weir/app-ingress';
import type { Ingress } from '@weir/app-ingress';
import type { Config } from '@weir/config';
import { listenLink } from '@weir/link';
import { lockFolder } from '@weir/log';
import type { FolderLock } from '@weir/log';
import type { EventLogger } from '@weir/telemetry';
import { SupervisedChild } from './child.ts';
import { OwnLog } from './own-log.ts';
import { replicationDirectives, replicationEnvironment } from './replication-directives.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly configFile: string | undefined;
  readonly logger: EventLogger;
  /** SHUTDOWN was asked for, or this node cannot go on: call `stop` and end the process. */
  readonly onStop: (error?: unknown) => void;
}

export interface Server {
  readonly node: EngineNode;
  readonly ingress: Ingress;
  /** Graceful and bounded: no new clients, acknowledged writes stored, children ended. */
  stop(): Promise<void>;
}

const FLUSH_MS = 2000;

export async function startServer(options: ServerOptions): Promise<Server> {
  // Before anything is written, started or listened to: whoever is refused has touched nothing.
  const lock = lockFolder(options.config.text.dir);
  try {
    return await startLocked(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: ServerOptions, lock: FolderLock): Promise<Server> {
  const { config, configFile, logger } = options;
  if (config.num.logReplicas > 1 && config.text.natsUrl === '') {
    throw new Error(
      'log-replicas above 1 needs nats-url: the NATS server that a node starts for itself is a single one',
    );
  }
  const ownLog = new OwnLog(config, logger);
  let replication: SupervisedChild | null = null;
  let ending: Promise<void> = Promise.resolve();

  const leading = (location: LogLocation | null) => {
    const old = replication;
    replication = null;
    if (old !== null) ending = old.stop();
    if (location === null || config.choice.replicationApp !== 'embedded') return;
    const replicationUrl = ownLog.replicationUrl(location);
    replication = new SupervisedChild({
      name: 'replication app',
      script: fileURLToPath(import.meta.resolve('@weir/app-replication/main')),
      args: configFile === undefined ? [] : [configFile],
      env: { ...replicationEnvironment(config), WEIR_NATS_URL: replicationUrl, WEIR_LOG_ID: location.logId },
      log: logger,
      secure: () => ownLog.secure(),
    });
  };

  for (const name of replicationDirectives) {
    config.onChange(name, ({ after }) => replication?.configure(name, after));
  }

  config.gate('appendfsync', (after) => ownLog.syncChanges(after));
  config.gate('requirepass', (after) => ownLog.passwordChanges(after));

  const node = new EngineNode({
    config,
    configFile,
    logger,
    ownLog,
    onLeading: leading,
    upkeepUrl: () => ownLog.upkeepUrl,
    importInto: importsFile(config, logger, (error) => options.onStop(error)),
    onStop: (error) => options.onStop(error),
  });
  lock.signOwner();
  ownLog.onTrouble = (reason) => void (node.logTrouble = reason);

  const ingress = await startIngress({
    engine: node.engine,
    listen: clientAddresses(config),
    isOptional: (address) => isOptionalAddress(config, address),
    log: logger,
    backlog: config.num.tcpBacklog,
    keepAliveSeconds: config.num.tcpKeepalive,
    unixSocketMode: config.num.unixsocketperm,
  });
  for (const name of ['port', 'bind', 'tcp-keepalive'] as const) {
    config.onChange(name, () => {
      const changes = { listen: clientAddresses(config), keepAliveSeconds: config.num.tcpKeepalive };
      ingress.relisten(changes).catch((error: unknown) => {
        logger.error({ err: error }, `CONFIG SET ${name}: cannot listen there; listening where it did before`);
      });
    });
  }
  // Further ingress processes may join this node's own.
  const linkListen = config.text.linkListen;
  const link = linkListen === '' ? null : await listenLink({ engine: node.engine, address: linkListen, log: logger });
  node.linkAddress = link?.address ?? null;
  const stop = async () => {
    // The engine first: whoever waits for the log still gets the reply.
    await node.stop();
    await ingress.stop(FLUSH_MS);
    await link?.stop();
    await replication?.stop();
    replication = null;
    await ending;
    await ownLog.stop();
    if (config.value('pidfile') !== '') rmSync(config.path('pidfile'), { force: true });
    lock.release();
  };
  node.start();
  if (config.value('pidfile') !== '') writeFileSync(config.path('pidfile'), `${process.pid}\n`);
  // A master whose log cannot be started is wrongly installed, and says so at once. Later it would try again for ever.
  if (config.replicaof === null) {
    await ownLog.ready().catch(async (error: unknown) => {
      await stop();
      throw error;
    });
  }
  return { node, ingress, stop };
}
