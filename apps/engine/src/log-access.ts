import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    this.membership = new Membership({ ...location, nats: link, report, now: Date.now });
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
      onEvent: ({ kind, detail }) => logger[kind === 'connected' ? 'info' : 'warn']({ nats: kind }, detail),
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

/** What a node remembers of itself in `dir`: its identity, and the log that it led last. */
export interface NodeFile {
  readonly id: string;
  readonly logId: string | null;
}

const NODE_FILE = 'weir-node.json';

export function readNodeFile(dir: string): NodeFile {
  mkdirSync(dir, { recursive: true });
  try {
    const value = JSON.parse(readFileSync(join(dir, NODE_FILE), 'utf8')) as Partial<NodeFile>;
    if (typeof value.id === 'string') return { id: value.id, logId: typeof value.logId === 'string' ? value.logId : null };
  } catch {
    // None yet, or damaged: a new identity costs nothing, and the log's id is in NATS as well.
  }
  const fresh = { id: randomBytes(8).toString('hex'), logId: null };
  writeNodeFile(dir, fresh);
  return fresh;
}

export function writeNodeFile(dir: string, file: NodeFile): void {
  const path = join(dir, NODE_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(file)}\n`);
  renameSync(`${path}.new`, path);
}

export function newLogId(): string {
  return randomBytes(20).toString('hex');
}

/**
 * The id of the cluster's log as NATS remembers it, created when there is none: so a master that comes back on an empty disk, or
 * in another container, leads the log that it led before.
 */
export async function clusterLogId(natsUrl: string, cluster: string, signal: AbortSignal): Promise<string> {
  const link = await connectNats({ urls: natsUrl, name: 'weir: which log', signal });
  try {
    const bucket = clusterBucket(cluster);
    await link.kvEnsure(bucket);
    for (;;) {
      const known = await link.kvGet(bucket, 'log');
      if (known !== null && known.value !== null) return Buffer.from(known.value).toString();
      const logId = newLogId();
      const put = await link.kvPut(bucket, 'log', Buffer.from(logId), known === null ? 0 : known.revision);
      if (put.kind === 'stored') return logId;
    }
  } finally {
    await link.close();
  }
}

/** From now on that log is the cluster's. */
export async function rememberClusterLogId(
  natsUrl: string,
  cluster: string,
  logId: string,
  signal: AbortSignal,
): Promise<void> {
  const link = await connectNats({ urls: natsUrl, name: 'weir: which log', signal });
  try {
    await link.kvEnsure(clusterBucket(cluster));
    await link.kvPut(clusterBucket(cluster), 'log', Buffer.from(logId));
  } finally {
    await link.close();
  }
}

function clusterBucket(cluster: string): string {
  return `weir_${cluster}`;
}
