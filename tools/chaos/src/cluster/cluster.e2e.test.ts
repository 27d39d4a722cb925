// For minutes and hours by hand: npm run chaos -- cluster.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './run.ts';

test(
  'a cluster under faults tells its clients nothing wrong, and serves with one data set afterwards',
  { timeout: 300_000 },
  async () => {
    const said: string[] = [];
    const { checked, operations, faults, died } = await run({
      seconds: 10,
      seed: 3,
      say: (text) => said.push(text),
      onWrong: (cluster) => cluster.showLogs(),
    });
    const wrong = checked.wrong.map(({ part }) => part);
    assert.deepEqual({ wrong, died }, { wrong: [], died: [] }, said.join('\n'));
    assert.equal(checked.verdict, 'linearizable');
    assert.ok(operations > 50 && faults.size > 0, `${operations} operations, ${faults.size} kinds of faults`);
  },
);
