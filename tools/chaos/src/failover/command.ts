import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sentinelSubject } from './sentinel.ts';
import { Writers, missing } from './subject.ts';
import type { Measured, Subject } from './subject.ts';
import { weirSubject } from './weir.ts';

const help = `Kills the master under load, and measures how long it takes until a write is acknowledged again.

  npm run chaos -- failover --runs 20

  --runs N         (20)
  --on LIST        of ingress, direct, sentinel-1000, sentinel-5000 (ingress,direct)
  --with-nats      kills the NATS server that leads the log's stream at the same moment (Weir)
  --partition MS   cuts the master off for so long, from all but its clients, in place of a kill
  --hand-over      FAILOVER in place of a kill, on a cluster of Weir

It counts writes that were acknowledged and are not there afterwards, and errors that clients saw. Redis with Sentinel is measured by the same clients.
`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    on: { type: 'string', default: 'ingress,direct' },
    'with-nats': { type: 'boolean', default: false },
    partition: { type: 'string', default: '0' },
    'hand-over': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  ingress: () => weirSubject({ throughIngress: true, withNats: values['with-nats'] }),
  direct: () => weirSubject({ throughIngress: false, withNats: values['with-nats'] }),
  'sentinel-1000': () => sentinelSubject(1000),
  'sentinel-5000': () => sentinelSubject(5000),
};

const BEFORE_MS = 700;
const AFTER_MS = 500;
const PAUSE_MS_MAX = 60_000;
const PARTITION_MS = Number(values.partition);

async function once(
  subject: Subject,
  number: number,
): Promise<Measured & { readonly texts: ReadonlyMap<string, number> }> {
  const writers = new Writers(subject, `failover:${number}`);
  await writers.next();
  await sleep(BEFORE_MS);
  let pauseMs: number;
  try {
    writers.longestPause();
    const over = await fault(subject);
    pauseMs = await Promise.race([writers.next(), sleep(PAUSE_MS_MAX, Infinity, { ref: false })]);
    await over();
    await sleep(AFTER_MS);
    // The master of before answers on until it stops: what counts is how long nobody answered.
    if (values['hand-over']) pauseMs = writers.longestPause();
  } finally {
    await writers.stop();
  }
  await subject.restore();
  const lost = await missing(subject, writers.acknowledged);
  const { errors, disconnects, texts } = writers;
  return { pauseMs, acknowledged: writers.acknowledged.length, lost, errors, disconnects, texts };
}

/** Resolves at the moment of the fault, with a wait for its end. */
async function fault(subject: Subject): Promise<() => Promise<unknown>> {
  if (values['hand-over']) {
    if (subject.handOver === undefined) throw new Error(`${subject.name} hands over in no way that is known here`);
    const done = subject.handOver();
    done.catch(() => undefined); // It is waited for below.
    return () => done;
  }
  if (PARTITION_MS > 0) {
    await subject.isolateMaster();
    const end = performance.now() + PARTITION_MS;
    return () => sleep(Math.max(0, end - performance.now()));
  }
  await subject.killMaster();
  return () => Promise.resolve();
}

async function measure(prepare: () => Promise<Subject>, runs: number): Promise<boolean> {
  const all: Measured[] = [];
  const texts = new Map<string, number>();
  let subject = await prepare();
  print(subject.name);
  try {
    for (let i = 1; i <= runs; i++) {
      if (PARTITION_MS > 0 && i > 1) {
        await subject.end();
        subject = await prepare();
      }
      const one = await once(subject, i);
      all.push(one);
      for (const [text, count] of one.texts) texts.set(text, (texts.get(text) ?? 0) + count);
      print(
        `  ${String(i).padStart(3)}  ${one.pauseMs.toFixed(0).padStart(6)} ms  ${one.acknowledged} acknowledged, ${one.lost} lost, ${one.errors} errors, ${one.disconnects} connections lost`,
      );
    }
  } finally {
    await subject.end();
  }
  const pauses = all.map(({ pauseMs }) => pauseMs).sort((a, b) => a - b);
  const sum = (of: (one: Measured) => number): number => all.reduce((total, one) => total + of(one), 0);
  print(
    `  ${runs} runs: median ${pauses[pauses.length >> 1]!.toFixed(0)} ms, worst ${pauses.at(-1)!.toFixed(0)} ms; ${sum((one) => one.acknowledged)} acknowledged, ` +
      `${sum((one) => one.lost)} lost, ${sum((one) => one.errors)} errors, ${sum((one) => one.disconnects)} connections lost`,
  );
  for (const [text, count] of texts) print(`  ${count}× ${text}`);
  return sum((one) => one.lost) === 0;
}

async function main(): Promise<void> {
  if (values.help) return print(help);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: how many?`);
  for (const name of values.on.split(',')) {
    const prepare = SUBJECTS[name];
    if (prepare === undefined) throw new Error(`--on ${name}: one of ${Object.keys(SUBJECTS).join(', ')}`);
    const isWhole = await measure(prepare, runs);
    // What Redis loses is a number to look at, not a failure of this program.
    if (!isWhole && !name.startsWith('sentinel')) process.exitCode = 1;
  }
}

await main();
