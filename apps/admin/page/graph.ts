import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { count, duration, name, short, size } from './format.ts';
import { Spark } from './spark.ts';
import type { Figures, History, Node, Snapshot, Topology } from './types.ts';

interface Props {
  topology: Topology;
  history: History;
  snapshots: Snapshot[];
}

/** Who writes the log and who reads it: the master on one side, slaves and replication apps on the other, the log between them. */
export function Graph({ topology, history, snapshots }: Props): ComponentChild {
  const { log, nodes } = topology;
  const masters = nodes.filter(({ role }) => role === 'master');
  const readers = nodes.filter(({ role }) => role !== 'master');
  const appendMs = masters[0]?.figures?.appendMs ?? null;
  return h(
    'section',
    { class: 'graph', 'aria-label': 'Replication' },
    h(
      'div',
      { class: 'column' },
      masters.length === 0 ? h('div', { class: 'node none' }, 'No master') : null,
      masters.map((node) => h(NodeCard, { key: node.id, node, lastSeq: log.lastSeq, history })),
    ),
    h(Edge, { label: appendMs === null ? 'append' : `append ${duration(appendMs)}`, live: masters.length > 0 }),
    h(
      'div',
      { class: 'node log' },
      h('h3', {}, 'Log'),
      h('p', { class: 'big' }, count(log.lastSeq)),
      h('p', {}, `${count(log.messages)} records, ${size(log.bytes)}`),
      h('p', {}, `from ${count(log.firstSeq)}${log.firstSeq > 1 ? ', trimmed before' : ''}`),
      h(
        'p',
        {},
        log.replicas > 1
          ? `${log.currentReplicas} of ${log.replicas} copies, led by ${log.leader || 'nobody'}`
          : 'one copy',
      ),
      h('p', { class: 'muted' }, `NATS ${topology.nats.version}, ${topology.nats.status}`),
    ),
    h(Edge, { label: readers.length === 0 ? 'nobody reads' : 'consume', live: readers.length > 0 }),
    h(
      'div',
      { class: 'column' },
      readers.map((node) =>
        node.role === 'replication'
          ? h(ReplicationCard, { key: node.id, node, snapshots })
          : h(NodeCard, { key: node.id, node, lastSeq: log.lastSeq, history }),
      ),
      readers.length === 0 ? h('div', { class: 'node none' }, 'No slaves') : null,
    ),
  );
}

function Edge({ label, live }: { label: string; live: boolean }): ComponentChild {
  return h('div', { class: live ? 'edge live' : 'edge' }, h('span', {}, label));
}

function healthOf({ up, state, lag, stuckMs }: Node): 'good' | 'warning' | 'critical' {
  if (!up || stuckMs > 5000) return 'critical';
  return state === 'online' && lag.ms < 2000 ? 'good' : 'warning';
}

function NodeCard({ node, lastSeq, history }: { node: Node; lastSeq: number; history: History }): ComponentChild {
  const { id, role, address, state, epoch, seq, version, up, lag, figures } = node;
  const lags = history.nodes[id]?.lagRecords ?? [];
  return h(
    'article',
    { class: `node ${role} ${healthOf(node)}` },
    h(
      'h3',
      {},
      h('span', { class: 'role' }, role),
      h('span', { class: 'address' }, address),
      h('span', { class: 'state' }, up ? state : 'silent'),
    ),
    h('p', { class: 'muted' }, h('code', { title: id }, name(id)), ` · epoch ${epoch} · at ${count(seq)} · ${version}`),
    role === 'master'
      ? null
      : h(
          'dl',
          { class: 'lag' },
          h('div', {}, h('dt', {}, 'records'), h('dd', {}, short(lag.records))),
          h('div', {}, h('dt', {}, 'bytes'), h('dd', {}, size(lag.bytes))),
          h('div', {}, h('dt', {}, 'time'), h('dd', {}, duration(lag.ms))),
          h(Spark, { values: lags, label: `records behind, now ${lag.records} of ${lastSeq}` }),
        ),
    figures === null ? null : h(FigureLine, { figures }),
    (figures?.progress ?? null) === null ? null : h(Progress, figures!.progress!),
  );
}

function FigureLine({ figures }: { figures: Figures }): ComponentChild {
  const { opsPerSecond, clients, keys, memoryBytes, memoryMaxBytes, writesRefused } = figures;
  return h(
    'p',
    { class: 'figures' },
    h('span', {}, `${short(opsPerSecond)} ops/s`),
    h('span', {}, `${short(keys)} keys`),
    h('span', {}, `${clients} clients`),
    h('span', {}, `${size(memoryBytes)}${memoryMaxBytes === 0 ? '' : ` of ${size(memoryMaxBytes)}`}`),
    writesRefused ? h('span', { class: 'refused' }, 'writes refused') : null,
  );
}

function Progress({ what, doneBytes, totalBytes }: NonNullable<Figures['progress']>): ComponentChild {
  const label = what === 'sync' ? 'Syncing from a snapshot' : 'Loading';
  return h(
    'label',
    { class: 'progress' },
    `${label}: ${size(doneBytes)} of ${size(totalBytes)}`,
    h('progress', totalBytes === 0 ? {} : { value: doneBytes, max: totalBytes }),
  );
}

function ReplicationCard({ node, snapshots }: { node: Node; snapshots: Snapshot[] }): ComponentChild {
  const { id, state, seq, snapshot } = node;
  const usable = snapshots.filter((one) => one.state === 'usable').length;
  return h(
    'article',
    { class: `node replication ${snapshot?.lastOk === false ? 'warning' : 'good'}` },
    h('h3', {}, h('span', { class: 'role' }, 'replication'), h('span', { class: 'state' }, state)),
    h('p', { class: 'muted' }, h('code', { title: id }, name(id)), ` · at ${count(seq)}`),
    h(
      'p',
      { class: 'figures' },
      h('span', {}, `${usable} usable snapshot${usable === 1 ? '' : 's'}`),
      snapshot === undefined
        ? h('span', {}, 'stands by')
        : h('span', {}, `${count(snapshot.changesSince)} changes since`),
    ),
    snapshot?.inProgress === true
      ? h('label', { class: 'progress' }, `Makes a snapshot, for ${duration(snapshot.runningMs)}`, h('progress', {}))
      : null,
  );
}
