import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ALERTS, alertsOf } from './alerts.ts';
import type { EngineFigures, Observation, WatchedNode } from './alerts.ts';

const NOW = 1_700_000_000_000;

const figures = (more: Partial<EngineFigures> = {}): EngineFigures => ({
  opsPerSecond: 0,
  clients: 1,
  keys: 0,
  memoryBytes: 10,
  memoryMaxBytes: 0,
  rssBytes: 10,
  appendMs: null,
  writesRefused: false,
  progress: null,
  ...more,
});

const node = (id: string, role: WatchedNode['role'], more: Partial<WatchedNode> = {}): WatchedNode => ({
  id,
  role,
  address: '',
  state: 'online',
  epoch: 1,
  seq: 100,
  offset: 0,
  checksum: 'aa',
  reportedMsAgo: 100,
  version: '1',
  up: true,
  lag: { records: 0, bytes: 0, ms: 0 },
  figures: role === 'replication' ? null : figures(),
  stuckMs: 0,
  ...more,
});

const report = {
  inProgress: false,
  startedMs: 0,
  runningMs: 0,
  lastSavedMs: 0,
  lastOk: true,
  lastDurationMs: 0,
  saves: 1,
  changesSince: 5,
};
const app = node('r', 'replication', { seq: 90, checksum: '', snapshot: report });
const shot = { id: 'x', seq: 90, state: 'usable', createdAt: NOW - 60_000, bytes: 1, keys: 1 } as const;

function observe(nodes: readonly WatchedNode[], more: Partial<Observation> = {}, log: object = {}): Observation {
  return {
    nowMs: NOW,
    trouble: '',
    topology: {
      cluster: 'weir',
      logId: 'a',
      log: {
        firstSeq: 50,
        lastSeq: 100,
        bytes: 1,
        messages: 51,
        firstMs: 0,
        lastMs: 0,
        serverMs: 0,
        leader: '',
        replicas: 1,
        currentReplicas: 1,
        maxBytes: 0,
        ...log,
      },
      nats: { status: 'connected', version: '2.15.1' },
      nodes: [...nodes],
    },
    snapshots: [shot],
    saveRules: [{ seconds: 60, changes: 1 }],
    digests: '',
    ...more,
  };
}

const codes = (seen: Observation): string[] => alertsOf(seen).map(({ code, node: id = '' }) => `${code} ${id}`.trim());
const master = node('m', 'master');
const behind = { records: 3, bytes: 10, ms: 3000 };

test('a cluster in which all is well has no alert', () => {
  assert.deepEqual(codes(observe([master, node('s', 'slave'), app])), []);
});

const CASES: readonly (readonly [title: string, seen: Observation, expected: readonly string[]])[] = [
  [
    'a log that is not found is told with the reason',
    observe([], { topology: null, trouble: 'gone' }),
    ['log-unknown'],
  ],
  ['a stream that nobody leads', observe([master, app], {}, { replicas: 3 }), ['log-leaderless']],
  [
    'a stream with a copy out of step',
    observe([master, app], {}, { replicas: 3, currentReplicas: 2, leader: 'n1' }),
    ['log-copies'],
  ],
  ['nobody who writes, and nobody who saves', observe([node('s', 'slave')]), ['no-master', 'no-replication-app']],
  ['a node that is silent', observe([master, node('s', 'slave', { up: false }), app]), ['node-silent s']],
  [
    'a master that refuses writes',
    observe([node('m', 'master', { figures: figures({ writesRefused: true }) }), app]),
    ['writes-refused m'],
  ],
  [
    'a slave that stands still behind the log',
    observe([master, node('s', 'slave', { seq: 97, checksum: '', lag: behind, stuckMs: 6000 }), app]),
    ['slave-stuck s'],
  ],
  [
    'a slave that loads a snapshot stands still for a reason',
    observe([
      master,
      node('s', 'slave', {
        seq: 97,
        checksum: '',
        lag: behind,
        stuckMs: 6000,
        state: 'loading',
        figures: figures({ progress: { what: 'sync', doneBytes: 1, totalBytes: 2 } }),
      }),
      app,
    ]),
    [],
  ],
  [
    'a slave that moves, late',
    observe([master, node('s', 'slave', { seq: 97, checksum: '', lag: { ...behind, ms: 11_000 } }), app]),
    ['slave-behind s'],
  ],
  [
    'a slave in front of the newest snapshot, which the next trim passes',
    observe([master, node('s', 'slave', { seq: 80, checksum: '', lag: behind }), app]),
    ['retention-overtakes s'],
  ],
  [
    'a slave whose next record is gone',
    observe([master, node('s', 'slave', { seq: 40, checksum: '', lag: behind }), app]),
    ['slave-cut-off s'],
  ],
  [
    'two histories at one sequence',
    observe([master, node('s', 'slave', { checksum: 'bb' }), app]),
    ['history-differs s'],
  ],
  ['digests that were compared', observe([master, app], { digests: 's differs' }), ['digest-differs']],
  [
    'a snapshot that failed',
    observe([master, { ...app, snapshot: { ...report, lastOk: false } }]),
    ['snapshot-failed'],
  ],
  [
    'a snapshot that the rules asked for long ago',
    observe([master, app], { snapshots: [{ ...shot, createdAt: NOW - 181_000 }] }),
    ['snapshot-overdue'],
  ],
  [
    'no change, no snapshot that is overdue',
    observe([master, { ...app, snapshot: { ...report, changesSince: 0 } }], {
      snapshots: [{ ...shot, createdAt: NOW - 181_000 }],
    }),
    [],
  ],
  [
    'a snapshot that nobody proved',
    observe([master, app], {
      snapshots: [{ ...shot, id: 'y', seq: 95, state: 'uploaded', createdAt: NOW - 121_000 }, shot],
    }),
    ['snapshot-unverified'],
  ],
  [
    'memory near its limit',
    observe([node('m', 'master', { figures: figures({ memoryBytes: 91, memoryMaxBytes: 100 }) }), app]),
    ['memory-near-limit m'],
  ],
];

for (const [title, seen, expected] of CASES) {
  test(`an alert, or none: ${title}`, () => assert.deepEqual(codes(seen), expected));
}

test('what is critical stands first', () => {
  const seen = observe([node('s', 'slave', { up: false })], { digests: 'x' });
  const severities = alertsOf(seen).map(({ severity }) => severity);
  assert.deepEqual(severities, severities.toSorted());
  assert.ok(severities.includes('critical') && severities.includes('warning'));
});

test('docs/admin.md tells of every alert and its severity', () => {
  const page = readFileSync(new URL('../../../docs/admin.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| `([a-z-]+)` \| (critical|warning) \|/gm)].map(([, code, severity]) => [
    code,
    severity,
  ]);
  assert.deepEqual(told, Object.entries(ALERTS));
});
