// The classic walk-through of replication, as a user types it.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, redisCli, sameDigest, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';

/** The shipped file, with another port and dir, as a user edits it. */
function edited(text: string, port: number): string {
  const next = text.replace(/^port \d+$/m, `port ${port}`).replace(/^dir .*$/m, `dir ./data/${port}`);
  assert.notEqual(next, text);
  return next;
}

/** Two nodes from two files in one folder, the second copied from the first and given one line. */
async function twoNodes(rig: Rig, directive: string): Promise<{ master: WeirNode; slave: WeirNode }> {
  const conf = join(rig.folder, 'conf');
  mkdirSync(conf);
  const [port, slavePort] = [await freePort(), await freePort()];
  const masterFile = join(conf, `${port}.conf`);
  const slaveFile = join(conf, `${slavePort}.conf`);
  writeFileSync(masterFile, edited(readFileSync(join(checkoutRoot(), 'conf/6379.conf'), 'utf8'), port));
  const master = await rig.node('master', {
    port,
    dir: join(rig.folder, 'data', String(port)),
    args: [masterFile],
    cwd: rig.folder,
  });
  await master.start();
  cpSync(masterFile, slaveFile);
  writeFileSync(slaveFile, `${edited(readFileSync(slaveFile, 'utf8'), slavePort)}\n${directive} 127.0.0.1 ${port}\n`);
  const slave = await rig.node('slave', {
    port: slavePort,
    dir: join(rig.folder, 'data', String(slavePort)),
    args: [slaveFile],
    cwd: rig.folder,
  });
  await slave.start();
  return { master, slave };
}

for (const directive of ['slaveof', 'replicaof']) {
  withRig(`a copied file with one line, ${directive}, makes a slave that redis-cli sees follow`, async (rig) => {
    const { master, slave } = await twoNodes(rig, directive);
    assert.equal(await redisCli(master.port, ['keys', '*']), '(empty array)');
    assert.equal(await redisCli(master.port, ['set', 'testkey', 'val']), 'OK');
    assert.equal(await redisCli(master.port, ['keys', '*']), '1) "testkey"');
    assert.equal(await redisCli(master.port, ['set', 'testkey2', 'val2']), 'OK');
    await until('the slave to have both keys', async () => (await redisCli(slave.port, ['dbsize'])) === '(integer) 2');
    const shown = await redisCli(slave.port, ['keys', '*']);
    assert.deepEqual(
      shown
        .split('\n')
        .map((line) => line.replace(/^\d\) /, ''))
        .toSorted(),
      ['"testkey"', '"testkey2"'],
    );
    assert.equal(await redisCli(slave.port, ['get', 'testkey2']), '"val2"');
    assert.equal(
      await redisCli(slave.port, ['set', 'testkey3', 'val3']),
      "(error) READONLY You can't write against a read only replica.",
    );
    assert.equal(await redisCli(slave.port, ['get', 'testkey3']), '(nil)');
    const info = await redisCli(slave.port, ['info', 'replication'], { raw: true });
    assert.match(info, /^role:slave\r?$/m);
    assert.match(info, /^master_host:127\.0\.0\.1\r?$/m);
    assert.match(info, new RegExp(`^master_port:${master.port}\\r?$`, 'm'));
    assert.match(info, /^master_link_status:up\r?$/m);
    assert.match(info, /^slave_read_only:1\r?$/m);
    const role = await redisCli(slave.port, ['role'], { raw: true });
    assert.deepEqual(role.split('\n').slice(0, 4), ['slave', '127.0.0.1', String(master.port), 'connected']);
    assert.match(await redisCli(master.port, ['info', 'replication'], { raw: true }), /^role:master\r?$/m);
    await sameDigest([master, slave]);
  });
}

withRig('ioredis writes to the master, reads from the slave, and is told who is who', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  const writer = rig.ioredis(master);
  const reader = rig.ioredis(slave);
  assert.equal(await writer.set('testkey', 'val'), 'OK');
  assert.equal(await writer.incrby('counter', 5), 5);
  const replies = await writer.pipeline().set('a', '1').mset('b', '2', 'c', '3').get('a').exec();
  assert.deepEqual(replies, [
    [null, 'OK'],
    [null, 'OK'],
    [null, '1'],
  ]);
  assert.equal(await writer.wait(1, 5000), 1);
  assert.deepEqual(await reader.mget('testkey', 'counter', 'a', 'b'), ['val', '5', '1', '2']);
  await assert.rejects(
    reader.set('testkey', 'other'),
    /^ReplyError: READONLY You can't write against a read only replica\.$/,
  );

  const ofSlave = await slave.info('replication');
  assert.equal(ofSlave.get('role'), 'slave');
  assert.equal(ofSlave.get('master_host'), '127.0.0.1');
  assert.equal(ofSlave.get('master_port'), String(master.port));
  assert.equal(ofSlave.get('master_link_status'), 'up');
  assert.equal(ofSlave.get('master_sync_in_progress'), '0');
  assert.equal(ofSlave.get('connected_slaves'), '0');
  await until('the slave to report to the master that it has everything', async () => {
    const info = await master.info('replication');
    const offset = info.get('master_repl_offset');
    return new RegExp(`^ip=127\\.0\\.0\\.1,port=${slave.port},state=online,offset=${offset},lag=[0-9]+$`).test(
      info.get('slave0') ?? '',
    );
  });
  const ofMaster = await master.info('replication');
  assert.equal(ofMaster.get('role'), 'master');
  assert.equal(ofMaster.get('connected_slaves'), '1');
  assert.equal(ofMaster.get('master_replid'), (await slave.info('replication')).get('master_replid'));
  assert.equal(ofMaster.get('master_replid'), (await master.position()).logId);

  const masterRole = (await writer.call('ROLE')) as [string, number, [string, string, string][]];
  assert.equal(masterRole[0], 'master');
  assert.deepEqual(masterRole[2], [['127.0.0.1', String(slave.port), String(masterRole[1])]]);
  assert.deepEqual(await reader.call('ROLE'), ['slave', '127.0.0.1', master.port, 'connected', masterRole[1]]);
  await sameDigest([master, slave]);
});

withRig('a chain: a slave of a slave follows the same log, and says whose slave it is', async (rig) => {
  const master = await rig.started('master');
  const middle = await rig.started('middle', { slaveOf: master });
  await master.call('SET', 'key', 'value');
  const last = await rig.started('last', { slaveOf: middle });
  await sameDigest([master, middle, last]);
  assert.equal(await last.call('GET', 'key'), 'value');
  assert.equal((await last.info('replication')).get('master_port'), String(middle.port));
});

withRig(
  'in a chain of three each node shows its own slaves, with their offset, and the master those of a node that is gone',
  async (rig) => {
    const master = await rig.started('master');
    const middle = await rig.started('middle', { slaveOf: master });
    const last = await rig.started('last', { slaveOf: middle });
    await master.call('SET', 'key', 'value');
    await sameDigest([master, middle, last]);
    const offset = String((await master.info('replication')).get('master_repl_offset'));
    const shows = async (node: WeirNode, slave: WeirNode): Promise<boolean> => {
      const info = await node.info('replication');
      const line = info.get('slave0') ?? '';
      return (
        info.get('connected_slaves') === '1' &&
        new RegExp(`^ip=127.0.0.1,port=${slave.port},state=online,offset=${offset},lag=[0-9]$`).test(line)
      );
    };
    await until('the master to show its slave alone', () => shows(master, middle));
    await until('the slave to show its own slave', () => shows(middle, last));
    const leaf = await last.info('replication');
    assert.deepEqual([leaf.get('connected_slaves'), leaf.get('slave0')], ['0', undefined]);
    assert.deepEqual(await middle.call('ROLE'), ['slave', '127.0.0.1', master.port, 'connected', Number(offset)]);
    const role = (await master.call('ROLE')) as [string, number, string[][]];
    assert.deepEqual(role[2], [['127.0.0.1', String(middle.port), offset]]);
    await middle.stop();
    await until('the master to show the slave of a slave that left', () => shows(master, last));
  },
);

withRig('pid in INFO, time and random effects are the same on the slave', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  assert.equal((await master.info('server')).get('process_id'), String(master.pid));
  assert.equal((await slave.info('server')).get('process_id'), String(slave.pid));
  const writer = await rig.raw(master);
  for (let i = 0; i < 200; i++) await writer.call('SET', `expiring:${i}`, 'v', 'PX', 200 + i);
  await writer.call('SET', 'float', '10.5');
  await writer.call('INCRBYFLOAT', 'float', '0.1');
  await writer.call('SET', 'long', 'v', 'EX', 100);
  await writer.call('APPEND', 'long', 'w');
  await until('all to expire on the master', async () => (await writer.call('DBSIZE')) === 2);
  await sameDigest([master, slave]);
  assert.equal(await slave.call('DBSIZE'), 2);
  assert.equal(await slave.call('GET', 'float'), '10.6');
  assert.equal(await slave.call('PEXPIRETIME', 'long'), await master.call('PEXPIRETIME', 'long'));
});
