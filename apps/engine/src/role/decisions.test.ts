/** What people decide, in whatever state. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StateKind } from './state.ts';
import { IN_STATE, Played, heldOf, lost } from './testing.ts';

const states = Object.keys(IN_STATE) as StateKind[];

test('people may decide in every state but before the start', () => {
  for (const kind of states) {
    for (const event of ['told-to-lead', 'told-to-follow', 'repair-begins', 'repair-discards', 'stop'] as const)
      assert.doesNotThrow(() => IN_STATE[kind]().tell(event), `${kind} ${event}`);
  }
});

test('a node that stops ends in every state, closes what it opened, and cannot be told otherwise', () => {
  const closed: StateKind[] = ['idle', 'waiting', 'stopped'];
  for (const kind of states) {
    const role = IN_STATE[kind]().tell('stop');
    assert.deepEqual(role.done.includes('leave'), !closed.includes(kind) && kind !== 'leaving', kind);
    if (kind !== 'stopped') assert.ok(role.done.includes('hold'), kind);
    for (const event of ['told-to-follow', 'told-to-lead', 'repair-begins', 'repair-discards', 'stop'] as const)
      role.tell(event);
    if (role.kind !== 'stopped') role.tell('left');
    assert.equal(role.kind, 'stopped', kind);
  }
});

describe('WEIR REPAIR', () => {
  const troubled = (): Played => IN_STATE.proving().tell({ kind: 'failed', ...lost('log-corrupt') }, 'left');

  test('CUT, SKIP, SNAPSHOT and EMPTY begin a log with what was put together, which is of no log', () => {
    const role = troubled().tell('repair-begins');
    assert.equal(role.find('adopt')?.what, 'rescued');
    assert.equal(role.state.trouble, null);
    role.tell('located', 'opened');
    assert.equal(role.find('begin')?.from, null);
    assert.equal(role.tell('begun', 'established').kind, 'leading');
  });

  test('what was put together is not taken for the data of the log that was being closed meanwhile', () => {
    const role = Played.master(false).leads().tell('log-gone', 'repair-begins');
    role.tell({ kind: 'left', held: heldOf('log', 8) }, 'located', 'opened');
    assert.equal(role.find('begin')?.from, null);
  });

  test('MEMORY begins a log with the data set that is here', () => {
    const role = Played.master(false)
      .leads()
      .tell('fenced', { kind: 'left', held: heldOf('log', 8) }, 'retry-due');
    role.tell({ kind: 'failed', ...lost('log-missing') }, { kind: 'repair-begins', isRescued: false });
    assert.equal(role.find('adopt'), undefined);
    role.tell({ kind: 'left', held: null }, 'located', 'opened');
    assert.deepEqual(role.find('begin')?.from, { logId: 'log', seq: 8 });
  });

  test('DISCARD takes the log as it is, on a master and on a slave', () => {
    const role = troubled().tell('repair-discards');
    assert.deepEqual([role.find('forget')?.isOwn, role.state.held], [true, null]);
    role.tell('located', 'opened');
    assert.equal(role.find('prove')?.isAccepted, true);
    role.tell('proven', 'imported');
    assert.equal(role.find('rebuild')?.isAccepted, true);
    const slave = Played.slave().follows().tell('repair-discards');
    assert.equal(slave.find('forget')?.isOwn, false);
    assert.equal(slave.tell({ kind: 'left', held: heldOf('log', 7) }).state.held, null, 'it gave that up');
    assert.equal(slave.view.loading, false, 'and reads it until it has another');
  });
});

test('a decision that comes while a term is closed counts when that is done', () => {
  const role = Played.master().leads().tell('told-to-follow', 'told-to-lead');
  assert.deepEqual([role.kind, role.done.includes('leave')], ['leaving', false], 'it is being closed already');
  role.tell({ kind: 'left', held: heldOf('log', 8) });
  assert.deepEqual([role.kind, role.state.errand.kind], ['locating', 'begin']);
});
