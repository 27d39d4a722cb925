/**
 * What every program of Weir does around its work: reads the configuration as redis-server does, prints help and
 * version, logs, and stops gracefully within a bound on SIGTERM and SIGINT (a second signal ends it at once).
 */

import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { ConfigError, loadConfig } from '@weir/config';
import type { Config } from '@weir/config';
import { createLogger, pinoLevel } from '@weir/telemetry';
import type { Logger } from '@weir/telemetry';

export interface Program {
  readonly config: Config;
  /** Absolute path; CONFIG REWRITE writes there. */
  readonly configFile: string | undefined;
  readonly logger: Logger;
  /** Ends the program gracefully, as a signal would; with an error, code 1 and its sentence. */
  readonly stop: (why: string, error?: unknown) => void;
}

export interface Running {
  /** Graceful and bounded by itself where it can be. */
  stop(): Promise<void>;
}

const STOP_MS = 30_000;

/** Runs `start`; the process ends with code 0 after a graceful stop, else with 1. */
export async function runProgram(
  name: string,
  start: (program: Program) => Promise<Running>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const loaded = load(argv);
  if (loaded.kind === 'print') {
    process.stdout.write(loaded.text);
    process.exit(0);
  }
  const { config, warnings, configFile } = loaded;
  const logger = createLogger({
    name,
    level: config.choice.loglevel,
    ...(config.value('logfile') === '' ? {} : { file: config.path('logfile') }),
  });
  config.onChange('loglevel', () => void (logger.level = pinoLevel(config.choice.loglevel)));
  for (const warning of warnings) logger.warn({}, warning);

  let running: Running | null = null;
  let stopping = false;
  const stop = (why: string, error?: unknown): void => {
    if (stopping) {
      if (why.startsWith('SIG')) process.exit(1);
      return;
    }
    stopping = true;
    if (error === undefined) logger.info({ why }, 'stopping');
    else logger.error({ why, err: error }, `cannot go on: ${sentence(error)}`);
    setTimeout(() => {
      logger.error({}, `not stopped within ${STOP_MS} ms: ending anyway`);
      process.exit(1);
    }, STOP_MS).unref();
    (running === null ? Promise.resolve() : running.stop()).then(
      () => {
        logger.info({}, 'stopped');
        process.exit(error === undefined ? 0 : 1);
      },
      (stopError: unknown) => {
        logger.error({ err: stopError }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // A bug: what this process believes may be wrong, and the log has everything that was acknowledged.
  process.on('uncaughtException', (error) => {
    logger.error({ err: error }, 'unexpected error: ending');
    process.exit(1);
  });
  try {
    running = await start({ config, configFile, logger, stop });
  } catch (error) {
    // What an operator has to mend is said in a sentence; a stack would bury it. At level debug it is there.
    logger.error({}, `cannot start: ${sentence(error)}`);
    logger.debug({ err: error }, 'where');
    process.exit(1);
  }
}

function load(argv: readonly string[]): ReturnType<typeof loadConfig> {
  try {
    return loadConfig({
      argv,
      env: process.env,
      stdin: () => readFileSync(0),
      cwd: process.cwd(),
      readFile: (path) => readFileSync(path),
      readDirectory: (path) => readdirSync(path),
      checkDirectory: (path) => {
        try {
          mkdirSync(path, { recursive: true });
          return undefined;
        } catch (error) {
          return `Can't chdir to '${path}': ${(error as Error).message}`;
        }
      },
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** The errors that operators meet, in Redis's words. */
function sentence(error: unknown): string {
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const where = `${address ?? ''}:${port ?? ''}`;
  if (code === 'EADDRINUSE')
    return `Could not create server TCP listening socket ${where}: bind: Address already in use`;
  if (code === 'EACCES' && port !== undefined) {
    return `Could not create server TCP listening socket ${where}: bind: Permission denied`;
  }
  if (code === 'EADDRNOTAVAIL') {
    return `Could not create server TCP listening socket ${where}: bind: Cannot assign requested address`;
  }
  return message;
}
