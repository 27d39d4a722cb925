/**
 * docs/operations.md, as an operator follows it who has no copy: look first, ask for the plan of every action, do the one that keeps most, and look
 * whether the node has what the plan said, takes writes and keeps them. Where a slave has everything it is promoted, or its master is repaired
 * beside it. Each function returns what was done and what it kept; it throws Stuck when the way does not lead there.
 */

import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkoutRoot } from '@weir/toolchain';
import { sameDigest, until } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { sizeOf } from './content.ts';
import { killAll } from './prepare.ts';
import { PROBE, settle } from './settle.ts';

export class Stuck extends Error {}

const SLAVE_MS = 30_000;
const CLI_MS = 60_000;

interface Plan {
  readonly action: readonly string[];
  readonly keys: number;
}

/** Without a copy: `WEIR REPAIR`. `node` runs and refuses. */
export async function decide(node: WeirNode, writes: number): Promise<string> {
  const status = (await node.call('WEIR', 'REPAIR')) as string[];
  if (!/^trouble: (?!none)/.test(status[0] ?? '')) throw new Stuck(`WEIR REPAIR knows of no trouble: ${status[0]}`);
  const plans: Plan[] = [];
  const refused: string[] = [];
  for (const action of actionsFor(status)) {
    try {
      const lines = (await node.call('WEIR', 'REPAIR', ...action)) as string[];
      const keys = /would begin with (\d+) keys/.exec(lines.at(-1)!)?.[1];
      if (keys !== undefined) plans.push({ action, keys: Number(keys) });
    } catch (error) {
      refused.push(`${action.join(' ')}: ${(error as Error).message}`);
    }
  }
  const best = plans.toSorted((a, b) => b.keys - a.keys)[0];
  if (best === undefined || best.keys === 0) {
    // Nothing is left that a new log could begin with.
    await cli(node, ['EMPTY', '--yes']);
    return `${await proven(node, 0, writes)} by EMPTY${refused.length === 0 ? '' : ` (${refused.join('; ')})`}`;
  }
  const before = (await node.call('WEIR', 'REPAIR')) as string[];
  const plan = await cli(node, best.action);
  if (!plan.includes('nothing was changed: say --yes to do it')) throw new Stuck(`the plan says: ${plan}`);
  const after = (await node.call('WEIR', 'REPAIR')) as string[];
  if (before[0] !== after[0]) throw new Stuck(`a plan has changed "${before[0]}" into "${after[0]}"`);
  await cli(node, [...best.action, '--yes']);
  return `${await proven(node, best.keys, writes)} by ${best.action[0]}`;
}

/** In the order of how good they are, where they keep as much. */
function actionsFor(status: readonly string[]): string[][] {
  const snapshots = status.flatMap((line) => /^snapshot (\S+): usable/.exec(line)?.[1] ?? []);
  const holds = status.some((line) => line.startsWith('this node holds') && !line.endsWith('no data set'));
  return [...(holds ? [['MEMORY']] : []), ['CUT'], ['SKIP'], ...snapshots.map((id) => ['SNAPSHOT', id])];
}

/** `weir-server repair`, as it is typed. */
async function cli(node: WeirNode, args: readonly string[]): Promise<string> {
  const argv = ['repair', '-p', String(node.port), ...args];
  try {
    const { stdout } = await promisify(execFile)(path.join(checkoutRoot(), 'weir-server'), argv, { timeout: CLI_MS });
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Stuck(`weir-server ${argv.join(' ')}: ${stderr.trim() || message}`);
  }
}

/** It leads, has `keys` keys, takes a write, and has all that after a kill -9 too. Says how many of the writes it has. */
async function proven(node: WeirNode, keys: number, writes: number): Promise<string> {
  await serving(node);
  const has = (await node.call('DBSIZE')) as number;
  if (has !== keys) throw new Stuck(`the plan said ${keys} keys, the node has ${has}`);
  const client = await node.connect();
  const size = await sizeOf(client);
  client.close();
  await node.call('SET', PROBE, 'after the repair');
  const { hex } = await node.digest();
  await killAll(node);
  node.spawn();
  await serving(node);
  if ((await node.digest()).hex !== hex) throw new Stuck('after the repair and a kill -9 it has another data set');
  return `${size} of ${writes} writes`;
}

async function serving(node: WeirNode): Promise<void> {
  const settled = await settle(node, node.lines.length);
  if (settled.kind !== 'serves') throw new Stuck(`it ${settled.kind}: ${'text' in settled ? settled.text : ''}`);
}

/** The slave becomes the master, and the node its slave. `digest`: of everything. */
export async function promote(node: WeirNode, slave: WeirNode, digest: string): Promise<string> {
  const answer = await slave.call('REPLICAOF', 'NO', 'ONE').catch((error: unknown) => error);
  if (answer !== 'OK') throw new Stuck(`REPLICAOF NO ONE at the slave: ${String(answer)}`);
  if ((await slave.digest()).hex !== digest) throw new Stuck('the promoted slave has another data set than before');
  await slave.call('SET', PROBE, 'after the repair');
  if (!node.isRunning) return 'all by the slave, promoted';
  await node.call('REPLICAOF', '127.0.0.1', slave.port);
  await sameOrStuck([slave, node]);
  return 'all by the slave, promoted and followed';
}

/** After a repair of its master: the slave follows, or keeps what it has until it is told otherwise. */
export async function slaveAfter(node: WeirNode, slave: WeirNode, keeps: () => Promise<boolean>): Promise<string> {
  let follows = false;
  await until(
    'the slave to follow, or to say why not',
    async () => {
      const [a, b] = [await node.position(), await slave.position()];
      follows = a.logId === b.logId && (await slave.info('replication')).get('master_link_status') === 'up';
      return follows || slave.logged(/\(log-unrelated\)/).length > 0;
    },
    SLAVE_MS,
  ).catch((error: unknown) => {
    throw new Stuck((error as Error).message);
  });
  if (follows) {
    await sameOrStuck([node, slave]);
    return 'the slave followed';
  }
  if (!(await keeps())) throw new Stuck('the slave has another data set than before its master was repaired');
  await slave.call('WEIR', 'REPAIR', 'DISCARD', 'CONFIRM');
  await sameOrStuck([node, slave]);
  return 'the slave kept all until DISCARD';
}

async function sameOrStuck(nodes: readonly WeirNode[]): Promise<void> {
  await sameDigest(nodes, SLAVE_MS).catch((error: unknown) => {
    throw new Stuck((error as Error).message);
  });
}

/**
 * docs/deployment.md, "A damaged weir-node.json": moved away, or, where the start is refused again, written by hand. `node` has ended. Null: that
 * it is not.
 */
export async function nodeFileAgain(node: WeirNode, logId: string, said: string): Promise<string | null> {
  if (!said.includes('weir-node.json')) return null;
  const file = path.join(node.dir, 'weir-node.json');
  rmSync(file, { force: true });
  node.spawn();
  const settled = await settle(node, node.lines.length);
  if (settled.kind === 'serves') return 'weir-node.json moved away';
  if (node.isRunning) await killAll(node);
  writeFileSync(file, JSON.stringify({ id: '0123456789abcdef', logId }));
  node.spawn();
  await serving(node);
  return 'weir-node.json written by hand';
}
