/** `npm run cluster`: a cluster on this machine, for trying it; and in another terminal, faults on it. */

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checkoutRoot } from '@weir/toolchain';
import { ask, look } from './ask.ts';
import type { EngineView } from './ask.ts';
import { FAULTS } from './fault-names.ts';
import type { Fault } from './fault-names.ts';
import { Part } from './part.ts';
import { plan } from './plan.ts';
import { tell } from './state.ts';

const FAULT_NAMES = Object.keys(FAULTS) as Fault[];
const help = `A cluster of three on this machine: 3 NATS servers, 3 engines, 2 ingresses, 2 replication apps (one stands by), the admin app.

  npm run cluster                    starts it and says who leads; Ctrl-C ends it. What is killed is started again after three seconds
  npm run cluster -- --kill-master   in another terminal, while it runs: plays a fault and says what a client saw of it

${FAULT_NAMES.map((name) => `  --${name.padEnd(14)} ${FAULTS[name]}`).join('\n')}

  --port N    the first ingress's; the second N+1, engines N+10.., NATS N+20.., the admin app N+40 (7000)
  --dir DIR   where data and logs are kept (data/cluster)
  --nats N    NATS servers, and copies of the log (3)       --fresh   without the data of the last time
`;

const AGAIN_MS = 3000;
const LOOK_MS = 200;
const STOP_MS = 20_000;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7000' },
    dir: { type: 'string', default: path.join(checkoutRoot(), 'data/cluster') },
    nats: { type: 'string', default: '3' },
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    ...(Object.fromEntries(FAULT_NAMES.map((name) => [name, { type: 'boolean' }])) as Record<
      Fault,
      { type: 'boolean' }
    >),
  },
});

const say = (text: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 23)} ${text}\n`);
process.stdout.on('error', () => undefined);

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const dir = path.resolve(values.dir);
  const faults = FAULT_NAMES.filter((name) => values[name] === true);
  if (faults.length === 0) return run(dir);
  // Only here: the testkit, which its client comes from, ends the process at a signal.
  const { play } = await import('./faults.ts');
  for (const fault of faults) if (!(await play(dir, fault, say))) return 1;
  return 0;
}

async function run(dir: string): Promise<number> {
  if (values.fresh) rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const port = Number(values.port);
  const nats = Number(values.nats);
  if (!Number.isInteger(port) || port < 1 || port > 65_000) throw new Error(`--port ${values.port} is no port`);
  if (nats !== 1 && nats !== 3 && nats !== 5) throw new Error(`--nats ${values.nats}: one, three or five servers`);
  const cluster = plan({ dir, port, nats });
  for (const { name, port: wanted } of cluster.parts)
    if (wanted !== 0 && (await ask(wanted, 'PING', 200)) !== undefined)
      throw new Error(`port ${wanted}, of ${name}, is in use: end the server there, or choose --port`);

  let stopping = false;
  const parts: Part[] = [];
  const note = (): void =>
    tell(dir, {
      pid: process.pid,
      parts: parts.flatMap(({ plan: { name, kind, port: at }, pid }) =>
        pid === undefined ? [] : [{ name, kind, port: at, pid }],
      ),
    });
  for (const one of cluster.parts) {
    const part: Part = new Part({
      plan: one,
      dir,
      onLine: () => undefined,
      onDeath: (how) => {
        if (stopping) return;
        say(`${one.name} ended with ${how}; it is started again in three seconds`);
        setTimeout(() => {
          if (stopping) return;
          part.start();
          note();
        }, AGAIN_MS);
      },
    });
    parts.push(part);
    part.start();
  }
  note();
  say(`logs of all parts are in ${dir}`);
  const asked = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
  });
  const watched = watch(
    cluster.parts.filter(({ kind }) => kind === 'engine'),
    port,
    () => stopping,
  );
  await asked;
  stopping = true;
  say('ending …');
  // NATS last: the others have something to write when they end.
  for (const kind of ['admin', 'ingress', 'replication', 'engine', 'nats'])
    await Promise.all(parts.filter((part) => part.plan.kind === kind).map((part) => part.stop(STOP_MS)));
  await watched;
  rmSync(path.join(dir, 'cluster.json'), { force: true });
  return 0;
}

/** Says who leads and who follows, whenever that changes. */
async function watch(
  engines: readonly { name: string; port: number }[],
  port: number,
  isOver: () => boolean,
): Promise<void> {
  const before = new Map<string, string>();
  let isReady = false;
  while (!isOver()) {
    const views = await Promise.all(engines.map((engine) => look(engine.name, engine.port)));
    for (const view of views) {
      const text = describe(view);
      if (before.get(view.name) === text) continue;
      before.set(view.name, text);
      say(`${view.name} ${text}`);
    }
    if (!isReady && (await ask(port, 'PING')) === '+PONG' && views.some(({ role }) => role === 'master')) {
      isReady = true;
      say(
        `ready: redis-cli -p ${port} or -p ${port + 1} (ingresses), -p ${port + 10} … (engines), http://127.0.0.1:${port + 40} (admin app)`,
      );
      say('in another terminal: npm run cluster -- --kill-master');
    }
    await sleep(LOOK_MS);
  }
}

function describe({ role, epoch, link }: EngineView): string {
  if (role === 'unknown') return 'does not answer';
  if (role === 'master' && epoch === 0) return 'starts';
  return role === 'master' ? `leads with epoch ${epoch}` : `follows, its link is ${link}`;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
