import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { Chart } from './chart.ts';
import { clock, dateTime, duration, name, short, size } from './format.ts';
import { Graph } from './graph.ts';
import { Snapshots } from './snapshots.ts';
import { Timeline } from './timeline.ts';
import type { Alert, ClusterEvent, Figure, History, Overview, Who } from './types.ts';

interface Props {
  overview: Overview;
  history: History;
  who: Who | null;
}

export function OverviewPage({ overview, history, who }: Props): ComponentChild {
  const { topology, alerts, snapshots, events } = overview;
  return h(
    'div',
    { class: 'overview' },
    h(Alerts, { alerts }),
    topology === null ? null : h(Graph, { topology, history, snapshots }),
    topology === null ? null : h(Timeline, { topology, snapshots, nowMs: overview.atMs }),
    h(
      'section',
      { class: 'charts', 'aria-label': 'History' },
      chart(history, overview, 'Behind, records', 'lagRecords', short, 'slave'),
      chart(history, overview, 'Behind, time', 'lagMs', duration, 'slave'),
      chart(history, overview, 'Behind, bytes', 'lagBytes', size, 'slave'),
      chart(history, overview, 'Append latency', 'appendMs', duration, 'master'),
      chart(history, overview, 'Commands per second', 'opsPerSecond', short, null),
      chart(history, overview, 'Memory', 'memoryBytes', size, null),
    ),
    h('div', { class: 'two' }, h(Snapshots, { overview, who }), h(Events, { events })),
  );
}

function chart(
  { atMs, nodes }: History,
  { topology }: Overview,
  title: string,
  figure: Figure,
  format: (value: number) => string,
  role: 'master' | 'slave' | null,
): ComponentChild {
  const known = new Map((topology?.nodes ?? []).map((node) => [node.id, node]));
  const series = Object.entries(nodes)
    .map(([id, figures], i) => ({ id, values: figures[figure], color: i % 8 }))
    .filter(({ id, values }) =>
      role === 'slave' ? known.get(id)?.role !== 'master' : role === null || values.some((value) => value !== null),
    )
    .map(({ id, values, color }) => ({ label: known.get(id)?.address ?? name(id), values, color }));
  return h(Chart, { title, atMs, series, format });
}

function Alerts({ alerts }: { alerts: Alert[] }): ComponentChild {
  if (alerts.length === 0) return h('p', { class: 'allclear', role: 'status' }, 'No alerts');
  return h(
    'ul',
    { class: 'alerts', role: 'alert', 'aria-label': 'Alerts' },
    alerts.map(({ code, severity, node, text }) =>
      h(
        'li',
        { class: severity, key: `${code} ${node ?? ''}` },
        h('strong', {}, code),
        node === undefined ? null : h('code', { title: node }, name(node)),
        h('span', {}, text),
      ),
    ),
  );
}

function Events({ events }: { events: ClusterEvent[] }): ComponentChild {
  return h(
    'section',
    { class: 'panel events', 'aria-label': 'Events' },
    h('h2', {}, 'Events'),
    events.length === 0 ? h('p', { class: 'muted' }, 'Nothing has happened since the admin app was started.') : null,
    h(
      'ol',
      { tabIndex: 0 },
      events.map(({ atMs, kind, node, text, cause }) =>
        h(
          'li',
          { key: `${atMs} ${kind} ${node ?? ''} ${text}`, class: kind },
          h('time', { title: dateTime(atMs) }, clock(atMs)),
          h(
            'div',
            {},
            node === undefined ? null : h('code', { title: node }, name(node)),
            h('span', {}, text),
            cause === '' ? null : h('small', {}, cause),
          ),
        ),
      ),
    ),
  );
}
