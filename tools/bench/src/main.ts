import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkoutRoot, findNatsServer } from '@weir/toolchain';
import { drawChart } from './chart.ts';
import { Patience, describeMachine } from './machine.ts';
import { formatReport } from './report.ts';
import type { Figure, Report } from './report.ts';
import { Workshop } from './servers.ts';
import { stringsBenches, typesBenches } from './figures.ts';
import type { FigureBench } from './figures.ts';
import { runThroughput, throughputCases } from './throughput.ts';
import type { ThroughputCase, ThroughputResult } from './throughput.ts';
import { scaleBenches } from './scale.ts';
import { runTypes, typesCases } from './types.ts';
import { summarizeProfiles } from './profile.ts';

const help = `Weir beside real Redis, in one run.

  npm run bench                        everything; some fifteen minutes
  npm run bench -- --only get          the cases whose name contains "get" (may be given several times)
  npm run bench -- --quick             a second for each and no care: shows that it works, proves nothing
  npm run bench -- --profile           with a profile of the server's JavaScript thread (costs a little speed)

  --seconds N    of load in a run (3; types: 1)      --rounds N    runs of each side (3)
  --patience N   minutes, all in all, of waiting for a quiet machine and repeating disturbed runs (5)
  --out DIR      where results go (bench-results)
  --publish      leaves the results in docs/benchmarks as well (strings: latest.json, .svg, .txt; types: types.…)
  --list         the names

The load comes from redis-benchmark. Strings: 64-byte values, random keys out of 200 000, all present. Types: its own tests (rb-…), then
collections of a million elements (large-…). Scale: reads through an ingress with one, two and four slaves (scale-…). A run is repeated when other programs took more than a tenth of the processors meanwhile.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    out: { type: 'string' },
    patience: { type: 'string' },
    publish: { type: 'boolean', default: false },
    suite: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const { quick } = values;
const wanted = (name: string): boolean => values.only.length === 0 || values.only.some((part) => name.includes(part));
const numberOr = (text: string | undefined, fallback: number): number => Number(text ?? fallback);

interface Measured {
  readonly throughput: readonly ThroughputResult[];
  readonly figures?: readonly Figure[];
  readonly failures?: readonly string[];
}

/** Each has a report of its own. */
interface Suite {
  readonly name: string;
  /** Its files in docs/benchmarks. */
  readonly published: string;
  readonly cases: readonly ThroughputCase[];
  readonly benches: readonly FigureBench[];
  readonly measure: (workshop: Workshop, patience: Patience) => Promise<Measured>;
}

const progress = (text: string): void => void process.stderr.write(`${text}\n`);
const rounds = numberOr(values.rounds, quick ? 1 : 3);

const allSuites: readonly Suite[] = [
  {
    name: 'strings',
    published: 'latest',
    cases: throughputCases.filter(({ name }) => wanted(name)),
    benches: stringsBenches.filter(({ name }) => wanted(name)),
    measure: async (workshop, patience) => {
      const seconds = numberOr(values.seconds, quick ? 1 : 3);
      const keys = quick ? 20_000 : 200_000;
      const cases = throughputCases.filter(({ name }) => wanted(name));
      return { throughput: await runThroughput(workshop, cases, { seconds, rounds, keys, patience, progress }) };
    },
  },
  {
    name: 'types',
    published: 'types',
    cases: typesCases(quick).filter(({ name }) => wanted(name)),
    benches: typesBenches.filter(({ name }) => wanted(name)),
    measure: async (workshop, patience) => {
      const seconds = numberOr(values.seconds, quick ? 0.15 : 1);
      return runTypes(workshop, wanted, { seconds, rounds, patience, progress, quick });
    },
  },
  {
    name: 'scale',
    published: 'scale',
    cases: [],
    benches: scaleBenches.filter(({ name }) => wanted(name)),
    measure: () => Promise.resolve({ throughput: [] }),
  },
];
const suites = allSuites.filter(
  ({ name, cases, benches }) =>
    (values.suite === undefined || values.suite === name) && cases.length + benches.length > 0,
);

function versions(): Record<string, string> {
  const first = (program: string, args: string[]): string =>
    /\d+\.\d+\.\d+/.exec(execFileSync(program, args, { encoding: 'utf8' }))?.[0] ?? '?';
  return {
    Redis: first('redis-server', ['--version']),
    'nats-server': first(findNatsServer(), ['--version']),
    Node: process.versions.node,
  };
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.list) {
    for (const { name, cases, benches } of suites) {
      for (const one of [...cases, ...benches]) process.stdout.write(`${name.padEnd(8)} ${one.name}\n`);
    }
    return 0;
  }
  if (suites.length === 0) {
    process.stderr.write(`nothing is called ${values.only.join(' or ') || values.suite}; --list shows the names\n`);
    return 1;
  }
  const out = path.resolve(values.out ?? path.join(checkoutRoot(), 'bench-results'));
  mkdirSync(out, { recursive: true });
  if (values.publish) mkdirSync(path.join(checkoutRoot(), 'docs/benchmarks'), { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  const profileDir = values.profile ? path.join(out, `${stamp}-profiles`) : undefined;
  const workshop = new Workshop(profileDir);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workshop.close().finally(() => process.exit(130)));
  }
  const patience = new Patience(quick ? 0 : 60_000 * numberOr(values.patience, 5));
  let failed = false;
  try {
    for (const suite of suites) {
      const report = await measure(suite, workshop, patience, profileDir);
      failed ||= (report.failures ?? []).length > 0;
      leaveReport(suite, report, path.join(out, `${stamp}-${suite.name}`));
    }
  } finally {
    await workshop.close();
  }
  if (profileDir !== undefined) process.stdout.write(`\n${summarizeProfiles(profileDir)}`);
  return failed ? 1 : 0;
}

async function measure(
  suite: Suite,
  workshop: Workshop,
  patience: Patience,
  profileDir: string | undefined,
): Promise<Report> {
  const at = new Date().toISOString();
  const { throughput, figures = [], failures = [] } = await suite.measure(workshop, patience);
  const report = { at, machine: describeMachine(), versions: versions(), quick, throughput };
  const allFigures = [...figures];
  const allFailures = [...failures];
  for (const bench of suite.benches) {
    progress(bench.name);
    try {
      const context = { workshop, quick, progress, ...(profileDir === undefined ? {} : { profileDir }) };
      allFigures.push(...(await bench.run(context)));
    } catch (error) {
      progress(`FAILED ${bench.name}: ${(error as Error).message}`);
      allFailures.push(`${bench.name}: ${(error as Error).message}`);
    }
  }
  return { ...report, figures: allFigures, failures: allFailures };
}

/** Prints it and leaves it as files. */
function leaveReport({ published }: Suite, report: Report, file: string): void {
  const leave = (ending: string, content: string): string => {
    writeFileSync(`${file}.${ending}`, content);
    if (values.publish) {
      writeFileSync(path.join(checkoutRoot(), `docs/benchmarks/${published}.${ending}`), content);
    }
    return `${file}.${ending}`;
  };
  process.stdout.write(`\n${formatReport(report)}`);
  if (values.publish) leave('txt', formatReport(report));
  process.stdout.write(`\nresults: ${leave('json', `${JSON.stringify(report, null, 2)}\n`)}\n`);
  const { throughput, machine, at } = report;
  if (throughput.length === 0) return;
  const caption = `${machine.cpu}, ${machine.cores} cores, ${at.slice(0, 10)}; median of ${throughput[0]!.weir.runs.length}`;
  process.stdout.write(`picture: ${leave('svg', drawChart(throughput, caption))}\n`);
}

process.exitCode = await main();
