// A dozen of the matrix's cells; `npm run chaos -- matrix` runs all of them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runCell } from './cell.ts';
import type { Topology, Verdict } from './cell.ts';
import { targetsOf } from './files.ts';
import type { FaultName, Target } from './files.ts';
import { flips } from './flips.ts';
import { prepare } from './prepare.ts';
import type { Prepared, StopName } from './prepare.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'weir-chaos-'));
let prepared: Prepared;
before(async () => (prepared = await prepare('standard', folder, { writes: 240, valueBytes: 48 })));
after(() => rmSync(folder, { recursive: true, force: true }));

function targetNamed(name: string, stop: StopName): Target {
  const target = targetsOf(prepared[stop].dir).find((one) => one.name === name);
  assert.ok(target !== undefined, name);
  return target;
}

async function outcomeOf(file: string, fault: FaultName, stop: StopName, topology: Topology): Promise<Verdict> {
  const verdict = await runCell({ prepared, topology, stop, target: targetNamed(file, stop), fault });
  assert.ok(verdict !== null);
  return verdict;
}

test('a fault is met with all that was acknowledged, or with a refusal that a copy repairs, and the runbook without one', async () => {
  for (const [file, fault, stop, expected, copy, without] of [
    ['LOG/msgs/index.db', 'flipped', 'killed', 'nothing-lost', undefined, /^$/],
    ['LOG/msgs/', 'older', 'killed', 'refused', 'file', /^120 of 264 writes by CUT$/],
    ['weir-node.json', 'truncated', 'clean', 'refused', 'file', /^all by weir-node\.json moved away$/],
  ] as const) {
    const { outcome, said, repaired, runbook } = await outcomeOf(file, fault, stop, 'alone');
    assert.equal(outcome, expected, `${file} ${fault}: ${said}; ${runbook}`);
    assert.equal(repaired, copy, `${file} ${fault}: ${said}`);
    assert.match(runbook ?? '', without, `${file} ${fault}: ${said}`);
  }
});

test('a slave keeps what its master lost, and takes its place', async () => {
  const { outcome, said, runbook } = await outcomeOf('LOG/', 'missing', 'clean', 'slave');
  assert.equal(outcome, 'refused', said);
  assert.equal(runbook, 'all by the slave, promoted and followed');
});

test('no flipped bit is passed over', async () => {
  const verdicts = await flips({
    prepared: [prepared],
    folder,
    flips: 10,
    seed: 5,
    jobs: 1,
    // Behind a kill -9 each refusal has waited seconds for slaves; damage.e2e.test.ts in apps/server has some of those.
    only: /clean/,
    done: [],
    say: () => undefined,
    onVerdict: () => undefined,
  });
  assert.equal(verdicts.length, 10);
  assert.deepEqual(
    verdicts.filter(({ outcome }) => outcome !== 'nothing-lost' && outcome !== 'refused'),
    [],
  );
});

test('the matrix sees a loss where nothing can tell of it', async () => {
  // All that the node has is as it was long ago.
  const target = { path: '.', name: './', isFolder: true };
  const verdict = await runCell({ prepared, topology: 'alone', stop: 'clean', target, fault: 'older' });
  assert.equal(verdict?.outcome, 'silent');
  assert.match(verdict.said, /serves 80 of 240 writes as master/);
});
