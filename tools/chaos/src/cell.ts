/**
 * One cell: a node that was stopped, one fault in one of its files, a start, and what comes of it.
 *
 *   nothing-lost  it serves all that was ever acknowledged, and what it is given now survives a kill -9
 *   refused       it ends with a sentence, or goes on and refuses with a typed error and a line in its log; and the runbook leads on from there,
 *                 both with a copy of the folder and without one (runbook.ts)
 *   stuck         it refuses, and a way of the runbook does not lead to a node that serves what it said
 *   silent        everything else: less data, a master that never serves and does not say why, a refusal that explains nothing
 *
 * A slave that had everything must have it all the time, whatever its master does.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply, RawClient, Rig, freePort, sameDigest, until } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { sizeOf, write } from './content.ts';
import { applyFault, copyFolder, logIdOf, restore } from './files.ts';
import type { FaultName, Target } from './files.ts';
import { confArgs, killAll } from './prepare.ts';
import { Stuck, decide, nodeFileAgain, promote, slaveAfter } from './runbook.ts';
import { PROBE, errorSaid, sentence, settle, warningsSaid } from './settle.ts';
import type { Settled } from './settle.ts';
import type { Kind, Prepared, StopName } from './prepare.ts';

export type Outcome = 'nothing-lost' | 'refused' | 'stuck' | 'silent' | 'harness';
export type Topology = 'alone' | 'slave';

export interface Cell {
  readonly prepared: Prepared;
  readonly topology: Topology;
  readonly stop: StopName;
  readonly target: Target;
  readonly fault: FaultName;
}

export interface Verdict {
  readonly kind: string;
  readonly topology: Topology;
  readonly stop: StopName;
  readonly file: string;
  readonly fault: FaultName;
  readonly outcome: Outcome;
  /** What a client or an operator was told, or what is wrong. */
  readonly said: string;
  /** How a refusal was repaired from a copy: by the one file, or by the whole folder only. */
  readonly repaired?: 'file' | 'folder' | 'no';
  /** What the runbook did about a refusal without a copy, and what that kept; or where it ended. */
  readonly runbook?: string;
  readonly seconds: number;
}

const SLAVE_MS = 30_000;
const SAID_MS = 3000;
/** Where the app that trims the log runs beside a damaged node; the others start in half the time. */
const WITH_APP: ReadonlySet<Kind> = new Set(['trimmed']);

export function cellName({ prepared, topology, stop, target, fault }: Cell): string {
  return `${prepared.kind}/${topology}/${stop}/${target.name}/${fault}`;
}

/** Null: the fault does not apply to that file. What says nothing of Weir (a port that another program took) is tried once more. */
export async function runCell(cell: Cell): Promise<Verdict | null> {
  const first = await tryCell(cell);
  const isNone =
    first?.outcome === 'harness' || (first !== null && /address already in use|port \d+ is in use/i.test(first.said));
  return isNone ? tryCell(cell) : first;
}

async function tryCell(cell: Cell): Promise<Verdict | null> {
  const rig = new Rig();
  const began = performance.now();
  const { prepared, topology, stop, target, fault } = cell;
  try {
    const result = await new CellRun(cell, rig).run();
    if (result === null) return null;
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    return { kind: prepared.kind, topology, stop, file: target.name, fault, ...result, seconds };
  } catch (error) {
    const said = String((error as Error).stack)
      .replaceAll(/\s+/g, ' ')
      .slice(0, 600);
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    return { kind: prepared.kind, topology, stop, file: target.name, fault, outcome: 'harness', said, seconds };
  } finally {
    await rig.end().catch(() => undefined);
  }
}

type Result = Pick<Verdict, 'outcome' | 'said' | 'repaired' | 'runbook'>;

class CellRun {
  readonly #cell: Cell;
  readonly #rig: Rig;
  #node!: WeirNode;
  #slave: WeirNode | null = null;
  #watch: SizeWatch | null = null;
  #digest: string;
  #writes: number;
  #firstLine = 0;

  constructor(cell: Cell, rig: Rig) {
    this.#cell = cell;
    this.#rig = rig;
    const { digest, writes } = cell.prepared[cell.stop];
    this.#digest = digest;
    this.#writes = writes;
  }

  async run(): Promise<Result | null> {
    const { target, fault, prepared, topology, stop } = this.#cell;
    const dir = path.join(this.#rig.folder, 'node');
    mkdirSync(path.join(this.#rig.folder, 'copies'));
    copyFolder(prepared[stop].dir, dir);
    ownPort(dir, await freePort());
    const port = await freePort();
    const more = WITH_APP.has(prepared.kind) ? [] : ['--replication-app', 'external'];
    this.#node = await this.#rig.node('node', { port, dir, args: confArgs(port, dir), more });
    if (topology === 'slave') await this.#withSlave();
    const copy = path.join(this.#rig.folder, 'copies/node');
    copyFolder(dir, copy);
    if (!applyFault(fault, target, dir, prepared.older)) return null;
    const result = await this.#judge();
    const slaveSays = await this.#judgeSlave(result.outcome);
    if (slaveSays !== null) return { outcome: 'silent', said: `${slaveSays} (the master: ${result.said})` };
    if (result.outcome !== 'refused') return result;
    return this.#followRunbook(result, copy);
  }

  /**
   * With a slave: it is promoted after a clean stop, and its master is repaired beside it after a kill. Alone: first the copy comes back, then the same
   * damage is repaired without it.
   */
  async #followRunbook(result: Result, copy: string): Promise<Result> {
    const { stop } = this.#cell;
    try {
      if (this.#slave !== null && stop === 'clean') {
        const runbook = await promote(this.#node, this.#slave, this.#digest);
        return { ...result, runbook };
      }
      if (this.#slave !== null && this.#node.isRunning) {
        const kept = await decide(this.#node, this.#writes);
        const slave = await slaveAfter(
          this.#node,
          this.#slave,
          async () => (await this.#judgeSlave('refused')) === null,
        );
        return { ...result, runbook: `${kept}; ${slave}` };
      }
      const wasRunning = this.#node.isRunning;
      if (wasRunning) await killAll(this.#node);
      const damaged = path.join(this.#rig.folder, 'copies/damaged');
      copyFolder(this.#node.dir, damaged);
      const repaired = await this.#repair(copy);
      const all = { ...result, repaired };
      if (repaired === 'no') return { ...all, outcome: 'stuck', runbook: 'the folder from a copy does not serve' };
      if (this.#slave !== null) return all;
      if (this.#node.isRunning) await killAll(this.#node);
      restore({ path: '.', name: '.', isFolder: true }, this.#node.dir, damaged);
      const runbook = wasRunning ? await this.#decideAgain() : await this.#startAgain(result.said, copy);
      return { ...all, ...(runbook === null ? {} : { runbook }) };
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
      return { ...result, outcome: 'stuck', runbook: error.message };
    }
  }

  async #decideAgain(): Promise<string> {
    const settled = await this.#start();
    if (settled.kind === 'refuses') return decide(this.#node, this.#writes);
    if (settled.kind !== 'serves') throw new Stuck(`started once more it ${settled.kind}: ${settled.text}`);
    const loss = await this.#loss();
    if (loss !== '') throw new Stuck(`started once more, without a decision: ${loss}`);
    return 'started once more it has all';
  }

  /** It ended, and its last words name a file. */
  async #startAgain(said: string, copy: string): Promise<string | null> {
    const done = await nodeFileAgain(this.#node, logIdOf(copy), said);
    if (done === null) return null;
    const loss = await this.#loss();
    if (loss !== '') throw new Stuck(`${done}: ${loss}`);
    return `all by ${done}`;
  }

  /** A slave that has everything, some of it from the log; then the master is stopped as the cell wants it. */
  async #withSlave(): Promise<void> {
    const { prepared, stop } = this.#cell;
    const node = await this.#node.start();
    const slave = await this.#rig.started('slave', { slaveOf: node });
    const client = await node.connect();
    const more = this.#writes >> 3;
    await write(client, this.#writes, this.#writes + more, prepared.valueBytes);
    client.close();
    this.#writes += more;
    this.#digest = (await sameDigest([node, slave])).hex;
    this.#slave = slave;
    if (stop === 'clean') await node.stop();
    else await killAll(node);
    this.#watch = new SizeWatch(slave);
  }

  async #start(): Promise<Settled> {
    this.#firstLine = this.#node.lines.length;
    this.#node.spawn();
    return settle(this.#node, this.#firstLine);
  }

  #errorSaid(): string {
    return errorSaid(this.#node, this.#firstLine);
  }

  async #judge(): Promise<Result> {
    const settled = await this.#start();
    // What it wrote before it answered may be read behind the answer.
    if (settled.kind !== 'serves')
      await until('an error in its log', () => this.#errorSaid() !== '', SAID_MS).catch(() => undefined);
    const error = this.#errorSaid();
    switch (settled.kind) {
      case 'serves':
        return this.#judgeServing();
      case 'refuses':
        if (error === '') return { outcome: 'silent', said: `refuses, and logs no error: ${settled.text}` };
        return { outcome: 'refused', said: settled.text };
      case 'ended':
        if (settled.code === 0 || settled.text === '')
          return { outcome: 'silent', said: `ended with ${settled.code} and said: ${settled.text}` };
        return { outcome: 'refused', said: `exit ${settled.code}: ${settled.text}` };
      case 'hangs':
        return { outcome: 'silent', said: `does not serve: ${settled.text}; logged: ${error || 'no error'}` };
    }
  }

  async #judgeServing(): Promise<Result> {
    const loss = await this.#loss();
    if (loss !== '') return { outcome: 'silent', said: loss };
    try {
      await this.#node.call('SET', PROBE, 'acknowledged');
    } catch (error) {
      if (!(error instanceof ErrorReply)) throw error;
      if (!error.message.startsWith('MISCONF') || this.#errorSaid() === '')
        return { outcome: 'silent', said: `serves all, takes no write: ${error.message}` };
      return { outcome: 'refused', said: `serves all, takes no write: ${error.message}` };
    }
    this.#digest = (await this.#node.digest()).hex;
    this.#writes++;
    const warned = this.#warned();
    await killAll(this.#node);
    const again = await this.#start();
    if (again.kind !== 'serves') {
      const text = `after a further kill -9 it ${again.kind}: ${'text' in again ? again.text : ''}`;
      return { outcome: again.kind === 'hangs' ? 'silent' : 'refused', said: text };
    }
    const lossLater = await this.#loss();
    if (lossLater !== '') return { outcome: 'silent', said: `after a further kill -9: ${lossLater}` };
    return { outcome: 'nothing-lost', said: warned };
  }

  #warned(): string {
    return warningsSaid(this.#node, this.#firstLine);
  }

  /** What is missing of what was acknowledged, or ''. */
  async #loss(): Promise<string> {
    const { hex } = await this.#node.digest();
    if (hex === this.#digest) return '';
    const client = await this.#node.connect();
    const size = await sizeOf(client);
    client.close();
    const told = this.#warned();
    return `serves ${size} of ${this.#writes} writes as master${told === '' ? '' : `; logged: ${told}`}`;
  }

  /** What is wrong with the slave, or null. */
  async #judgeSlave(outcome: Outcome): Promise<string | null> {
    const slave = this.#slave;
    if (slave === null) return null;
    if (outcome === 'nothing-lost') {
      try {
        await sameDigest([this.#node, slave], SLAVE_MS / 4);
      } catch (error) {
        const state = (await slave.info('replication')).get('master_link_status');
        const said =
          slave.lines
            .filter((line) => /"level":(50|60)/.test(line))
            .map(sentence)
            .at(-1) ?? 'no error';
        return `the slave (link ${state}) is not as its master: ${(error as Error).message}; it logged: ${said}`;
      }
    }
    const { smallest } = this.#watch!;
    if (smallest < this.#writes - 1) return `the slave had ${smallest} of ${this.#writes} writes for a while`;
    if (outcome === 'nothing-lost') return null;
    const { hex } = await slave.digest();
    return hex === this.#digest ? null : `the slave has another data set than before`;
  }

  /** The runbook's simplest way: what is damaged comes back from a copy. */
  async #repair(copy: string): Promise<'file' | 'folder' | 'no'> {
    const { target } = this.#cell;
    const { dir } = this.#node;
    for (const how of ['file', 'folder'] as const) {
      if (this.#node.isRunning) await killAll(this.#node);
      if (how === 'file') restore(target, dir, copy);
      else restore({ path: '.', name: '.', isFolder: true }, dir, copy);
      const settled = await this.#start();
      if (settled.kind === 'serves' && (await this.#loss()) === '') return how;
    }
    return 'no';
  }
}

/** The smallest that a slave ever was, looked at all the time. */
class SizeWatch {
  smallest = Infinity;
  constructor(slave: WeirNode) {
    void this.#run(slave);
  }

  async #run(slave: WeirNode): Promise<void> {
    const client = await RawClient.connect(slave.port).catch(() => null);
    while (client !== null && !slave.over && !client.isEnded) {
      // An error is no small data set.
      const size = await sizeOf(client).catch(() => Infinity);
      this.smallest = Math.min(this.smallest, size);
      await sleep(100);
    }
    client?.close();
  }
}

/** Copies of one folder run at the same time: each gets a NATS port of its own. */
export function ownPort(dir: string, port: number): void {
  const file = path.join(dir, 'nats/embedded.json');
  if (!existsSync(file)) return; // never started
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { port: number };
  writeFileSync(file, `${JSON.stringify({ ...kept, port })}\n`);
}
