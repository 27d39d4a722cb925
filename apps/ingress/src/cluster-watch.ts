/**
 * Finds the log whose engines are to be served, and hears what they report. It looks every few seconds whether the cluster, or the node that was named, has
 * another log now, and goes with it. As long as nobody can be asked, what is known stays.
 */

import { MemberWatch, keepLooking, knownClusterLogId, logOfNode } from '@weir/cluster';
import type { LogPlace, Member } from '@weir/cluster';
import type { Config } from '@weir/config';
import type { LinkLogger } from '@weir/link';
import { connectNats } from '@weir/log';
import type { NatsLink } from '@weir/log';
import { realTime } from '@weir/time';

export interface ClusterWatchOptions {
  readonly config: Config;
  readonly log: LinkLogger;
  readonly onReport: (member: Member) => void;
  /** The engines of another log are looked at from now on. */
  readonly onLog: (logId: string) => void;
}

const ASK_MS = 5000;

interface View extends LogPlace {
  readonly nats: NatsLink;
  readonly members: MemberWatch;
}

export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #stop = new AbortController();
  #view: View | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = keepLooking({
      look: (signal) => this.#look(signal),
      log: this.#options.log,
      signal: this.#stop.signal,
    });
  }

  /** Asks all members to report at once. */
  poll(): void {
    this.#view?.members.poll();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the ingress stops'));
    await this.#loop;
    await this.#close(this.#view);
    this.#view = null;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const view = this.#view;
    const nats = view !== null && view.nats.status === 'connected' ? view.nats : null;
    const place = await this.#locate(signal, nats);
    if (view !== null && view.logId === place.logId && view.nats.renew(place.natsUrl)) return;
    const next = await this.#open(place, signal);
    this.#view = next;
    if (view?.logId !== place.logId) {
      this.#options.log.info({ log: place.logId, cluster: place.cluster }, 'serving the engines of a log');
      this.#options.onLog(place.logId);
    }
    next.members.onReport((member) => this.#options.onReport(member));
    next.members.poll();
    await this.#close(view);
  }

  async #locate(signal: AbortSignal, nats: NatsLink | null): Promise<LogPlace> {
    const { config } = this.#options;
    const { natsUrl, weirCluster: cluster, masteruser: user, masterauth: password } = config.text;
    if (config.replicaof !== null) {
      try {
        return await logOfNode({ ...config.replicaof, user, password, natsUrl, as: 'slave', signal });
      } catch (error) {
        throw new Error(`the node ${(error as Error).message}`, { cause: error });
      }
    }
    const asked =
      nats ?? (await connectNats({ urls: natsUrl, name: 'weir ingress: which log', firstConnectMs: ASK_MS, signal }));
    try {
      const logId = await knownClusterLogId(asked, cluster);
      if (logId === null) throw new Error(`NATS knows no log of the cluster ${cluster} yet`);
      return { natsUrl, cluster, logId };
    } finally {
      if (asked !== nats) await asked.close();
    }
  }

  async #open(place: LogPlace, signal: AbortSignal): Promise<View> {
    const { log } = this.#options;
    const nats = await connectNats({
      urls: place.natsUrl,
      name: 'weir ingress',
      firstConnectMs: ASK_MS,
      signal,
      onEvent: ({ kind, detail }) =>
        log[kind === 'connected' || kind === 'closed' ? 'info' : 'warn']({ detail }, `connection to NATS: ${kind}`),
    });
    const { cluster, logId } = place;
    return { ...place, nats, members: new MemberWatch({ nats, cluster, logId, time: realTime }) };
  }

  async #close(view: View | null): Promise<void> {
    if (view === null) return;
    view.members.stop();
    await view.nats.close();
  }
}
