/**
 * A process that is one node after the other, so that thousands of starts do not cost a start of Node each. Told by
 * messages: `start` with the arguments of weir-server, `stop`. What the node says goes to stdout, as weir-server's does.
 * Each node has a nats-server of its own, a real process. A node that cannot go on is told with `ended`.
 */

// oxlint-disable-next-line @nx/enforce-module-boundaries -- in place of a process of its own
import { startServer } from '@weir/app-server';
import { loadConfig } from '@weir/config';
import { createLogger } from '@weir/telemetry';
// oxlint-disable-next-line @nx/enforce-module-boundaries -- the same
import type { Server } from '@weir/app-server';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';

export type HostRequest = { readonly kind: 'start'; readonly argv: readonly string[] } | { readonly kind: 'stop' };
export type HostAnswer = { readonly kind: 'ended' } | { readonly kind: 'stopped' };

const answer = (message: HostAnswer): void => void process.send!(message);

let server: Server | null = null;
let starting: Promise<void> = Promise.resolve();

async function start(argv: readonly string[]): Promise<void> {
  const logger = createLogger({ name: 'weir', level: 'notice' });
  const fail = (error: unknown): void => {
    logger.error({}, `cannot go on: ${error === undefined ? 'SHUTDOWN' : (error as Error).message}`);
    answer({ kind: 'ended' });
  };
  try {
    const loaded = loadConfig({
      argv,
      env: {},
      stdin: () => '',
      cwd: process.cwd(),
      readFile: (path) => readFileSync(path),
      readDirectory: (path) => readdirSync(path),
      checkDirectory: (path) => {
        mkdirSync(path, { recursive: true });
        return undefined;
      },
    });
    if (loaded.kind !== 'config') throw new Error('no configuration');
    const { config, configFile } = loaded;
    server = await startServer({ config, configFile, logger, onStop: fail });
  } catch (error) {
    fail(error);
  }
}

process.on('message', (request: HostRequest) => {
  if (request.kind === 'start') {
    starting = start(request.argv);
    return;
  }
  void (async () => {
    await starting;
    await server?.stop();
    server = null;
    answer({ kind: 'stopped' });
  })();
});
// The parent is gone.
process.on('disconnect', () => process.exit(0));
