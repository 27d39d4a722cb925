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
import { figureBenches } from './figures.ts';
import { runThroughput, throughputCases } from './throughput.ts';
import { summarizeProfiles } from './profile.ts';

const help = `Weir beside real Redis, in one run.

  npm run bench                        everything; some fifteen minutes
  npm run bench -- --only get          the cases whose name contains "get" (may be given several times)
  npm run bench -- --quick             a second for each and no care: shows that it works, proves nothing
  npm run bench -- --profile           with a profile of the server's JavaScript thread (costs a little speed)

  --seconds N    of load in a run (3)          --rounds N    runs of each side (3)
  --patience N   minutes, all in all, of waiting for a quiet machine and repeating disturbed runs (5)
  --out DIR      where results go (bench-results)
  --publish      leaves the results in docs/benchmarks as well (latest.json, .svg, .txt)
  --list         the names

The load comes from redis-benchmark, 64-byte values, random keys out of 200 000, all present. A run is repeated when other
programs took more than a tenth of the processors meanwhile.
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
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const { quick } = values;
const wanted = (name: string): boolean => values.only.length === 0 || values.only.some((part) => name.includes(part));
const cases = throughputCases.filter(({ name }) => wanted(name));
const benches = figureBenches.filter(({ name }) => wanted(name));

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
    for (const { name } of [...throughputCases, ...figureBenches]) process.stdout.write(`${name}\n`);
    return 0;
  }
  if (cases.length + benches.length === 0) {
    process.stderr.write(`nothing is called ${values.only.join(' or ')}; --list shows the names\n`);
    return 1;
  }
  const out = path.resolve(values.out ?? path.join(checkoutRoot(), 'bench-results'));
  mkdirSync(out, { recursive: true });
  if (values.publish) mkdirSync(path.join(checkoutRoot(), 'docs/benchmarks'), { recursive: true });
  const at = new Date().toISOString();
  const stamp = at.slice(0, 19).replaceAll(':', '');
  const profileDir = values.profile ? path.join(out, `${stamp}-profiles`) : undefined;
  const workshop = new Workshop(profileDir);
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workshop.close().finally(() => process.exit(130)));
  }
  try {
    const throughput = await runThroughput(workshop, cases, {
      seconds: Number(values.seconds ?? (quick ? 1 : 3)),
      rounds: Number(values.rounds ?? (quick ? 1 : 3)),
      keys: quick ? 20_000 : 200_000,
      patience: new Patience(quick ? 0 : 60_000 * Number(values.patience ?? 5)),
      progress,
    });
    const figures: Figure[] = [];
    for (const bench of benches) {
      progress(bench.name);
      figures.push(...(await bench.run({ workshop, quick, progress })));
    }
    const report: Report = { at, machine: describeMachine(), versions: versions(), quick, throughput, figures };
    process.stdout.write(`\n${formatReport(report)}`);
    const leave = (ending: string, content: string): string => {
      const file = path.join(out, `${stamp}.${ending}`);
      writeFileSync(file, content);
      if (values.publish) writeFileSync(path.join(checkoutRoot(), `docs/benchmarks/latest.${ending}`), content);
      return file;
    };
    if (values.publish) leave('txt', formatReport(report));
    process.stdout.write(`\nresults: ${leave('json', `${JSON.stringify(report, null, 2)}\n`)}\n`);
    if (throughput.length > 0) {
      const { machine } = report;
      const rounds = throughput[0]!.weir.runs.length;
      const caption = `${machine.cpu}, ${machine.cores} cores, ${at.slice(0, 10)}; median of ${rounds}`;
      process.stdout.write(`picture: ${leave('svg', drawChart(throughput, caption))}\n`);
    }
  } finally {
    await workshop.close();
  }
  if (profileDir !== undefined) process.stdout.write(`\n${summarizeProfiles(profileDir)}`);
  return 0;
}

process.exitCode = await main();
