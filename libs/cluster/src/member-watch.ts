import type { NatsHandle } from '@weir/log';
import type { Time } from '@weir/time';
import { MEMBER_TTL_MS, parseReport } from './membership.ts';
import type { Member } from './membership.ts';
import { pollSubject, progressSubject } from './topics.ts';

/** Enough that a stranger who publishes reports cannot fill the memory. */
const MEMBERS_MAX = 1000;

export interface MemberWatchOptions {
  readonly nats: NatsHandle;
  readonly cluster: string;
  readonly logId: string;
  readonly time: Pick<Time, 'monotonicMs' | 'after'>;
}

/** Hears what the members of a log report, and says nothing itself: for whoever looks on and takes no part. */
export class MemberWatch {
  readonly #options: MemberWatchOptions;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<(member: Member) => void>();
  readonly #unsubscribe: () => void;

  constructor(options: MemberWatchOptions) {
    const { nats, cluster, logId } = options;
    this.#options = options;
    this.#unsubscribe = nats.subscribe(progressSubject(cluster, logId), (data) => this.#heard(data));
    this.poll();
  }

  /** Whoever was heard of lately. */
  members(): Member[] {
    const oldest = this.#options.time.monotonicMs() - MEMBER_TTL_MS;
    for (const [id, member] of this.#members) if (member.receivedMs < oldest) this.#members.delete(id);
    return [...this.#members.values()];
  }

  /** Asks everybody to report at once. */
  poll(): void {
    const { nats, cluster, logId } = this.#options;
    if (nats.status === 'connected') nats.publish(pollSubject(cluster, logId), new Uint8Array(0));
  }

  /** The members as they are once each that was heard of has answered a poll, or `boundMs` later. */
  async fresh(boundMs: number): Promise<Member[]> {
    const silent = new Set(this.members().map(({ id }) => id));
    if (this.#options.nats.status !== 'connected') return this.members();
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel();
        off();
        resolve();
      };
      const timer = this.#options.time.after(boundMs, end);
      const off = this.onReport(({ id }) => {
        // With nobody known yet, all of the time is given to whoever is there.
        if (silent.delete(id) && silent.size === 0) end();
      });
      this.poll();
    });
    return this.members();
  }

  /** Called with each report, the last one of a member that leaves included. */
  onReport(listener: (member: Member) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  stop(): void {
    this.#unsubscribe();
    this.#listeners.clear();
    this.#members.clear();
  }

  #heard(data: Uint8Array): void {
    const report = parseReport(data);
    if (report === null || (this.#members.size >= MEMBERS_MAX && !this.#members.has(report.id))) return;
    const member = { ...report, receivedMs: this.#options.time.monotonicMs() };
    if (report.left === true) this.#members.delete(report.id);
    else this.#members.set(report.id, member);
    for (const listener of [...this.#listeners]) listener(member);
  }
}
