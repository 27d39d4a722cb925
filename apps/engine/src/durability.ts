import type { Config } from '@weir/config';
import type { Logger } from './logger.ts';

const NOT_OURS = 'the NATS servers of nats-url decide when they call fsync: set sync_interval in their configuration';

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
