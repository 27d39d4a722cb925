import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Rig, freePort, freeze, isAlive, sameDigest, signal, until } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { generator } from './generator.ts';
import { SizedLedger } from './sized-ledger.ts';

const help = `Three nodes under load: roles change, processes are killed, frozen and restarted at random.

  npm run chaos -- role-changes --seconds 180 --seed 1

  --seconds N   (180)
  --seed N      chooses what happens; not the timing of the rest (1)

What must hold: what a master acknowledged is there after each fault; when another node is promoted, all that it had at that moment; no slave
has fewer keys than before unless it was told to follow another master; each fault is over in time, without a refusal.
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const SETTLE_MS = 20_000;
const LOOK_MS = 150;

class Scene {
  readonly rig = new Rig();
  readonly ledger = new SizedLedger('roles', { hugeEvery: 0, largeBytes: 20_000 });
  readonly random = generator(Number(values.seed));
  nodes: WeirNode[] = [];
  master!: WeirNode;
  /** Sizes seen, since an operator last said whom to follow and it did. */
  readonly #sizes = new Map<WeirNode, number>();
  readonly #told = new Set<WeirNode>();
  readonly shrunk: string[] = [];
  #watching = true;

  get slaves(): WeirNode[] {
    return this.nodes.filter((node) => node !== this.master);
  }

  get slave(): WeirNode {
    return this.slaves[Math.floor(this.random() * this.slaves.length)]!;
  }

  async prepare(): Promise<void> {
    process.once('exit', () => this.rig.killAll());
    for (const name of ['a', 'b', 'c']) {
      const port = await freePort();
      const dir = path.join(this.rig.folder, name);
      mkdirSync(dir);
      const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, 'snapshot-keep 1', 'snapshot-log-bytes 4mb'];
      if (this.nodes.length > 0) lines.push(`replicaof 127.0.0.1 ${this.nodes[0]!.port}`);
      const conf = path.join(dir, 'weir.conf');
      writeFileSync(conf, `${lines.join('\n')}\n`);
      const node = await this.rig.node(name, { port, dir, args: [conf] });
      this.nodes.push(await node.start());
    }
    this.master = this.nodes[0]!;
    for (const node of this.nodes) void this.#watch(node);
    this.ledger.begin(this.master);
  }

  /** A slave answers with what it has: that never becomes less by itself. */
  async #watch(node: WeirNode): Promise<void> {
    while (this.#watching) {
      await sleep(LOOK_MS);
      const before = this.#sizes.get(node) ?? 0;
      const size = await node.call('DBSIZE').catch(() => null);
      if (typeof size !== 'number') continue; // it does not run, or loads and says so
      if (this.#told.has(node)) continue; // it answers with the data set of before until the other one is there
      if (size < before && (this.#sizes.get(node) ?? 0) >= before) {
        this.shrunk.push(`${node.name} had ${before} keys, has ${size} (${node === this.master ? 'master' : 'slave'})`);
      }
      this.#sizes.set(node, size);
    }
  }

  async follow(node: WeirNode, master: WeirNode): Promise<void> {
    this.#told.add(node);
    this.#sizes.delete(node);
    await until(
      `${node.name} to be told`,
      async () => (await node.call('REPLICAOF', '127.0.0.1', master.port)) === 'OK',
    );
    this.#sizes.delete(node);
    await node.call('CONFIG', 'REWRITE');
  }

  /** Another node becomes the master, under load; the others follow it. */
  async promote(): Promise<string> {
    const next = this.slave;
    const old = this.master;
    const beganMs = performance.now();
    const { seq } = await old.position();
    await until(`${next.name} to have it`, async () => (await next.position()).seq >= seq, 20_000, 5);
    await until(
      `${next.name} to be promoted`,
      async () => (await next.call('REPLICAOF', 'NO', 'ONE')) === 'OK',
      20_000,
    );
    await next.call('CONFIG', 'REWRITE');
    await this.ledger.end();
    this.ledger.doubt(beganMs);
    this.master = next;
    for (const node of this.slaves) await this.follow(node, next);
    this.ledger.begin(next);
    return next.name;
  }

  async settled(): Promise<void> {
    await until(
      `${this.master.name} to be the master`,
      async () => {
        return (
          ((await this.master.call('ROLE')) as unknown[])[0] === 'master' &&
          (await this.master.call('SET', 'probe', '1')) === 'OK'
        );
      },
      SETTLE_MS,
    );
    for (const node of this.slaves) {
      await node.online(SETTLE_MS);
      this.#told.delete(node);
    }
  }

  /** Everything stands still, and is compared. */
  async compare(): Promise<void> {
    await this.ledger.end();
    await this.settled();
    await sameDigest(this.nodes, SETTLE_MS);
    for (const node of this.nodes) {
      const lost = await this.ledger.verify(node, performance.now());
      if (lost.keys > 0)
        throw new Error(`${node.name} lacks ${lost.keys} acknowledged writes, the first: ${lost.first}`);
    }
    this.ledger.begin(this.master);
  }

  async end(): Promise<void> {
    this.#watching = false;
    await this.ledger.end().catch(() => undefined);
    await this.rig.end();
  }
}

type Fault = (scene: Scene) => Promise<unknown>;

async function killed(node: WeirNode): Promise<void> {
  await node.kill();
  await node.start(SETTLE_MS);
}

const faults: Record<string, Fault> = {
  'a promotion': (scene) => scene.promote(),
  'a slave follows another slave, then the master': async (scene) => {
    const [one, two] = scene.slaves as [WeirNode, WeirNode];
    await scene.follow(one, two);
    await sleep(scene.random() * 1500);
    await scene.follow(one, scene.master);
  },
  'kill -9 of the master': ({ master }) => killed(master),
  'kill -9 of a slave': ({ slave }) => killed(slave),
  'kill -9 of the master while its slaves hang': async ({ master, slaves }) => {
    for (const node of slaves) await freeze(node.pid);
    await killed(master);
    for (const node of slaves) signal(node.pid, 'SIGCONT');
  },
  'kill -9 of the master and of a slave, which comes back later': async ({ master, slave }) => {
    await Promise.all([master.kill(), slave.kill()]);
    await master.start(SETTLE_MS);
    await slave.start(SETTLE_MS);
  },
  'kill -9 of everything': async ({ nodes }) => {
    for (const node of nodes) {
      node.note();
      const pids = node.alivePids;
      for (const pid of pids) signal(pid, 'SIGKILL');
      await node.exited;
      await until('the processes to be gone', () => pids.every((pid) => !isAlive(pid)));
    }
    for (const node of nodes) node.spawn();
  },
  'kill -9 of the nats-server': async ({ master }) => {
    const pid = master.natsPid;
    if (pid !== undefined) signal(pid, 'SIGKILL');
  },
  'kill -9 of the replication app': async ({ master }) => {
    const pid = master.replicationPid;
    if (pid !== undefined) signal(pid, 'SIGKILL');
  },
  'a restart of the master': async ({ master }) => {
    await master.stop();
    await master.start(SETTLE_MS);
  },
  'a restart of a slave': async ({ slave }) => {
    await slave.stop();
    await slave.start(SETTLE_MS);
  },
  'the master hangs': async ({ master, random }) => {
    await freeze(master.pid);
    await sleep(300 + random() * 6000);
    signal(master.pid, 'SIGCONT');
  },
  'a slave hangs': async ({ slave, random }) => {
    await freeze(slave.pid);
    await sleep(300 + random() * 4000);
    signal(slave.pid, 'SIGCONT');
  },
  'the nats-server hangs': async ({ master, random }) => {
    const pid = master.natsPid;
    if (pid === undefined) return;
    await freeze(pid).catch(() => undefined);
    await sleep(300 + random() * 3000);
    signal(pid, 'SIGCONT');
  },
  'a snapshot': async ({ master }) => master.call('BGSAVE').catch(() => undefined),
};

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const scene = new Scene();
  const done: string[] = [];
  const counts = new Map<string, number>();
  try {
    await scene.prepare();
    const end = performance.now() + Number(values.seconds) * 1000;
    const names = Object.keys(faults);
    for (let i = 1; performance.now() < end; i++) {
      // Promotions are what this is about.
      const name = scene.random() < 0.2 ? 'a promotion' : names[Math.floor(scene.random() * names.length)]!;
      done.push(name);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await sleep(scene.random() * 1000);
      const began = performance.now();
      await faults[name]!(scene);
      if (scene.random() < 0.7) await scene.settled();
      say(`${i} ${name}: ${Math.round(performance.now() - began)} ms, ${scene.ledger.acknowledged.size} acknowledged`);
      if (i % 8 === 0) await scene.compare();
    }
    await scene.compare();
  } catch (error) {
    say(`after: ${done.slice(-6).join('; ')}: ${(error as Error).message}`);
    scene.rig.showLogs();
    process.exitCode = 1;
  } finally {
    for (const node of scene.nodes) {
      const troubles = node.logged(/MISCONF|"trouble":|log-diverged|log-unrelated/);
      if (troubles.length > 0)
        say(`${node.name} said ${troubles.length} times: ${troubles.slice(0, 3).join('\n').slice(0, 1500)}`);
    }
    await scene.end();
  }
  say([...counts].map(([name, count]) => `${count} × ${name}`).join(', '));
  say(
    `${done.length} faults, ${scene.ledger.acknowledged.size} acknowledged writes checked, shrunk: ${scene.shrunk.join('; ') || 'never'}`,
  );
  return scene.shrunk.length > 0 ? 1 : Number(process.exitCode ?? 0);
}

for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
process.exitCode = await main();
