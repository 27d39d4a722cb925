import { randomBytes } from 'node:crypto';
import { Lease, Membership, leaseBucket, replicationLeaseKey, serveSnapshotRequests } from '@weir/cluster';
import type { MemberReport, SnapshotAnswer } from '@weir/cluster';
import { JetStreamLog, JetStreamSnapshots, connectNats } from '@weir/log';
import { wallClockMs } from '@weir/replica';
import { realTime } from '@weir/time';
import type { AppLogger, ReplicationSettings } from './options.ts';
import { Replicator } from './replicator.ts';
import type { Timings } from './replicator.ts';

/**
 * The replication app of one log: makes verified snapshots and trims the log behind them. Any number may run; the one that
 * holds the log's lease works, the others stand by.
 */

export interface ReplicationOptions {
  readonly natsUrl: string;
  readonly cluster: string;
  readonly logId: string;
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
  const id = `replication-${randomBytes(6).toString('hex')}`;
  const link = await connectNats({
    urls: options.natsUrl,
    name: `weir replication ${logId}`,
    ...(options.signal !== undefined ? { signal: options.signal } : {}),
    onEvent: ({ kind, detail }) =>
      logger[kind === 'connected' || kind === 'closed' ? 'info' : 'warn']({ nats: kind }, detail),
  });
  const log = new JetStreamLog(link, { cluster, logId });
  const snapshots = new JetStreamSnapshots(link, { cluster, logId });
  const membership: Membership = new Membership({
    nats: link,
    cluster,
    logId,
    time: realTime,
    report: () => replicator.report(id),
  });
  const replicator: Replicator = new Replicator({
    log,
    snapshots,
    settings,
    logger,
    now: wallClockMs,
    members: () => membership.others(),
    ...(timings !== undefined ? { timings } : {}),
    ...(options.secure !== undefined ? { secure: options.secure } : {}),
  });
  const lease = new Lease({
    nats: link,
    bucket: leaseBucket(cluster),
    key: replicationLeaseKey(logId),
    owner: id,
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
      const stopServing = serveSnapshotRequests(link, cluster, logId, (seq) => replicator.request(seq));
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
      log.close();
      snapshots.close();
      await link.close();
    },
  };
}
