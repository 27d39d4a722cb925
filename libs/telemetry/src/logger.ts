import { pino } from 'pino';
import type { DestinationStream, LevelWithSilent, Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/** `loglevel` of redis.conf. */
export type RedisLogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

export interface LoggerOptions {
  /** Redis's name or pino's. */
  readonly level: string;
  /** Which app speaks. */
  readonly name: string;
  /** Default: on a terminal, unless it goes to a file. */
  readonly pretty?: boolean;
  /** `logfile` of redis.conf, absolute; empty or absent: standard output. Made with its folder, appended to. */
  readonly file?: string;
}

const LEVELS: Readonly<Record<RedisLogLevel, LevelWithSilent>> = {
  debug: 'trace',
  verbose: 'debug',
  notice: 'info',
  warning: 'warn',
};

/** A name that neither Redis nor pino knows is an error: a log that says nothing would be noticed too late. */
export function pinoLevel(level: string): LevelWithSilent {
  // `debug` is a level of both; redis.conf's is meant, which is the most talkative.
  if (Object.hasOwn(LEVELS, level)) return LEVELS[level as RedisLogLevel];
  if (level === 'silent' || Object.hasOwn(pino.levels.values, level)) return level as LevelWithSilent;
  throw new Error(`no log level: ${level}`);
}

/**
 * Lines are written before the call returns, so that the last one before a crash is there. Passwords never get here: whoever logs an
 * address logs it without its credentials.
 */
export function createLogger(options: LoggerOptions): Logger {
  const file = options.file ?? '';
  const beautiful = options.pretty ?? (file === '' && process.stdout.isTTY === true);
  const destination: DestinationStream = beautiful
    ? pretty({
        destination: file === '' ? 1 : file,
        mkdir: true,
        append: true,
        sync: true,
        colorize: file === '' && process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
        translateTime: 'SYS:HH:MM:ss.l',
        ignore: 'pid,hostname',
      })
    : pino.destination({ dest: file === '' ? 1 : file, mkdir: true, append: true, sync: true });
  return pino(
    { level: pinoLevel(options.level), name: options.name, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}
