/** What changed between two looks at the cluster, in words, with the cause where it can be seen. The last few hundred are kept. */

import type { Overview } from './monitor.ts';

export interface ClusterEvent {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly kind: 'leader' | 'node' | 'snapshot' | 'log' | 'alert';
  /** Absent: it is about the log. */
  readonly node?: string;
  readonly text: string;
  readonly cause: string;
}

const KEPT = 300;

export class EventHistory {
  readonly #events: ClusterEvent[] = [];

  add(event: ClusterEvent): void {
    this.#events.push(event);
    if (this.#events.length > KEPT) this.#events.shift();
  }

  /** Newest first. */
  all(): ClusterEvent[] {
    return this.#events.toReversed();
  }
}

/** Pure. */
export function observedEvents(before: Overview | null, after: Overview): ClusterEvent[] {
  const { atMs } = after;
  const events: ClusterEvent[] = [];
  const add = (kind: ClusterEvent['kind'], text: string, cause: string, node?: string): void =>
    void events.push({ atMs, kind, text, cause, ...(node === undefined ? {} : { node }) });
  if (before !== null && before.topology !== null && after.topology !== null) compare(before, after, add);
  const known = new Set((before?.alerts ?? []).map(nameOf));
  for (const alert of after.alerts) if (!known.has(nameOf(alert))) add('alert', alert.code, alert.text, alert.node);
  const left = new Set(after.alerts.map(nameOf));
  for (const alert of before?.alerts ?? [])
    if (!left.has(nameOf(alert))) add('alert', `${alert.code} is over`, '', alert.node);
  return events;
}

const nameOf = ({ code, node = '' }: { code: string; node?: string }): string => `${code} ${node}`;

type Add = (kind: ClusterEvent['kind'], text: string, cause: string, node?: string) => void;

function compare(before: Overview, after: Overview, add: Add): void {
  const [old, now] = [before.topology!, after.topology!];
  if (old.logId !== now.logId)
    return add('log', 'Another log is looked at', `the node or the cluster has ${now.logId} now`);
  const olds = new Map(old.nodes.map((node) => [node.id, node]));
  const nows = new Map(now.nodes.map((node) => [node.id, node]));
  const oldMaster = old.nodes.find(({ role }) => role === 'master');
  for (const node of now.nodes) {
    const was = olds.get(node.id);
    if (was === undefined) {
      add('node', `A ${node.role} came`, `it reports from ${node.address || 'where it runs'}`, node.id);
      if (node.role !== 'master') continue;
    }
    if (node.role === 'master' && (was?.role !== 'master' || was.epoch !== node.epoch)) {
      const silent = oldMaster !== undefined && !nows.has(oldMaster.id);
      const cause =
        oldMaster === undefined || oldMaster.id === node.id
          ? `it appended the record that begins epoch ${node.epoch}`
          : `${oldMaster.id} ${silent ? 'was silent' : 'gave way'}; the record of epoch ${node.epoch} deposed it`;
      add('leader', `It is master of epoch ${node.epoch}`, cause, node.id);
    } else if (was !== undefined && was.role !== node.role) {
      add('node', `It is ${node.role} now`, `it was ${was.role}, of epoch ${was.epoch}`, node.id);
    } else if (was !== undefined && was.state !== node.state) {
      add('node', `It is ${node.state}`, `it was ${was.state}`, node.id);
    }
  }
  for (const node of old.nodes)
    if (!nows.has(node.id)) add('node', `The ${node.role} left`, 'it said so, or was silent for 10 s', node.id);
  const shots = new Map(before.snapshots.map(({ id, state }) => [id, state]));
  if (before.snapshots.length === 0 && after.snapshots.length > 1) return;
  for (const { id, seq, state, keys } of after.snapshots) {
    if (shots.get(id) === state || state !== 'usable') continue;
    add('snapshot', `A snapshot of ${seq} is usable`, `${keys} keys were loaded back and compared`);
  }
}
