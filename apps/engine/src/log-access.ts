import type { Config } from '@weir/config';
import { OLDEST_ALWAYS, connectNats } from '@weir/log';
import type { LogStore, NatsHandle, NatsLink, ServerVersion, SnapshotStore } from '@weir/log';
import { Membership, openLog } from '@weir/cluster';
import type { LogPlace, MemberReport, OpenedLog } from '@weir/cluster';
import { realTime } from '@weir/time';
import type { Logger } from './logger.ts';

/** Where a log is, and what is known of the way there. */
export interface LogLocation extends LogPlace {
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
  /**
   * For what clients publish: a connection of its own, since NATS cuts off one that does not read fast enough, and that must not be the log's. Absent: `link`.
   */
  readonly messages?: NatsHandle;
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
  /** How long an append or a question to the log may be without an answer. Absent: five seconds. */
  readonly answerMs?: number;
  /** Tries for ever, until it is aborted. */
  readonly signal: AbortSignal;
}

/** How the log at a location is opened: over NATS, or in a simulator. */
export type OpenLog = (location: LogLocation, options: OpenLogOptions) => Promise<LogAccess>;

export const openNatsLog: OpenLog = async (location, { name, report, logger, answerMs, signal }) => {
  const { oldestServer: oldest } = location;
  const opened = await openLog(location, {
    name,
    logger,
    signal,
    ...(answerMs === undefined ? {} : { answerMs }),
    ...(oldest === undefined ? {} : { oldest }),
  });
  try {
    const messages = await connectNats({
      urls: location.natsUrl,
      name: `${name} messages`,
      echo: false,
      signal,
      onEvent: ({ kind, detail }) => {
        if (kind === 'warning') logger.warn({ detail }, 'connection to NATS for messages');
      },
    });
    return new NatsLogAccess(location, opened, messages, report);
  } catch (error) {
    await opened.close();
    throw error;
  }
};

class NatsLogAccess implements LogAccess {
  #location: LogLocation;
  readonly #opened: OpenedLog;
  readonly messages: NatsLink;
  readonly membership: Membership;

  constructor(location: LogLocation, opened: OpenedLog, messages: NatsLink, report: () => MemberReport) {
    this.#location = location;
    this.#opened = opened;
    this.messages = messages;
    this.membership = new Membership({ ...location, nats: opened.link, report, time: realTime });
  }

  get link(): NatsHandle {
    return this.#opened.link;
  }

  get log(): LogStore {
    return this.#opened.log;
  }

  get snapshots(): SnapshotStore {
    return this.#opened.snapshots;
  }

  get location(): LogLocation {
    return this.#location;
  }

  renew(natsUrl: string): boolean {
    if (natsUrl === this.#location.natsUrl) return true;
    if (!this.#opened.link.renew(natsUrl)) return false;
    this.messages.renew(natsUrl);
    this.#location = { ...this.#location, natsUrl };
    return true;
  }

  async close(): Promise<void> {
    this.membership.stop();
    await Promise.all([this.#opened.close(), this.messages.close()]);
  }
}
