/** MIGRATE between real servers: what arrives is what left, whatever the type, and slaves hear of it. */

import assert from 'node:assert/strict';
import { RawConnection, freeze, signal, startOracle, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';

const range = (n: number, text: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => text(i));

/** One key or more of every type and encoding. */
const DATA: readonly (readonly string[])[] = [
  ['SET', 'int', '12345'],
  ['SET', 'embstr', 'hello'],
  ['SET', 'raw', 'x'.repeat(100_000)],
  ['RPUSH', 'list', 'a', '1', 'b'],
  ['RPUSH', 'quicklist', ...range(3000, (i) => `element:${i}`)],
  ['HSET', 'hash', 'f', 'v', 'g', '7'],
  ['HSET', 'hashtable', ...range(2000, (i) => `x${i}`)],
  ['SADD', 'intset', '5', '-3', '9223372036854775807'],
  ['SADD', 'set', 'a', '1', 'b'],
  ['SADD', 'table', ...range(1000, (i) => `m${i}`)],
  ['ZADD', 'zset', '1.5', 'a', '-inf', 'b'],
  ['ZADD', 'skiplist', ...range(600, (i) => (i % 2 === 0 ? String(i / 7) : `m${i}`))],
  ['XADD', 'stream', '1-1', 'f', 'v'],
  ['XADD', 'stream', '2-5', 'f', 'w', 'g', 'x'],
  ['XGROUP', 'CREATE', 'stream', 'group', '1-1'],
  ['XREADGROUP', 'GROUP', 'group', 'me', 'STREAMS', 'stream', '>'],
];
const KEYS = [...new Set(DATA.map((args) => (args[0] === 'XGROUP' ? args[2] : args[1])))].filter(
  (key) => key !== 'GROUP',
);

/** The digest of each key's value, as both servers compute it. */
const digests = (node: WeirNode): Promise<unknown> => node.call('DEBUG', 'DIGEST-VALUE', ...KEYS);

async function fill(node: WeirNode): Promise<unknown> {
  for (const args of DATA) await node.call(...args);
  await node.call('EXPIRE', 'zset', '1000');
  return digests(node);
}

const DEBUG = { more: ['--enable-debug-command', 'yes'] };

withRig('values of every type go to a real Redis and come back as they were', async (rig) => {
  const node = await rig.started('node', DEBUG);
  const slave = await rig.started('slave', { slaveOf: node, ...DEBUG });
  // 7.0.15, which knows no listpacks of sets.
  const redis = await startOracle('redis', ['--enable-debug-command', 'yes']);
  try {
    const before = await fill(node);
    const theirs = await RawConnection.connect(redis.port);
    const migrate = (...keys: string[]): Promise<unknown> =>
      node.call('MIGRATE', '127.0.0.1', String(redis.port), '', '0', '20000', 'KEYS', ...keys);
    assert.equal(await node.call('MIGRATE', '127.0.0.1', String(redis.port), 'int', '0', '20000', 'COPY'), 'OK');
    await assert.rejects(migrate('int'), /Target instance replied with error: BUSYKEY/);
    await theirs.call('DEL', 'int');
    assert.equal(await migrate(...KEYS, 'nosuchkey'), 'OK');
    assert.equal(await node.call('DBSIZE'), 0);
    await until('the slave lost them too', async () => (await slave.call('DBSIZE')) === 0);
    const arrived = Buffer.from(await theirs.call('DEBUG', 'DIGEST-VALUE', ...KEYS)).toString();
    assert.deepEqual(arrived.match(/[0-9a-f]{40}/g), before);
    const ttl = Number(
      Buffer.from(await theirs.call('PTTL', 'zset'))
        .toString()
        .slice(1),
    );
    assert.ok(ttl > 900_000 && ttl <= 1_000_000, String(ttl));
    const back = await theirs.call('MIGRATE', '127.0.0.1', String(node.port), '', '0', '20000', 'KEYS', ...KEYS);
    assert.equal(Buffer.from(back).toString(), '+OK\r\n');
    assert.deepEqual(await digests(node), before);
    await until('the slave has them', async () => (await slave.call('DBSIZE')) === KEYS.length);
    assert.deepEqual(await digests(slave), before);
    theirs.close();
  } finally {
    await redis.stop();
  }
});

withRig('values of every type go from one Weir to another, with a password, into another database', async (rig) => {
  const from = await rig.started('from', DEBUG);
  const to = await rig.started('to', DEBUG);
  await to.call('CONFIG', 'SET', 'requirepass', 'secret');
  const before = await fill(from);
  const place = ['127.0.0.1', String(to.port), '', '4', '20000'];
  await assert.rejects(from.call('MIGRATE', ...place, 'KEYS', ...KEYS), /NOAUTH/);
  assert.equal(await from.call('DBSIZE'), KEYS.length);
  assert.equal(await from.call('MIGRATE', ...place, 'AUTH2', 'default', 'secret', 'KEYS', ...KEYS), 'OK');
  assert.equal(await from.call('DBSIZE'), 0);
  const client = await rig.raw(to);
  await client.call('AUTH', 'secret');
  await client.call('SELECT', '4');
  assert.deepEqual(await client.call('DEBUG', 'DIGEST-VALUE', ...KEYS), before);
});

withRig('a target that does not answer costs the time that was given, and nothing else', async (rig) => {
  const node = await rig.started('node');
  const redis = await startOracle('redis', ['--enable-debug-command', 'yes']);
  try {
    const theirs = await RawConnection.connect(redis.port);
    await node.call('SET', 'k', 'v');
    const pid = Number(/process_id:(\d+)/.exec(Buffer.from(await theirs.call('INFO', 'server')).toString())![1]);
    await freeze(pid);
    const moved = node.call('MIGRATE', '127.0.0.1', String(redis.port), 'k', '0', '200');
    const other = await rig.raw(node);
    assert.equal(await other.call('GET', 'k'), 'v', 'others are served meanwhile');
    await assert.rejects(moved, /IOERR error or timeout reading to target instance/);
    assert.equal(await node.call('GET', 'k'), 'v');
    signal(pid, 'SIGCONT');
    theirs.close();
    await redis.stop();
    await assert.rejects(
      node.call('MIGRATE', '127.0.0.1', String(redis.port), 'k', '0', '200'),
      /IOERR error or timeout writing to target instance/,
    );
    assert.equal(await node.call('GET', 'k'), 'v');
  } finally {
    await redis.stop();
  }
});
