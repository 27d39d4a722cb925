import type { Config } from '@weir/config';
import { JetStreamLog, JetStreamSnapshots, OLDEST_ALWAYS, connectNats } from '@weir/log';
import type { LogStore, NatsHandle, NatsLink, ServerVersion, SnapshotStore } from '@weir/log';
import { Membership } from '@weir/cluster';
import type { MemberReport } from '@weir/cluster';
import { realTime } from '@weir/time';
import type { Logger } from './logger.ts';

/** Where a log is. */
export interface LogLocation {
  readonly natsUrl: string;
  readonly cluster: string;
  readonly logId: string;
  /** An older NATS server is refused. */
  readonly oldestServer?: ServerVersion;
  /** The URL that a handshake gives out; null: none. Absent: `natsUrl`. */
  readonly urlFor?: (who: 'slave' | 'replication') => string | null;
  /** `natsUrl` came with a handshake and has no more rights than these; absent: as many as its operator gave it. */
  readonly rights?: 'slave' | 'replication';
}

/** What the configuration says of the NATS servers of `nats-url`, beside where they are. */
export function externalRights(config: Config): Pick<LogLocation, 'oldestServer' | 'urlFor'> {
  const { natsUrl, natsUrlSlave, natsUrlReplication } = config.text;
  const elsewhere = config.choice.replicationApp === 'external';
  const replicationUrl = elsewhere ? natsUrlReplication || natsUrl : null;
  return {
    ...(config.choice.appendfsync === 'always' ? { oldestServer: OLDEST_ALWAYS } : {}),
    ...(natsUrlSlave === ''
      ? {}
      : { urlFor: (who: 'slave' | 'replication') => (who === 'slave' ? natsUrlSlave : replicationUrl) }),
  };
}

/** A log that was opened, with everything that goes over its connection. */
export interface LogAccess {
  readonly location: LogLocation;
  readonly link: NatsHandle;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly membership: Membership;
  /** The log is at that URL now. False when that is more than a new password, and so another connection. */
  renew(natsUrl: string): boolean;
  close(): Promise<void>;
}

export interface OpenLogOptions {
  /** Shown in the server's connection list. */
  readonly name: string;
  /** What this member tells the others. */
  readonly report: () => MemberReport;
  readonly logger: Logger;
  /** Tries for ever, until it is aborted. */
  readonly signal: AbortSignal;
}

/** How the log at a location is opened: over NATS, or in a simulator. */
export type OpenLog = (location: LogLocation, options: OpenLogOptions) => Promise<LogAccess>;

export const openNatsLog: OpenLog = async (location, { name, report, logger, signal }) => {
  const link = await connectNats({
    urls: location.natsUrl,
    name,
    signal,
    ...(location.oldestServer !== undefined ? { oldest: location.oldestServer } : {}),
    onEvent: ({ kind, detail }) =>
      logger[kind === 'connected' || kind === 'closed' ? 'info' : 'warn']({ detail }, `connection to NATS: ${kind}`),
  });
  return new NatsLogAccess(location, link, report);
};

class NatsLogAccess implements LogAccess {
  #location: LogLocation;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly snapshots: JetStreamSnapshots;
  readonly membership: Membership;

  constructor(location: LogLocation, link: NatsLink, report: () => MemberReport) {
    this.#location = location;
    this.link = link;
    this.log = new JetStreamLog(link, location);
    this.snapshots = new JetStreamSnapshots(link, location);
    this.membership = new Membership({ ...location, nats: link, report, time: realTime });
  }

  get location(): LogLocation {
    return this.#location;
  }

  renew(natsUrl: string): boolean {
    if (natsUrl === this.#location.natsUrl) return true;
    if (!this.link.renew(natsUrl)) return false;
    this.#location = { ...this.#location, natsUrl };
    return true;
  }

  async close(): Promise<void> {
    this.membership.stop();
    this.log.close();
    this.snapshots.close();
    await this.link.close();
  }
}
