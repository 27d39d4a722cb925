import type { Config } from '@weir/config';
import type { Logger } from './logger.ts';

const NOT_OURS = 'the NATS servers of nats-url decide when they call fsync: set sync_interval in their configuration';

/** CONFIG GET is for everybody who may run commands; NATS is not. */
export function hideNatsPasswords(config: Config): void {
  for (const name of ['nats-url', 'nats-url-slave', 'nats-url-replication'] as const)
    config.show(name, () => config.value(name).replaceAll(/(:\/\/|^|,)[^@/,]+@/g, '$1***@'));
}

/**
 * `appendfsync` beside `nats-url`: NATS tells no client when it calls fsync, and no client can set it. So nothing is claimed: CONFIG GET answers
 * `no`, the value that promises least, CONFIG SET of another one is refused, and the log says once whose promise it is.
 */
export function leaveDurabilityToNats(config: Config, logger: Logger): void {
  config.show('appendfsync', () => 'no');
  config.onChange('appendfsync', ({ after }) => (after === 'no' ? undefined : NOT_OURS));
  const wanted = config.isDefault('appendfsync') ? '' : `appendfsync ${config.value('appendfsync')} has no effect: `;
  logger.warn(
    {},
    `${wanted}whether an acknowledged write survives the death of a machine is up to the NATS servers of nats-url (sync_interval; NATS's default is 2 minutes)`,
  );
}
