/** What a running cluster tells to the command that plays a fault on it: a file in its folder. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PartPlan } from './plan.ts';

export interface RunningPart {
  readonly name: string;
  readonly kind: PartPlan['kind'];
  readonly port: number;
  readonly pid: number;
}

export interface RunningCluster {
  readonly pid: number;
  readonly parts: readonly RunningPart[];
}

export function tell(dir: string, state: RunningCluster): void {
  const file = path.join(dir, 'cluster.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Throws a sentence when no cluster runs there. */
export function running(dir: string): RunningCluster {
  let state: RunningCluster;
  try {
    state = JSON.parse(readFileSync(path.join(dir, 'cluster.json'), 'utf8')) as RunningCluster;
    process.kill(state.pid, 0);
  } catch {
    throw new Error(`no cluster runs in ${dir}: start one with npm run cluster, in another terminal`);
  }
  return state;
}
