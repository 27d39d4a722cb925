import { setTimeout as sleep } from 'node:timers/promises';
import type { Member, SnapshotReport } from '@weir/cluster';
import type { LogDescription } from '@weir/log';
import { parseInfo } from './info.ts';
import type { Nodes } from './nodes.ts';
import { Problem } from './problems.ts';
import type { LogView } from './source.ts';

/** Who takes part in the log and how far each is, from what members report and NATS says. */
export interface TopologyNode {
  readonly id: string;
  readonly role: Member['role'];
  /** `ip:port`; '' for a replication app, which serves nobody. */
  readonly address: string;
  readonly state: Member['state'];
  readonly epoch: number;
  readonly seq: number;
  readonly offset: number;
  /** Of the history up to `seq`; '' where that is not the end of a record. */
  readonly checksum: string;
  readonly reportedMsAgo: number;
  /** Of Weir; '' where the node did not answer. */
  readonly version: string;
  /** It answers on its port. A replication app has none: then it says whether it reports. */
  readonly up: boolean;
  readonly lag: Lag;
  readonly snapshot?: SnapshotReport;
}

/** Behind the log's end as it was just before the node told where it is. */
export interface Lag {
  readonly records: number;
  readonly bytes: number;
  /** Since the oldest record that it does not have was stored, by NATS's clock; 0 when it has all. */
  readonly ms: number;
}

export interface Topology {
  readonly cluster: string;
  readonly logId: string;
  readonly log: LogDescription;
  /** NATS server and its version. */
  readonly nats: { readonly status: string; readonly version: string };
  readonly nodes: TopologyNode[];
}

const ANSWER_MS = 300;
const UP_MS = 1000;
const FRESH_MS = 500;
const STORED_KEPT = 256;

export class TopologyReader {
  readonly #nodes: Nodes;
  #last: { readonly view: LogView; readonly atMs: number; readonly topology: Promise<Topology> } | null = null;
  /** When messages were stored: that never changes. By sequence, of the last log that was looked at. */
  #stored = new Map<number, number>();
  #storedOf = '';

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** Not older than half a second: all who ask within that time get one answer. */
  read(view: LogView): Promise<Topology> {
    const last = this.#last;
    if (last !== null && last.view === view && performance.now() - last.atMs < FRESH_MS) return last.topology;
    const topology = this.#read(view);
    this.#last = { view, atMs: performance.now(), topology };
    topology.catch(() => (this.#last = null));
    return topology;
  }

  async #read(view: LogView): Promise<Topology> {
    // The log first: what it gets while the nodes answer is no lag.
    const log = await view.log.describe();
    const members = await view.members.fresh(ANSWER_MS);
    const master = masterOf(members);
    const nodes = await Promise.all(
      members.map(async (member): Promise<TopologyNode> => {
        const engine = member.role !== 'replication';
        const version = engine ? await this.#version(member) : null;
        return {
          id: member.id,
          role: member.role,
          address: engine ? addressOf(member) : '',
          state: member.state,
          epoch: member.epoch,
          seq: member.seq,
          offset: member.offset,
          checksum: member.checksum ?? '',
          reportedMsAgo: Math.max(0, Math.round(performance.now() - member.receivedMs)),
          version: version ?? '',
          up: !engine || version !== null,
          lag: await this.#lag(view, log, member, master),
          ...(member.snapshot === undefined ? {} : { snapshot: member.snapshot }),
        };
      }),
    );
    return {
      cluster: view.cluster,
      logId: view.logId,
      log,
      nats: { status: view.link.status, version: view.link.version },
      nodes: nodes.sort((a, b) => RANK[a.role] - RANK[b.role] || (a.id < b.id ? -1 : 1)),
    };
  }

  /** Null: it does not answer. One that stands still must not keep the others from being told of. */
  async #version(member: Member): Promise<string | null> {
    const given = new AbortController();
    try {
      const info = await Promise.race([
        this.#nodes.info(member, 'server'),
        sleep(UP_MS, null, { signal: given.signal, ref: false }),
      ]);
      return info === null ? null : (parseInfo(info).get('weir_version') ?? '');
    } catch {
      return null;
    } finally {
      given.abort();
    }
  }

  async #lag(view: LogView, log: LogDescription, member: Member, master: Member | null): Promise<Lag> {
    const records = Math.max(0, log.lastSeq - member.seq);
    // A replication app that rebuilds its copy for each snapshot is not behind: it stands where it saved last.
    if (records === 0 || member.role === 'replication') return { records, bytes: 0, ms: 0 };
    const bytes = master === null ? 0 : Math.max(0, master.offset - member.offset);
    const storedMs = await this.#storedMs(view, Math.max(member.seq + 1, log.firstSeq));
    return { records, bytes, ms: storedMs === null ? 0 : Math.max(0, log.serverMs - storedMs) };
  }

  async #storedMs(view: LogView, seq: number): Promise<number | null> {
    if (this.#storedOf !== view.logId) {
      this.#stored.clear();
      this.#storedOf = view.logId;
    }
    const known = this.#stored.get(seq);
    if (known !== undefined) return known;
    const stored = await view.log.readStored(seq).catch(() => null);
    if (stored === null) return null;
    if (this.#stored.size >= STORED_KEPT) this.#stored.delete(this.#stored.keys().next().value!);
    this.#stored.set(seq, stored.storedMs);
    return stored.storedMs;
  }
}

const RANK: Readonly<Record<Member['role'], number>> = { master: 0, slave: 1, replication: 2 };

/** Of two that both say so, the one of the newer epoch: the other has not noticed yet. */
export function masterOf(members: readonly Member[]): Member | null {
  return members.filter(({ role }) => role === 'master').sort((a, b) => b.epoch - a.epoch)[0] ?? null;
}

export function enginesOf(members: readonly Member[]): Member[] {
  return members
    .filter(({ role }) => role !== 'replication')
    .sort((a, b) => RANK[a.role] - RANK[b.role] || (a.id < b.id ? -1 : 1));
}

export function addressOf({ ip, port }: Member): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/** By its id; absent: the master, or whichever engine there is. Throws a Problem. */
export function engineOf(members: readonly Member[], id?: string): Member {
  const engines = enginesOf(members);
  const found = id === undefined ? (masterOf(members) ?? engines[0]) : engines.find((one) => one.id === id);
  if (found === undefined)
    throw new Problem('no-such-node', id === undefined ? 'no engine reports' : `no engine ${id} reports`);
  return found;
}
