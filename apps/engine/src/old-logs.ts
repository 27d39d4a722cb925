/**
 * Logs that promotions left behind: each REPLICAOF NO ONE begins a new log, and the one before it stays where it is stored. WEIR LOGS lists
 * them, WEIR LOGS FORGET removes one, and with `log-orphan-ttl` a node that leads removes those of its own NATS server by itself.
 *
 * The rule is that nobody destroys the last copy. A log stays that this node has or remembers, that NATS names as the cluster's, that any
 * member reports in, or that anybody reads. Nothing is removed while this node's own data set is not complete: an old log may be what it
 * has to be built from.
 */

import { wallClockMs } from '@weir/time';
import { hearMembers, knownClusterLogId } from '@weir/cluster';
import type { LogView } from '@weir/commands';
import type { Config } from '@weir/config';
import { connectNats, listLogs, removeLog } from '@weir/log';
import type { NatsLink, StoredLog } from '@weir/log';
import type { LogAccess } from './log-access.ts';
import type { Logger } from './logger.ts';

export interface OldLogsOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** With the right to list and remove streams; null: this node has none now. */
  readonly url: () => string | null;
  /** Of this node now: the log that it has, and the one that it remembers as its own. */
  readonly own: () => readonly (string | null)[];
  /** The log that this node leads; null: it leads none. */
  readonly leads: () => LogAccess | null;
  /** Its data set is whole and current. */
  readonly isComplete: () => boolean;
}

const CONNECT_MS = 5_000;
const CHECK_MS_MAX = 3_600_000;

export class OldLogs {
  readonly #o: OldLogsOptions;
  /** Unfollowed logs, and when each was first seen to be one, by a clock that nobody sets. */
  readonly #seen = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #busy = false;

  constructor(options: OldLogsOptions) {
    this.#o = options;
    options.config.onChange('log-orphan-ttl', () => this.#schedule());
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  list(): Promise<LogView[]> {
    return this.#with((link) => this.#look(link));
  }

  /** Null when it is gone, else why it stays. */
  async forget(logId: string): Promise<string | null> {
    if (!/^[0-9a-f]{40}$/.test(logId)) return 'ERR a log is named by 40 hex digits: see WEIR LOGS';
    if (!this.#o.isComplete()) return 'ERR the data set of this node is not complete now: nothing is removed meanwhile';
    return this.#with(async (link) => {
      const log = (await this.#look(link)).find((one) => one.id === logId);
      if (log === undefined) return `ERR there is no log ${logId}`;
      const refusal = whyItStays(log);
      if (refusal !== '') return `ERR the log ${logId} stays: ${refusal}`;
      await this.#remove(link, log);
      return null;
    });
  }

  async #look(link: NatsLink): Promise<LogView[]> {
    const { cluster } = this.#place;
    const stored = await listLogs(link, cluster);
    const [members, named] = await Promise.all([
      hearMembers(
        link,
        cluster,
        stored.map(({ logId }) => logId),
      ),
      knownClusterLogId(link, cluster),
    ]);
    const own = this.#o.own();
    return stored.map((log) => viewOf(log, members.get(log.logId) ?? [], own.includes(log.logId), named === log.logId));
  }

  async #remove(link: NatsLink, log: LogView): Promise<void> {
    await removeLog(link, this.#place.cluster, log.id);
    this.#seen.delete(log.id);
    this.#o.logger.warn({ logId: log.id, bytes: log.bytes, lastWriteMs: log.lastWriteMs }, 'removed an old log');
  }

  get #place(): { readonly cluster: string } {
    return { cluster: this.#o.config.text.weirCluster };
  }

  async #with<T>(work: (link: NatsLink) => Promise<T>): Promise<T> {
    const urls = this.#o.url();
    if (urls === null) throw new Error('this node runs no NATS server now');
    const link = await connectNats({ urls, name: 'weir: which logs', firstConnectMs: CONNECT_MS });
    try {
      return await work(link);
    } finally {
      await link.close();
    }
  }

  // --- by itself ---------------------------------------------------------------------------------------------------

  get #ttlMs(): number {
    return this.#o.config.num.logOrphanTtl * 1000;
  }

  #schedule(): void {
    this.stop();
    const ttlMs = this.#ttlMs;
    if (ttlMs === 0) return this.#seen.clear();
    this.#timer = setTimeout(
      () => {
        void this.#tidy()
          .catch((error: unknown) => this.#o.logger.warn({ err: error }, 'looking for old logs'))
          .finally(() => {
            if (this.#timer !== null) this.#schedule();
          });
      },
      Math.min(ttlMs, CHECK_MS_MAX),
    );
    this.#timer.unref();
  }

  /**
   * Twice, an interval apart, a log has to be seen without anybody who needs it: the age of its last record is by clocks that people set.
   */
  async #tidy(): Promise<void> {
    const { config, leads, isComplete } = this.#o;
    const access = leads();
    if (this.#busy || config.text.natsUrl !== '' || access === null || !isComplete() || !(await reachesBack(access)))
      return this.#seen.clear();
    this.#busy = true;
    try {
      await this.#with(async (link) => {
        const ttlMs = this.#ttlMs;
        const free = (await this.#look(link)).filter((log) => whyItStays(log) === '');
        for (const id of this.#seen.keys()) if (!free.some((log) => log.id === id)) this.#seen.delete(id);
        for (const log of free) {
          const seen = this.#seen.get(log.id);
          if (seen === undefined) this.#seen.set(log.id, performance.now());
          else if (ttlMs > 0 && wallClockMs() - log.lastWriteMs > ttlMs && leads() === access)
            await this.#remove(link, log);
        }
      });
    } finally {
      this.#busy = false;
    }
  }
}

/** Why nobody may remove it, or ''. */
export function whyItStays(log: LogView): string {
  if (log.own) return 'it is a log of this node';
  if (log.named) return "NATS remembers it as the cluster's";
  if (log.members.length > 0) return `members take part in it: ${log.members.join(', ')}`;
  if (log.readers > 0) return 'somebody reads it, or did within the last minute';
  return '';
}

function viewOf(log: StoredLog, members: readonly string[], own: boolean, named: boolean): LogView {
  const { logId: id, messages, bytes, lastWriteMs, readers } = log;
  return { id, messages, bytes, lastWriteMs, readers, members, own, named };
}

/** Whether the data set can be built from that log alone. */
async function reachesBack({ log, snapshots }: LogAccess): Promise<boolean> {
  const [{ firstSeq }, newest] = await Promise.all([log.state(), snapshots.newestUsable()]);
  return newest === null ? firstSeq <= 1 : newest.seq + 1 >= firstSeq;
}
