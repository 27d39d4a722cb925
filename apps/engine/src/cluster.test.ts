/** Nodes that choose their leader, over a log in memory. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogError } from '@weir/log';
import type { AppendCallback, LogStore } from '@weir/log';
import type { FakeLog } from '@weir/log/testing';
import type { Time } from '@weir/time';
import { FakeCluster } from './role.testing.ts';
import type { FakeNode } from './role.testing.ts';

const OK = '+OK\r\n';
const logId = 'c'.repeat(40);
const LEASE_MS = 1000;
const MARGIN_MS = 200;

/** A way to the log that can be cut: nothing that is appended arrives, nothing that is asked is answered, and both are told after a while. */
class Way {
  isCut = false;
  readonly #time: Pick<Time, 'sleep'>;

  constructor(time: Pick<Time, 'sleep'>) {
    this.#time = time;
  }

  readonly over = (log: FakeLog): LogStore => {
    const unanswered = async (): Promise<never> => {
      await this.#time.sleep(2000);
      throw new LogError('log-unavailable', 'no answer');
    };
    const append = (callback: AppendCallback): void =>
      void this.#time.sleep(2000).then(() => callback({ kind: 'unknown', error: 'no answer' }));
    return new Proxy<LogStore>(log, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const call = (value as (...args: unknown[]) => unknown).bind(target);
        if (name === 'appendCb')
          return (message: Uint8Array, expected: number, callback: AppendCallback) =>
            this.isCut ? append(callback) : target.appendCb(message, expected, callback);
        if (name === 'state' || name === 'read' || name === 'readLast')
          return (...args: unknown[]) => (this.isCut ? unanswered() : call(...args));
        return call;
      },
    });
  };
}

interface Member {
  readonly node: FakeNode;
  readonly way: Way;
}

function member(cluster: FakeCluster, port: number, priority = 100): Member {
  const way = new Way(cluster.time);
  const node = cluster.node(port, { logId, isSole: false, priority, way: way.over });
  node.role.start();
  return { node, way };
}

async function three(): Promise<{ cluster: FakeCluster; members: [Member, Member, Member] }> {
  const cluster = new FakeCluster();
  const one = member(cluster, 1);
  await cluster.until('a leader', () => one.node.role.leading);
  const others = [member(cluster, 2), member(cluster, 3)] as const;
  await cluster.until('two that follow', () => others.every(({ node }) => node.role.masterLink.up));
  return { cluster, members: [one, ...others] };
}

const leaders = (members: readonly Member[]): FakeNode[] =>
  members.map(({ node }) => node).filter(({ role }) => role.leading);

async function end(cluster: FakeCluster, members: readonly Member[]): Promise<void> {
  for (const { way } of members) way.isCut = false;
  let stopped = 0;
  for (const { node } of members) void node.role.stop().then(() => stopped++);
  await cluster.until('all to stop', () => stopped === members.length);
}

describe('in a cluster', () => {
  test('whoever finds nobody leads, and the others follow', async () => {
    const { cluster, members } = await three();
    const [one, two] = members;
    assert.equal(await one.node.ask(cluster, 'SET', 'k', 'v'), OK);
    assert.match(await two.node.ask(cluster, 'SET', 'k', 'w'), /^-READONLY/);
    await cluster.until('the write', () => two.node.role.seq === one.node.role.seq);
    assert.equal(await two.node.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');
    await end(cluster, members);
  });

  test('nodes that start at once on an empty log have one leader', async () => {
    const cluster = new FakeCluster();
    const members = [1, 2, 3].map((port) => member(cluster, port));
    await cluster.until('all to be settled', () =>
      members.every(({ node }) => node.role.leading || node.role.masterLink.up),
    );
    await cluster.time.advance(10_000);
    assert.equal(leaders(members).length, 1);
    await end(cluster, members);
  });

  test('an idle leader keeps its lease, and nobody claims', async () => {
    const { cluster, members } = await three();
    const { epoch, offset } = members[0].node.role;
    await cluster.time.advance(60_000);
    assert.deepEqual([members[0].node.role.epoch, members[0].node.role.offset], [epoch, offset]);
    assert.equal(await members[0].node.ask(cluster, 'GET', 'k'), '$-1\r\n');
    await end(cluster, members);
  });

  test('a leader that is cut off answers nothing when another one leads, and drops what the log does not have', async () => {
    const { cluster, members } = await three();
    const [one, ...others] = members;
    assert.equal(await one.node.ask(cluster, 'SET', 'k', 'old'), OK);
    one.way.isCut = true;
    void one.node.ask(cluster, 'SET', 'lost', 'x');
    const cutAt = cluster.time.monotonicMs();
    await cluster.until('another to lead', () => leaders(others).length === 1);
    const tookMs = cluster.time.monotonicMs() - cutAt;
    assert.ok(tookMs >= LEASE_MS, `${tookMs} ms`);
    const [now] = leaders(others) as [FakeNode];
    assert.equal(await now.ask(cluster, 'GET', 'k'), '$3\r\nold\r\n');
    assert.equal(await now.ask(cluster, 'SET', 'k', 'new'), OK);
    assert.equal(await one.node.ask(cluster, 'GET', 'k'), '', 'it waits');
    assert.equal(one.node.engine.confirmed, -1);
    one.way.isCut = false;
    await cluster.until('it to follow', () => one.node.role.role === 'slave' && one.node.role.masterLink.up);
    await cluster.until('all of the log', () => one.node.role.seq >= now.role.seq - 1);
    assert.equal(await one.node.ask(cluster, 'GET', 'k'), '$3\r\nnew\r\n');
    assert.equal(await one.node.ask(cluster, 'GET', 'lost'), '$-1\r\n');
    await end(cluster, members);
  });

  test('nobody claims while the log has no leader, nor at once when it has one again', async () => {
    const { cluster, members } = await three();
    for (const { way } of members) way.isCut = true; // nothing can be appended, and nothing is answered
    await cluster.time.advance(9000);
    assert.equal(members[0].node.role.epoch, 1);
    for (const { way } of members) way.isCut = false;
    await cluster.time.advance(20_000);
    assert.deepEqual(
      members.map(({ node }) => node.role.epoch),
      [1, 1, 1],
      'its leader leads on',
    );
    await end(cluster, members);
  });

  test('lower priorities lead first, and 0 never does', async () => {
    const cluster = new FakeCluster();
    const one = member(cluster, 1, 50);
    await cluster.until('a leader', () => one.node.role.leading);
    const rest = [member(cluster, 2, 0), member(cluster, 3, 100), member(cluster, 4, 10)] as const;
    await cluster.until('three that follow', () => rest.every(({ node }) => node.role.masterLink.up));
    await cluster.time.advance(2000); // they have heard of each other
    one.way.isCut = true;
    await cluster.until('another to lead', () => leaders(rest).length === 1);
    assert.equal(leaders(rest)[0]!.port, 4);
    rest[2].way.isCut = true;
    await cluster.until('the next', () => rest[1].node.role.leading);
    rest[1].way.isCut = true;
    await cluster.time.advance(30_000);
    assert.equal(rest[0].node.role.role, 'slave');
    await end(cluster, [one, ...rest]);
  });

  test('a leader that stops in order is replaced at once', async () => {
    const { cluster, members } = await three();
    const [one, ...others] = members;
    assert.equal(await one.node.ask(cluster, 'SET', 'k', 'v'), OK);
    const at = cluster.time.monotonicMs();
    void one.node.role.stop();
    await cluster.until('another to lead', () => leaders(others).length === 1);
    assert.ok(cluster.time.monotonicMs() - at < LEASE_MS / 2, `${cluster.time.monotonicMs() - at} ms`);
    assert.equal(await leaders(others)[0]!.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');
    await end(cluster, others);
  });

  test('a master that is started by hand on a log that is led under a lease answers nothing before that has run out', async () => {
    const { cluster, members } = await three();
    const [one] = members;
    const other = cluster.node(9, { logId, isSole: false });
    const { log } = cluster.stored(logId);
    other.role.start();
    await cluster.until('its claim', () => one.node.role.writer === null || one.node.role.writerState === 'fenced');
    const claimedAt = cluster.time.monotonicMs();
    assert.ok(log.lastSeq > 1);
    assert.match(await other.ask(cluster, 'GET', 'k'), /^-LOADING/);
    await cluster.until('it to lead', () => other.role.leading);
    assert.ok(cluster.time.monotonicMs() - claimedAt >= MARGIN_MS);
    await end(cluster, members);
    await other.role.stop();
  });
});

describe('a planned hand-over', () => {
  test('makes the named node the leader at once, loses nothing, and what is refused meanwhile was not executed', async () => {
    const { cluster, members } = await three();
    const [one, two, three_] = members;
    assert.equal(await one.node.ask(cluster, 'SET', 'k', 'v'), OK);
    await cluster.time.advance(1500); // they have heard of each other
    const to = { host: '127.0.0.1', port: 3 };
    assert.equal(one.node.role.handOver({ to, timeoutMs: 0, force: false }), null);
    const at = cluster.time.monotonicMs();
    await cluster.until('the named node to lead', () => three_.node.role.leading);
    assert.ok(cluster.time.monotonicMs() - at < LEASE_MS / 2, `${cluster.time.monotonicMs() - at} ms`);
    assert.match(await one.node.ask(cluster, 'SET', 'k', 'w'), /^-READONLY/);
    assert.equal(await three_.node.ask(cluster, 'GET', 'k'), '$1\r\nv\r\n');
    assert.equal(await three_.node.ask(cluster, 'SET', 'k', 'w'), OK);
    await cluster.until('the others to follow', () => [one, two].every(({ node }) => node.role.masterLink.up));
    await cluster.time.advance(10_000);
    assert.equal(leaders(members).length, 1);
    assert.equal(await one.node.ask(cluster, 'GET', 'k'), '$1\r\nw\r\n');
    await end(cluster, members);
  });

  test('is refused in the words of Redis where there is nobody to lead', async () => {
    const { cluster, members } = await three();
    const [one, two] = members;
    await cluster.time.advance(1500);
    const any = { to: null, timeoutMs: 0, force: false };
    assert.match(two.node.role.handOver(any)!, /not valid when server is a replica/);
    const nobody = { ...any, to: { host: '127.0.0.1', port: 9 } };
    assert.match(one.node.role.handOver(nobody)!, /target HOST and PORT is not a replica/);
    assert.equal(one.node.role.abortHandover(), false);
    await end(cluster, members);
  });
});
