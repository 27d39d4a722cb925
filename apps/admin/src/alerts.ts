import type { Topology, TopologyNode } from './topology.ts';

/**
 * What an operator has to know without asking, derived from what the cluster shows now. Pure. docs/admin.md lists the codes and what to do; a test
 * holds it to this table.
 */
export const ALERTS = {
  'log-unknown': 'critical',
  'log-leaderless': 'critical',
  'log-copies': 'warning',
  'no-master': 'critical',
  'node-silent': 'warning',
  'writes-refused': 'critical',
  'slave-stuck': 'critical',
  'slave-behind': 'warning',
  'slave-cut-off': 'critical',
  'retention-overtakes': 'warning',
  'history-differs': 'critical',
  'digest-differs': 'critical',
  'snapshot-failed': 'warning',
  'snapshot-overdue': 'warning',
  'snapshot-unverified': 'warning',
  'no-replication-app': 'warning',
  'memory-near-limit': 'warning',
} as const satisfies Record<string, 'critical' | 'warning'>;

export type AlertCode = keyof typeof ALERTS;

export interface Alert {
  readonly code: AlertCode;
  readonly severity: 'critical' | 'warning';
  /** Absent: it is about the log. */
  readonly node?: string;
  readonly text: string;
}

/** What one engine tells about itself. */
export interface EngineFigures {
  readonly opsPerSecond: number;
  readonly clients: number;
  readonly keys: number;
  readonly memoryBytes: number;
  /** 0: no limit. */
  readonly memoryMaxBytes: number;
  readonly rssBytes: number;
  /** Mean since the last sample; null: nothing was appended. */
  readonly appendMs: number | null;
  readonly writesRefused: boolean;
  /** Of a resync or a load; null: none. */
  readonly progress: {
    readonly what: 'loading' | 'sync';
    readonly doneBytes: number;
    readonly totalBytes: number;
  } | null;
}

export interface WatchedNode extends TopologyNode {
  /** Null for a replication app, and for an engine that does not answer. */
  readonly figures: EngineFigures | null;
  /** For how long it has stood at its sequence while it was behind; 0: it moves. */
  readonly stuckMs: number;
}

export interface WatchedSnapshot {
  readonly id: string;
  readonly seq: number;
  readonly state: 'uploaded' | 'usable';
  readonly createdAt: number;
  readonly bytes: number;
  readonly keys: number;
}

export interface WatchedTopology extends Topology {
  readonly nodes: WatchedNode[];
}

export interface Observation {
  readonly nowMs: number;
  /** Why there is no log to look at; '' when there is one. */
  readonly trouble: string;
  readonly topology: WatchedTopology | null;
  /** Newest first. */
  readonly snapshots: WatchedSnapshot[];
  /** `save` rules of the master: after so many seconds, if so many changes. Null: not known. */
  readonly saveRules: readonly { readonly seconds: number; readonly changes: number }[] | null;
  /** What was found when digests were compared last; '' : they are equal, or were not compared. */
  readonly digests: string;
}

const STUCK_MS = 5000;
const BEHIND_MS = 10_000;
const SILENT_MS = 3500;
const UNVERIFIED_MS = 120_000;
const OVERDUE_SLACK_MS = 60_000;
const MEMORY_SHARE = 0.9;

/** The worst first. */
export function alertsOf(seen: Observation): Alert[] {
  const alerts: Alert[] = [];
  const add = (code: AlertCode, text: string, node?: string): void =>
    void alerts.push({ code, severity: ALERTS[code], text, ...(node === undefined ? {} : { node }) });
  const { topology } = seen;
  if (topology === null) add('log-unknown', seen.trouble);
  else {
    logAlerts(seen, topology, add);
    for (const node of topology.nodes) nodeAlerts(seen, node, topology.log.firstSeq, add);
    historyAlerts(topology.nodes, add);
  }
  if (topology !== null) snapshotAlerts(seen, topology.nodes, add);
  if (seen.digests !== '') add('digest-differs', seen.digests);
  return alerts.sort((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'));
}

type Add = (code: AlertCode, text: string, node?: string) => void;

function logAlerts({ trouble }: Observation, { log, nodes }: WatchedTopology, add: Add): void {
  if (trouble !== '') add('log-unknown', trouble);
  if (log.replicas > 1 && log.leader === '')
    add('log-leaderless', 'No NATS server leads the stream: nothing can be appended');
  else if (log.currentReplicas < log.replicas)
    add('log-copies', `${log.currentReplicas} of ${log.replicas} copies of the log are in step`);
  if (!nodes.some(({ role }) => role === 'master')) add('no-master', 'No node says that it is the master');
  if (!nodes.some(({ role }) => role === 'replication'))
    add('no-replication-app', 'No replication app reports: nobody makes snapshots or trims the log');
}

function nodeAlerts({ snapshots }: Observation, node: WatchedNode, firstSeq: number, add: Add): void {
  const { id, role, lag, figures } = node;
  if (node.reportedMsAgo > SILENT_MS || !node.up) add('node-silent', 'It does not answer', id);
  if (figures?.writesRefused === true && role === 'master') add('writes-refused', 'It refuses writes', id);
  if (figures !== null && figures.memoryMaxBytes > 0 && figures.memoryBytes > MEMORY_SHARE * figures.memoryMaxBytes) {
    const share = Math.round((100 * figures.memoryBytes) / figures.memoryMaxBytes);
    add('memory-near-limit', `It uses ${share} % of maxmemory`, id);
  }
  if (role !== 'slave') return;
  if (node.stuckMs >= STUCK_MS && (figures?.progress ?? null) === null) {
    add(
      'slave-stuck',
      `It has stood at ${node.seq} for ${Math.round(node.stuckMs / 1000)} s, ${lag.records} behind`,
      id,
    );
  } else if (lag.ms > BEHIND_MS) add('slave-behind', `It is ${Math.round(lag.ms / 1000)} s behind`, id);
  if (lag.records === 0 || node.state === 'loading') return;
  const newest = snapshots.find(({ state }) => state === 'usable');
  if (node.seq + 1 < firstSeq)
    add('slave-cut-off', `The log begins at ${firstSeq}, behind its ${node.seq}: it starts again from a snapshot`, id);
  else if (newest !== undefined && node.seq < newest.seq && firstSeq < newest.seq)
    add('retention-overtakes', `It has not reached ${newest.seq}: the next snapshot lets the log go up to there`, id);
}

/** Two that stand at one sequence have one history. */
function historyAlerts(nodes: readonly WatchedNode[], add: Add): void {
  const bySeq = new Map<number, WatchedNode>();
  for (const node of nodes) {
    if (node.checksum === '' || node.seq === 0) continue;
    const other = bySeq.get(node.seq);
    if (other === undefined) bySeq.set(node.seq, node);
    else if (other.checksum !== node.checksum)
      add('history-differs', `At ${node.seq} its history is another than that of ${other.id}`, node.id);
  }
}

function snapshotAlerts(seen: Observation, nodes: readonly WatchedNode[], add: Add): void {
  const report = nodes.find(({ snapshot }) => snapshot !== undefined)?.snapshot;
  if (report?.lastOk === false) add('snapshot-failed', 'The last attempt to make a snapshot failed');
  const [latest] = seen.snapshots;
  if (latest?.state === 'uploaded' && seen.nowMs - latest.createdAt > UNVERIFIED_MS)
    add('snapshot-unverified', `The newest snapshot, of ${latest.seq}, was not loaded back and compared`);
  if (report === undefined || seen.saveRules === null || report.inProgress) return;
  const newest = seen.snapshots.find(({ state }) => state === 'usable');
  // Without a snapshot the app does not know since when; then the rules begin with its first.
  if (newest === undefined) return;
  const ageMs = seen.nowMs - newest.createdAt;
  const missed = seen.saveRules.find(
    ({ seconds, changes }) => report.changesSince >= changes && ageMs > 2000 * seconds + OVERDUE_SLACK_MS,
  );
  if (missed !== undefined) {
    const age = Math.round(ageMs / 1000);
    add('snapshot-overdue', `${report.changesSince} changes, and the newest snapshot is ${age} s old`);
  }
}
