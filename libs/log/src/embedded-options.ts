import type { Sync } from './embedded-files.ts';

export interface EmbeddedNatsOptions {
  readonly binary: string;
  readonly dir: string;
  /** 0: any free one, and the same again at the next start while it is free. */
  readonly port?: number;
  readonly host?: string;
  /** When JetStream calls fsync: at every message, every second, or as it likes (two minutes). redis.conf's appendfsync. */
  readonly sync?: Sync;
  /** What a node has to know to be given a slave's password: with it, that password changes (`setShared`). */
  readonly shared?: string;
  /** The replication app runs elsewhere: its password is given out like a slave's, and changes like it. */
  readonly replicationElsewhere?: boolean;
  readonly maxPayload?: number;
  readonly maxFileStore?: number;
  readonly logFile?: string;
  /** A server that is not ready and makes no progress for so long is started again; each time the bound doubles. */
  readonly stallMs?: number;
  readonly stopMs?: number;
  readonly onEvent?: (event: EmbeddedNatsEvent) => void;
}

/**
 * Processors that nats-server may use at once beside an engine: half of the machine's. With all of two, the Go runtime's helpers take the
 * engine's processor away (docs/benchmarks.md has the figures). GOMAXPROCS in the environment overrides it.
 */
export function natsProcessors(processors: number): number {
  return Math.max(1, Math.floor(processors / 2));
}

export interface EmbeddedNatsEvent {
  readonly kind:
    'started' | 'starting' | 'exited' | 'restarting' | 'ended-old' | 'jetstream-off' | 'storage-failed' | 'warning';
  readonly detail: string;
}
