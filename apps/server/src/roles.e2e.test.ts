// Who leads, and who does not any more.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger, sameDigest, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';

async function load(node: WeirNode, count: number): Promise<void> {
  const client = await node.connect();
  await client.pipeline(Array.from({ length: count }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(64)]));
  client.close();
}

withRig(
  'a second master of the same log deposes the first, which follows it and keeps what it had acknowledged',
  async (rig) => {
    const one = await rig.started('one');
    const ledger = new Ledger(one);
    await ledger.progress(500);
    const two = await rig.started('two', { more: ['--nats-url', one.natsUrl('admin')] });
    await until('the first to be deposed', async () => (await one.info('replication')).get('role') === 'slave', 30_000);
    await ledger.stop();
    await one.online();
    assert.equal((await two.info('replication')).get('role'), 'master');
    assert.equal((await one.position()).logId, (await two.position()).logId);
    assert.equal(await two.call('SET', 'after', 'yes'), 'OK');
    await assert.rejects(one.call('SET', 'stale', 'yes'), /READONLY/);
    await ledger.verify([two]);
    await sameDigest([one, two]);
    await ledger.verify([one]);
  },
);

withRig('writes sent while REPLICAOF NO ONE begins a log are in that log, or were refused', async (rig) => {
  const one = await rig.started('one');
  await load(one, 60_000);
  const slave = await rig.started('slave', { slaveOf: one });
  await sameDigest([one, slave]);
  const ledger = new Ledger(slave, { writers: 4, pipeline: 1 });
  await sleep(200);
  assert.equal(ledger.acknowledged.length, 0);
  assert.equal(await slave.call('SLAVEOF', 'NO', 'ONE'), 'OK');
  assert.equal(await slave.call('SET', 'at once', 'yes'), 'OK', 'the OK of REPLICAOF NO ONE means that it leads');
  await ledger.progress(200);
  const third = await rig.started('third', { slaveOf: slave });
  await ledger.progress(200);
  await ledger.stop();
  await sameDigest([slave, third]);
  await ledger.verify([slave, third]);
  assert.equal(await one.call('DBSIZE'), 60_000);
});

withRig('REPLICAOF NO ONE on a master changes nothing', async (rig) => {
  const one = await rig.started('one');
  await one.call('SET', 'key', 'value');
  const before = await one.position();
  assert.equal(await one.call('REPLICAOF', 'NO', 'ONE'), 'OK');
  assert.equal(await one.call('SET', 'key', 'value 2'), 'OK');
  const { epoch, logId } = await one.position();
  assert.deepEqual({ epoch, logId }, { epoch: before.epoch, logId: before.logId });
});

withRig(
  'a node whose role changes faster than it can follow ends in the last one, with that data set',
  async (rig) => {
    const one = await rig.started('one');
    const two = await rig.started('two');
    await load(one, 5000);
    await two.call('SET', 'whose', 'two');
    const node = await rig.started('node');
    await node.call('SET', 'whose', 'own');
    const client = await rig.raw(node);
    const targets: [string, string | number][] = [
      ['127.0.0.1', one.port],
      ['NO', 'ONE'],
      ['127.0.0.1', two.port],
      ['127.0.0.1', node.port], // itself
      ['127.0.0.1', 1], // nobody
      ['NO', 'ONE'],
      ['127.0.0.1', one.port],
    ];
    let seed = 12345;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
    for (let round = 0; round < 40; round++) {
      const [host, port] = targets[Math.floor(random() * targets.length)]!;
      client.write(`REPLICAOF ${host} ${port}\r\n`);
      client.write('SET written anyhow\r\nGET whose\r\n');
      if (random() < 0.6) await sleep(random() * 120);
    }
    client.close();
    assert.equal(await until('an answer', () => node.call('PING')), 'PONG');
    assert.match(String(await until('REPLICAOF', () => node.call('REPLICAOF', '127.0.0.1', two.port))), /^OK/);
    await until('the last data set', async () => (await node.call('GET', 'whose')) === 'two', 30_000);
    await sameDigest([two, node]);
    assert.equal(await node.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    assert.equal(await node.call('SET', 'written', 'at last'), 'OK');
    await until('connections to other logs to be closed', async () => {
      const slaves = [await one.info('replication'), await two.info('replication')].map((info) =>
        info.get('connected_slaves'),
      );
      return slaves.every((count) => count === '0');
    });
    assert.deepEqual(await node.stop(), { code: 0, signal: null });
  },
  120_000,
);

withRig(
  'a slave that cannot begin a log says so to REPLICAOF NO ONE, keeps its data set, and can be told otherwise',
  async (rig) => {
    const one = await rig.started('one');
    await one.call('SET', 'key', 'value');
    const slave = await rig.started('slave', { slaveOf: one, more: ['--nats-server', '/nowhere/nats-server'] });
    await sameDigest([one, slave]);
    await assert.rejects(slave.call('REPLICAOF', 'NO', 'ONE'), /not the master yet, trying again/);
    await assert.rejects(slave.call('SET', 'key', 'other'), /READONLY/);
    assert.equal(await slave.call('GET', 'key'), 'value');
    assert.equal(await slave.call('REPLICAOF', '127.0.0.1', one.port), 'OK');
    await slave.online();
    await one.call('SET', 'key', 'next');
    await until('the slave to follow', async () => (await slave.call('GET', 'key')) === 'next');
  },
);

withRig(
  'a log that lost its end behind a snapshot is begun anew from that snapshot, and slaves follow',
  async (rig) => {
    const one = await rig.started('one');
    await load(one, 300);
    const slave = await rig.started('slave', { slaveOf: one });
    await sameDigest([one, slave]);
    const oldLog = (await one.position()).logId;
    const streams = join(one.dir, 'nats');
    const logFolder = readdirSync(streams, { recursive: true, encoding: 'utf8' }).find((path) =>
      /streams.\w+_LOG$/.test(path),
    );
    assert.ok(logFolder, 'the folder of the log stream');
    await one.stop();
    cpSync(join(streams, logFolder), join(rig.folder, 'old-log'), { recursive: true });
    await one.start();
    await load(one, 1000);
    await until('SAVE', async () => (await one.call('SAVE')) === 'OK');
    const before = await one.digest();
    await slave.stop(); // it would give the log its end back
    await one.stop();
    rmSync(join(streams, logFolder), { recursive: true });
    cpSync(join(rig.folder, 'old-log'), join(streams, logFolder), { recursive: true });
    await one.start();
    await until('it to lead', async () => (await one.call('SET', 'after', 'yes')) === 'OK', 30_000);
    assert.notEqual((await one.position()).logId, oldLog);
    assert.equal(await one.call('DBSIZE'), 1001);
    await one.call('DEL', 'after');
    assert.equal((await one.digest()).hex, before.hex);
    await slave.start(30_000);
    assert.notEqual((await slave.position()).logId, oldLog);
    await sameDigest([one, slave]);
  },
);

withRig(
  'a node that is told to follow itself waits as a slave with its data, and leads again with all of it',
  async (rig) => {
    const node = await rig.started('node');
    await load(node, 1000);
    assert.equal(await node.call('REPLICAOF', '127.0.0.1', node.port), 'OK');
    await until('an attempt', () => node.logged(/trying again/).length > 0);
    const [role, host, port, state, offset] = (await node.call('ROLE')) as string[];
    assert.deepEqual([role, host, port, offset], ['slave', '127.0.0.1', node.port, -1]);
    assert.match(state, /^(connect|connecting)$/);
    assert.equal((await node.info('replication')).get('master_link_status'), 'down');
    assert.equal(await node.call('GET', 'key:999'), 'x'.repeat(64));
    await assert.rejects(node.call('SET', 'key', 'value'), /READONLY/);
    assert.ok(node.logged(/trying again/).length < 5, 'it does not ask all the time');
    assert.equal(await node.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    assert.equal(await node.call('SET', 'key', 'value'), 'OK');
    await node.kill();
    await node.start();
    assert.equal(((await node.call('ROLE')) as string[])[0], 'master');
    assert.equal(await node.call('DBSIZE'), 1001);
    assert.equal(await node.call('GET', 'key'), 'value');
  },
);
