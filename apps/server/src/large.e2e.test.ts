/*
 * What is large: values of many records' size, written in one turn of the engine, and an arena that is full. Nothing that was acknowledged
 * is missing after kill -9, nor on a slave.
 *
 * WEIR_LARGE_BYTES=420000000 is the size at which one record of all would be above what a reader can put together (ten gigabytes of
 * memory, two minutes), and makes the longest string 512 MB; by default the records are cut as well, and nothing is heavy.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { RawClient, plain, sameDigest, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';

const WRITERS = 6;
const valueBytes = Number(process.env['WEIR_LARGE_BYTES'] ?? 15_000_000);
const boundMs = 60_000 + valueBytes / 2000;
const block = randomBytes(1 << 20);

/**
 * Sends a SET of all bytes but the last two, without holding them: the value is the block, again and again, from another place for each
 * writer.
 */
async function sendAlmost(client: RawClient, writer: number, bytes = valueBytes): Promise<void> {
  client.write(`*3\r\n$3\r\nSET\r\n$6\r\nlarge${writer}\r\n$${bytes}\r\n`);
  for (let at = 0; at < bytes;) {
    const from = (writer * 1000 + at) % block.length;
    const piece = block.subarray(from, Math.min(block.length, from + bytes - at));
    at += piece.length;
    if (!client.write(piece)) await once(client.socket, 'drain');
  }
}

async function checkValues(node: WeirNode): Promise<void> {
  for (let writer = 0; writer < WRITERS; writer++) {
    assert.equal(await node.call('STRLEN', `large${writer}`), valueBytes);
  }
}

async function checkContent(client: RawClient): Promise<void> {
  for (let writer = 0; writer < WRITERS; writer++) {
    for (const at of [0, Math.floor(valueBytes / 3), valueBytes - 100]) {
      const reply = await client.reply('GETRANGE', `large${writer}`, at, at + 99);
      assert.equal(reply.type, 'bulk');
      const expected = Buffer.concat([block, block])
        .subarray((writer * 1000 + at) % block.length)
        .subarray(0, 100);
      assert.deepEqual(Buffer.from(reply.value as Uint8Array), expected, `large${writer} at ${at}`);
    }
  }
}

async function writeAtOnce(rig: Rig, master: WeirNode): Promise<void> {
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => rig.raw(master)));
  await Promise.all(clients.map((client, writer) => sendAlmost(client, writer)));
  // The requests become whole in one turn.
  for (const client of clients) client.write('\r\n');
  await until(
    'every write to be acknowledged',
    async () => clients.every(({ unasked }) => unasked.length > 0),
    boundMs,
    50,
  );
  for (const { unasked } of clients) assert.equal(plain(unasked[0]!), 'OK');
  for (const client of clients) client.close();
}

withRig(
  `${WRITERS} values of ${valueBytes / 1e6} MB written at once are acknowledged, on the slave, and there after kill -9`,
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    await writeAtOnce(rig, master);
    await checkValues(master);
    const before = await sameDigest([master, slave], boundMs);
    await checkContent(await rig.raw(slave));
    await slave.stop();
    await master.kill();
    await master.start(boundMs);
    await checkContent(await rig.raw(master));
    assert.equal((await master.digest()).hex, before.hex);
  },
  3 * boundMs,
);

const longest = process.env['WEIR_LARGE_BYTES'] === undefined ? 8 * 1024 ** 2 : 512 * 1024 ** 2;

withRig(
  `strings of exactly proto-max-bulk-len (${longest} bytes) survive kill -9, out of the log and out of a snapshot`,
  async (rig) => {
    const more = ['--proto-max-bulk-len', String(longest), '--save', ''];
    const master = await rig.started('master', { more });
    const slave = await rig.started('slave', { slaveOf: master, more });
    const client = await rig.raw(master);
    const plainly = async (...args: (string | number | Uint8Array)[]) => plain(await client.reply(...args));
    await sendAlmost(client, 0, longest);
    client.write('\r\n');
    await until('the reply to SET', async () => client.unasked.shift() !== undefined, boundMs, 50);
    const piece = Buffer.alloc(longest / 4, 'p');
    for (let i = 1; i <= 4; i++) assert.equal(await plainly('APPEND', 'appended', piece), i * piece.length);
    await assert.rejects(plainly('APPEND', 'appended', 'x'), /exceeds maximum allowed size/);
    assert.equal(await plainly('SETRANGE', 'ranged', longest - 1, 'x'), longest);
    await assert.rejects(plainly('SETRANGE', 'ranged', longest, 'x'), /exceeds maximum allowed size/);
    assert.equal(await plainly('SETBIT', 'ranged', 8 * 100, 1), 0);
    const keys = ['large0', 'appended', 'ranged'];
    const complete = async (node: WeirNode) => {
      for (const key of keys) assert.equal(await node.call('STRLEN', key), longest, `${node.name}: ${key}`);
    };
    const before = await sameDigest([master, slave], boundMs);
    await complete(slave);
    await master.kill();
    await master.start(boundMs);
    assert.equal((await master.digest()).hex, before.hex, 'out of the log');
    const saver = await rig.raw(master);
    // At full size on a busy machine the app that makes it may lose its lease over a digest of seconds: SAVE says so, and is asked again.
    await until('a snapshot', async () => (await saver.reply('SAVE')).type === 'simple', boundMs, 2000);
    await master.kill();
    await master.start(boundMs);
    assert.equal((await master.digest()).hex, before.hex, 'out of the snapshot');
    assert.equal(await master.call('DEL', 'large0'), 1);
    await slave.online(boundMs);
    await sameDigest([master, slave], boundMs);
  },
  4 * boundMs,
);

/** Fills the arena until most writes are refused: values of all sizes that come and go, in tables that grow. */
async function fillUp(client: RawClient): Promise<void> {
  let random = 12345;
  const pick = (n: number) => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % n;
  for (let refused = 0; refused < 500;) {
    const commands = Array.from({ length: 300 }, () => {
      const key = `k${pick(30_000)}`;
      switch (pick(7)) {
        case 0:
          return ['DEL', key];
        case 1:
          return ['APPEND', key, 'y'.repeat(1 + pick(4000))];
        case 2:
          return ['HSET', `h${pick(300)}`, `f${pick(700)}`, 'z'.repeat(pick(300))];
        case 3:
          return ['RPUSH', `l${pick(100)}`, 'e'.repeat(pick(900))];
        case 4:
          return ['ZADD', `z${pick(50)}`, pick(100), `m${pick(2000)}`];
        default:
          return ['SET', key, 'v'.repeat(1 + pick(6000))];
      }
    });
    for (const outcome of await client.pipeline(commands)) {
      if (outcome instanceof Error && outcome.message.startsWith('OOM')) refused++;
    }
  }
}

withRig(
  'a master whose arena is full is back after kill -9, and a slave with a smaller arena has all of it',
  async (rig) => {
    const more = ['--save', '', '--snapshot-log-bytes', '0'];
    const master = await rig.started('master', { more: [...more, '--arena-reserve', '16mb'] });
    const slave = await rig.started('slave', { slaveOf: master, more: [...more, '--arena-reserve', '4mb'] });
    await fillUp(await rig.raw(master));
    const before = await sameDigest([master, slave]);
    await master.kill();
    await master.start();
    assert.equal((await master.digest()).hex, before.hex);
    await slave.online();
    // The same once more, out of a snapshot.
    assert.equal(await master.call('SAVE'), 'OK');
    await master.kill();
    await master.start();
    assert.equal((await master.digest()).hex, before.hex);
    assert.equal(await master.call('UNLINK', 'l1'), 1);
    await slave.online();
    await sameDigest([master, slave]);
  },
);
