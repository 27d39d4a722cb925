import type { HandshakeResult } from '@weir/cluster';
import type { Config, HostPort } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import type { Time } from '@weir/time';
import type { Engine } from '../engine.ts';
import type { ImportInto } from '../import-file.ts';
import type { LogAccess, LogLocation, OpenLog } from '../log-access.ts';
import type { LeaseTerms } from '../lease.ts';
import type { Logger } from '../logger.ts';
import type { RoleMemory } from '../node-memory.ts';
import type { OwnLog } from '../own-log.ts';

export interface ClusterTerms extends LeaseTerms {
  /** `replica-priority`: nodes with a lower one claim first; with 0 it never leads. */
  readonly priority: () => number;
}

/** What a role reaches of the world. A simulator passes its own. */
export interface RoleOptions {
  readonly engine: Engine;
  readonly config: Config;
  readonly logger: Logger;
  /** What this node remembers over restarts. */
  readonly memory: RoleMemory;
  readonly newKeyspace: () => Keyspace;
  readonly ownLog: OwnLog;
  /** The address that other nodes are told; `link`: that of its link, of an engine that whoever hears it reaches at `ip`, or ''. */
  readonly announce: () => { ip: string; port: number; link?: (ip: string) => string };
  /** This node leads that log now; null: it leads none any more. */
  readonly onLeading: (location: LogLocation | null) => void;
  /** Before the log is claimed; while it is empty a chance to bring in a data set, which is a usable snapshot when it resolves. */
  readonly importInto?: ImportInto;
  /** This node takes part in that log from now on. */
  readonly onOpened?: (access: LogAccess) => void;
  /** The node is of a cluster whose nodes choose their leader. Absent: people say who leads. */
  readonly cluster?: ClusterTerms;
  readonly time: Time;
  readonly openLog: OpenLog;
  /** Asks the node at that address where its log is. Rejects with a plain sentence; is bounded in time. */
  readonly askForLog: (target: HostPort, signal: AbortSignal) => Promise<HandshakeResult>;
  /** Of the newest messages of the log that are kept in memory. Absent: RECENT_BYTES. */
  readonly recentBytes?: number;
}
