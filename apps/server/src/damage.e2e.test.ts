// A bit flips in the newest file of the log. libs/log/src/block-guard.e2e.test.ts has many positions; these are whole nodes.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, sameDigest, signal, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';

const KEYS = 12;

async function fill(node: WeirNode): Promise<void> {
  for (let i = 0; i < KEYS; i++) assert.equal(await node.call('SET', `key:${i}`, 'acknowledged'), 'OK');
}

function streamFolder(node: WeirNode): string {
  const streams = join(node.dir, 'nats/store/jetstream/$G/streams');
  return join(
    streams,
    readdirSync(streams).find((name) => name.endsWith('_LOG'))!,
  );
}

function guardFolder(node: WeirNode): string {
  return join(node.dir, 'nats/guard', streamFolder(node).split('/').at(-1)!);
}

function newestFile(folder: string): string {
  const numbers = readdirSync(folder).flatMap((name) => (name.endsWith('.blk') ? [Number.parseInt(name, 10)] : []));
  return join(folder, `${Math.max(...numbers)}.blk`);
}

/** One bit of the record that has `seq` there: of the log's message, or of what nats-server has put around it. Negative: from the end. */
function flip(node: WeirNode, seq: number, part: 'message' | 'envelope'): void {
  const path = newestFile(join(streamFolder(node), 'msgs'));
  const file = readFileSync(path);
  const starts: number[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32LE(at) & 0x7fff_ffff) starts.push(at);
  starts.push(file.length);
  const end = seq < 0 ? starts.at(seq)! : starts[seq]!;
  file[part === 'message' ? end - 9 : end - 2]! ^= 4;
  writeFileSync(path, file);
}

async function crash(node: WeirNode): Promise<void> {
  const nats = node.natsPid!;
  signal(nats, 'SIGKILL');
  await node.kill();
  await until('nats-server to be gone', () => !isAlive(nats));
}

async function refused(node: WeirNode, text: RegExp): Promise<void> {
  node.spawn();
  await until('the node to say why it does not lead', async () => {
    const error = await node.call('SET', 'key', 'value').catch((thrown: unknown) => thrown);
    return error instanceof Error && text.test(error.message);
  });
  assert.equal(node.logged(text).length > 0, true, 'its log says it too');
  assert.equal(existsSync(newestFile(join(guardFolder(node), '1'))), true);
  await assert.rejects(node.call('GET', 'key:0'), /MISCONF/);
}

withRig(
  'a master alone whose newest records were damaged after kill -9 has them all, or says what it has not',
  async (rig) => {
    const node = await rig.started('node');
    await fill(node);
    const before = await node.digest();
    for (const seq of [1, -1]) {
      await crash(node);
      flip(node, seq, 'envelope');
      await node.start();
      assert.equal((await node.digest()).hex, before.hex, `record ${seq}`);
      assert.equal(existsSync(guardFolder(node)), false, 'everything in the copy is in the log');
    }
    await crash(node);
    flip(node, 6, 'message');
    await refused(node, /\(log-corrupt\): the log ends at 5; its file had records up to \d+, of which 6 is damaged/);
    // Once more: the file is cut by now, and only the copy knows.
    await crash(node);
    await refused(node, /the log ends at 5; .* intact ones stand behind it in the copy that is kept/);
  },
);

withRig('a master alone whose last record was damaged after a clean stop says so', async (rig) => {
  const node = await rig.started('node');
  await fill(node);
  const before = await node.digest();
  await node.stop();
  flip(node, 4, 'envelope');
  await node.start();
  assert.equal((await node.digest()).hex, before.hex);
  await node.stop();
  flip(node, -1, 'message');
  await refused(
    node,
    /\(log-corrupt\): the log ends at \d+; its file had records up to \d+, of which \d+ is damaged .* 0 intact/,
  );
});

withRig('what is damaged in the log of a master comes back from its slave', async (rig) => {
  const node = await rig.started('node');
  const slave = await rig.started('slave', { slaveOf: node });
  await fill(node);
  const before = await sameDigest([node, slave]);
  await crash(node);
  flip(node, 1, 'message');
  flip(node, 7, 'message');
  await node.start(40_000);
  await slave.online(40_000);
  assert.equal((await sameDigest([node, slave])).hex, before.hex);
  await node.stop();
  flip(node, -1, 'message');
  await node.start(40_000);
  await slave.online(40_000);
  assert.equal((await sameDigest([node, slave])).hex, before.hex);
  assert.equal(await node.call('SET', 'after', 'yes'), 'OK');
});
