/**
 * How every app finds a log and opens it: the log, its snapshots, and what goes between its members, all over one connection to NATS.
 */

import { JetStreamLog, JetStreamSnapshots, connectNats } from '@weir/log';
import type { NatsLink, ServerVersion } from '@weir/log';
import type { EventLogger } from '@weir/telemetry';
import { handshake } from './handshake.ts';

/** Where a log is. */
export interface LogPlace {
  /** With credentials; one, or several separated by commas. */
  readonly natsUrl: string;
  readonly cluster: string;
  /** 40 hex digits. */
  readonly logId: string;
}

export interface OpenedLog {
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly snapshots: JetStreamSnapshots;
  close(): Promise<void>;
}

export interface OpenLogOptions {
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly logger: EventLogger;
  /** An older NATS server is refused. */
  readonly oldest?: ServerVersion;
  /** How long the first connection may take. Absent: tries for ever, until it is aborted. */
  readonly firstConnectMs?: number;
  /** How long an append or a question to the log may be without an answer. Absent: five seconds. */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}

export async function openLog(place: LogPlace, options: OpenLogOptions): Promise<OpenedLog> {
  const { name, logger, oldest, firstConnectMs, answerMs, signal } = options;
  const link = await connectNats({
    urls: place.natsUrl,
    name,
    ...(signal === undefined ? {} : { signal }),
    ...(oldest === undefined ? {} : { oldest }),
    ...(firstConnectMs === undefined ? {} : { firstConnectMs }),
    onEvent: ({ kind, detail }) =>
      logger[kind === 'connected' || kind === 'closed' ? 'info' : 'warn']({ detail }, `connection to NATS: ${kind}`),
  });
  const log = new JetStreamLog(link, { ...place, ...(answerMs === undefined ? {} : { answerMs }) });
  const snapshots = new JetStreamSnapshots(link, place);
  return {
    link,
    log,
    snapshots,
    async close() {
      log.close();
      snapshots.close();
      await link.close();
    },
  };
}

const HANDSHAKE_MS = 5000;

export interface AskNodeOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Servers that are used in place of those that the node names, which may have other addresses here; or ''. */
  readonly natsUrl: string;
  /** What the log is for: to be read, or to be given snapshots and trimmed. */
  readonly as: 'slave' | 'replication';
  readonly signal: AbortSignal;
}

/** The log of a node, which is asked as a slave asks its master. Throws a plain sentence when there is no answer now. */
export async function logOfNode({ natsUrl, as, ...node }: AskNodeOptions): Promise<LogPlace> {
  const ask = { ...node, timeoutMs: HANDSHAKE_MS };
  const slave = await handshake(ask);
  // Where there are several rights, those of a slave are too few to make snapshots and to trim the log.
  const suffices = as === 'slave' || natsUrl !== '' || slave.rights === undefined;
  const { cluster, logId, natsUrl: named } = suffices ? slave : await handshake({ ...ask, as });
  return { natsUrl: natsUrl === '' ? named : natsUrl, cluster, logId };
}
