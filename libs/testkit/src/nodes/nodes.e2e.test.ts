// The harness finds what it is there to find, and leaves nothing behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ErrorReply,
  Ledger,
  Rig,
  WaitedInVain,
  freeze,
  isAlive,
  isPortFree,
  sameDigest,
  signal,
  withRig,
} from '../index.ts';

withRig('a ledger finds an acknowledged write that is gone, or is another', async (rig) => {
  const node = await rig.started('node');
  const ledger = new Ledger(node);
  await ledger.progress(600);
  await ledger.stop();
  await ledger.verify([node]);
  const key = ledger.acknowledged.find((write) => write.endsWith(':6'))!; // a string: one in six is
  await node.call('DEL', key);
  await assert.rejects(
    ledger.verify([node]),
    new RegExp(`1 of .* acknowledged writes are wrong, the first: ${key} is null`),
  );
  await node.call('SET', key, 'another');
  await assert.rejects(ledger.verify([node]), /acknowledged writes are wrong.*is "another"/);
  await node.call('SET', key, ledger.value(key));
  await ledger.verify([node]);
  await node.call('RPUSH', 'ledger:0:list', 'ledger:0:4');
  await assert.rejects(ledger.verify([node]), /ledger:0:4 (stands behind|is there 2 times)/);
  await node.call('RPOP', 'ledger:0:list');
  for (const [kind, remove] of [
    [1, ['HDEL', 'ledger:0:hash']],
    [2, ['SREM', 'ledger:0:set']],
    [3, ['ZREM', 'ledger:0:zset']],
    [4, ['LREM', 'ledger:0:list', '0']],
  ] as const) {
    const write = `ledger:0:${kind}`;
    assert.equal(await node.call(...remove, write), 1);
    await assert.rejects(ledger.verify([node]), new RegExp(`the first: ${write} is null`));
    await node.call('DEL', `ledger:0:${['', 'hash', 'set', 'zset', 'list'][kind]}`);
    ledger.acknowledged.splice(
      0,
      Infinity,
      ...ledger.acknowledged.filter((one) => Number(one.split(':')[2]) % 6 !== kind || !one.startsWith('ledger:0:')),
    );
    await ledger.verify([node]);
  }
});

withRig('a ledger that gets nowhere says so, and which errors it got', async (rig) => {
  const node = await rig.started('node', { more: ['--commit-timeout', '200'] });
  const ledger = new Ledger(node);
  await ledger.progress(10);
  await freeze(node.natsPid!);
  await assert.rejects(ledger.progress(100_000, 2000), /acknowledged in \d+ ms; errors: .*NOREPLICAS/);
  signal(node.natsPid!, 'SIGCONT');
  await ledger.stop();
});

withRig('data sets of two logs are not the same', async (rig) => {
  const [one, two] = [await rig.started('one'), await rig.started('two')];
  await assert.rejects(sameDigest([one, two], 300), WaitedInVain);
});

test('the end of a rig ends every process of it, however it was left, and frees its ports', async () => {
  const rig = new Rig();
  const node = await rig.started('node');
  const killed = await rig.started('killed');
  const orphan = killed.natsPid!;
  await killed.kill();
  await freeze(node.natsPid!);
  const pids = [node.pid, node.natsPid!, orphan];
  assert.deepEqual(pids.map(isAlive), [true, true, true]);
  await rig.end();
  assert.deepEqual(pids.map(isAlive), [false, false, false]);
  assert.equal(await isPortFree(node.port), true);
  await assert.rejects(rig.started('late'), /its test is over/);
});

withRig('an error reply rejects, a pipeline has one outcome for each command', async (rig) => {
  const node = await rig.started('node');
  const client = await rig.raw(node);
  await assert.rejects(client.call('NO-SUCH-COMMAND'), ErrorReply);
  const [ok, error, value] = await client.pipeline([
    ['SET', 'k', 'v'],
    ['INCR', 'k'],
    ['GET', 'k'],
  ]);
  assert.equal(ok, 'OK');
  assert.ok(error instanceof ErrorReply && /not an integer/.test(error.message));
  assert.equal(value, 'v');
});
