import { setTimeout as sleep } from 'node:timers/promises';
import { sameDigest } from '@weir/testkit';
import { generator } from '../generator.ts';
import { check } from '../linearizable/check.ts';
import type { Checked } from '../linearizable/check.ts';
import { Cluster } from './cluster.ts';
import { Faults } from './faults.ts';
import { Workload, readAll } from './workload.ts';

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly clientsPerDoor?: number;
  readonly say: (text: string) => void;
  /** Looks at the cluster when something is wrong, before it ends. */
  readonly onWrong?: (cluster: Cluster, checked: Checked | null) => void;
}

export interface RunResult {
  readonly checked: Checked;
  readonly operations: number;
  readonly unknown: number;
  readonly refused: number;
  readonly disconnects: number;
  readonly errors: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<string, number>;
  /** Processes of Weir that ended though nobody had ended them. */
  readonly died: readonly string[];
  /** From the last fault's end until all served again. */
  readonly healedMs: number;
}

/** A cluster under load and faults; then all is healed, everybody has to serve again and hold the same, and the history is looked at. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { seconds, seed, clientsPerDoor = 4, say } = options;
  const cluster = await Cluster.start({ more: ['--save', ''] });
  let checked: Checked | null = null;
  try {
    const ingresses = cluster.ingresses.map((node) => ({ nodes: [node], isEngine: false }));
    const doors = [...ingresses, { nodes: cluster.engines, isEngine: true }];
    const work = new Workload({ doors, clientsPerDoor, seed });
    const faults = new Faults(cluster, { random: generator(seed), say });
    faults.start();
    await sleep(seconds * 1000);
    await faults.heal();
    say('all faults are over');
    const healedAt = performance.now();
    const died = cluster.members.filter((node) => !node.isRunning).map(({ name }) => name);
    await cluster.serves();
    const healedMs = performance.now() - healedAt;
    await work.stop();
    const leader = (await cluster.leader())!;
    const last = await readAll(leader.port, work.history);
    await sameDigest(cluster.engines);
    checked = check([...work.history, ...last]);
    if (checked.verdict !== 'linearizable') options.onWrong?.(cluster, checked);
    const { acknowledged, unknown, refused, disconnects, errors } = work;
    return {
      checked,
      operations: acknowledged,
      unknown,
      refused,
      disconnects,
      errors,
      faults: faults.played,
      died,
      healedMs,
    };
  } catch (error) {
    options.onWrong?.(cluster, checked);
    throw error;
  } finally {
    await cluster.end();
  }
}
