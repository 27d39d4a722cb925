import { MemberWatch, keepLooking, openLog } from '@weir/cluster';
import type { LogPlace, OpenedLog } from '@weir/cluster';
import type { Config } from '@weir/config';
import type { JetStreamLog, LogStore, NatsHandle, SnapshotStore } from '@weir/log';
import type { Logger } from '@weir/telemetry';
import { realTime } from '@weir/time';
import { locateLog } from './locate.ts';
import { Problem } from './problems.ts';

/** One log, over one connection. */
export interface LogView extends LogPlace {
  readonly link: NatsHandle & { readonly version: string };
  readonly log: LogStore & Pick<JetStreamLog, 'describe' | 'readStored'>;
  readonly snapshots: SnapshotStore;
  readonly members: MemberWatch;
  /** Aborted when another log, or another connection, has taken its place. */
  readonly closed: AbortSignal;
}

interface OpenView extends LogView {
  readonly link: OpenedLog['link'];
  readonly opened: OpenedLog;
  readonly end: AbortController;
}

/** What routes need of it; a test has its own. */
export interface LogSource {
  readonly current: LogView | null;
  /** Why there is no log, or none that answers; '' when there is one. */
  readonly trouble: string;
  /** Throws a Problem when there is none. */
  need(): LogView;
}

const CONNECT_MS = 10_000;

/**
 * Holds the connection to the log, looks every few seconds whether the node or the cluster has another log now, and follows it there. A connection
 * that works is kept while nobody can be asked.
 */
export class Source implements LogSource {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #current: OpenView | null = null;
  #why = 'not looked yet';
  #loop: Promise<void> = Promise.resolve();

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  get current(): LogView | null {
    return this.#current;
  }

  get trouble(): string {
    if (this.#current === null) return this.#why;
    return this.#current.link.status === 'connected' ? '' : 'NATS is not connected; it is tried again';
  }

  need(): LogView {
    if (this.#current === null) throw new Problem('log-unknown', this.#why);
    return this.#current;
  }

  start(): void {
    this.#loop = keepLooking({
      look: (signal) => this.#look(signal),
      onTrouble: (trouble) => (this.#why = trouble),
      log: this.#logger,
      signal: this.#stop.signal,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the admin app stops'));
    await this.#loop;
    await this.#close(this.#current);
    this.#current = null;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const current = this.#current;
    const link = current !== null && current.link.status === 'connected' ? current.link : null;
    const place = await locateLog(this.#config, signal, link);
    if (current !== null && current.logId === place.logId && current.link.renew(place.natsUrl)) return;
    const next = await this.#open(place, signal);
    this.#current = next;
    await this.#close(current);
    this.#logger.info({ log: place.logId, cluster: place.cluster }, 'looking at a log');
  }

  async #open(place: LogPlace, signal: AbortSignal): Promise<OpenView> {
    const options = { name: 'weir admin', logger: this.#logger, firstConnectMs: CONNECT_MS, signal };
    const opened = await openLog(place, options);
    const { link, log, snapshots } = opened;
    const end = new AbortController();
    return {
      ...place,
      end,
      closed: end.signal,
      opened,
      link,
      log,
      snapshots,
      members: new MemberWatch({ nats: link, cluster: place.cluster, logId: place.logId, time: realTime }),
    };
  }

  async #close(view: OpenView | null): Promise<void> {
    if (view === null) return;
    view.end.abort();
    view.members.stop();
    await view.opened.close();
  }
}
