/**
 * The replication app as a process:
 *
 *   tools/run apps/replication/src/main.ts --nats-url nats://…                          serves the cluster's log
 *   tools/run apps/replication/src/main.ts --replicaof HOST PORT                        serves that node's log
 *   tools/run apps/replication/src/main.ts --replicaof HOST PORT --export dump.rdb      writes its newest snapshot to a file, and ends
 *
 * See locate.ts for how it finds the log.
 * As the child of a node it holds an IPC channel to it and ends itself when that closes.
 */

import { setPriority } from 'node:os';
import type { DirectiveName } from '@weir/config';
import { runProgram } from '@weir/program';
import { startReplication } from './app.ts';
import { exportNewest } from './export.ts';
import { locateLog } from './locate.ts';
import { settingsOf } from './options.ts';
import { ParentStore } from './parent-store.ts';

const NICE = 10;

const argv = process.argv.slice(2);
const exportAt = argv.indexOf('--export');
const exportPath = exportAt < 0 ? null : (argv.splice(exportAt, 2)[1] ?? '');
const logId = process.env['WEIR_LOG_ID'] ?? '';
// No directive of redis.conf: those that stand in the environment are warned of.
delete process.env['WEIR_LOG_ID'];

await runProgram(
  'weir-replication',
  async ({ config, logger, stop }) => {
    const starting = new AbortController();
    if (exportPath !== null) {
      if (exportPath === '') throw new Error('--export needs the name of a file');
      const place = await locateLog({ config, logId, logger, signal: starting.signal, patient: false, reads: true });
      const { id, seq, keys, bytes } = await exportNewest({
        ...place,
        path: exportPath,
        newKeyspace: settingsOf(config).newKeyspace,
      });
      logger.info({ file: exportPath, snapshot: id, seq, keys, bytes }, 'snapshot exported');
      process.exit(0);
    }
    // Where it shares a machine with an engine, the engine goes first: a snapshot may take longer, a request may not.
    if (config.choice.replicationCopy === 'ephemeral') {
      try {
        setPriority(NICE);
      } catch (error) {
        logger.debug({ err: error }, 'running at normal priority');
      }
    }
    const orphaned = (): void => {
      starting.abort(new Error('the node that started it is gone'));
      stop('the node that started it is gone');
    };
    const asked = (): void => starting.abort(new Error('asked to stop'));
    process.once('SIGTERM', asked);
    process.once('SIGINT', asked);
    if (process.send !== undefined) {
      if (!process.connected) orphaned();
      process.once('disconnect', orphaned);
    }
    const place = await locateLog({ config, logId, logger, signal: starting.signal, patient: true, reads: false });
    const store = process.send === undefined ? null : new ParentStore(process);
    const app = await startReplication({
      ...place,
      ...(store === null ? {} : { secure: () => store.secure() }),
      replicas: config.num.logReplicas,
      settings: settingsOf(config),
      logger,
      signal: starting.signal,
    });
    // CONFIG SET at the node.
    process.on('message', (message: { directive?: DirectiveName; value: string }) => {
      if (message.directive === undefined) return;
      config.assign(message.directive, message.value === '' ? [''] : message.value.split(' '));
      app.configure(settingsOf(config));
    });
    return app;
  },
  argv,
);
