/*
 * Random sequences of every command, on all databases, with expiry and eviction at work: whoever builds the data set from
 * the log (a slave while it is written, another one later from snapshot and log, the master anew after a kill) has the same one.
 */

import assert from 'node:assert/strict';
import {
  Gen,
  RawClient,
  dataRows,
  firstSeed,
  freeze,
  generate,
  sameDigest,
  signal,
  until,
  withRig,
} from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';

const seed = firstSeed('WEIR_EFFECTS_SEED');
const rounds = Number(process.env['WEIR_EFFECTS_ROUNDS'] ?? 12);
/** Nobody waits here. */
const rows = { ...dataRows, rows: dataRows.rows.filter(({ name }) => name !== 'wait') };

async function sequences(node: WeirNode, g: Gen, count: number): Promise<void> {
  const clients = await Promise.all([0, 1].map(() => RawClient.connect(node.port)));
  try {
    for (let i = 0; i < count; i++) {
      const steps = generate(g, rows);
      await Promise.all(
        clients.map((client, which) =>
          client.pipeline(steps.filter((step) => step.connection === which).map(({ args }) => args)),
        ),
      );
    }
  } finally {
    for (const client of clients) client.close();
  }
}

async function snapshot(node: WeirNode): Promise<void> {
  await until(
    'a snapshot',
    async () => {
      const info = await node.info('persistence');
      if (info.get('rdb_bgsave_in_progress') === '0') await node.call('BGSAVE');
      return Number(info.get('rdb_saves')) > 0;
    },
    30_000,
    200,
  );
}

async function pair(rig: Rig, more: readonly string[]): Promise<[WeirNode, WeirNode]> {
  const master = await rig.started('master', { more: ['--hz', '100', ...more] });
  return [master, await rig.started('slave', { slaveOf: master })];
}

withRig(
  `random commands (seed ${seed}) end in the same data set everywhere, over kills, snapshots and hangs`,
  async (rig) => {
    const g = new Gen(seed);
    // A SETBIT far out makes half a gigabyte of zeros, and every BITOP on it takes its time.
    const [master, slave] = await pair(rig, ['--proto-max-bulk-len', '1mb']);
    for (let round = 0; round < rounds; round++) {
      await sequences(master, g, 5);
      if (round % 3 === 0) {
        await sameDigest([master, slave]);
        await master.kill();
        await master.start();
      } else if (round % 3 === 1) {
        await freeze(slave.pid);
        await sequences(master, g, 2);
        signal(slave.pid, 'SIGCONT');
      } else if (round === 2) await snapshot(master);
      await slave.online();
      await sameDigest([master, slave]);
    }
    const late = await rig.started('late', { slaveOf: master });
    await sameDigest([master, slave, late]);
    assert.equal(await late.call('DBSIZE'), await master.call('DBSIZE'));
  },
  120_000,
);

for (const policy of ['allkeys-lru', 'allkeys-random', 'volatile-ttl', 'allkeys-lfu']) {
  withRig(`keys that ${policy} evicts are gone from the slave as well`, async (rig) => {
    const [master, slave] = await pair(rig, []);
    const used = Number((await master.info('memory')).get('used_memory'));
    await master.call('CONFIG', 'SET', 'maxmemory', used + 2 * 1024 * 1024, 'maxmemory-policy', policy);
    const client = await rig.raw(master);
    for (let i = 0; i < 20_000; i += 500) {
      const outcomes = await client.pipeline(
        Array.from({ length: 500 }, (_, j) => ['SET', `key:${i + j}`, 'v'.repeat(200), 'EX', 1000 + ((i + j) % 500)]),
      );
      for (const outcome of outcomes) assert.equal(outcome, 'OK');
    }
    const info = await master.info('stats');
    assert.ok(Number(info.get('evicted_keys')) > 1000, `${info.get('evicted_keys')} were evicted`);
    await sameDigest([master, slave]);
    assert.ok(Number(await slave.call('DBSIZE')) < 19_000);
    await master.kill();
    await master.start();
    await slave.online();
    await sameDigest([master, slave]);
  });
}

withRig('keys that expire while the master is away are gone when it is back, on the slave as well', async (rig) => {
  const [master, slave] = await pair(rig, []);
  const client = await rig.raw(master);
  await client.pipeline(Array.from({ length: 1000 }, (_, i) => ['SET', `soon:${i}`, 'v', 'PX', 400]));
  await client.call('SET', 'stays', 'v');
  await sameDigest([master, slave]);
  await master.kill();
  // A slave does not delete, and does not show what has expired.
  await until('the slave to show none', async () => (await slave.call('EXISTS', 'soon:1', 'soon:500', 'stays')) === 1);
  await master.start();
  await slave.online();
  await until('the master to have deleted them', async () => (await master.call('DBSIZE')) === 1);
  await sameDigest([master, slave]);
  assert.equal(await slave.call('DBSIZE'), 1);
});

withRig('a data set that grows and shrinks by hundreds of megabytes is read correctly all the time', async (rig) => {
  const [master, slave] = await pair(rig, []);
  const client = await rig.raw(master);
  // Enough small ones behind each large one that they need memory of their own there.
  const small = (i: number): string => `small value ${i}`.padEnd(80, '.');
  const names = (i: number): string[] => Array.from({ length: 100 }, (_, j) => `small:${i}:${j}`);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 40; i++) {
      await client.call('SET', `large:${i}`, Buffer.alloc(4 * 1024 * 1024, i));
      await client.call('MSET', ...names(i).flatMap((name) => [name, small(i)]));
      for (const at of [i, 0])
        assert.deepEqual(
          await client.call('MGET', ...names(at)),
          names(at).map(() => small(at)),
        );
    }
    const [cursor, found] = (await client.call('SCAN', 0, 'MATCH', 'small:*', 'COUNT', 100_000)) as [string, string[]];
    assert.deepEqual([cursor, found.length], ['0', 4000]);
    await until('the slave to have it', async () => (await slave.call('GET', 'small:39:99')) === small(39));
    for (let i = 0; i < 40; i++) {
      assert.deepEqual(
        await slave.call('MGET', ...names(i)),
        names(i).map(() => small(i)),
      );
      assert.equal(await client.call('DEL', `large:${39 - i}`), 1);
      assert.deepEqual(
        await client.call('MGET', ...names(i)),
        names(i).map(() => small(i)),
      );
    }
    for (let i = 0; i < 40; i++) assert.equal(await client.call('DEL', ...names(i)), 100);
  }
  await sameDigest([master, slave]);
});
