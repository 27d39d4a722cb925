import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from '@weir/time/testing';
import { confirm, confirmedPosition } from './confirm.ts';
import type { LeaderView } from './confirm.ts';

type Leader = { -readonly [Name in keyof LeaderView]: LeaderView[Name] };

function leader(lastSeq: number): Leader {
  const state = (): Promise<never> => Promise.resolve({ lastSeq } as never);
  return { leading: true, seq: 7, offset: 700, access: { log: { state } } };
}

test('a master confirms what it has stored once that is everything that the log has', async () => {
  const time = new FakeTime();
  const role = leader(9);
  const answer = confirmedPosition(role, time);
  await time.advance(5);
  Object.assign(role, { seq: 9, offset: 900 });
  await time.advance(5);
  assert.equal(await answer, 900);
  assert.equal(await confirmedPosition(leader(7), time), 700);
});

test('a node that does not lead, or was replaced without knowing it, confirms nothing', async () => {
  const time = new FakeTime();
  assert.equal(await confirmedPosition({ ...leader(7), leading: false }, time), null);
  assert.equal(await confirmedPosition({ ...leader(7), access: null }, time), null);
  const replaced = confirmedPosition(leader(8), time);
  await time.advance(2000);
  assert.equal(await replaced, null, 'the log has a record that is not its own');
  const role = leader(8);
  const deposed = confirmedPosition(role, time);
  await time.advance(5);
  Object.assign(role, { leading: false, seq: 8 });
  await time.advance(5);
  assert.equal(await deposed, null);
});

test('under a lease nobody is asked: it is confirmed while the lease holds, and not at all when it has run out', () => {
  const answers: (number | null)[] = [];
  const role = { ...leader(7), access: null };
  const ask = (confirmed: number): void =>
    confirm({ confirmed, lease: { endMs: 5000 } }, role, new FakeTime(), (position) => answers.push(position));
  ask(650);
  ask(0);
  ask(-1);
  assert.deepEqual(answers, [650, 0, null]);
});
