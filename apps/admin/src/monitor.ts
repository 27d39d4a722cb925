/**
 * Looks at the cluster once a second, keeps what it saw for a quarter of an hour, and raises alerts. Nothing depends on that memory: an app that starts
 * anew shows what is, and begins its history there.
 *
 * A look waits for nobody longer than a second, and never begins before the last one has ended: with slow nodes there are fewer, not more at a time.
 */

import type { Member } from '@weir/cluster';
import { wallClockMs } from '@weir/time';
import { alertsOf } from './alerts.ts';
import type { Alert, EngineFigures, Observation, WatchedNode, WatchedSnapshot } from './alerts.ts';
import { EventHistory, observedEvents } from './event-history.ts';
import { History } from './history.ts';
import type { Figures } from './history.ts';
import { numberOf, parseInfo } from './info.ts';
import type { Nodes } from './nodes.ts';
import type { LogSource, LogView } from './source.ts';
import { enginesOf, masterOf } from './topology.ts';
import type { TopologyReader } from './topology.ts';

export interface Overview extends Observation {
  /** When it was taken, milliseconds since 1970. */
  readonly atMs: number;
  readonly alerts: Alert[];
}

export interface MonitorOptions {
  readonly source: LogSource;
  readonly nodes: Nodes;
  readonly topology: TopologyReader;
}

const EVERY_MS = 1000;
const SNAPSHOTS_EVERY_MS = 3000;
const RULES_EVERY_MS = 30_000;
const SNAPSHOTS_SHOWN = 50;
const SECTIONS = ['stats', 'clients', 'memory', 'persistence', 'replication', 'keyspace', 'weir'];

export class Monitor {
  readonly history = new History();
  readonly events = new EventHistory();
  readonly #o: MonitorOptions;
  readonly #listeners = new Set<(overview: Overview) => void>();
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #last: Overview | null = null;
  /** What belongs to one log is forgotten with it. */
  #logId = '';
  #snapshots: WatchedSnapshot[] = [];
  #snapshotsAtMs = -Infinity;
  #rules: Observation['saveRules'] = null;
  #rulesAtMs = -Infinity;
  #stood = new Map<string, { readonly seq: number; readonly sinceMs: number }>();
  #appended = new Map<string, { readonly count: number; readonly micros: number }>();
  #digests = '';

  constructor(options: MonitorOptions) {
    this.#o = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), EVERY_MS).unref();
    void this.look();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#listeners.clear();
  }

  /** What was seen last; null: nothing yet. */
  get last(): Overview | null {
    return this.#last;
  }

  onLook(listener: (overview: Overview) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What a comparison of digests found; '': they are equal. */
  digestsCompared(finding: string): void {
    this.#digests = finding;
  }

  /** Never throws. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const seen = await this.#observe();
      const overview: Overview = { ...seen, atMs: seen.nowMs, alerts: alertsOf(seen) };
      if (seen.topology !== null) this.history.add(overview.atMs, figuresOf(seen.topology.nodes));
      for (const event of observedEvents(this.#last, overview)) this.events.add(event);
      this.#last = overview;
      for (const listener of [...this.#listeners]) listener(overview);
    } finally {
      this.#looking = false;
    }
  }

  async #observe(): Promise<Observation> {
    const { source, topology } = this.#o;
    const view = source.current;
    if (view === null) return this.#blind(source.trouble);
    if (view.logId !== this.#logId) this.#forget(view.logId);
    try {
      const seen = await topology.read(view);
      const [figures] = await Promise.all([this.#figures(view), this.#readSnapshots(view), this.#readRules(view)]);
      const nodes = seen.nodes.map((node): WatchedNode => ({
        ...node,
        figures: figures.get(node.id) ?? null,
        stuckMs: this.#stuckMs(node.id, node.seq, node.lag.records),
      }));
      return {
        nowMs: wallClockMs(),
        trouble: source.trouble,
        topology: { ...seen, nodes },
        snapshots: this.#snapshots,
        saveRules: this.#rules,
        digests: this.#digests,
      };
    } catch (error) {
      return this.#blind((error as Error).message);
    }
  }

  #blind(trouble: string): Observation {
    return {
      nowMs: wallClockMs(),
      trouble: trouble === '' ? 'the log does not answer' : trouble,
      topology: null,
      snapshots: this.#snapshots,
      saveRules: this.#rules,
      digests: this.#digests,
    };
  }

  #forget(logId: string): void {
    this.#logId = logId;
    this.#snapshots = [];
    this.#snapshotsAtMs = this.#rulesAtMs = -Infinity;
    this.#rules = null;
    this.#digests = '';
    this.#stood.clear();
    this.#appended.clear();
  }

  #stuckMs(id: string, seq: number, behind: number): number {
    const nowMs = performance.now();
    const known = this.#stood.get(id);
    if (behind > 0 && known !== undefined && known.seq === seq) return nowMs - known.sinceMs;
    this.#stood.set(id, { seq, sinceMs: nowMs });
    return 0;
  }

  async #figures(view: LogView): Promise<Map<string, EngineFigures>> {
    const figures = new Map<string, EngineFigures>();
    await Promise.all(
      enginesOf(view.members.members()).map(async (member) => {
        const text = await within(EVERY_MS, this.#o.nodes.info(member, ...SECTIONS));
        if (text !== null) figures.set(member.id, this.#figuresOf(member, parseInfo(text)));
      }),
    );
    return figures;
  }

  #figuresOf({ id }: Member, info: ReadonlyMap<string, string>): EngineFigures {
    const appends = { count: numberOf(info, 'log_appends'), micros: numberOf(info, 'log_append_usec') };
    const before = this.#appended.get(id);
    this.#appended.set(id, appends);
    const count = before === undefined ? 0 : appends.count - before.count;
    let keys = 0;
    for (const [name, value] of info) if (/^db\d+$/.test(name)) keys += Number(/keys=(\d+)/.exec(value)?.[1] ?? 0);
    return {
      opsPerSecond: numberOf(info, 'instantaneous_ops_per_sec'),
      clients: numberOf(info, 'connected_clients'),
      keys,
      memoryBytes: numberOf(info, 'used_memory'),
      memoryMaxBytes: numberOf(info, 'maxmemory'),
      rssBytes: numberOf(info, 'used_memory_rss'),
      appendMs: count > 0 ? (appends.micros - before!.micros) / count / 1000 : null,
      writesRefused: info.get('writes_refused') === '1',
      progress: progressOf(info),
    };
  }

  async #readSnapshots({ snapshots }: LogView): Promise<void> {
    if (performance.now() - this.#snapshotsAtMs < SNAPSHOTS_EVERY_MS) return;
    const all = await within(EVERY_MS, snapshots.list());
    if (all === null) return;
    this.#snapshotsAtMs = performance.now();
    this.#snapshots = all.slice(0, SNAPSHOTS_SHOWN).map(({ id, seq, state, createdAt, bytes, keys }) => {
      return { id, seq, state, createdAt, bytes, keys };
    });
  }

  async #readRules(view: LogView): Promise<void> {
    const master = masterOf(view.members.members());
    if (master === null || performance.now() - this.#rulesAtMs < RULES_EVERY_MS) return;
    const pair = await within(EVERY_MS, this.#o.nodes.call(master, ['CONFIG', 'GET', 'save']));
    if (pair === null) return;
    this.#rulesAtMs = performance.now();
    this.#rules = parseSaveRules((pair as string[])[1] ?? '');
  }
}

/** `3600 1 300 100`. */
export function parseSaveRules(text: string): { seconds: number; changes: number }[] {
  const numbers = text.split(' ').filter(Boolean).map(Number);
  return Array.from({ length: Math.floor(numbers.length / 2) }, (_, i) => {
    return { seconds: numbers[2 * i]!, changes: numbers[2 * i + 1]! };
  });
}

function progressOf(info: ReadonlyMap<string, string>): EngineFigures['progress'] {
  if (info.get('master_sync_in_progress') === '1') {
    const [doneBytes, totalBytes] = [
      numberOf(info, 'master_sync_read_bytes'),
      numberOf(info, 'master_sync_total_bytes'),
    ];
    return { what: 'sync', doneBytes, totalBytes };
  }
  if (info.get('loading') !== '1' && info.get('async_loading') !== '1') return null;
  const [doneBytes, totalBytes] = [numberOf(info, 'loading_loaded_bytes'), numberOf(info, 'loading_total_bytes')];
  return { what: 'loading', doneBytes, totalBytes };
}

function figuresOf(nodes: readonly WatchedNode[]): Map<string, Figures> {
  const all = new Map<string, Figures>();
  for (const { id, role, lag, figures } of nodes) {
    if (role === 'replication') continue;
    all.set(id, {
      lagRecords: lag.records,
      lagBytes: lag.bytes,
      lagMs: lag.ms,
      opsPerSecond: figures?.opsPerSecond ?? null,
      appendMs: figures?.appendMs ?? null,
      memoryBytes: figures?.memoryBytes ?? null,
    });
  }
  return all;
}

/** Null: not in time, or not at all. */
async function within<T>(ms: number, asked: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ms)));
  return Promise.race([asked.catch(() => null), late]).finally(() => clearTimeout(timer));
}
