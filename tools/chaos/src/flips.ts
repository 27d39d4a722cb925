/**
 * One bit anywhere in what a node keeps, thousands of times: small folders, and nodes that run one after the other in one
 * process (host.ts), each with a nats-server of its own. Every eighth node that lost nothing is started once more.
 */

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { ErrorReply, freePort, isAlive, signal, until } from '@weir/testkit';
import { sizeOf } from './content.ts';
import { ownPort } from './cell.ts';
import type { Outcome } from './cell.ts';
import { copyFolder, flip, targetsOf } from './files.ts';
import type { Target } from './files.ts';
import { HostedNode } from './hosted-node.ts';
import { confArgs } from './prepare.ts';
import type { Kind, Prepared, StopName } from './prepare.ts';
import { PROBE, errorSaid, sentence, settle, warningsSaid } from './settle.ts';

export interface FlipVerdict {
  /** Of all that the seed draws. */
  readonly number: number;
  readonly kind: Kind;
  readonly stop: StopName;
  readonly file: string;
  readonly bit: number;
  readonly bytes: number;
  readonly outcome: Outcome;
  readonly said: string;
}

export interface FlipsOptions {
  readonly prepared: readonly Prepared[];
  /** For the nodes. */
  readonly folder: string;
  readonly flips: number;
  readonly seed: number;
  readonly jobs: number;
  readonly only: RegExp;
  readonly say: (text: string) => void;
  readonly onVerdict: (verdict: FlipVerdict) => void;
  /** Of an earlier run with the same seed: those are not flipped again. */
  readonly done: readonly FlipVerdict[];
}

/** How often each kind of file is hit: the first that matches counts. */
const WEIGHTS: readonly (readonly [RegExp, number])[] = [
  [/^LOG\/.*blk$/, 40],
  [/^LOG\//, 15],
  [/^SNAP\/.*blk$/, 15],
  [/^SNAP\//, 8],
  [/^KV_weir_weir\//, 8],
  [/^weir-node\.json$/, 5],
  [/^former-/, 3],
  [/./, 6],
];

const RESTARTED = 8;
const STOPS = ['clean', 'killed'] as const;

interface Place {
  readonly prepared: Prepared;
  readonly stop: StopName;
  readonly target: Target;
}

export async function flips(options: FlipsOptions): Promise<FlipVerdict[]> {
  const { prepared, folder, seed, jobs, say, only, onVerdict } = options;
  const places: Place[] = prepared.flatMap((one) =>
    STOPS.flatMap((stop) =>
      targetsOf(one[stop].dir)
        .filter(({ isFolder, path: file }) => !isFolder && statSync(path.join(one[stop].dir, file)).size > 0)
        .filter(({ name }) => only.test(`${one.kind}/${stop}/${name}`))
        .map((target) => ({ prepared: one, stop, target })),
    ),
  );
  const random = generator(seed);
  const classes = WEIGHTS.map(([pattern, weight], i) => ({
    weight,
    places: places.filter(
      ({ target }) => WEIGHTS.findIndex(([one]) => one.test(target.name)) === i && pattern.test(target.name),
    ),
  })).filter((one) => one.places.length > 0);
  const sum = classes.reduce((total, { weight }) => total + weight, 0);
  // Drawn before anything runs, so that a seed names its flips however many jobs there are.
  const drawn = Array.from({ length: options.flips }, () => {
    let at = random() * sum;
    const chosen = classes.find(({ weight }) => (at -= weight) < 0) ?? classes.at(-1)!;
    const place = chosen.places[Math.floor(random() * chosen.places.length)]!;
    const bytes = statSync(path.join(place.prepared[place.stop].dir, place.target.path)).size;
    return { ...place, bytes, bit: Math.floor(random() * bytes * 8) };
  });

  const verdicts: FlipVerdict[] = [...options.done];
  const done = new Set(verdicts.map(({ number }) => number));
  let next = 0;
  const began = performance.now();
  const work = async (): Promise<void> => {
    const host = new HostedNode();
    const port = await freePort();
    const natsPort = await freePort();
    const room = mkdtempSync(path.join(folder, 'flips-'));
    const onExit = (): void => {
      const pid = natsOf(path.join(room, 'node'));
      if (pid !== null) signal(pid, 'SIGKILL');
    };
    process.prependOnceListener('exit', onExit);
    try {
      while (next < drawn.length) {
        const number = next++;
        if (done.has(number)) continue;
        const { prepared, stop, target, bit, bytes } = drawn[number]!;
        const dir = path.join(room, 'node');
        const flipRun = { prepared, stop, target, bit, dir, port, natsPort, host, again: number % RESTARTED === 0 };
        const { outcome, said } = await runFlip(flipRun);
        rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
        const verdict = { number, kind: prepared.kind, stop, file: target.name, bit, bytes, outcome, said };
        verdicts.push(verdict);
        onVerdict(verdict);
        if (outcome === 'silent' || outcome === 'harness')
          say(`${outcome} ${prepared.kind}/${stop}/${target.name} bit ${bit} of ${bytes} bytes: ${said}`);
        if (verdicts.length % 100 === 0)
          say(`${verdicts.length}/${drawn.length} flips after ${Math.round((performance.now() - began) / 1000)} s`);
      }
    } finally {
      process.off('exit', onExit);
      host.kill();
      rmSync(room, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return verdicts;
}

interface FlipRun extends Place {
  readonly bit: number;
  readonly dir: string;
  readonly port: number;
  readonly natsPort: number;
  readonly host: HostedNode;
  readonly again: boolean;
}

async function runFlip(run: FlipRun): Promise<{ outcome: Outcome; said: string }> {
  const { prepared, stop, target, bit, dir, natsPort, host } = run;
  try {
    copyFolder(prepared[stop].dir, dir);
    ownPort(dir, natsPort);
    flip(path.join(dir, target.path), bit);
    const result = await judge(run);
    if (!(await host.stop())) return { outcome: 'harness', said: `does not stop in time; before: ${result.said}` };
    return result;
  } catch (error) {
    return { outcome: 'harness', said: (error as Error).message.slice(0, 400) };
  } finally {
    if (host.isRunning) host.kill();
    await endNats(dir);
  }
}

async function judge(run: FlipRun): Promise<{ outcome: Outcome; said: string }> {
  const { prepared, stop, dir, port, host } = run;
  const { digest, writes } = prepared[stop];
  const start = async (): ReturnType<typeof settle> => {
    host.start([...confArgs(port, dir), '--replication-app', 'external'], port);
    return settle(host, 0);
  };
  const settled = await start();
  const error = errorSaid(host, 0);
  if (settled.kind === 'hangs') {
    const all = host.lines.map(sentence).join('; ');
    return { outcome: 'silent', said: `does not serve: ${settled.text}; logged: ${error || all}` };
  }
  if (settled.kind !== 'serves') {
    const { text } = settled;
    return error === '' ? { outcome: 'silent', said: `nothing logged: ${text}` } : { outcome: 'refused', said: text };
  }
  const loss = async (expected: string): Promise<string> => {
    const hex = ((await host.call('WEIR', 'DIGEST')) as string[])[2];
    if (hex === expected) return '';
    return `serves ${await sizeOf(host.client())} of ${writes} writes as master; logged: ${warningsSaid(host, 0) || 'nothing'}`;
  };
  const lost = await loss(digest);
  if (lost !== '') return { outcome: 'silent', said: lost };
  try {
    await host.call('SET', PROBE, 'acknowledged');
  } catch (thrown) {
    const said = `serves all, takes no write: ${(thrown as Error).message}`;
    const isTyped = thrown instanceof ErrorReply && thrown.message.startsWith('MISCONF') && error !== '';
    return { outcome: isTyped ? 'refused' : 'silent', said };
  }
  if (run.again) {
    const after = ((await host.call('WEIR', 'DIGEST')) as string[])[2]!;
    await host.stop();
    const again = await start();
    if (again.kind !== 'serves')
      return { outcome: again.kind === 'hangs' ? 'silent' : 'refused', said: `at the next start: ${again.text}` };
    const later = await loss(after);
    if (later !== '') return { outcome: 'silent', said: `at the next start: ${later}` };
  }
  return { outcome: 'nothing-lost', said: warningsSaid(host, 0) };
}

/** The nats-server that runs on the folder. */
function natsOf(dir: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path.join(dir, 'nats/nats-server.pid'), 'utf8'), 10);
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir) ? pid : null;
  } catch {
    return null;
  }
}

/** A host that had to be killed has left its nats-server behind. */
async function endNats(dir: string): Promise<void> {
  const pid = natsOf(dir);
  if (pid === null) return;
  signal(pid, 'SIGKILL');
  await until('nats-server to be gone', () => !isAlive(pid), 2000);
}

/** Numbers in 0..1 that follow from the seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
