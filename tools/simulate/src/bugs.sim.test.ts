/** That the simulation finds bugs of the kind that it is there for. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bugs } from './bugs.ts';
import type { BugName } from './bugs.ts';
import { simulate } from './world.ts';

/** Tried first: the seeds that found them when this was written. A change of anything that is simulated makes other runs of them. */
const FOUND_BY: Readonly<Record<BugName, number>> = {
  'early-reply': 1,
  'no-fence': 8,
  'blind-claim': 2,
  'short-snapshot': 1,
  'unknown-is-failed': 26,
  'lease-of-answer': 2,
  'election-claim': 9,
  'reads-without-lease': 1,
};
/** Most are found by one of the first twenty; a bug that takes more than this is not found by what CI runs. */
const BUG_SEEDS_MAX = 300;

describe('a bug on purpose is found:', () => {
  for (const [name, make] of Object.entries(bugs) as [BugName, (typeof bugs)[BugName]][]) {
    test(make().says, async (t) => {
      const others = Array.from({ length: BUG_SEEDS_MAX }, (_, i) => i + 1);
      for (const seed of [FOUND_BY[name], ...others]) {
        const { failure } = await simulate({ seed, bug: make() });
        if (failure === null) continue;
        t.diagnostic(
          `seed ${seed}: ${failure.split('\n')[0]} (npm run simulate -- --seed ${seed} --bug ${name} --trace)`,
        );
        return;
      }
      assert.fail(`not found by ${BUG_SEEDS_MAX} seeds`);
    });
  }
});
