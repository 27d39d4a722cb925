import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { ConfigError, loadConfig } from '@weir/config';
import type { LoadResult } from '@weir/config';
import { createLogger } from '@weir/telemetry';
import { startServer } from './server.ts';
import type { Server } from './server.ts';

/** weir-server: see `weir-server --help`. */

const STOP_MS = 30_000;

function load(): LoadResult {
  try {
    return loadConfig({
      argv: process.argv.slice(2),
      env: process.env,
      stdin: () => readFileSync(0),
      cwd: process.cwd(),
      readFile: (path) => readFileSync(path),
      readDirectory: (path) => readdirSync(path),
      checkDirectory: (path) => void mkdirSync(path, { recursive: true }),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

const loaded = load();
if (loaded.kind === 'print') {
  process.stdout.write(loaded.text);
  process.exit(0);
}
const { config, warnings, configFile } = loaded;
const logger = createLogger({
  name: 'weir',
  level: config.choice.loglevel,
  ...(config.value('logfile') === '' ? {} : { file: config.path('logfile') }),
});
for (const warning of warnings) logger.warn({}, warning);

let server: Server | null = null;
let stopping = false;

function stop(why: string): void {
  if (stopping) {
    if (why !== 'SHUTDOWN') process.exit(1);
    return;
  }
  stopping = true;
  logger.info({ why }, 'stopping');
  setTimeout(() => {
    logger.error({}, `not stopped within ${STOP_MS} ms: ending anyway`);
    process.exit(1);
  }, STOP_MS).unref();
  void (server?.stop() ?? Promise.resolve()).then(
    () => {
      logger.info({}, 'stopped: bye bye');
      process.exit(0);
    },
    (error: unknown) => {
      logger.error({ err: error }, 'stopping failed');
      process.exit(1);
    },
  );
}

process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));
// A bug: what this process believes may be wrong, and the log has everything that was acknowledged.
process.on('uncaughtException', (error) => {
  logger.error({ err: error }, 'unexpected error: ending');
  process.exit(1);
});

try {
  server = await startServer({ config, configFile, logger, onStop: () => stop('SHUTDOWN') });
} catch (error) {
  logger.error({ err: error }, `cannot start: ${(error as Error).message}`);
  process.exit(1);
}
