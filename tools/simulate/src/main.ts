// Runs the simulation over many seeds, or one seed with its trace:
//
//   npm run simulate                                1,000 seeds, as many at a time as there are cores
//   npm run simulate -- --seeds 100000 --from 1     any number, from any seed on
//   npm run simulate -- --seed 4711 --trace         one of them, telling what happens
//   npm run simulate -- --seeds 1000 --bug no-fence with a bug on purpose, to the first seed that finds it
//
// Ends with 1 when a seed fails; each failing one is printed with the command that shows it.

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bugs } from './bugs.ts';
import type { BugName } from './bugs.ts';
import { simulate } from './world.ts';
import type { RunResult } from './world.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    bug: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

const bugName = values.bug as BugName | undefined;
if (bugName !== undefined && !(bugName in bugs)) {
  console.error(`no such bug: ${bugName}; there are ${Object.keys(bugs).join(', ')}`);
  process.exit(2);
}
process.exit(values.seed === undefined ? await many() : await one(number('seed', values.seed)));

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name} is no number: ${text}`);
    process.exit(2);
  }
  return value;
}

function replay(seed: number): string {
  return `npm run simulate -- --seed ${seed}${bugName === undefined ? '' : ` --bug ${bugName}`} --trace`;
}

async function one(seed: number): Promise<number> {
  const print = values.trace ? (line: string) => void process.stdout.write(line) : undefined;
  const result = await simulate({
    seed,
    ...(print === undefined ? {} : { print }),
    ...(bugName === undefined ? {} : { bug: bugs[bugName]() }),
  });
  const { trace, events, virtualMs, acked, reads, faults, failure } = result;
  console.log(
    `seed ${seed}: trace ${trace}, ${events} events in ${virtualMs} ms, ${acked} writes acknowledged, ${reads} reads, ${faults} faults`,
  );
  if (failure !== null) console.log(`seed ${seed} FAILED: ${failure}`);
  return failure === null ? 0 : 1;
}

async function many(): Promise<number> {
  const first = number('from', values.from);
  const count = number('seeds', values.seeds);
  const jobs = Math.max(1, Math.min(number('jobs', values.jobs), count));
  const started = performance.now();
  const sums = { seeds: 0, events: 0, virtualMs: 0, acked: 0, reads: 0, faults: 0 };
  const failed: number[] = [];
  let next = first;
  let saidAt = started;
  // To find one seed is enough for a bug on purpose.
  const ended = (): boolean => next >= first + count || (failed.length > 0 && !values['keep-going']);
  const heard = (result: RunResult): void => {
    sums.seeds++;
    for (const name of ['events', 'virtualMs', 'acked', 'reads', 'faults'] as const) sums[name] += result[name];
    if (result.failure !== null) {
      failed.push(result.seed);
      console.log(`seed ${result.seed} FAILED: ${result.failure}\n  to see it: ${replay(result.seed)}`);
    }
    const now = performance.now();
    if (now - saidAt < 10_000) return;
    saidAt = now;
    console.log(`${sums.seeds} seeds, ${((sums.seeds / (now - started)) * 1000).toFixed(1)} a second`);
  };
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { bug: bugName ?? null } });
      while (!ended()) {
        worker.postMessage(next++);
        const [result] = (await once(worker, 'message')) as [RunResult];
        heard(result);
      }
      await worker.terminate();
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${sums.seeds} seeds from ${first} in ${seconds.toFixed(1)} s (${(sums.seeds / seconds).toFixed(1)} a second): ` +
      `${sums.events} events, ${(sums.virtualMs / 3_600_000).toFixed(1)} hours of virtual time, ${sums.faults} faults, ` +
      `${sums.acked} writes acknowledged, ${sums.reads} reads; ${failed.length} failed`,
  );
  return failed.length > 0 ? 1 : 0;
}
