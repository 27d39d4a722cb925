import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { realTime } from './index.ts';
import type { Time } from './index.ts';
import { FakeTime } from './testing.ts';

const kinds: readonly {
  readonly name: string;
  readonly make: () => { time: Time; pass: (ms: number) => Promise<void> };
}[] = [
  {
    name: 'real time',
    make: () => ({ time: realTime, pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }),
  },
  {
    name: 'fake time',
    make: () => {
      const time = new FakeTime();
      return { time, pass: (ms) => time.advance(ms) };
    },
  },
];

for (const { name, make } of kinds) {
  describe(name, () => {
    test('a timer is called once, and not at all when it was cancelled', async () => {
      const { time, pass } = make();
      const called: string[] = [];
      time.after(2, () => called.push('kept'));
      time.after(2, () => called.push('cancelled')).cancel();
      await pass(30);
      assert.deepEqual(called, ['kept']);
    });

    test('an interval is called until it is cancelled, also from within', async () => {
      const { time, pass } = make();
      let calls = 0;
      const timer = time.every(2, () => {
        if (++calls === 3) timer.cancel();
      });
      await pass(60);
      assert.equal(calls, 3);
    });

    test('a sleep ends when its signal is aborted, and does not begin when it was', async () => {
      const { time } = make();
      const over = new AbortController();
      const asleep = time.sleep(1e9, over.signal);
      over.abort();
      await asleep;
      await time.sleep(1e9, over.signal);
    });

    test('a sleep ends when its time has passed', async () => {
      const { time, pass } = make();
      const asleep = time.sleep(3);
      await pass(30);
      await asleep;
      assert.ok(time.monotonicMs() >= 3);
    });
  });
}

test('fake time calls what is due in the order of its time, and of its asking where that is the same', async () => {
  const time = new FakeTime();
  const called: number[] = [];
  time.after(5, () => called.push(2));
  time.after(5, () => called.push(3));
  time.after(1, () => called.push(1));
  await time.advance(4);
  assert.deepEqual(called, [1]);
  await time.advance(1);
  assert.deepEqual(called, [1, 2, 3]);
});

test("fake time's calendar can be set without anything noticing that waits", async () => {
  const time = new FakeTime();
  let called = false;
  time.after(10, () => (called = true));
  time.wallOffsetMs += 1e9;
  await time.advance(9);
  assert.equal(called, false);
});
