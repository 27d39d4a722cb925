/*
 * What disks, brokers and operators do to a log, over real processes. The outcome is one of: nothing is lost, or the node refuses with a reason
 * that clients and the node's log tell, and goes on when what is missing is back or an operator has decided. Never less data in silence.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectNats, startEmbeddedNats } from '@weir/log';
import { checkoutRoot, findNatsServer } from '@weir/toolchain';
import { NO_SNAPSHOTS, fill, refusal, sameDigest, streamFolder, until, withRig } from '@weir/testkit';

withRig(
  'a log whose stream is gone is refused, its slave keeps the data, and all goes on when it is back',
  async (rig) => {
    const master = await rig.started('master', { more: NO_SNAPSHOTS });
    const slave = await rig.started('slave', { slaveOf: master });
    await fill(master, 0, 500);
    await sameDigest([master, slave]);
    await master.stop();
    const folder = streamFolder(master, 'LOG');
    renameSync(folder, join(rig.folder, 'away'));
    master.spawn();
    await refusal(master, 'log-missing');
    assert.match(String(await master.call('GET', 'key:1').catch((error: unknown) => error)), /MISCONF .*log-missing/);
    assert.equal(await slave.call('DBSIZE'), 500);
    await master.stop();
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(rig.folder, 'away'), folder);
    await master.start();
    assert.equal(await master.call('DBSIZE'), 500);
    await sameDigest([master, slave]);
  },
);

withRig('a base snapshot that cannot be read is refused; SKIP brings what the log has', async (rig) => {
  const old = await rig.started('old');
  await fill(old, 0, 500);
  const node = await rig.started('node', { slaveOf: old, more: NO_SNAPSHOTS });
  assert.equal(await node.call('REPLICAOF', 'NO', 'ONE'), 'OK');
  await node.call('SET', 'after', 'yes');
  await node.stop();
  const folder = join(streamFolder(node, 'SNAP'), 'msgs');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.blk'))) {
    const bytes = readFileSync(join(folder, file));
    const at = bytes.lastIndexOf('"state":"usable"');
    if (at < 0) continue;
    bytes[at + 12]! ^= 2;
    writeFileSync(join(folder, file), bytes);
  }
  // Not as a slave once more: it is the master of a log of its own.
  const again = await rig.node('again', { dir: node.dir, port: node.port, more: NO_SNAPSHOTS });
  again.spawn();
  await refusal(again, 'beginning-missing');
  const plan = (await again.call('WEIR', 'REPAIR', 'SKIP')) as string[];
  assert.match(plan.at(-1)!, /a new log would begin with 1 keys; say CONFIRM/);
  assert.match(
    String(await again.call('SET', 'x', 'y').catch((error: unknown) => error)),
    /MISCONF/,
    'a plan changes nothing',
  );
  assert.match(((await again.call('WEIR', 'REPAIR', 'SKIP', 'CONFIRM')) as string[]).at(-1)!, /began with 1 keys/);
  assert.equal(await again.call('GET', 'after'), 'yes');
  await again.kill();
  await again.start();
  assert.equal(await again.call('GET', 'after'), 'yes');
});

withRig('a log restored from an older copy while its master was down gets its end back from the slave', async (rig) => {
  const master = await rig.started('master', { more: NO_SNAPSHOTS });
  const slave = await rig.started('slave', { slaveOf: master });
  await fill(master, 0, 200);
  await sameDigest([master, slave]);
  await master.stop();
  cpSync(join(master.dir, 'nats/store'), join(rig.folder, 'copy'), { recursive: true });
  await master.start();
  await slave.online();
  await fill(master, 200, 400);
  await sameDigest([master, slave]);
  await master.kill();
  await master.end();
  const again = await rig.node('again', { dir: master.dir, port: master.port, more: NO_SNAPSHOTS });
  rmSync(join(master.dir, 'nats/store'), { recursive: true });
  cpSync(join(rig.folder, 'copy'), join(master.dir, 'nats/store'), { recursive: true });
  await again.start(40_000);
  assert.equal(await again.call('DBSIZE'), 400);
  assert.equal(again.logged(/had lost its end, and has it again/).length, 1);
  await slave.online(30_000);
  await sameDigest([again, slave]);
});

withRig(
  'a log restored from an older copy with nobody who has the rest is refused until an operator takes it as it is',
  async (rig) => {
    const master = await rig.started('master', { more: NO_SNAPSHOTS });
    await fill(master, 0, 200);
    await master.stop();
    cpSync(join(master.dir, 'nats/store'), join(rig.folder, 'copy'), { recursive: true });
    await master.start();
    await fill(master, 200, 400);
    await master.stop();
    rmSync(join(master.dir, 'nats/store'), { recursive: true });
    cpSync(join(rig.folder, 'copy'), join(master.dir, 'nats/store'), { recursive: true });
    master.spawn();
    await refusal(master, 'log-lost');
    const repair = (...args: string[]): string =>
      execFileSync(join(checkoutRoot(), 'weir-server'), ['repair', '-p', String(master.port), ...args], {
        encoding: 'utf8',
      });
    assert.match(repair(), /^trouble: log-lost: the log ends at \d+, this node had it up to \d+/);
    assert.match(repair('DISCARD'), /would give up .*\nnothing was changed: say --yes to do it/);
    await refusal(master, 'log-lost');
    assert.match(repair('DISCARD', '--yes'), /it takes the log as it is/);
    await until('the node to lead', async () => (await master.call('SET', 'x', 'y')) === 'OK', 20_000);
    assert.equal(await master.call('DBSIZE'), 201);
    await master.kill();
    await master.start();
    assert.equal(await master.call('DBSIZE'), 201, 'what was given up is forgotten');
  },
);

withRig('a log that is emptied under its master is saved from memory, and a restart has everything', async (rig) => {
  const master = await rig.started('master', { more: NO_SNAPSHOTS });
  await fill(master, 0, 500);
  const { logId, cluster } = JSON.parse((await master.call('WEIR', 'HANDSHAKE')) as string) as Record<string, string>;
  const link = await connectNats({ urls: master.natsUrl('admin'), name: 'test' });
  await link.api(`STREAM.PURGE.WEIR_${cluster}_${logId}_LOG`, {});
  await link.close();
  await until('the data set to be saved', () => master.logged(/saved the data set from memory/).length > 0, 30_000);
  await until('writes to go on', async () => (await master.call('SET', 'after', 'v')) === 'OK', 20_000);
  await master.kill();
  await master.start();
  assert.equal(await master.call('DBSIZE'), 501);
});

withRig(
  'a stream that is removed under its master becomes a new log from memory, and slaves follow it',
  async (rig) => {
    const master = await rig.started('master', { more: NO_SNAPSHOTS });
    const slave = await rig.started('slave', { slaveOf: master });
    await fill(master, 0, 500);
    await sameDigest([master, slave]);
    const { logId, cluster } = JSON.parse((await master.call('WEIR', 'HANDSHAKE')) as string) as Record<string, string>;
    const link = await connectNats({ urls: master.natsUrl('admin'), name: 'test' });
    await link.api(`STREAM.DELETE.WEIR_${cluster}_${logId}_LOG`, undefined);
    await link.close();
    await until('another log', async () => (await master.position()).logId !== logId, 30_000);
    await until('writes to go on', async () => (await master.call('SET', 'after', 'v')) === 'OK', 20_000);
    assert.equal(await master.call('DBSIZE'), 501);
    await until('the slave to follow', async () => (await slave.call('EXISTS', 'after')) === 1, 30_000);
    await sameDigest([master, slave]);
    await master.kill();
    await master.start();
    assert.equal(await master.call('DBSIZE'), 501);
  },
);

withRig('a deposed master without writes notices within seconds, and follows', async (rig) => {
  const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(rig.folder, 'nats') });
  rig.onEnd(() => nats.stop());
  const more = ['--nats-url', nats.url, ...NO_SNAPSHOTS];
  const first = await rig.started('first', { more });
  await first.call('SET', 'k', 'old');
  const second = await rig.started('second', { more });
  await second.call('SET', 'k', 'new');
  await until('the first to step down', async () => ((await first.call('ROLE')) as unknown[])[0] === 'slave', 20_000);
  await until('the new value', async () => (await first.call('GET', 'k')) === 'new', 20_000);
});

withRig(
  'a slave keeps its data when its master comes back with an empty log, until an operator decides',
  async (rig) => {
    const master = await rig.started('master', { more: NO_SNAPSHOTS });
    const slave = await rig.started('slave', { slaveOf: master });
    await fill(master, 0, 200);
    await sameDigest([master, slave]);
    await master.end();
    rmSync(master.dir, { recursive: true });
    const reborn = await rig.node('reborn', { dir: master.dir, port: master.port, more: NO_SNAPSHOTS });
    await reborn.start();
    await reborn.call('SET', 'new', 'v');
    await until('the slave to say so', () => slave.logged(/log-unrelated/).length > 0, 30_000);
    assert.equal(await slave.call('DBSIZE'), 200);
    assert.match(String(await slave.call('SET', 'x', 'y').catch((error: unknown) => error)), /READONLY/);
    await slave.call('WEIR', 'REPAIR', 'DISCARD', 'CONFIRM');
    await until('the slave to follow', async () => (await slave.call('EXISTS', 'new')) === 1, 30_000);
    await sameDigest([reborn, slave]);
  },
);
