import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from './history.ts';
import type { Figures } from './history.ts';

const figures = (lagRecords: number): Figures => ({
  lagRecords,
  lagBytes: 0,
  lagMs: 0,
  opsPerSecond: null,
  appendMs: null,
  memoryBytes: 1,
});

test('the history has the newest samples, oldest first, and holes where a node was not heard of', () => {
  const history = new History(4);
  for (let i = 1; i <= 6; i++) {
    const nodes = new Map([['a', figures(i)]]);
    if (i % 2 === 0) nodes.set('b', figures(10 * i));
    history.add(i, nodes);
  }
  const { atMs, nodes } = history.body();
  assert.deepEqual(atMs, [3, 4, 5, 6]);
  assert.deepEqual(nodes['a']!.lagRecords, [3, 4, 5, 6]);
  assert.deepEqual(nodes['b']!.lagRecords, [null, 40, null, 60]);
  assert.deepEqual(nodes['a']!.opsPerSecond, [null, null, null, null]);
});

test('a node that has been gone for the whole of the history is forgotten', () => {
  const history = new History(3);
  history.add(1, new Map([['a', figures(1)]]));
  for (let i = 2; i <= 3; i++) history.add(i, new Map());
  assert.ok('a' in history.body().nodes);
  history.add(4, new Map());
  assert.deepEqual(history.body().nodes, {});
});

test('no more nodes are kept than can be drawn', () => {
  const history = new History(3);
  history.add(1, new Map(Array.from({ length: 100 }, (_, i) => [`n${i}`, figures(i)])));
  assert.equal(Object.keys(history.body().nodes).length, 32);
});
