/** Whole roles over logs in memory: what the state machine decides is done. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeCluster } from './role.testing.ts';

const OK = '+OK\r\n';

test('a master leads, its slave follows, and each takes the role that it is told', async () => {
  const cluster = new FakeCluster();
  const [one, two] = [cluster.node(1), cluster.node(2, { slaveOf: 1 })];
  one.role.start();
  two.role.start();
  await cluster.until('a master', () => one.role.leading);
  assert.equal(await one.ask(cluster, 'SET', 'k', 'v'), OK);
  await cluster.until('a slave', () => two.role.masterLink.up && two.role.seq === one.role.seq);
  assert.match(await two.ask(cluster, 'SET', 'k', 'w'), /^-READONLY/);
  assert.equal(await two.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');

  const promoted = two.role.replicaOf(null)!;
  assert.match(await two.ask(cluster, 'SET', 'k', 'w'), /^-READONLY/, 'until it leads');
  await cluster.until('the slave to lead', () => two.role.leading);
  assert.equal(await promoted, null);
  assert.notEqual(two.role.logId, one.role.logId);
  assert.equal(await two.ask(cluster, 'SET', 'k', 'w'), OK);

  assert.equal(one.role.replicaOf({ host: '127.0.0.1', port: 2 }), undefined);
  await cluster.until('the master to follow', () => one.role.masterLink.up);
  assert.equal(await one.ask(cluster, 'GET', 'k'), '$1\r\nw\r\n');
  await Promise.all([one.role.stop(), two.role.stop()]);
});

test('who waits for a stream at a slave is woken by the log', async () => {
  const cluster = new FakeCluster();
  const [one, two] = [cluster.node(1), cluster.node(2, { slaveOf: 1 })];
  one.role.start();
  two.role.start();
  await cluster.until('a master', () => one.role.leading);
  await cluster.until('a slave', () => two.role.masterLink.up);
  const client = two.connect();
  client.send('XREAD BLOCK 0 STREAMS s $', 'PING');
  await one.ask(cluster, 'XADD', 's', '1-1', 'f', 'v');
  await cluster.until('the entry', () => client.text.endsWith('+PONG\r\n'));
  assert.match(client.text, /^\*1\r\n\*2\r\n\$1\r\ns\r\n\*1\r\n\*2\r\n\$3\r\n1-1/);
  await Promise.all([one.role.stop(), two.role.stop()]);
});

test('a master that is deposed by another one of the same log follows it', async () => {
  const cluster = new FakeCluster();
  const logId = 'a'.repeat(40);
  const one = cluster.node(1, { logId, isSole: false });
  one.role.start();
  await cluster.until('a master', () => one.role.leading);
  const two = cluster.node(2, { logId, isSole: false });
  two.role.start();
  await cluster.until('the second to lead', () => two.role.leading);
  await cluster.until('the first to follow', () => one.role.role === 'slave' && one.role.masterLink.up);
  assert.deepEqual(one.role.master, { host: '127.0.0.1', port: 2 });
  assert.equal(await two.ask(cluster, 'SET', 'k', 'v'), OK);
  await cluster.until('the write', () => one.role.seq === two.role.seq);
  assert.equal(await one.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');
  await Promise.all([one.role.stop(), two.role.stop()]);
});

test('a slave follows its log, whoever leads it: on past the death of the node that it was told of, and again after a failure', async () => {
  const cluster = new FakeCluster();
  const logId = 'a'.repeat(40);
  const one = cluster.node(1, { logId, isSole: false });
  one.role.start();
  await cluster.until('a master', () => one.role.leading);
  const slave = cluster.node(3, { slaveOf: 1 });
  slave.role.start();
  await cluster.until('a slave', () => slave.role.masterLink.up);
  assert.deepEqual(slave.role.master, { host: '127.0.0.1', port: 1 });

  const two = cluster.node(2, { logId, isSole: false });
  two.role.start();
  await cluster.until('another to lead', () => two.role.leading);
  await cluster.until('the slave to show it', () => slave.role.master?.port === 2);
  one.isAway = true;
  await one.role.stop();
  await cluster.time.advance(20_000);
  assert.ok(slave.role.masterLink.up);
  assert.equal(await two.ask(cluster, 'SET', 'k', 'v'), OK);
  await cluster.until('the write', () => slave.role.seq === two.role.seq);

  // Its term ends over somebody who tells of another history. Nobody says where the log is, and it is found where it was.
  const ghost = { ...two.role.report(), id: 'ghost', checksum: 'f'.repeat(16) };
  cluster.nats.handle().publish(`weir.weir.${logId}.progress`, Buffer.from(JSON.stringify(ghost)));
  await cluster.until('the term to end', () => slave.role.trouble?.code === 'log-diverged');
  assert.ok(!slave.role.masterLink.up);
  await cluster.until('the slave to follow again', () => slave.role.trouble === null && slave.role.masterLink.up);
  assert.equal(await slave.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');
  await Promise.all([two.role.stop(), slave.role.stop()]);
});

test('a log that lost its end while its master lives is begun anew from memory, or kept and said, by who could lead it', async () => {
  for (const isSole of [true, false]) {
    const cluster = new FakeCluster();
    const one = cluster.node(1, { isSole });
    one.role.start();
    await cluster.until('a master', () => one.role.leading);
    const { logId } = one.role;
    assert.equal(await one.ask(cluster, 'SET', 'k', 'v'), OK);
    cluster.stored(logId).log.dropStream();
    await cluster.until('it to be noticed', () => one.role.logId !== logId || one.role.trouble !== null);
    if (isSole) {
      await cluster.until('a new log', () => one.role.leading && one.role.logId !== logId);
      assert.equal(await one.ask(cluster, 'SET', 'after', 'v'), OK);
    } else {
      assert.equal(one.role.trouble?.code, 'log-missing');
      assert.match(await one.ask(cluster, 'GET', 'k'), /^\$1/);
    }
    assert.equal(await one.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');
    await one.role.stop();
  }
});

test('roles that change faster than they can be taken end in the last one, and a stop ends any', async () => {
  const cluster = new FakeCluster();
  const [one, two] = [cluster.node(1), cluster.node(2)];
  one.role.start();
  two.role.start();
  await cluster.until('masters', () => one.role.leading && two.role.leading);
  await one.ask(cluster, 'SET', 'whose', 'one');
  await two.ask(cluster, 'SET', 'whose', 'two');
  const node = cluster.node(3);
  node.role.start();
  let chance = 12345;
  const pick = (n: number): number => (chance = (chance * 1103515245 + 12345) & 0x7fffffff) % n;
  for (let i = 0; i < 200; i++) {
    const target = [1, 2, 3, 9, null][pick(5)]!;
    void node.role.replicaOf(target === null ? null : { host: '127.0.0.1', port: target });
    await cluster.time.advance(pick(60));
  }
  void node.role.replicaOf({ host: '127.0.0.1', port: 2 });
  await cluster.until('the last role', () => node.role.masterLink.up && node.role.logId === two.role.logId);
  assert.equal(await node.ask(cluster, 'GET', 'whose'), '$3\r\ntwo\r\n');
  for (let i = 0; i < 30; i++) {
    const other = cluster.node(4, { slaveOf: 1 + pick(2) });
    other.role.start();
    await cluster.time.advance(pick(40));
    if (pick(2) === 0) void other.role.replicaOf(null);
    await cluster.time.advance(pick(40));
    let isStopped = false;
    void other.role.stop().then(() => (isStopped = true));
    await cluster.until('it to stop', () => isStopped);
    assert.equal(other.role.access, null);
  }
});
