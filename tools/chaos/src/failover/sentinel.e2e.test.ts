// The checker and the clients are shown to find what is wrong in a system that is known to lose writes: Redis whose master is cut off from its Sentinels.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@weir/testkit';
import { Workload, readAll } from '../cluster/workload.ts';
import { check } from '../linearizable/check.ts';
import { sentinelSubject } from './sentinel.ts';

test(
  'Redis with Sentinel is found not linearizable when its master is cut off: it acknowledges writes that are lost',
  { timeout: 240_000 },
  async () => {
    const subject = await sentinelSubject(1000);
    try {
      const nodes = subject.ports.map((port) => ({ port }));
      const work = new Workload({ doors: [{ nodes, isEngine: true }], clientsPerDoor: 6, seed: 1 });
      await until('a load', () => work.acknowledged > 50);
      const before = await subject.door();
      await subject.isolateMaster();
      const after = await until('another master', async () => {
        const now = await subject.door().catch(() => undefined);
        return now === before ? undefined : now;
      });
      await sleep(500);
      await work.stop();
      const { verdict } = check([...work.history, ...(await readAll(after, work.history))]);
      assert.equal(verdict, 'wrong');
    } finally {
      await subject.end();
    }
  },
);
