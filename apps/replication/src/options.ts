import { randomInt } from 'node:crypto';
import type { Config, SavePoint } from '@weir/config';
import { Keyspace } from '@weir/keyspace';
import { ARENA_BYTES_MAX, Arena } from '@weir/memory';

/** What the app makes of redis.conf. */
export interface ReplicationSettings {
  /** A data set only while a snapshot is made, or all the time. */
  readonly mode: 'ephemeral' | 'resident';
  readonly save: readonly SavePoint[];
  /** Usable snapshots that are kept. */
  readonly keep: number;
  /** A log longer than this behind the newest snapshot makes one; 0 is off. */
  readonly logBytesMax: number;
  readonly compress: boolean;
  readonly checksum: boolean;
  readonly newKeyspace: () => Keyspace;
}

export function settingsOf(config: Config): ReplicationSettings {
  const seed = { k0: randomInt(2 ** 32), k1: randomInt(2 ** 32) };
  const { databases, snapshotKeep, snapshotLogBytes } = config.num;
  return {
    mode: config.choice.replicationCopy,
    save: config.save,
    keep: snapshotKeep,
    logBytesMax: snapshotLogBytes,
    compress: config.bool.rdbcompression,
    checksum: config.bool.rdbchecksum,
    newKeyspace: () =>
      new Keyspace({
        databases,
        // `arena-reserve` is for clients' commands: what the log has must fit.
        arena: new Arena({ reserveBytes: ARENA_BYTES_MAX }),
        seed,
        randomSeed: randomInt(2 ** 32),
        limits: config.num,
      }),
  };
}

export type { EventLogger as AppLogger } from '@weir/telemetry';
