export { createLogger, pinoLevel } from './logger.ts';
export type { Logger, LoggerOptions, RedisLogLevel } from './logger.ts';
