import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoopDelay } from './loop-delay.ts';

test('a loop that was held is told as late, and whoever asks again within the window is told the same', async () => {
  let nowMs = 0;
  const delay = new LoopDelay(() => nowMs);
  assert.deepEqual(delay.look(), { p50: 0, p99: 0, max: 0 });
  await sleep(50);
  const end = performance.now() + 300;
  while (performance.now() < end);
  await sleep(50);
  nowMs = 11_000;
  const first = delay.look();
  assert.ok(first.max >= 150_000, JSON.stringify(first));
  nowMs = 12_000;
  assert.equal(delay.look(), first);
});
