/** Faults played on a cluster that runs: what is done, and what a client saw of it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ask, look } from './ask.ts';
import { running } from './state.ts';
import type { RunningPart } from './state.ts';
import { Writer } from './writer.ts';
import { FAULTS } from './fault-names.ts';
import type { Fault } from './fault-names.ts';

const BEFORE_MS = 2000;
const AFTER_MS = 12_000;
const PAUSE_MS = 10_000;

export async function play(dir: string, fault: Fault, say: (text: string) => void): Promise<boolean> {
  const { parts } = running(dir);
  const of = (kind: RunningPart['kind']): RunningPart[] => parts.filter((part) => part.kind === kind);
  const engines = of('engine');
  const [ingress] = of('ingress');
  if (ingress === undefined) throw new Error('the cluster has no ingress');
  const views = async () => Promise.all(engines.map(async (part) => ({ part, ...(await look(part.name, part.port)) })));
  const leading = async (): Promise<RunningPart> => {
    const leader = (await views()).find(({ role }) => role === 'master');
    if (leader === undefined) throw new Error('no engine leads at this moment');
    return leader.part;
  };
  const leader = await leading();
  const target =
    fault === 'kill-slave'
      ? engines.find((part) => part !== leader)
      : fault === 'kill-ingress'
        ? ingress
        : fault === 'kill-nats'
          ? of('nats')[0]
          : leader;
  if (target === undefined) throw new Error('the cluster has no such part');

  const writer = new Writer(ingress.port);
  writer.start();
  await sleep(BEFORE_MS);
  say(`${leader.name} leads; a client writes through ${ingress.name}: ${writer.acknowledged.length} acknowledged`);
  const since = performance.now();
  say(`${FAULTS[fault]}: ${target.name}`);
  if (fault === 'hand-over') say(`FAILOVER answers ${(await ask(leader.port, 'FAILOVER', 5000)) ?? 'nothing'}`);
  else process.kill(target.pid, fault === 'pause-master' ? 'SIGSTOP' : 'SIGKILL');
  if (fault === 'pause-master') {
    await sleep(PAUSE_MS);
    process.kill(target.pid, 'SIGCONT');
    say(`${target.name} goes on`);
  }
  await sleep(AFTER_MS);
  const pause = writer.longestPause(since);
  const total = writer.acknowledged.length;
  const { missing, twice } = await writer.end();
  const after = await views();
  for (const { name, role, epoch, link } of after)
    say(`  ${name}: ${role}${link === '' ? '' : `, link ${link}`}, epoch ${epoch}`);
  say(`longest time without an acknowledged write: ${pause.toFixed(0)} ms`);
  say(`${total} writes acknowledged, ${missing} of them missing, ${twice} there twice`);
  const refused = writer.errors === 0 ? '' : ` (${[...writer.said].join('; ')})`;
  say(`the client saw ${writer.errors} errors${refused} and ${writer.lostConnections} lost connections`);
  return missing === 0 && twice === 0;
}
