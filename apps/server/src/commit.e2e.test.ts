// What is visible when, and what happens when the log is not what it was.

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger, RawClient, bounded, freeze, isAlive, sameDigest, signal, until, withRig } from '@weir/testkit';

const UNANSWERED = Symbol('no answer');

/** The answer when it comes within a moment. */
async function soon<T>(promise: Promise<T>, ms = 300): Promise<T | typeof UNANSWERED> {
  return Promise.race([promise, sleep(ms, UNANSWERED)]);
}

withRig('a write is answered, and its key readable, when the log has it; other reads do not wait', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  await master.call('MSET', 'a', 'old', 'b', 'old');
  await sameDigest([master, slave]);
  const nats = master.natsPid!;
  await freeze(nats);
  const writer = await rig.raw(master);
  const reader = await rig.raw(master);
  const other = await rig.raw(master);
  const set = writer.call('SET', 'a', 'new');
  assert.equal(await soon(set), UNANSWERED);
  const get = reader.call('GET', 'a');
  assert.equal(await soon(get), UNANSWERED, 'a read of the uncommitted key waits');
  assert.equal(await other.call('GET', 'b'), 'old');
  assert.equal(await other.call('STRLEN', 'b'), 3);
  assert.equal(await slave.call('GET', 'a'), 'old');
  // Behind the held reply, on the same connection, everything waits its turn.
  const ping = reader.call('PING');
  assert.equal(await soon(ping), UNANSWERED);
  signal(nats, 'SIGCONT');
  assert.deepEqual(await bounded('the answers', Promise.all([set, get, ping]), 10_000), ['OK', 'new', 'PONG']);
  await sameDigest([master, slave]);
  assert.equal(await slave.call('GET', 'a'), 'new');
});

withRig('a master killed with unanswered writes: they are there or not, and both nodes agree', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  await master.call('SET', 'a', 'old');
  const nats = master.natsPid!;
  await freeze(nats);
  const writer = await rig.raw(master);
  const pending = writer.pipeline([
    ['SET', 'a', 'new'],
    ['INCR', 'counter'],
    ['SET', 'c', 'x'.repeat(100_000)],
  ]);
  assert.equal(await soon(pending), UNANSWERED);
  await master.kill();
  assert.ok((await pending).every((outcome) => outcome instanceof Error));
  signal(nats, 'SIGCONT');
  await master.start();
  await slave.online();
  await sameDigest([master, slave]);
  const [a, counter, c] = (await master.call('MGET', 'a', 'counter', 'c')) as (string | null)[];
  // One turn is one record: all of it or nothing.
  assert.ok(
    (a === 'new' && counter === '1' && c?.length === 100_000) || (a === 'old' && counter === null && c === null),
  );
});

withRig(
  'clients that write faster than a log which hangs are held back, not let run into memory',
  async (rig) => {
    const master = await rig.started('master');
    const value = Buffer.alloc(1024 * 1024, 'v');
    await master.call('SET', 'readable', 'yes');
    const nats = master.natsPid!;
    await freeze(nats);
    const before = Number((await master.info('memory')).get('used_memory_rss'));
    const writers = await Promise.all(Array.from({ length: 4 }, () => rig.raw(master)));
    const all = writers.map((writer, i) =>
      writer.pipeline(Array.from({ length: 75 }, (_, j) => ['SET', `big:${i}:${j}`, value])),
    );
    for (const one of all) assert.equal(await soon(one, 500), UNANSWERED);
    const status = await rig.raw(master);
    const info = status.call('INFO', 'memory');
    signal(nats, 'SIGCONT');
    const text = (await bounded('INFO', info, 20_000)) as string;
    const rss = Number(/used_memory_rss:(\d+)/.exec(text)![1]);
    assert.ok(rss - before < 450 * 1024 * 1024, `${Math.round((rss - before) / 1024 / 1024)} MB more`);
    // Those which waited for too long were told so, and may be there; the others are there.
    const outcomes = (await bounded('the answers', Promise.all(all), 60_000)).flat();
    assert.ok(outcomes.some((outcome) => outcome === 'OK'));
    const slave = await rig.started('slave', { slaveOf: master });
    // Not the digest: it would hash it all, twice.
    await until(
      'the slave to have everything',
      async () => (await slave.call('DBSIZE')) === (await master.call('DBSIZE')),
      30_000,
    );
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome === 'OK')
        assert.equal(await slave.call('STRLEN', `big:${Math.floor(i / 75)}:${i % 75}`), value.length);
      else assert.match((outcome as Error).message, /^NOREPLICAS /);
    }
  },
  120_000,
);

withRig(
  'a log that lost its tail under living nodes gets it back from them: nothing is lost, and all agree',
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    for (let i = 0; i < 50; i++) await master.call('SET', `early:${i}`, 'v');
    await sameDigest([master, slave]);
    // A consistent copy of the store, as an operator restores one: taken while the broker does not run.
    const store = join(master.dir, 'nats/store');
    const copy = join(rig.folder, 'copy');
    await master.stop();
    cpSync(store, copy, { recursive: true });
    await master.start();
    await slave.online();
    for (let i = 0; i < 50; i++) await master.call('SET', `late:${i}`, 'v');
    await sameDigest([master, slave]);
    // The broker alone is killed, and comes back with the older store under a master and a slave that know better.
    const nats = master.natsPid!;
    await freeze(nats);
    rmSync(store, { recursive: true });
    cpSync(copy, store, { recursive: true });
    signal(nats, 'SIGKILL');
    await until('the broker to be gone', () => !isAlive(nats));
    await until('writes to go on', async () => (await master.call('SET', 'after', 'v')) === 'OK', 40_000, 100);
    await slave.online(30_000);
    await sameDigest([master, slave]);
    assert.equal(await master.call('DBSIZE'), 101);
    assert.equal(await slave.call('EXISTS', 'late:0'), 1);
    assert.equal(await slave.call('GET', 'after'), 'v');
  },
  120_000,
);

withRig(
  'a slave that slept while the log was trimmed past it loads a snapshot',
  async (rig) => {
    const master = await rig.started('master', { more: ['--snapshot-keep', '1'] });
    const slave = await rig.started('slave', { slaveOf: master });
    await master.call('SET', 'before', 'v');
    await sameDigest([master, slave]);
    await freeze(slave.pid);
    const client = await RawClient.connect(master.port);
    const save = async (): Promise<void> => {
      const saves = Number((await master.info('persistence')).get('rdb_saves'));
      await master.call('BGSAVE');
      await until(
        'the snapshot',
        async () => Number((await master.info('persistence')).get('rdb_saves')) > saves,
        20_000,
      );
    };
    for (let round = 0; round < 3; round++) {
      await client.pipeline(Array.from({ length: 2000 }, (_, i) => ['SET', `round:${round}:${i}`, 'v'.repeat(100)]));
      await save();
    }
    client.close();
    signal(slave.pid, 'SIGCONT');
    await sameDigest([master, slave]);
    assert.equal(await slave.call('DBSIZE'), 6001);
  },
  90_000,
);

withRig(
  'a slave that hangs costs the master nothing',
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    await freeze(slave.pid);
    const ledger = new Ledger(master);
    await ledger.progress(2000);
    await until(
      'the master to miss it',
      async () => (await master.info('replication')).get('connected_slaves') === '0',
      20_000,
    );
    assert.equal(await master.call('WAIT', 1, 200), 0);
    signal(slave.pid, 'SIGCONT');
    await ledger.progress(500);
    await ledger.stop();
    await sameDigest([master, slave]);
    await ledger.verify([slave]);
    assert.equal(await master.call('WAIT', 1, 5000), 1);
  },
  90_000,
);

withRig(
  'min-replicas-to-write refuses writes while no slave is near, in the words of Redis',
  async (rig) => {
    const master = await rig.started('master', {
      more: ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '3'],
    });
    await until('the refusal', async () => {
      await assert.rejects(master.call('SET', 'k', 'v'), /^Error: NOREPLICAS Not enough good replicas to write\.$/);
      return true;
    });
    const slave = await rig.started('slave', { slaveOf: master });
    await until('a write', async () => (await master.call('SET', 'k', 'v')) === 'OK');
    await freeze(slave.pid);
    await until(
      'the refusal',
      async () => {
        await assert.rejects(master.call('SET', 'k', 'v2'), /NOREPLICAS Not enough good replicas/);
        return true;
      },
      15_000,
    );
    signal(slave.pid, 'SIGCONT');
    await until('a write', async () => (await master.call('SET', 'k', 'v3')) === 'OK');
    await sameDigest([master, slave]);
  },
  90_000,
);
