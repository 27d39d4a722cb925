export type { EventLogger } from './event-logger.ts';
export { createLogger, pinoLevel } from './logger.ts';
export type { Logger, LoggerOptions, RedisLogLevel } from './logger.ts';
export { peopleFormat } from './people.ts';
export type { PeopleOptions } from './people.ts';
