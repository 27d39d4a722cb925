import type { GuardedTail } from '@weir/log';
import type { LogLocation } from './log-access.ts';
import type { RoleMemory } from './node-memory.ts';

/** The log that a node leads when it is a master: where it is, and who remembers that. */
export interface OwnLog {
  /** The NATS server that holds it is this node's alone: nobody else leads a log there, and nobody else's store answers in its place. */
  readonly ownsStore: boolean;
  /** Where this node's log is; starts what is needed for it. The first time an id is chosen, or learned from NATS, and remembered. */
  locate(memory: RoleMemory, signal: AbortSignal): Promise<LogLocation>;
  /** Where a log with that new id would be. Nobody remembers it before `remember` is called. */
  place(logId: string, signal: AbortSignal): Promise<LogLocation>;
  /**
   * What this node's own NATS server has is on disk when this resolves, the beginning of a new log and the name of its stream above all, whatever
   * `appendfsync` says of single writes. Nothing where the server is somebody else's.
   */
  secure(): Promise<void>;
  /** That log is led now: where this node alone decides, it is the cluster's. */
  remember(location: LogLocation, generation: number, signal: AbortSignal): Promise<void>;
  /** What its damaged newest file still had before the NATS server cut it; null: there is nothing of the kind. */
  guard(logId: string): GuardedTail | null;
  /** Everything in `guard` is in the log, or somebody has decided without it. */
  settled(logId: string): void;
}
