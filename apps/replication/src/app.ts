/**
 * The replication app of one log: makes verified snapshots and trims the log behind them. Any number may run; the one that
 * holds the log's lease works, the others stand by.
 */

import { Lease, Membership, leaseBucket, openLog, replicationLeaseKey, serveSnapshotRequests } from '@weir/cluster';
import type { LogPlace, MemberReport, SnapshotAnswer } from '@weir/cluster';
import type { LogStore, NatsHandle, SnapshotStore } from '@weir/log';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';
import type { AppLogger, ReplicationSettings } from './options.ts';
import { Replicator } from './replicator.ts';
import type { Timings } from './replicator.ts';

export interface ReplicationOptions extends LogPlace {
  /** Of the bucket of leases. */
  readonly replicas?: number;
  readonly settings: ReplicationSettings;
  readonly logger: AppLogger;
  readonly signal?: AbortSignal;
  readonly timings?: Partial<Timings>;
  /** See ReplicatorOptions. */
  readonly secure?: () => Promise<void>;
  readonly leaseTtlMs?: number;
  readonly leaseRenewMs?: number;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** Absent: over NATS. */
  readonly connect?: () => Promise<Connection>;
}

/** What the app works with; ends with `close`. */
export interface Connection {
  readonly link: NatsHandle;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  close(): Promise<void>;
}

export interface ReplicationApp {
  readonly id: string;
  /** This app holds the lease. */
  readonly active: boolean;
  readonly report: () => MemberReport;
  /** As BGSAVE asks for it. */
  readonly snapshot: () => Promise<SnapshotAnswer>;
  readonly configure: Replicator['configure'];
  stop(): Promise<void>;
}

export async function startReplication(options: ReplicationOptions): Promise<ReplicationApp> {
  const { cluster, logId, logger, settings, timings } = options;
  const { time = realTime } = options;
  const id = `replication-${Buffer.from(time.randomBytes(6)).toString('hex')}`;
  const connection = await (options.connect ?? (() => connect(options)))();
  const { link, log, snapshots } = connection;
  const membership: Membership = new Membership({
    nats: link,
    cluster,
    logId,
    time,
    report: () => replicator.report(id),
  });
  const replicator: Replicator = new Replicator({
    log,
    snapshots,
    settings,
    logger,
    now: () => time.wallMs(),
    time,
    members: () => membership.others(),
    ...(timings !== undefined ? { timings } : {}),
    ...(options.secure !== undefined ? { secure: options.secure } : {}),
  });
  const lease = new Lease({
    nats: link,
    bucket: leaseBucket(cluster),
    key: replicationLeaseKey(logId),
    owner: id,
    time,
    ...(options.replicas !== undefined ? { replicas: options.replicas } : {}),
    ...(options.leaseTtlMs !== undefined ? { ttlMs: options.leaseTtlMs } : {}),
    ...(options.leaseRenewMs !== undefined ? { renewMs: options.leaseRenewMs } : {}),
    onState: ({ held, holder, detail }) => {
      if (held) logger.info({ lease: 'held' }, 'this replication app is the active one');
      else
        logger.info(
          { lease: 'not held', holder, detail },
          holder === '' ? 'not the active replication app' : 'standing by',
        );
    },
  });
  membership.start();
  lease.start();

  let stopping = false;
  const work = (async () => {
    while (!stopping) {
      const term = await lease.acquired().catch(() => null);
      if (term === null) return;
      const stopServing = serveSnapshotRequests(
        link,
        cluster,
        logId,
        (seq) => replicator.request(seq),
        (snapshotId) => replicator.remove(snapshotId),
      );
      try {
        await replicator.run(term);
      } finally {
        stopServing();
      }
    }
  })();
  return {
    id,
    get active() {
      return lease.held;
    },
    report: () => replicator.report(id),
    snapshot: () => replicator.request(),
    configure: (changed) => replicator.configure(changed),
    async stop() {
      stopping = true;
      await lease.stop();
      await work;
      membership.stop();
      await connection.close();
    },
  };
}

function connect(options: ReplicationOptions): Promise<Connection> {
  const { logger, signal, logId } = options;
  return openLog(options, { name: `weir replication ${logId}`, logger, ...(signal === undefined ? {} : { signal }) });
}
