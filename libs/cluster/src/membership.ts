/**
 * Who takes part in a log, in which role, and how far each is: every member reports once a second, and at once when
 * somebody polls (WAIT). Reports are plain messages, not stored: a member that stays silent is gone. Who may write does not
 * depend on them (the log's fencing decides that); they serve WAIT, min-replicas-to-write, INFO and ROLE, and a master that starts hears
 * from them whether a slave has more than the log.
 */

import type { NatsHandle } from '@weir/log';
import type { Time } from '@weir/time';
import { pollSubject, progressSubject } from './topics.ts';

export interface MemberReport {
  /** Unique per process and kept over restarts where the process has a directory. */
  readonly id: string;
  readonly role: 'master' | 'slave' | 'replication';
  readonly ip: string;
  readonly port: number;
  readonly epoch: number;
  /** Last sequence committed (master) or applied. */
  readonly seq: number;
  readonly offset: number;
  /** Of the history up to `seq`, where that is the end of a record: members with the same sequence have the same one. */
  readonly checksum?: string;
  readonly state: 'loading' | 'catching-up' | 'online';
  /** Of a slave: id of the node that it was told to follow. */
  readonly follows?: string;
  /** Where ingresses reach an engine: its socket's path or `host:port`, as `link-connect` takes it. */
  readonly link?: string;
  /** Of a node of a cluster: `replica-priority`. Lower ones lead first, 0 never does. */
  readonly priority?: number;
  /** Of a replication app: what INFO persistence shows. */
  readonly snapshot?: SnapshotReport;
  /** A member's last report: it leaves in order, and is gone at once. */
  readonly left?: true;
}

export interface SnapshotReport {
  readonly inProgress: boolean;
  /** A calendar time. */
  readonly startedMs: number;
  /** How long the one in progress has been made, by the app's monotonic clock. */
  readonly runningMs: number;
  /** 0: none yet. */
  readonly lastSavedMs: number;
  readonly lastOk: boolean;
  readonly lastDurationMs: number;
  readonly saves: number;
  /** Records' commands applied since the last usable snapshot. */
  readonly changesSince: number;
}

export interface Member extends MemberReport {
  /** By the monotonic clock of this process: never compare it with a calendar time. */
  readonly receivedMs: number;
}

const REPORT_MS = 1000;
/** Silent for so long: gone. */
export const MEMBER_TTL_MS = 10_000;
/** A report is a few hundred bytes of JSON. */
const REPORT_BYTES_MAX = 16 * 1024;
const MEMBERS_MAX = 10_000;

export interface MembershipOptions {
  readonly nats: NatsHandle;
  readonly cluster: string;
  readonly logId: string;
  readonly report: () => MemberReport;
  /** Its monotonic clock counts: a wall clock that is set back would keep the dead alive. */
  readonly time: Pick<Time, 'monotonicMs' | 'every'>;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<(member: Member) => void>();
  #stops: (() => void)[] = [];

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Once more changes nothing. */
  start(): void {
    if (this.#stops.length > 0) return;
    const { nats, cluster, logId, time } = this.#options;
    this.#stops.push(nats.subscribe(progressSubject(cluster, logId), (data) => this.#heard(data)));
    this.#stops.push(nats.subscribe(pollSubject(cluster, logId), () => this.report()));
    const timer = time.every(REPORT_MS, () => this.report());
    this.#stops.push(() => timer.cancel());
    this.report();
    this.poll();
  }

  stop(): void {
    if (this.#stops.length > 0) this.#publish({ ...this.#options.report(), left: true });
    for (const stop of this.#stops.splice(0)) stop();
    this.#listeners.clear();
    this.#members.clear();
  }

  /** Tells the others where this member is. */
  report(): void {
    this.#publish(this.#options.report());
  }

  #publish(report: MemberReport): void {
    const { nats, cluster, logId } = this.#options;
    if (nats.status !== 'connected') return;
    nats.publish(progressSubject(cluster, logId), Buffer.from(JSON.stringify(report)));
  }

  /** Asks everybody to report at once. */
  poll(): void {
    const { nats, cluster, logId } = this.#options;
    if (nats.status === 'connected') nats.publish(pollSubject(cluster, logId), new Uint8Array(0));
  }

  onReport(listener: (member: Member) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everybody but this member who was heard of lately. */
  others(): Member[] {
    const oldest = this.#options.time.monotonicMs() - MEMBER_TTL_MS;
    const own = this.#options.report().id;
    const others: Member[] = [];
    for (const [id, member] of this.#members) {
      if (member.receivedMs < oldest) this.#members.delete(id);
      else if (id !== own) others.push(member);
    }
    return others;
  }

  #heard(data: Uint8Array): void {
    const report = parseReport(data);
    if (report === null || (this.#members.size >= MEMBERS_MAX && !this.#members.has(report.id))) return;
    const member = { ...report, receivedMs: this.#options.time.monotonicMs() };
    if (report.left === true) this.#members.delete(report.id);
    else this.#members.set(report.id, member);
    for (const listener of this.#listeners) listener(member);
  }
}

/** Null when it is no report: anybody may publish on the subject. */
export function parseReport(data: Uint8Array): MemberReport | null {
  if (data.length > REPORT_BYTES_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const r = value as Record<string, unknown>;
  const numbers = ['port', 'epoch', 'seq', 'offset'].every((name) => Number.isSafeInteger(r[name]));
  const texts = ['id', 'role', 'ip', 'state'].every((name) => typeof r[name] === 'string');
  if (!numbers || !texts || !['master', 'slave', 'replication'].includes(r['role'] as string)) return null;
  for (const name of ['follows', 'link']) if (r[name] !== undefined && typeof r[name] !== 'string') return null;
  if (r['priority'] !== undefined && !Number.isSafeInteger(r['priority'])) return null;
  return value as MemberReport;
}
