import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Retry } from './index.ts';
import { FakeTime } from './testing.ts';

test('each wait is twice the one before up to the bound, and the first again after a success', () => {
  const retry = new Retry({ time: new FakeTime(), minMs: 100, maxMs: 700 });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => retry.failed()),
    [100, 200, 400, 700, 700],
  );
  assert.equal(retry.failures, 5);
  retry.succeeded();
  assert.deepEqual([retry.failures, retry.failed()], [0, 100]);
  for (let i = 0; i < 2000; i++) assert.ok(retry.failed() <= 700);
});

test('with jitter waits differ and stay within their share', () => {
  const retry = new Retry({ time: new FakeTime(), minMs: 1000, maxMs: 1000, jitter: 0.25 });
  const waits = Array.from({ length: 200 }, () => retry.failed());
  assert.ok(waits.every((ms) => ms >= 750 && ms <= 1250));
  assert.ok(new Set(waits).size > 100);
});

test('what is scheduled comes once, can be put off and can be called off', async () => {
  const time = new FakeTime();
  const retry = new Retry({ time, minMs: 10, maxMs: 100 });
  const came: string[] = [];
  assert.equal(
    retry.schedule(() => came.push('a')),
    10,
  );
  retry.scheduleIn(50, () => came.push('b'));
  await time.advance(49);
  assert.deepEqual([came, retry.waiting], [[], true]);
  await time.advance(100);
  assert.deepEqual([came, retry.waiting], [['b'], false]);
  retry.schedule(() => came.push('c'));
  retry.cancel();
  await time.advance(1000);
  assert.deepEqual(came, ['b']);
});

test('a pause ends after its time, and at once when it is aborted', async () => {
  const time = new FakeTime();
  const retry = new Retry({ time, minMs: 10, maxMs: 100 });
  let ended = false;
  const pause = retry.pause().then(() => (ended = true));
  await time.advance(9);
  assert.equal(ended, false);
  await time.advance(1);
  await pause;
  const stop = new AbortController();
  const aborted = retry.pause(stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(aborted, /enough/);
});

test('bounds that make no sense are refused', () => {
  for (const bad of [
    { minMs: 2, maxMs: 1 },
    { minMs: -1, maxMs: 1 },
    { minMs: 1, maxMs: 1, jitter: 1 },
    { minMs: NaN, maxMs: 1 },
  ])
    assert.throws(() => new Retry({ time: new FakeTime(), ...bad }), RangeError);
});
