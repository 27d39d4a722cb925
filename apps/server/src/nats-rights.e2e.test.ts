// What a handshake gives out, and when the log is on disk: promises of a node about the NATS server that it runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JetStreamLog, connectNats } from '@weir/log';
import { freePort, isListening, sameDigest, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { checkoutRoot, findNatsServer } from '@weir/toolchain';

interface Hello {
  readonly natsUrl: string;
  readonly logId: string;
  readonly rights?: string;
}

async function handshakeOf(call: (...args: string[]) => Promise<unknown>): Promise<Hello> {
  return JSON.parse(String(await call('WEIR', 'HANDSHAKE'))) as Hello;
}

function syncOf(node: WeirNode): string {
  return /sync_interval: (.*)/.exec(readFileSync(join(node.dir, 'nats/nats-server.conf'), 'utf8'))?.[1] ?? 'none';
}

withRig(
  'a handshake gives out the right to read; another requirepass takes it back, and a slave with the new one goes on',
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    await master.call('SET', 'a', '1');
    const hello = await handshakeOf((...args) => master.call(...args));
    assert.equal(hello.rights, 'slave');
    await assert.rejects(master.call('WEIR', 'HANDSHAKE', 'REPLICATION'), /runs the replication app itself/);
    const link = await connectNats({ urls: hello.natsUrl, name: 'a slave', firstConnectMs: 5_000 });
    rig.onEnd(() => link.close());
    const log = new JetStreamLog(link, { cluster: 'weir', logId: hello.logId, answerMs: 300 });
    const { lastSeq } = await log.state();
    assert.notEqual((await log.append(new Uint8Array(100), lastSeq)).kind, 'stored');
    await assert.rejects(link.api(`STREAM.PURGE.${log.stream}`, {}, 300), { code: 'log-unavailable' });
    assert.equal(await master.call('SET', 'b', '2'), 'OK');
    log.close();

    const client = await rig.raw(master);
    const slaveClient = await rig.raw(slave);
    assert.equal(await client.call('CONFIG', 'SET', 'requirepass', 'sesame'), 'OK');
    await assert.rejects(connectNats({ urls: hello.natsUrl, name: 'old', firstConnectMs: 200 }), {
      code: 'nats-refused',
    });
    assert.equal(await client.call('SET', 'c', '3'), 'OK', "the master's own connection stays");
    await until('the slave to be cut off', async () => {
      const info = String(await slaveClient.call('INFO', 'replication'));
      return info.includes('master_link_status:down');
    });
    assert.equal(await slaveClient.call('GET', 'c'), null);
    assert.equal(await slaveClient.call('CONFIG', 'SET', 'masterauth', 'sesame'), 'OK');
    await until('the slave to follow again', async () => (await slaveClient.call('GET', 'c')) === '3');
    const loads = slave.lines.filter((line) => line.includes('following: the data set is current')).length;
    assert.equal(loads, 1, 'only its password changed: it went on where it was');
    await client.call('SAVE');
  },
  60_000,
);

withRig('CONFIG SET appendfsync holds when it is answered, and loses nothing', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  assert.equal(syncOf(master), '"1s"');
  await master.call('SET', 'a', '1');
  const nats = master.natsPid;
  const writer = await rig.raw(master);
  const answer = master.call('CONFIG', 'SET', 'appendfsync', 'always');
  const write = writer.call('SET', 'b', '2');
  assert.equal(await answer, 'OK');
  assert.equal(syncOf(master), 'always');
  assert.notEqual(master.natsPid, nats);
  assert.equal(await write, 'OK');
  assert.deepEqual(await master.call('CONFIG', 'GET', 'appendfsync'), ['appendfsync', 'always']);
  assert.equal((await master.info('weir')).get('log_fsync'), 'always');
  // A slave runs none: the setting is for the one that it may come to run.
  assert.equal(await slave.call('CONFIG', 'SET', 'appendfsync', 'no'), 'OK');
  assert.equal((await slave.info('weir')).get('log_fsync'), 'unknown');
  await slave.online();
  await sameDigest([master, slave]);
});

withRig('CONFIG SET appendfsync that cannot be made true is an error, and nothing has changed', async (rig) => {
  const program = join(rig.folder, 'nats-server-of-the-test');
  const works = `#!/bin/sh\nexec ${findNatsServer()} "$@"\n`;
  writeFileSync(program, works, { mode: 0o755 });
  const node = await rig.started('node', { more: ['--nats-server', program] });
  writeFileSync(program, '#!/bin/sh\nexit 3\n');
  await assert.rejects(node.call('CONFIG', 'SET', 'appendfsync', 'always'), /'appendfsync'.*does not start/);
  assert.deepEqual(await node.call('CONFIG', 'GET', 'appendfsync'), ['appendfsync', 'everysec']);
  writeFileSync(program, works);
  await until('writes to be taken again', async () => (await node.call('SET', 'a', '1')) === 'OK');
  assert.equal(syncOf(node), '"1s"');
});

withRig('a master, its slave and its replication app live with the users of infra/nats/weir.conf', async (rig) => {
  const port = await freePort();
  const conf = join(rig.folder, 'nats.conf');
  const text = readFileSync(join(checkoutRoot(), 'infra/nats/weir.conf'), 'utf8');
  writeFileSync(
    conf,
    text.replace('0.0.0.0:4222', `127.0.0.1:${port}`).replace('/var/lib/nats', join(rig.folder, 'store')),
  );
  rig.owns(spawn(findNatsServer(), ['-c', conf], { stdio: 'ignore' }));
  const url = (user: string): string => `nats://${user}:${user.toUpperCase()}@127.0.0.1:${port}`;
  await until('NATS to listen', () => isListening(port));
  const urls = ['--nats-url', url('leader'), '--nats-url-slave', url('slave')];
  const master = await rig.started('master', { more: [...urls, '--nats-url-replication', url('replication')] });
  const slave = await rig.started('slave', { slaveOf: master });
  assert.equal(await master.call('SET', 'a', '1'), 'OK');
  await sameDigest([master, slave]);
  const hello = await handshakeOf((...args) => master.call(...args));
  assert.equal(new URL(hello.natsUrl).username, 'slave');
  assert.equal(await master.call('SAVE'), 'OK');
  assert.equal(await slave.call('SAVE'), 'OK');
  assert.deepEqual(await master.call('CONFIG', 'GET', 'nats-url'), ['nats-url', `nats://***@127.0.0.1:${port}`]);
  await master.kill();
  await master.start();
  assert.equal(await master.call('SET', 'b', '2'), 'OK');
  await slave.online();
  await sameDigest([master, slave]);
});

withRig('a replication app elsewhere asks its node for the rights that it needs', async (rig) => {
  const node = await rig.started('node', { more: ['--replication-app', 'external'] });
  const args = ['--dir', join(rig.folder, 'app'), '--replicaof', '127.0.0.1', String(node.port)];
  const app = (await rig.node('app', { script: 'apps/replication/src/main.ts', args })).spawn();
  await node.call('SET', 'a', '1');
  assert.equal(await node.call('SAVE'), 'OK');
  assert.deepEqual(await app.stop(), { code: 0, signal: null });
});

withRig('beside nats-url nothing is claimed about fsync', async (rig) => {
  const one = await rig.started('one');
  const two = await rig.started('two', {
    more: ['--nats-url', one.natsUrl('admin'), '--weir-cluster', 'other', '--appendfsync', 'everysec'],
  });
  await assert.rejects(two.call('CONFIG', 'SET', 'appendfsync', 'always'), /nats-url decide/);
  assert.deepEqual(await two.call('CONFIG', 'GET', 'appendfsync'), ['appendfsync', 'no']);
  assert.equal((await two.info('weir')).get('log_fsync'), 'external');
  assert.equal(two.lines.filter((line) => line.includes('up to the NATS servers of nats-url')).length, 1);
});
