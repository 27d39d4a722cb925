import { setPriority } from 'node:os';
import type { DirectiveName } from '@weir/config';
import { runProgram } from '@weir/program';
import { startReplication } from './app.ts';
import { exportNewest } from './export.ts';
import { settingsOf } from './options.ts';

/**
 * The replication app as a process:
 *
 *   node apps/replication/src/main.ts redis.conf --nats-url nats://…     follows the log that WEIR_LOG_ID names
 *   node apps/replication/src/main.ts redis.conf --export dump.rdb       writes the newest snapshot to a file, and ends
 *
 * As the child of a node it holds an IPC channel to it and ends itself when that closes.
 */

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
    const { natsUrl, weirCluster: cluster } = config.text;
    if (natsUrl === '') throw new Error('the replication app needs nats-url (or WEIR_NATS_URL in the environment)');
    if (logId === '') throw new Error('the replication app needs WEIR_LOG_ID in the environment: which log it follows');
    if (exportPath !== null) {
      if (exportPath === '') throw new Error('--export needs the name of a file');
      const { id, seq, keys, bytes } = await exportNewest({ natsUrl, cluster, logId, path: exportPath });
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
    const starting = new AbortController();
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
    const app = await startReplication({
      natsUrl,
      cluster,
      logId,
      settings: settingsOf(config),
      logger,
      signal: starting.signal,
    });
    // CONFIG SET at the node.
    process.on('message', (message: { directive: DirectiveName; value: string }) => {
      config.assign(message.directive, message.value === '' ? [''] : message.value.split(' '));
      app.configure(settingsOf(config));
    });
    return app;
  },
  argv,
);
