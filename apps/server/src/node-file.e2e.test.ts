// weir-node.json says which log a node leads. What happens when it is damaged or gone.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isAlive, isListening, signal, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { findNatsServer } from '@weir/toolchain';

function nodeFile(node: WeirNode): string {
  return join(node.dir, 'weir-node.json');
}

async function natsServer(rig: Rig): Promise<string> {
  const port = await freePort();
  const conf = join(rig.folder, 'nats.conf');
  writeFileSync(
    conf,
    `listen: "127.0.0.1:${port}"\nmax_payload: 8388608\njetstream { store_dir: ${JSON.stringify(join(rig.folder, 'store'))} }\n`,
  );
  const nats = spawn(findNatsServer(), ['-c', conf], { stdio: 'ignore' });
  const pid = nats.pid!;
  rig.onEnd(async () => {
    signal(pid, 'SIGKILL');
    await until('the NATS server to be gone', () => !isAlive(pid));
  });
  await until('the NATS server to listen', () => isListening(port));
  return `nats://127.0.0.1:${port}`;
}

withRig(
  'a node whose file is damaged or lost leads no other log on shared NATS servers, and deposes nobody',
  async (rig) => {
    const url = ['--nats-url', await natsServer(rig)];
    const one = await rig.started('one', { more: url });
    const dir = join(rig.folder, 'other');
    const slave = await rig.started('slave', { dir, more: [...url, '--slaveof', '127.0.0.1', String(one.port)] });
    assert.equal(await slave.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    assert.equal(await slave.call('SET', 'of-other', 'acknowledged'), 'OK');
    await slave.kill();
    const other = await rig.node('other', { dir, more: url });
    const whole = readFileSync(nodeFile(other), 'utf8');
    for (const damaged of ['', whole.slice(0, 60), whole.replace('logId', 'logIe')]) {
      writeFileSync(nodeFile(other), damaged);
      const { code, said } = await other.spawn().ended();
      assert.equal(code, 1);
      assert.match(said, /cannot start: .*weir-node\.json is damaged: .*Restore it from a copy/);
      assert.equal(readFileSync(nodeFile(other), 'utf8'), damaged, 'it is left for who repairs it');
    }
    rmSync(nodeFile(other));
    const { code, said } = await other.spawn().ended();
    assert.equal(code, 1);
    assert.match(said, /cannot start: .*weir-node\.json is missing, but .*weir\.owner shows that a node ran here/);
    assert.equal(await one.call('SET', 'key', 'value'), 'OK');
    assert.equal(((await one.call('ROLE')) as unknown[])[0], 'master');
    // The way on that the runbook names: a file by hand, with the id of the log.
    const { id, logId } = JSON.parse(whole) as { id: string; logId: string };
    writeFileSync(nodeFile(other), JSON.stringify({ id, logId }));
    await other.start();
    assert.equal(await other.call('GET', 'of-other'), 'acknowledged');
    assert.equal(await one.call('SET', 'key', 'value2'), 'OK');
  },
);

withRig('a lost file is made anew from the NATS server in dir, or the start is refused', async (rig) => {
  const node = await rig.started('node');
  await node.call('SET', 'key', 'value');
  const { logId } = await node.position();
  await node.kill();
  rmSync(nodeFile(node));
  await node.start();
  assert.equal((await node.position()).logId, logId);
  assert.equal(await node.call('GET', 'key'), 'value');
  assert.equal((JSON.parse(readFileSync(nodeFile(node), 'utf8')) as { logId: string }).logId, logId);
  assert.equal(node.logged(/weir-node\.json is missing: the log that the NATS server in dir names is taken/).length, 1);
  await node.stop();
  // Neither the file nor the bucket that names the log: there are data, and nothing says so but the store.
  rmSync(nodeFile(node));
  const streams = join(node.dir, 'nats/store/jetstream/$G/streams');
  renameSync(join(streams, 'KV_weir_weir'), join(rig.folder, 'bucket'));
  const { code, said } = await node.spawn().ended();
  assert.equal(code, 1);
  assert.match(said, /cannot go on: .*weir-node\.json is missing, but .*nats\/store shows that a node ran here/);
  renameSync(join(rig.folder, 'bucket'), join(streams, 'KV_weir_weir'));
  await node.start();
  assert.equal(await node.call('GET', 'key'), 'value');
});
