import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Process } from './process.ts';
import { Scheduler } from './scheduler.ts';

const EXACT = { rate: 1, wallOffsetMs: 0 };

test('events come in the order of their time, and promises settle between them', async () => {
  const scheduler = new Scheduler(1);
  const seen: string[] = [];
  scheduler.after(2, () => seen.push('second'));
  scheduler.after(1, () => {
    void Promise.resolve().then(() => seen.push('promise of the first'));
    setImmediate(() => seen.push('immediate of the first'));
    seen.push('first');
  });
  await scheduler.run(10);
  assert.deepEqual(seen, ['first', 'promise of the first', 'immediate of the first', 'second']);
  assert.equal(scheduler.now, 10);
});

test('an event that throws ends the run', async () => {
  const scheduler = new Scheduler(1);
  const error = new Error('as if');
  scheduler.after(1, () => {
    throw error;
  });
  scheduler.after(2, () => assert.fail('nothing runs behind it'));
  await scheduler.run(10);
  assert.equal(scheduler.failure, error);
});

test('a dead process runs nothing, and one that stands still runs all of it afterwards, in order', async () => {
  const scheduler = new Scheduler(1);
  const [dead, slow] = [new Process(scheduler, 'dead', EXACT), new Process(scheduler, 'slow', EXACT)];
  const seen: string[] = [];
  dead.after(5, () => seen.push('dead'));
  slow.after(5, () => seen.push(`one at ${scheduler.now}`));
  slow.after(6, () => seen.push(`two at ${scheduler.now}`));
  dead.kill();
  slow.stand(100);
  await scheduler.run(200);
  assert.deepEqual(seen, ['one at 100', 'two at 100']);
});

test('a process dies in front of the step that was drawn', async () => {
  const scheduler = new Scheduler(1);
  const process = new Process(scheduler, 'p', EXACT);
  let steps = 0;
  process.every(1, () => steps++);
  process.diesIn = 3;
  process.onDeath = () => process.kill();
  await scheduler.run(10);
  assert.equal(steps, 2);
});

test('clocks of two machines drift apart, and a wall clock that is set moves no timer', async () => {
  const scheduler = new Scheduler(1);
  const clock = { rate: 1.03, wallOffsetMs: 0 };
  const fast = new Process(scheduler, 'fast', clock);
  const right = new Process(scheduler, 'right', EXACT);
  let firedAt = 0;
  fast.after(1030, () => (firedAt = scheduler.now));
  clock.wallOffsetMs = 5e6;
  await scheduler.run(2000);
  assert.ok(Math.abs(firedAt - 1000) < 1e-6);
  assert.ok(fast.monotonicMs() - right.monotonicMs() > 50);
  assert.ok(fast.wallMs() - right.wallMs() > 4e6);
});

test('one seed draws one series', () => {
  const draw = (seed: number): number[] => {
    const scheduler = new Scheduler(seed);
    return Array.from({ length: 8 }, () => scheduler.below(1000));
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

test('a timer that came due while its process stood still can be cancelled before it runs', async () => {
  const scheduler = new Scheduler(1);
  const process = new Process(scheduler, 'stands', EXACT);
  let fired = 0;
  process.after(5, () => timer.cancel());
  const timer = process.after(6, () => fired++);
  process.stand(10);
  await scheduler.run(100);
  assert.equal(fired, 0);
});
