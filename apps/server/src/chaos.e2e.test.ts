/*
 * kill -9 under load. Writers remember what was acknowledged to them; afterwards each acknowledged write is on the master
 * and on the slave with its value, and both data sets are equal. What was not acknowledged may be there or not, but the
 * nodes agree about it.
 *
 * WEIR_CHAOS_SECONDS makes the random test longer, WEIR_CHAOS_SEED repeats its choices (not its timing).
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger, bounded, firstSeed, freeze, sameDigest, signal, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';

interface Scene {
  readonly rig: Rig;
  readonly master: WeirNode;
  readonly slave: WeirNode;
  readonly ledger: Ledger;
}

async function scene(rig: Rig, more: readonly string[] = []): Promise<Scene> {
  const master = await rig.started('master', { more });
  const slave = await rig.started('slave', { slaveOf: master });
  const ledger = new Ledger(master);
  await ledger.progress(500);
  return { rig, master, slave, ledger };
}

/** Writers go on for a while after the fault, then everything is compared. */
async function heal({ master, slave, ledger }: Scene): Promise<void> {
  await ledger.progress(500, 30_000);
  await ledger.stop();
  await slave.online(30_000);
  await sameDigest([master, slave]);
  await ledger.verify([master, slave]);
}

type Fault = (scene: Scene) => Promise<void>;

const faults: Record<string, Fault> = {
  'the slave': async ({ slave, ledger }) => {
    await slave.kill();
    await ledger.progress(200);
    await slave.start();
  },
  'the master': async ({ master }) => {
    await master.kill();
    await master.start();
  },
  'the master twice, the second time while it starts': async ({ master }) => {
    await master.kill();
    master.spawn();
    await until('the log of the new process', () => master.logged(/listening for clients/).length > 1);
    await master.kill();
    await master.start();
  },
  'the embedded nats-server': async ({ master }) => {
    const pid = master.natsPid!;
    signal(pid, 'SIGKILL');
    await until('another nats-server', () => master.natsPid !== undefined && master.natsPid !== pid);
  },
  'the replication app': async ({ master }) => {
    const pid = (await until('the replication app', () => master.replicationPid))!;
    signal(pid, 'SIGKILL');
    await until('another replication app', () => master.replicationPid !== undefined && master.replicationPid !== pid);
  },
  'the nats-server and the master at once': async ({ master }) => {
    signal(master.natsPid!, 'SIGKILL');
    await master.kill();
    await master.start();
  },
  'the nats-server and the slave at once': async ({ master, slave }) => {
    const pid = master.natsPid!;
    signal(pid, 'SIGKILL');
    await slave.kill();
    await slave.start();
  },
  'everything at once': async ({ master, slave }) => {
    signal(master.natsPid!, 'SIGKILL');
    await Promise.all([master.kill(), slave.kill()]);
    await Promise.all([master.start(), slave.start()]);
  },
};

for (const [what, fault] of Object.entries(faults)) {
  withRig(`kill -9 of ${what} under load loses no acknowledged write`, async (rig) => {
    const all = await scene(rig);
    await fault(all);
    await heal(all);
    assert.ok(all.ledger.acknowledged.length >= 1000);
  });
}

withRig('what ioredis was told OK is there after its master was killed and started again, twice', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  const told: string[] = [];
  let running = true;
  const clients = Array.from({ length: 4 }, async (_, client) => {
    const redis = rig.ioredis(master);
    for (let i = 0; running; i++) {
      // Retries and sends again by itself: an application sees a slow answer, or an error.
      const outcome = await redis.set(`ioredis:${client}:${i}`, String(i)).catch(() => 'error');
      if (outcome === 'OK') told.push(`${client}:${i}`);
    }
  });
  for (let round = 0; round < 2; round++) {
    const goal = told.length + 300;
    await until('answers', () => told.length > goal);
    await master.kill();
    await master.start();
  }
  const goal = told.length + 300;
  await until('answers', () => told.length > goal);
  running = false;
  await bounded('the clients to end', Promise.all(clients), 20_000);
  await sameDigest([master, slave]);
  for (const node of [master, slave]) {
    const values = await node.call('MGET', ...told.map((one) => `ioredis:${one}`));
    assert.deepEqual(
      values,
      told.map((one) => one.split(':')[1]),
    );
  }
});

const chaosSeconds = Number(process.env['WEIR_CHAOS_SECONDS'] ?? 25);
const seed = firstSeed('WEIR_CHAOS_SEED');

/** For the random test: not kills, but what kills may meet. */
const pauses: Record<string, Fault> = {
  'the nats-server hangs': async ({ master }) => {
    const pid = master.natsPid;
    if (pid === undefined) return;
    await freeze(pid).catch(() => undefined);
    await sleep(700);
    signal(pid, 'SIGCONT');
  },
  'the slave hangs': async ({ slave, ledger }) => {
    await freeze(slave.pid);
    await ledger.progress(300);
    signal(slave.pid, 'SIGCONT');
  },
  'the master hangs': async ({ master }) => {
    await freeze(master.pid);
    await sleep(500);
    signal(master.pid, 'SIGCONT');
  },
  'a snapshot begins': async ({ master }) => void (await master.call('BGSAVE').catch(() => undefined)),
};

withRig(
  `kill -9 of whatever, again and again (seed ${seed}, ${chaosSeconds} s), loses no acknowledged write`,
  async (rig) => {
    const random = generator(seed);
    // Snapshots and trims all the time, so that restarts meet every stage of them.
    const all = await scene(rig, ['--snapshot-keep', '1', '--snapshot-log-bytes', '200kb', '--commit-timeout', '3000']);
    const anything = { ...faults, ...pauses };
    const end = performance.now() + chaosSeconds * 1000;
    const done: string[] = [];
    const names = Object.keys(anything);
    try {
      while (performance.now() < end) {
        const name = names[Math.floor(random() * names.length)]!;
        done.push(name);
        // A chosen pause, not a wait for anything: the next fault may hit a recovery.
        await sleep(random() * 800);
        await anything[name]!(all);
        if (random() < 0.5) await all.ledger.progress(100, 30_000);
      }
      await heal(all);
    } catch (error) {
      throw new Error(`after: ${done.join(', ')}: ${(error as Error).message}`, { cause: error });
    }
  },
  chaosSeconds * 1000 + 120_000,
);

/** mulberry32: enough to choose faults. */
function generator(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
