import type { Config } from '@weir/config';
import { JetStreamLog, JetStreamSnapshots, OLDEST_ALWAYS, connectNats } from '@weir/log';
import type { NatsLink, ServerVersion } from '@weir/log';
import { Membership } from '@weir/cluster';
import type { MemberReport } from '@weir/cluster';
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

/** A connection to a log, with everything that goes over it. */
export class LogAccess {
  #location: LogLocation;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly snapshots: JetStreamSnapshots;
  readonly membership: Membership;

  private constructor(location: LogLocation, link: NatsLink, report: () => MemberReport) {
    this.#location = location;
    this.link = link;
    this.log = new JetStreamLog(link, location);
    this.snapshots = new JetStreamSnapshots(link, location);
    this.membership = new Membership({ ...location, nats: link, report, now: () => performance.now() });
  }

  get location(): LogLocation {
    return this.#location;
  }

  /** The log is at that URL now. False when that is more than a new password, and so another connection. */
  renew(natsUrl: string): boolean {
    if (natsUrl === this.#location.natsUrl) return true;
    if (!this.link.renew(natsUrl)) return false;
    this.#location = { ...this.#location, natsUrl };
    return true;
  }

  static async open(
    location: LogLocation,
    name: string,
    report: () => MemberReport,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<LogAccess> {
    const link = await connectNats({
      urls: location.natsUrl,
      name,
      signal,
      ...(location.oldestServer !== undefined ? { oldest: location.oldestServer } : {}),
      onEvent: ({ kind, detail }) =>
        logger[kind === 'connected' || kind === 'closed' ? 'info' : 'warn']({ detail }, `connection to NATS: ${kind}`),
    });
    return new LogAccess(location, link, report);
  }

  async close(): Promise<void> {
    this.membership.stop();
    this.log.close();
    this.snapshots.close();
    await this.link.close();
  }
}
