// As lost-log.e2e.test.ts: a log lost something, and another part of what would tell or help is lost with it, or an operator has decided.

import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_SNAPSHOTS, fill, refusal, sameDigest, signal, streamFolder, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { connectNats, startEmbeddedNats } from '@weir/log';
import { findNatsServer } from '@weir/toolchain';

withRig(
  'a slave keeps its data when its master was repaired with EMPTY, and serves it when it is promoted',
  async (rig) => {
    const master = await rig.started('master', { more: NO_SNAPSHOTS });
    const slave = await rig.started('slave', { slaveOf: master });
    await fill(master, 0, 200);
    await sameDigest([master, slave]);
    await master.stop();
    rmSync(streamFolder(master, 'LOG'), { recursive: true });
    master.spawn();
    await refusal(master, 'log-missing');
    const done = (await master.call('WEIR', 'REPAIR', 'EMPTY', 'CONFIRM')) as string[];
    assert.deepEqual(done, ['a new log began with nothing']);
    assert.equal(await master.call('SET', 'new', 'v'), 'OK');
    await until('the slave to say so', () => slave.logged(/log-unrelated/).length > 0, 30_000);
    assert.equal(await slave.call('DBSIZE'), 200);
    assert.equal(await slave.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    assert.equal(await slave.call('DBSIZE'), 200);
    assert.equal(await master.call('REPLICAOF', '127.0.0.1', String(slave.port)), 'OK');
    await sameDigest([slave, master]);
  },
);

withRig('a log that ends before a snapshot is refused when the snapshot cannot be loaded', async (rig) => {
  const node = await rig.started('node', { more: NO_SNAPSHOTS });
  await fill(node, 0, 200);
  await node.stop();
  const log = streamFolder(node, 'LOG');
  cpSync(log, join(rig.folder, 'older'), { recursive: true });
  await node.start();
  await fill(node, 200, 400);
  assert.equal(await node.call('SAVE'), 'OK');
  await node.stop();
  rmSync(log, { recursive: true });
  cpSync(join(rig.folder, 'older'), log, { recursive: true });
  const folder = streamFolder(node, 'SNAP');
  cpSync(folder, join(rig.folder, 'snapshots'), { recursive: true });
  const file = join(folder, 'msgs/1.blk');
  const bytes = readFileSync(file);
  const at = bytes.indexOf('value 399');
  assert.ok(at > 0, 'the snapshot is not packed');
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
  node.spawn();
  await refusal(node, 'log-lost');
  assert.match(
    ((await node.call('WEIR', 'REPAIR')) as string[])[0]!,
    /the log ends at \d+, this node had it up to \d+/,
  );
  await node.stop();
  rmSync(folder, { recursive: true });
  cpSync(join(rig.folder, 'snapshots'), folder, { recursive: true });
  await node.start();
  assert.equal(await node.call('DBSIZE'), 400, 'a snapshot is as good as the log up to there');
});

withRig('an empty log that has had a leader is refused by a node that knows nothing of it any more', async (rig) => {
  const node = await rig.started('node', { more: NO_SNAPSHOTS });
  await fill(node, 0, 200);
  await node.stop();
  rmSync(join(node.dir, 'weir-node.json'));
  const { logId } = JSON.parse(readFileSync(join(node.dir, 'nats/embedded.json'), 'utf8')).log as { logId: string };
  const messages = join(node.dir, 'nats/store/jetstream/$G/streams', `WEIR_weir_${logId}_LOG`, 'msgs');
  for (const name of readdirSync(messages)) rmSync(join(messages, name));
  node.spawn();
  await refusal(node, 'log-lost');
  assert.match(((await node.call('WEIR', 'REPAIR')) as string[])[0]!, /the log is empty, and it has had a leader/);
  assert.match(String(await node.call('GET', 'key:1').catch((error: unknown) => error)), /MISCONF/);
});

withRig(
  'DISCARD is refused where no log is there to be taken, and by a node that holds what the log lost',
  async (rig) => {
    const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(rig.folder, 'nats') });
    rig.onEnd(() => nats.stop());
    const node = await rig.started('node', { more: ['--nats-url', nats.url, ...NO_SNAPSHOTS] });
    await fill(node, 0, 200);
    const { logId } = await node.position();
    const link = await connectNats({ urls: nats.url, name: 'test' });
    await link.api(`STREAM.DELETE.WEIR_weir_${logId}_LOG`, undefined);
    await link.close();
    await refusal(node, 'log-missing');
    assert.equal(await node.call('GET', 'key:1'), 'value 1', 'reads go on');
    await assert.rejects(node.call('WEIR', 'REPAIR', 'DISCARD', 'CONFIRM'), /MEMORY begins a new log with it/);
    await node.kill();
    node.spawn();
    await refusal(node, 'log-missing');
    await assert.rejects(node.call('WEIR', 'REPAIR', 'DISCARD'), /the log is not there, .* EMPTY begins a new one/);
    await node.call('WEIR', 'REPAIR', 'EMPTY', 'CONFIRM');
    assert.equal(await node.call('SET', 'new', 'v'), 'OK');
    assert.equal(await node.call('DBSIZE'), 1);
  },
);

withRig('a node whose file is lost remembers how many logs it has begun', async (rig) => {
  const first = await rig.started('first');
  const node = await rig.started('node', { slaveOf: first });
  assert.equal(await node.call('REPLICAOF', 'NO', 'ONE'), 'OK');
  assert.equal(await node.call('SET', 'key', 'value'), 'OK');
  await node.stop();
  const file = join(node.dir, 'weir-node.json');
  const before = JSON.parse(readFileSync(file, 'utf8')) as { generation: number; logId: string };
  assert.equal(before.generation, 1);
  rmSync(file);
  const again = await rig.started('again', { dir: node.dir, port: node.port });
  const after = JSON.parse(readFileSync(file, 'utf8')) as typeof before;
  assert.deepEqual([after.generation, after.logId], [before.generation, before.logId]);
  assert.equal(await again.call('GET', 'key'), 'value');
});

/** One bit of what nats-server has put around the second record. */
function flipEnvelope(node: WeirNode): void {
  const path = join(streamFolder(node, 'LOG'), 'msgs/1.blk');
  const bytes = readFileSync(path);
  const second = bytes.readUInt32LE(0) & 0x7fff_ffff;
  bytes[second + (bytes.readUInt32LE(second) & 0x7fff_ffff) - 2]! ^= 4;
  writeFileSync(path, bytes);
}

withRig('a master whose log was damaged under it gives it back, and keeps no copy of what the log has', async (rig) => {
  const node = await rig.started('node', { more: NO_SNAPSHOTS });
  await fill(node, 0, 200);
  const before = await node.digest();
  const nats = node.natsPid!;
  // It must not cut anything before it is gone.
  signal(nats, 'SIGSTOP');
  flipEnvelope(node);
  signal(nats, 'SIGKILL');
  const guard = join(node.dir, 'nats/guard', `WEIR_weir_${(await node.position()).logId}_LOG`);
  await until('a copy to be made', () => existsSync(guard), 20_000);
  await until('the log to be whole', () => node.logged(/the log takes records again/).length > 0, 20_000);
  await until('the copy to be removed', () => !existsSync(guard), 30_000);
  assert.equal(await node.call('SET', 'after', 'v'), 'OK');
  await node.call('DEL', 'after');
  await node.kill();
  await node.start();
  assert.equal((await node.digest()).hex, before.hex);
});
