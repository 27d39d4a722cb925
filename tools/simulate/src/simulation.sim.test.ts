/**
 * A few seeds of the simulation with each change; `npm run simulate -- --seeds 100000` runs any number. What is simulated and checked:
 * docs/internals/simulation.md.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './world.ts';

/** In CI the same every time. */
const FIRST_SEED = process.env['CI'] === undefined ? Date.now() % 1_000_000 : 1;
const seeds = process.env['WEIR_SEED'] !== undefined ? [Number(process.env['WEIR_SEED'])] : [];
for (let i = 0; seeds.length < Number(process.env['WEIR_SIM_RUNS'] ?? 20); i++) seeds.push(FIRST_SEED + i);

test(`a cluster under faults loses nothing acknowledged and is well again when they end (seeds ${seeds[0]}…)`, async () => {
  let acked = 0;
  let faults = 0;
  for (const seed of seeds) {
    const result = await simulate({ seed });
    assert.equal(result.failure, null, `seed ${seed}: npm run simulate -- --seed ${seed} --trace`);
    acked += result.acked;
    faults += result.faults;
  }
  // A run in which nothing happens shows nothing.
  assert.ok(acked > 20 * seeds.length, `${acked} writes were acknowledged`);
  assert.ok(faults >= seeds.length, `${faults} faults came`);
});

test('two runs of a seed give one trace, and another seed another one', async () => {
  const traces = new Set<string>();
  for (const seed of [1, 2, 3]) {
    const [one, other] = [await simulate({ seed }), await simulate({ seed })];
    assert.equal(one.trace, other.trace, `seed ${seed}`);
    assert.equal(one.events, other.events, `seed ${seed}`);
    traces.add(one.trace);
  }
  assert.equal(traces.size, 3);
});
