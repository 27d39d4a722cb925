import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Checked } from '../linearizable/check.ts';
import { describe } from '../linearizable/history.ts';
import type { Cluster } from './cluster.ts';
import { run } from './run.ts';

const help = `A cluster of 3 NATS servers, 3 engines and 2 ingresses under load: processes are killed, stopped and cut off, several at once.

  npm run chaos -- cluster --minutes 10 --seed 1

  --minutes N   (1)
  --seed N      chooses the faults; not the timing of the rest (1)
  --clients N   of each ingress, and of the engines (4)
  --keep DIR    where logs and the histories of keys that are wrong are written (data/chaos)

At the end everything is healed. All have to serve and to hold the same data set, and what the clients were told has to be linearizable.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '4' },
    keep: { type: 'string', default: 'data/chaos' },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const counts = (map: ReadonlyMap<string, number>): string =>
  [...map]
    .toSorted(([, a], [, b]) => b - a)
    .map(([text, count]) => `${count}× ${text}`)
    .join('; ') || 'none';

function keep(folder: string, cluster: Cluster, checked: Checked | null): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, lines } of [...cluster.members, ...cluster.nats])
    writeFileSync(path.join(folder, `${name}.log`), `${lines.join('\n')}\n`);
  for (const { part, operations } of [...(checked?.wrong ?? []), ...(checked?.undecided ?? [])]) {
    const sorted = operations.toSorted((a, b) => a.sentMs - b.sentMs);
    writeFileSync(path.join(folder, `${part.replaceAll(/\W/g, '-')}.txt`), `${sorted.map(describe).join('\n')}\n`);
  }
  print(`logs and histories are in ${folder}`);
}

async function main(): Promise<void> {
  if (values.help) return print(help);
  const seed = Number(values.seed);
  const seconds = Number(values.minutes) * 60;
  if (!(seconds > 0)) throw new Error(`--minutes ${values.minutes}: how many?`);
  const folder = path.resolve(values.keep, `seed-${seed}`);
  const began = performance.now();
  const say = (text: string): void =>
    print(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${text}`);
  print(`seed ${seed}, ${values.minutes} minutes`);
  const result = await run({
    seconds,
    seed,
    clientsPerDoor: Number(values.clients),
    say,
    onWrong: (cluster, checked) => keep(folder, cluster, checked),
  });
  const { checked } = result;
  print(`faults: ${counts(result.faults)}`);
  print(`errors: ${counts(result.errors)}`);
  print(
    `${result.operations} operations, ${result.unknown} with an unknown outcome, ${result.refused} refused, ${result.disconnects} connections lost; ${checked.parts} keys`,
  );
  print(`healed after ${(result.healedMs / 1000).toFixed(1)} s; all engines hold the same`);
  if (result.died.length > 0) print(`ended by themselves: ${result.died.join(', ')}`);
  print(`verdict: ${checked.verdict}`);
  for (const { part } of checked.wrong) print(`  wrong: ${part}`);
  for (const { part } of checked.undecided) print(`  undecided: ${part}`);
  process.exitCode = checked.verdict === 'linearizable' && result.died.length === 0 ? 0 : 1;
}

await main();
