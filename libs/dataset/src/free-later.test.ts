import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { discardKeyspace } from './index.ts';
import { Follower } from '@weir/replica';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from '@weir/replica/testing';

test('a follower gives back in the background what an UNLINK of the log left for later', async () => {
  const log = new FakeLog({ maxMessageBytes: 1024 * 1024 });
  const feeder = await LogFeeder.open(log);
  feeder.call('SET', 'other', 'v');
  feeder.call('SADD', 'set', ...Array.from({ length: 5000 }, (_, i) => `member:${i}`));
  feeder.call('UNLINK', 'set');
  await feeder.flush();
  const follower = new Follower({
    log,
    snapshots: new FakeSnapshots(),
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: Date.now,
  });
  await follower.bootstrap();
  follower.start();
  await follower.reached(log.lastSeq);
  const { keyspace } = follower;
  assert.equal(keyspace.size, 1);
  await eventually(() => keyspace.later.freed === 1, 'the set is given back');
  assert.ok(keyspace.later.idle);
  assert.ok(keyspace.usedBytes < 1000, `${keyspace.usedBytes} bytes in use`);
  follower.stop();
});

test('a discarded data set gives its memory back, and forgets what waited', async () => {
  const keyspace = newTestKeyspace();
  const { arena } = keyspace;
  const ref = arena.alloc(5_000_000);
  arena.u8.fill(1, ref * 16, ref * 16 + 5_000_000);
  discardKeyspace(keyspace);
  await eventually(() => arena.committedBytes === 0, 'the memory is given back');
  assert.equal(keyspace.later.step(10), 0);
});
