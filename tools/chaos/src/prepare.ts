/**
 * Folders of nodes that were used for a while and stopped, of several kinds: they are made once in a run and copied for
 * every cell. Each has three states: after a third of the writes and a clean stop (`older`), after all of them and a clean
 * stop (`clean`), and after some more and a kill -9 of node and nats-server (`killed`). One kind never ran: it has a
 * dump.rdb to begin with, and its states are the same.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Rig, freePort, signal } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';
import { sizeOf, write } from './content.ts';
import { copyFolder } from './files.ts';

export const KINDS = ['standard', 'no-snapshot', 'trimmed', 'promoted', 'large', 'import'] as const;
export type Kind = (typeof KINDS)[number];
export type StopName = 'clean' | 'killed';

export interface State {
  readonly dir: string;
  readonly digest: string;
  /** Writes that it holds. */
  readonly writes: number;
}

export interface Prepared {
  readonly kind: Kind;
  readonly clean: State;
  readonly killed: State;
  readonly older: string;
  readonly valueBytes: number;
}

/** In the node's folder, so that it is a target as well. */
const CONF = 'save ""\nappendfsync everysec\nsnapshot-keep 1\nmaxmemory-policy noeviction\n';

export function confArgs(port: number, dir: string): string[] {
  return [path.join(dir, 'redis.conf'), '--port', String(port), '--dir', dir, '--bind', '127.0.0.1'];
}

export interface Scale {
  readonly writes: number;
  readonly valueBytes: number;
}

/** kill -9 of the node and of its nats-server: nothing is finished that was under way. */
export async function killAll(node: WeirNode): Promise<void> {
  const nats = node.natsPid;
  if (nats !== undefined) signal(nats, 'SIGKILL');
  await node.kill();
  for (const pid of node.alivePids) signal(pid, 'SIGKILL');
}

export async function prepare(kind: Kind, folder: string, scale: Scale): Promise<Prepared> {
  const rig = new Rig();
  try {
    return await prepareWith(rig, kind, folder, scale);
  } finally {
    await rig.end();
  }
}

async function prepareWith(rig: Rig, kind: Kind, folder: string, { writes, valueBytes }: Scale): Promise<Prepared> {
  const root = path.join(folder, kind);
  mkdirSync(root, { recursive: true });
  const started = async (name: string, dir: string): Promise<WeirNode> => {
    mkdirSync(dir);
    writeFileSync(path.join(dir, 'redis.conf'), CONF);
    const port = await freePort();
    return rig.started(name, { port, dir, args: confArgs(port, dir) });
  };
  const dir = path.join(root, 'node');
  const third = Math.floor(writes / 3);
  const keep = (state: string): string => {
    const to = path.join(root, state);
    copyFolder(dir, to);
    return to;
  };
  const fill = async (node: WeirNode, from: number, to: number, savesAt: readonly number[] = []): Promise<void> => {
    const client = await node.connect();
    let at = from;
    for (const save of [...savesAt, to]) {
      await write(client, at, save, valueBytes);
      if (save !== to) await client.call('SAVE');
      at = save;
    }
    client.close();
  };
  const measured = async (node: WeirNode): Promise<{ digest: string; writes: number }> => {
    const client = await node.connect();
    const size = await sizeOf(client);
    client.close();
    return { digest: (await node.digest()).hex, writes: size };
  };

  const node = await started('node', dir);
  if (kind === 'import') {
    await fill(node, 0, writes);
    await node.call('SAVE');
    const state = { ...(await measured(node)), dir: path.join(root, 'clean') };
    mkdirSync(state.dir);
    writeFileSync(path.join(state.dir, 'redis.conf'), CONF);
    await exportTo(path.join(state.dir, 'dump.rdb'), node.port);
    return { kind, clean: state, killed: state, older: state.dir, valueBytes };
  }
  const saves: readonly number[] =
    kind === 'trimmed'
      ? [0.4, 0.5, 0.6].map((part) => Math.floor(part * writes))
      : kind === 'no-snapshot' || kind === 'promoted'
        ? []
        : [Math.floor(writes / 2)];
  if (kind === 'promoted') {
    // It led a log of its own before; what it keeps of that log must never be taken for the present one.
    await write(await node.connect(), 0, 64, valueBytes);
    await node.stop();
    const older = keep('older');
    const former = await started('former', path.join(root, 'former'));
    await fill(former, 0, third);
    await node.start();
    await node.call('REPLICAOF', '127.0.0.1', former.port);
    await node.online();
    await node.call('REPLICAOF', 'NO', 'ONE');
    await former.end();
    await fill(node, third, Math.floor(writes * 0.8));
    return finish(older);
  }
  await fill(node, 0, third, kind === 'trimmed' ? [third >> 1] : []);
  await node.stop();
  const older = keep('older');
  await node.start();
  await fill(node, third, Math.floor(writes * 0.8), saves);
  return finish(older);

  async function finish(older: string): Promise<Prepared> {
    // Several leaderships, by a kill and by a stop in order.
    await killAll(node);
    await node.start();
    await fill(node, Math.floor(writes * 0.8), Math.floor(writes * 0.9));
    await node.stop();
    await node.start();
    await fill(node, Math.floor(writes * 0.9), writes);
    const whole = await measured(node);
    await node.stop();
    const clean = { ...whole, dir: keep('clean') };
    await node.start();
    await fill(node, writes, writes + Math.floor(writes / 10));
    const more = await measured(node);
    await killAll(node);
    return { kind, clean, killed: { ...more, dir: keep('killed') }, older, valueBytes };
  }
}

async function exportTo(file: string, port: number): Promise<void> {
  const script = path.join(checkoutRoot(), 'apps/replication/src/main.ts');
  const args = [script, '--replicaof', '127.0.0.1', String(port), '--export', file];
  await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
}
