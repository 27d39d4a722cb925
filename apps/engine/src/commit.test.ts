/** The commit alone: no sessions, no commands, no keyspace. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADER_BYTES } from '@weir/log';
import type { CommandWriter } from '@weir/resp';
import { Commit, newEffects } from './commit.ts';
import type { EffectSource } from './commit.ts';
import type { ReplyTarget } from './held-replies.ts';
import { ManualLog } from './testing-sessions.ts';

class Source implements EffectSource {
  effects: CommandWriter = newEffects();
  recordSeq = 1;
  inFlightRecords = 0;
  inFlightBytes = 0;
  readonly stats = { netReplOutputBytes: 0 };
  readonly role = { writeRefusal: '' };
  /** Times that all that is pending was forgotten. */
  resets = 0;

  recordTaken(): void {
    this.recordSeq++;
  }

  resetPending(): void {
    this.resets++;
  }

  /** Something is executed that changes so much; returns the record that its reply waits for. */
  change(bytes = 10): number {
    this.effects.command(1);
    this.effects.argLatin1('x'.repeat(bytes));
    return this.recordSeq;
  }
}

class Target implements ReplyTarget {
  text = '';
  heldBytes = 0;
  destroyed = false;

  refused(): void {}

  releaseHeld(heldBytes: number, buf: Uint8Array, start: number, end: number): void {
    this.heldBytes += heldBytes;
    this.text += Buffer.from(buf.subarray(start, end)).toString('latin1');
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function rig(recordCutBytes = 1000) {
  const source = new Source();
  const turns: (() => void)[] = [];
  const clock = { ms: 1 };
  const seen = { resumed: 0, storedMs: [] as number[] };
  const commit = new Commit(source, {
    nowMs: () => clock.ms,
    endOfTurn: (run) => void turns.push(run),
    onResume: () => void seen.resumed++,
    onStored: (ms) => void seen.storedMs.push(ms),
    recordCutBytes,
  });
  const log = new ManualLog();
  commit.lead(log);
  const hold = (target: Target, text: string, seq: number): void => {
    const bytes = Buffer.from(text);
    commit.holdReplies(seq, target, bytes, 0, bytes.length, 1);
  };
  const endTurn = (): void => {
    for (const run of turns.splice(0)) run();
  };
  return { source, commit, log, clock, seen, turns, hold, endTurn };
}

test('the effects of a turn become one record, and replies leave when it is stored', () => {
  const { source, commit, log, turns, hold, endTurn } = rig();
  const [a, b] = [new Target(), new Target()];
  const first = source.change();
  hold(a, 'one', first);
  commit.turn();
  hold(b, 'two', source.change());
  commit.turn();
  assert.equal(turns.length, 1, 'a turn ends once');
  endTurn();
  assert.equal(log.payloads.length, 1);
  assert.equal(source.recordSeq, first + 1);
  assert.equal(a.text + b.text, '');
  log.commit();
  assert.deepEqual([a.text, b.text, a.heldBytes], ['one', 'two', 3]);
  assert.equal(commit.committedSeq, first);
  assert.equal(commit.heldBytes, 0);
});

test('while two records are in flight effects collect, and the next record has them all', () => {
  const { source, commit, log, endTurn } = rig();
  for (let i = 0; i < 5; i++) {
    source.change();
    commit.turn();
    endTurn();
  }
  assert.equal(commit.recordsInFlight, 2);
  log.commit();
  assert.equal(log.payloads.length, 3);
  assert.equal(log.payloads[2].match(/\$10/g)?.length, 3);
  assert.equal(commit.writtenOffset(), log.nextOffset);
});

test('a turn that changed nothing makes no record', () => {
  const { commit, turns, log } = rig();
  commit.turn();
  assert.equal(turns.length, 0);
  assert.equal(log.payloads.length, 0);
});

test('replies are released in the order of the records, whoever was held first', () => {
  const { source, commit, log, hold, endTurn } = rig();
  const order: string[] = [];
  const target = (name: string): Target => {
    const made = new Target();
    made.releaseHeld = () => void order.push(name);
    return made;
  };
  const first = source.change();
  commit.turn();
  endTurn();
  hold(target('writer of the second'), 'x', source.change());
  hold(target('reader of the first'), 'x', first);
  commit.turn();
  endTurn();
  log.commit();
  assert.deepEqual(order, ['reader of the first']);
  log.commit();
  assert.deepEqual(order, ['reader of the first', 'writer of the second']);
});

test('effects beyond the bound stop everybody until the log takes them, and who waits is told to go on', () => {
  const { source, commit, log, seen } = rig(100);
  for (let i = 0; i < 4; i++) {
    source.change(101);
    commit.cut();
  }
  assert.equal(log.payloads.length, 2);
  assert.equal(commit.stalled, true);
  log.commit();
  log.commit();
  assert.equal(log.payloads.length, 4);
  assert.equal(commit.stalled, false);
  assert.equal(seen.resumed, 1);
});

test('effects beyond the bound stop nobody while writes are refused anyway', () => {
  const { source, commit } = rig(100);
  source.role.writeRefusal = 'NOREPLICAS x';
  for (let i = 0; i < 4; i++) {
    source.change(101);
    commit.cut();
  }
  assert.equal(commit.stalled, false);
});

test('reasons to stop are independent: everybody goes on when the last one is gone', () => {
  const { source, commit, log, seen } = rig(100);
  commit.hold(true);
  for (let i = 0; i < 4; i++) {
    source.change(101);
    commit.cut();
  }
  log.commit();
  log.commit();
  assert.deepEqual([commit.stalled, seen.resumed], [true, 0]);
  commit.hold(false);
  assert.deepEqual([commit.stalled, seen.resumed], [false, 1]);
});

test('refused replies are as many errors, and the record is still on its way', () => {
  const { source, commit, log, hold, endTurn } = rig();
  const a = new Target();
  const seq = source.change();
  hold(a, '+OK\r\n', seq);
  hold(a, '+OK\r\n', source.change());
  commit.turn();
  endTurn();
  commit.refuseHeld();
  assert.equal(a.text.match(/-NOREPLICAS/g)?.length, 2);
  assert.equal(a.heldBytes, 10);
  log.commit();
  assert.equal(commit.committedSeq, seq);
});

test('with the lead goes all that the log has not confirmed: targets are cut off, waits fail, effects are dropped', () => {
  const { source, commit, log, hold, endTurn } = rig();
  const [a, b] = [new Target(), new Target()];
  const seq = source.change();
  hold(a, 'one', seq);
  commit.turn();
  endTurn();
  hold(b, 'two', source.change());
  const told: boolean[] = [];
  commit.whenCommitted(seq, (committed) => told.push(committed));
  commit.whenCommitted(seq - 1, (committed) => told.push(committed));
  const { resets } = source;
  commit.stopLeading();
  assert.deepEqual([a.destroyed, b.destroyed], [true, true]);
  assert.deepEqual(told, [true, false]);
  assert.equal(source.effects.pos, HEADER_BYTES);
  assert.equal(source.resets, resets + 1);
  assert.equal(commit.committedSeq, source.recordSeq - 1, 'nothing waits for a record of before');
  log.commit();
  assert.equal(a.text, '', 'too late');
  assert.equal(commit.oldestInFlightAgeMs(), 0);
});

test('a record that is fenced off is told once, and confirms nothing', () => {
  const { source, commit, log, hold, endTurn } = rig();
  const a = new Target();
  let fenced = 0;
  commit.onFenced = () => fenced++;
  const seq = source.change();
  hold(a, 'one', seq);
  commit.turn();
  endTurn();
  log.pending.shift()!('fenced');
  assert.equal(fenced, 1);
  assert.equal(a.text, '');
  assert.equal(commit.committedSeq, seq - 1);
});

test('the age of the record under way is counted from when it was handed over', () => {
  const { source, commit, log, clock, seen, endTurn } = rig();
  source.change();
  commit.turn();
  endTurn();
  clock.ms = 41;
  assert.equal(commit.oldestInFlightAgeMs(), 40);
  log.commit();
  assert.equal(commit.oldestInFlightAgeMs(), 0);
  assert.deepEqual(seen.storedMs, [40]);
});
