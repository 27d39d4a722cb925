import { runProgram } from '@weir/program';
import { startAdmin } from './app.ts';

/**
 * The admin app as a process:
 *
 *   tools/run apps/admin/src/main.ts --replicaof HOST PORT     looks at that node's log
 *   tools/run apps/admin/src/main.ts --nats-url nats://…       looks at the cluster's log
 *
 * See docs/admin.md. SIGHUP reads the token file anew.
 */
await runProgram('weir-admin', async ({ config, logger }) => {
  const app = await startAdmin({ config, logger });
  process.on('SIGHUP', () => app.readTokens());
  logger.info({ url: app.url }, `dashboard at ${app.url}/, API at ${app.url}/api/v1, its reference at ${app.url}/docs`);
  return app;
});
