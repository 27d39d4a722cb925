import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchedNode } from './alerts.ts';
import { EventHistory, observedEvents } from './event-history.ts';
import type { Overview } from './monitor.ts';

function overview(nodes: readonly Partial<WatchedNode>[], more: Partial<Overview> = {}): Overview {
  return {
    atMs: 1,
    nowMs: 1,
    trouble: '',
    saveRules: null,
    digests: '',
    snapshots: [],
    alerts: [],
    topology: {
      logId: 'a',
      nodes: nodes.map((node) => ({ address: '', state: 'online', epoch: 1, ...node })),
    } as Overview['topology'],
    ...more,
  };
}

const told = (before: Overview | null, after: Overview): string[] =>
  observedEvents(before, after).map(({ kind, node = '-', text, cause }) => `${kind} ${node}: ${text} (${cause})`);

test('a slave that takes over is told with the master that was silent', () => {
  const before = overview([
    { id: 'm', role: 'master' },
    { id: 's', role: 'slave' },
  ]);
  assert.deepEqual(told(before, overview([{ id: 's', role: 'master', epoch: 2 }])), [
    'leader s: It is master of epoch 2 (m was silent; the record of epoch 2 deposed it)',
    'node m: The master left (it said so, or was silent for 10 s)',
  ]);
});

test('a master that gave way is told as such', () => {
  const before = overview([
    { id: 'm', role: 'master' },
    { id: 's', role: 'slave' },
  ]);
  const after = overview([
    { id: 'm', role: 'slave', epoch: 2 },
    { id: 's', role: 'master', epoch: 2 },
  ]);
  assert.deepEqual(told(before, after), [
    'node m: It is slave now (it was master, of epoch 1)',
    'leader s: It is master of epoch 2 (m gave way; the record of epoch 2 deposed it)',
  ]);
});

test('two looks that are alike tell nothing, and the first tells nothing of nodes', () => {
  const seen = overview([{ id: 'm', role: 'master' }]);
  assert.deepEqual(told(seen, seen), []);
  assert.deepEqual(told(null, seen), []);
});

test('an alert is told when it comes and when it is over, once each', () => {
  const alert = { code: 'slave-stuck', severity: 'critical', node: 's', text: 'It stands' } as const;
  const [calm, alarmed] = [overview([]), overview([], { alerts: [alert] })];
  assert.deepEqual(told(calm, alarmed), ['alert s: slave-stuck (It stands)']);
  assert.deepEqual(told(alarmed, alarmed), []);
  assert.deepEqual(told(alarmed, calm), ['alert s: slave-stuck is over ()']);
});

test('a snapshot is told of when it is proven', () => {
  const shot = { id: 'x', seq: 9, state: 'uploaded', createdAt: 0, bytes: 1, keys: 3 } as const;
  const uploaded = overview([], { snapshots: [shot] });
  const usable = overview([], { snapshots: [{ ...shot, state: 'usable' }] });
  assert.deepEqual(told(overview([]), uploaded), []);
  assert.deepEqual(told(uploaded, usable), [
    'snapshot -: A snapshot of 9 is usable (3 keys were loaded back and compared)',
  ]);
});

test('the events that are kept have a bound, and the newest stands first', () => {
  const history = new EventHistory();
  for (let i = 0; i < 1000; i++) history.add({ atMs: i, kind: 'node', text: '', cause: '' });
  const all = history.all();
  assert.deepEqual([all.length, all[0]!.atMs, all.at(-1)!.atMs], [300, 999, 700]);
});
