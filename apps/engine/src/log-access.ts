import { JetStreamLog, JetStreamSnapshots, connectNats } from '@weir/log';
import type { NatsLink } from '@weir/log';
import { Membership } from '@weir/cluster';
import type { MemberReport } from '@weir/cluster';
import type { Logger } from './logger.ts';

/** Where a log is. */
export interface LogLocation {
  readonly natsUrl: string;
  readonly cluster: string;
  readonly logId: string;
}

/** A connection to a log, with everything that goes over it. */
export class LogAccess {
  readonly location: LogLocation;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly snapshots: JetStreamSnapshots;
  readonly membership: Membership;

  private constructor(location: LogLocation, link: NatsLink, report: () => MemberReport) {
    this.location = location;
    this.link = link;
    this.log = new JetStreamLog(link, location);
    this.snapshots = new JetStreamSnapshots(link, location);
    this.membership = new Membership({ ...location, nats: link, report, now: () => performance.now() });
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
