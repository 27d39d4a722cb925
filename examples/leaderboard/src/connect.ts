import { Redis } from 'ioredis';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, or a port alone. */
export function parseAddress(text: string): Address {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  if (!(number > 0 && number < 65536)) throw new Error(`not an address (host:port): ${text}`);
  return { host, port: number };
}

/**
 * A master that is restarted is waited for: commands are kept and sent when it is back, those without an answer are sent again,
 * and after ten attempts (some five seconds) they fail.
 */
export function connectMaster({ host, port }: Address, report: (text: string) => void = () => undefined): Redis {
  const redis = new Redis({
    ...common(host, port),
    maxRetriesPerRequest: 10,
    retryStrategy: (times) => Math.min(100 * times, 1000),
  });
  return reported(redis, 'master', report);
}

/** A slave is not waited for: while it is away its reads fail at once, and the leaderboard asks the master. */
export function connectSlave({ host, port }: Address, report: (text: string) => void = () => undefined): Redis {
  const redis = new Redis({
    ...common(host, port),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 500,
  });
  return reported(redis, 'slave', report);
}

function common(host: string, port: number) {
  // With RESP3 WITHSCORES answers pairs; the code here expects the flat list that Redis has always answered.
  return { host, port, protocol: 2, connectTimeout: 2000 } as const;
}

function reported(redis: Redis, name: string, report: (text: string) => void): Redis {
  // Without a listener ioredis prints every failed attempt. What is worth telling is the change.
  let last = '';
  const tell = (state: string): void => {
    if (state !== last) report(`${name} ${redis.options.host}:${redis.options.port} ${state}`);
    last = state;
  };
  redis.on('error', () => undefined);
  redis.on('ready', () => tell('connected'));
  redis.on('close', () => tell('connection lost'));
  return redis;
}
