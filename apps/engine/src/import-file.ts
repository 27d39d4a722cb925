import type { Config } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import { isLogError } from '@weir/log';
import { importRdbFile, wallClockMs } from '@weir/replica';
import type { LogAccess } from './log-access.ts';
import type { Logger } from './logger.ts';

/** First start of a master: the `dump.rdb` in its folder, when there is one, becomes the beginning of its log. */
export function importsFile(
  config: Config,
  logger: Logger,
  /** It is damaged; it stays so, and starting empty would hide it. */
  onDamaged: (error: unknown) => void,
): (access: LogAccess, newKeyspace: () => Keyspace) => Promise<void> {
  return async (access, newKeyspace) => {
    const path = config.path('dbfilename');
    try {
      await importRdbFile({ path, snapshots: access.snapshots, newKeyspace, logger, nowMs: wallClockMs() });
    } catch (error) {
      if (!isLogError(error)) onDamaged(error); // a log that is away comes back
      throw error;
    }
  };
}
