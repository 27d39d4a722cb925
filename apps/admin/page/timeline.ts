import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { clock, count, dateTime, duration, size } from './format.ts';
import type { Snapshot, Topology } from './types.ts';

interface Props {
  topology: Topology;
  snapshots: Snapshot[];
  nowMs: number;
}

/**
 * The log and its snapshots on one line: what was trimmed, what can be restored (from the oldest usable snapshot that the log joins on, every record up to
 * now), where the next trim goes to, and where each node stands.
 */
export function Timeline({ topology, snapshots, nowMs }: Props): ComponentChild {
  const { log, nodes } = topology;
  const usable = snapshots.filter(({ state }) => state === 'usable');
  const oldest = Math.min(log.firstSeq, ...snapshots.map(({ seq }) => seq));
  const from = Math.max(0, oldest - 1);
  const span = Math.max(1, log.lastSeq - from);
  const at = (seq: number): string => `${((Math.min(Math.max(seq, from), log.lastSeq) - from) / span) * 100}%`;
  const base = usable.filter(({ seq }) => seq + 1 >= log.firstSeq).sort((a, b) => a.seq - b.seq)[0];
  const restoreFrom = log.firstSeq === 1 ? 0 : (base?.seq ?? null);
  const horizon = usable[0]?.seq;
  return h(
    'section',
    { class: 'panel timeline', 'aria-label': 'Log and snapshots' },
    h(
      'h2',
      {},
      'Log and snapshots',
      h(
        'small',
        {},
        restoreFrom === null
          ? 'nothing can be restored yet'
          : `any record from ${count(restoreFrom)} to ${count(log.lastSeq)} can be restored`,
      ),
    ),
    h(
      'div',
      { class: 'track' },
      h('div', {
        class: 'trimmed',
        style: { left: '0', width: at(log.firstSeq - 1) },
        title: `trimmed up to ${log.firstSeq - 1}`,
      }),
      h('div', {
        class: 'kept',
        style: { left: at(log.firstSeq - 1), right: '0' },
        title: `in the log: ${log.firstSeq} to ${log.lastSeq}`,
      }),
      restoreFrom === null ? null : h('div', { class: 'restorable', style: { left: at(restoreFrom), right: '0' } }),
      horizon === undefined || horizon < log.firstSeq
        ? null
        : h('div', {
            class: 'horizon',
            style: { left: at(horizon) },
            title: `the next snapshot lets the log go up to ${horizon}`,
          }),
      snapshots.map(({ id, seq, state, createdAt, bytes, keys }) =>
        h('div', {
          key: id,
          class: `shot ${state}`,
          style: { left: at(seq) },
          role: 'img',
          'aria-label': `${state} snapshot of ${seq}`,
          title: `${state} snapshot of ${count(seq)}, ${dateTime(createdAt)}, ${count(keys)} keys, ${size(bytes)}`,
        }),
      ),
      nodes
        .filter(({ role }) => role !== 'replication')
        .map(({ id, role, address, seq }) =>
          h('div', {
            key: id,
            class: `place ${role}`,
            style: { left: at(seq) },
            title: `${role} ${address} at ${count(seq)}`,
          }),
        ),
    ),
    h(
      'p',
      { class: 'ends' },
      h('span', {}, `${count(from)}${log.firstMs > 0 && from + 1 >= log.firstSeq ? ` · ${clock(log.firstMs)}` : ''}`),
      h(
        'span',
        {},
        `${count(log.lastSeq)}${log.lastMs > 0 ? ` · ${duration(Math.max(0, nowMs - log.lastMs))} ago` : ''}`,
      ),
    ),
    h(
      'ul',
      { class: 'keyline' },
      h('li', {}, h('i', { class: 'trimmed' }), 'trimmed'),
      h('li', {}, h('i', { class: 'kept' }), 'in the log'),
      h('li', {}, h('i', { class: 'restorable' }), 'can be restored'),
      h('li', {}, h('i', { class: 'shot usable' }), 'snapshot, proven'),
      h('li', {}, h('i', { class: 'shot uploaded' }), 'not proven'),
      h('li', {}, h('i', { class: 'horizon' }), 'next trim'),
      h('li', {}, h('i', { class: 'place' }), 'a node'),
    ),
  );
}
