/**
 * One run: a cluster from a seed, clients at work while faults come, then nothing but healing, and the checks. In some runs an operator then makes a slave
 * the master of a log of its own (REPLICAOF NO ONE), the others follow it, and all of that comes once more.
 */

import type { Reply } from '@weir/resp';
import type { Bug } from './bugs.ts';
import { Client } from './client.ts';
import { Cluster } from './cluster.ts';
import { Faults } from './faults.ts';
import { Ledger, Violation } from './ledger.ts';
import { Outcome } from './outcome.ts';
import { QueueClient } from './queue-client.ts';
import { Scheduler } from './scheduler.ts';

const NODES = 3;
const CLIENTS = 4;
/** Ids from here on are of those that push and pop. */
const QUEUE_CLIENTS = 100;
const FAULTY_MS = 25_000;
/** For replies that are on their way when the faults have ended. */
const LAST_REPLIES_MS = 20_000;
const PROMOTION_MS = 40_000;

export interface RunOptions {
  readonly seed: number;
  readonly bug?: Bug;
  /** Gets each line of the trace. */
  readonly print?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  /** Equal for two runs of one seed. */
  readonly trace: string;
  /** What was found; null: nothing. */
  readonly failure: string | null;
  readonly events: number;
  readonly virtualMs: number;
  readonly acked: number;
  readonly reads: number;
  readonly faults: number;
}

/** Never throws: what goes wrong is the run's `failure`. One at a time in a thread. */
export async function simulate({ seed, bug, print }: RunOptions): Promise<RunResult> {
  const scheduler = new Scheduler(seed, print ?? null);
  const ledger = new Ledger();
  const cluster = new Cluster(scheduler, ledger, bug ?? null, NODES);
  const faults = new Faults(cluster);
  const caught = (error: unknown): void => void (scheduler.failure ??= error);
  process.on('unhandledRejection', caught);
  process.on('uncaughtException', caught);
  try {
    await run(cluster, ledger, faults);
  } catch (error) {
    scheduler.failure ??= error;
  }
  for (const node of cluster.nodes) node.crash();
  await new Promise(setImmediate);
  process.off('unhandledRejection', caught);
  process.off('uncaughtException', caught);
  const { failure } = scheduler;
  return {
    seed,
    trace: scheduler.traceHash(),
    failure: failure === null ? null : textOf(failure),
    events: scheduler.events,
    virtualMs: Math.round(scheduler.now),
    acked: ledger.acked,
    reads: ledger.reads,
    faults: faults.count,
  };
}

async function run(cluster: Cluster, ledger: Ledger, faults: Faults): Promise<void> {
  const { scheduler, nodes } = cluster;
  const outcome = new Outcome(cluster, ledger);
  const thinkMs = Array.from({ length: CLIENTS }, () => scheduler.between(60, 800));
  const phase = async (first: number): Promise<void> => {
    const clients = thinkMs.map(
      (ms, i) =>
        new Client({
          id: first + i,
          scheduler,
          ledger,
          nodes,
          thinkMs: ms,
          writes: scheduler.between(0.3, 0.9),
          hasLeases: cluster.isClustered,
        }),
    );
    const queues = [0, 1, 2].map(
      (i) => new QueueClient({ id: QUEUE_CLIENTS + first + i, scheduler, ledger, nodes, thinkMs: thinkMs[i]! }),
    );
    const everybody = [...clients, ...queues];
    for (const client of everybody) client.start();
    faults.begin();
    await scheduler.run(scheduler.now + FAULTY_MS);
    faults.end();
    await outcome.allServe();
    for (const client of everybody) client.stop();
    await scheduler.run(scheduler.now + LAST_REPLIES_MS, () => everybody.every(({ idle }) => idle));
    await outcome.allEqual();
    if (scheduler.failure !== null) return;
    await outcome.newcomerHasAll(`newcomer${first}`);
    await outcome.allThere();
    outcome.oneWriterAnEpoch();
  };
  scheduler.onEvent = () => cluster.look();
  for (const node of nodes) scheduler.after(scheduler.between(0, 500), () => node.start());
  await phase(0);
  if (scheduler.failure !== null || cluster.isClustered || !scheduler.chance(0.3)) return;
  await promote(cluster, outcome);
  await outcome.allThere();
  // Who is told to lead without having led leads the cluster's first log.
  faults.takeovers = false;
  if (scheduler.failure === null) await phase(CLIENTS);
}

/** A slave begins a log of its own with the data set that it has, and all follow it. */
async function promote(cluster: Cluster, outcome: Outcome): Promise<void> {
  const { scheduler, nodes } = cluster;
  const slaves = nodes.filter((node) => !node.engineNode!.role.leading);
  const chosen = slaves[scheduler.below(slaves.length)]!;
  scheduler.note(chosen.name, 'an operator makes it the master');
  let reply: Reply | null | undefined;
  for (let tries = 0; reply?.type !== 'simple'; tries++) {
    if (tries === 5)
      throw new Violation(`REPLICAOF NO ONE on ${chosen.name} is answered ${JSON.stringify(reply ?? 'not')}`);
    if (tries === 0 && scheduler.chance(0.5)) {
      // It dies on its way, and the operator asks again.
      const process = chosen.process!;
      process.diesIn = 1 + scheduler.below(200);
      process.onDeath = () => {
        chosen.crash();
        scheduler.after(scheduler.between(10, 2000), () => cluster.startIfDown(chosen));
      };
    }
    reply = await cluster.answer(chosen, ['REPLICAOF', 'NO', 'ONE'], PROMOTION_MS);
    if (scheduler.failure !== null) return;
    if (chosen.process !== null) chosen.process.diesIn = 0;
    await scheduler.run(scheduler.now + 3000);
  }
  chosen.master = null;
  cluster.leader = chosen;
  for (const node of nodes) {
    if (node === chosen) continue;
    node.master = chosen;
    await cluster.answer(node, ['REPLICAOF', chosen.name, String(chosen.address.port)], PROMOTION_MS);
  }
  await outcome.allServe();
  await outcome.allEqual();
}

function textOf(error: unknown): string {
  if (error instanceof Violation) return error.message;
  return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
}
