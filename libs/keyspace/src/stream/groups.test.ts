import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArenaFullError } from '@weir/memory';
import fc from 'fast-check';
import type { Space } from '../space.ts';
import * as streams from './index.ts';
import { streamOps } from './ops.ts';
import { append, holderOf, idOf, numberOf, prints, testSpace } from './stream.testing.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

interface Pending {
  consumer: string;
  time: number;
  count: number;
}

interface Group {
  consumers: Set<string>;
  pending: Map<bigint, Pending>;
}

const step = fc.record({
  kind: fc.constantFrom(
    ...(['group', 'destroy', 'consumer', 'drop', 'deliver', 'deliver', 'run', 'ack', 'ackRun', 'claim'] as const),
  ),
  group: fc.constantFrom('g', 'g1', '', 'a\x00b'),
  consumer: fc.constantFrom('alice', 'bob', '', 'b', 'bo'),
  id: fc.nat(400).map((n) => BigInt(n) << 60n),
  count: fc.integer({ min: 1, max: 150 }),
});

/** Without a group and consumers nothing happens. */
const FIRST_STEPS = (['group', 'consumer', 'run'] as const).flatMap((kind) =>
  ['alice', 'bob'].map((consumer, i) => ({ kind, group: 'g', consumer, id: BigInt(i) << 62n, count: 100 })),
);

/** Everything of a stream's groups. */
function contents(space: Space, holder: number): Map<string, Group> {
  const text = (at: number, block: number): string =>
    Buffer.from(space.arena.u8.slice(at, at + streams.nameLength(space, block))).toString('latin1');
  const all = new Map<string, Group>();
  for (let i = 0; i < streams.groupCount(space, holder); i++) {
    const group = streams.groupAt(space, holder, i);
    const consumers = new Set<string>();
    const own = new Map<bigint, string>();
    const cursor = new streams.PendingCursor();
    for (let j = 0; j < streams.consumerCount(space, group); j++) {
      const consumer = streams.consumerAt(space, group, j);
      consumers.add(text(streams.consumerName(consumer), consumer));
      cursor.startConsumer(space, consumer, streams.ID_MIN);
      while (cursor.next()) own.set(numberOf(cursor.id), text(streams.consumerName(consumer), consumer));
    }
    const pending = new Map<bigint, Pending>();
    cursor.startGroup(space, group, streams.ID_MIN);
    while (cursor.next()) {
      pending.set(numberOf(cursor.id), {
        consumer: own.get(numberOf(cursor.id)) ?? 'nobody',
        time: streams.deliveryTime(space, cursor.pending),
        count: streams.deliveryCountLo(space, cursor.pending),
      });
    }
    assert.equal(streams.pendingCount(space, group), pending.size);
    all.set(text(streams.groupName(group), group), { consumers, pending });
  }
  return all;
}

const sortedModel = (model: Map<string, Group>): unknown =>
  [...model]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { consumers, pending }]) => [
      name,
      [...consumers].sort(),
      [...pending].sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);

test('groups hold what maps of groups, consumers and pending entries hold', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), (random) => {
      const steps = [...FIRST_STEPS, ...random];
      const { keyspace, space } = testSpace();
      const start = space.arena.usedBytes;
      const holder = holderOf(keyspace);
      append(space, holder, 1n, ['f', 'v']);
      const model = new Map<string, Group>();
      let time = 1000;
      for (const { kind, group: name, consumer: consumerName, id, count } of steps) {
        const [g, c] = [bytes(name), bytes(consumerName)];
        const group = streams.findGroup(space, holder, g, 0, g.length);
        const has = model.get(name);
        assert.equal(group !== 0, has !== undefined);
        if (kind === 'group') {
          const made = streams.createGroup(space, holder, g, 0, g.length, idOf(id), -1, -1);
          assert.equal(made !== 0, has === undefined);
          if (has === undefined) model.set(name, { consumers: new Set(), pending: new Map() });
          continue;
        }
        if (has === undefined) continue;
        const consumer = streams.findConsumer(space, group, c, 0, c.length);
        assert.equal(consumer !== 0, has.consumers.has(consumerName));
        if (kind === 'destroy') {
          if (count > 100) {
            streams.destroyGroup(space, holder, group);
            model.delete(name);
          }
        } else if (kind === 'consumer') {
          const made = streams.createConsumer(space, group, c, 0, c.length, ++time);
          assert.equal(made === 0, has.consumers.has(consumerName));
          has.consumers.add(consumerName);
        } else if (kind === 'ack' || kind === 'ackRun') {
          const ids = kind === 'ack' ? [id] : [...has.pending.keys()].sort((a, b) => (a < b ? -1 : 1)).slice(0, count);
          for (const each of ids) {
            assert.equal(streams.removePending(space, group, idOf(each)), has.pending.delete(each));
          }
        } else if (consumer === 0) continue;
        else if (kind === 'drop') {
          const own = [...has.pending].filter(([, pending]) => pending.consumer === consumerName);
          assert.equal(streams.deleteConsumer(space, group, consumer), own.length);
          for (const [each] of own) has.pending.delete(each);
          has.consumers.delete(consumerName);
        } else if (kind === 'claim') {
          for (const [each, pending] of [...has.pending].slice(0, count)) {
            const block = streams.findPending(space, group, idOf(each));
            streams.assignPending(space, block, consumer, idOf(each));
            streams.setDeliveryTime(space, block, ++time);
            streams.countDelivery(space, block);
            Object.assign(pending, { consumer: consumerName, time, count: pending.count + 1 });
          }
        } else {
          for (let i = 0n; i < (kind === 'run' ? BigInt(count) : 1n); i++) {
            if (has.pending.has(id + i)) continue;
            streams.addPending(space, group, consumer, idOf(id + i), ++time, 1, 0);
            has.pending.set(id + i, { consumer: consumerName, time, count: 1 });
          }
        }
        streamOps.verify(space, holder);
      }
      assert.deepEqual(sortedModel(contents(space, holder)), sortedModel(model));
      const copy = holderOf(keyspace);
      streamOps.copy(space, holder, copy);
      streamOps.verify(space, copy);
      assert.deepEqual(sortedModel(contents(space, copy)), sortedModel(model));
      assert.deepEqual(prints(space, copy), prints(space, holder));
      const before = space.arena.usedBytes;
      const bytesOfCopy = streamOps.bytes(space, copy);
      const holderBytes = space.arena.usableBytes(copy);
      keyspace.dropDetached(copy);
      assert.equal(before - space.arena.usedBytes, bytesOfCopy + holderBytes);
      keyspace.dropDetached(holder);
      space.arena.verify();
      assert.equal(space.arena.usedBytes, start);
    }),
    { numRuns: 150 },
  );
});

test('a full arena refuses a pending entry, a consumer, a group, and leaves them as they were', () => {
  const { keyspace, space } = testSpace({}, 1 << 20);
  const holder = holderOf(keyspace);
  streams.init(space, holder);
  const group = streams.createGroup(space, holder, bytes('g'), 0, 1, streams.ID_MIN, -1, -1);
  const alice = streams.createConsumer(space, group, bytes('alice'), 0, 5, 1);
  const bob = streams.createConsumer(space, group, bytes('bob'), 0, 3, 1);
  let n = 0;
  assert.throws(() => {
    for (; ; n++)
      streams.addPending(space, group, n % 2 === 0 ? alice : bob, idOf(BigInt((n * 7919) % 1000003)), n, 1, 0);
  }, ArenaFullError);
  streamOps.verify(space, holder);
  assert.equal(streams.pendingCount(space, group), n);
  const to = holderOf(keyspace);
  const used = space.arena.usedBytes;
  assert.throws(() => streamOps.copy(space, holder, to), ArenaFullError);
  assert.equal(space.arena.usedBytes, used);
  const long = new Uint8Array(200_000);
  assert.throws(() => streams.createConsumer(space, group, long, 0, long.length, 1), ArenaFullError);
  assert.throws(() => streams.createGroup(space, holder, long, 0, long.length, streams.ID_MIN, 0, 0), ArenaFullError);
  assert.throws(() => {
    for (let i = 0; i < n; i += 2) {
      const id = idOf(BigInt((i * 7919) % 1000003));
      streams.assignPending(space, streams.findPending(space, group, id), bob, id);
    }
  }, ArenaFullError);
  streamOps.verify(space, holder);
  space.arena.verify();
});

test('the fingerprint tells apart what is replicated of groups, and not when consumers were seen', () => {
  const build = (change: (space: Space, holder: number, group: number, consumer: number) => void): string => {
    const { keyspace, space } = testSpace();
    const holder = holderOf(keyspace);
    append(space, holder, 7n, ['f', 'v']);
    const group = streams.createGroup(space, holder, bytes('g'), 0, 1, idOf(7n), 1, 0);
    const consumer = streams.createConsumer(space, group, bytes('c'), 0, 1, 5);
    streams.addPending(space, group, consumer, idOf(7n), 1000, 1, 0);
    change(space, holder, group, consumer);
    return prints(space, holder)[0];
  };
  const pendingOf = (space: Space, group: number): number => streams.findPending(space, group, idOf(7n));
  const same = build(() => {});
  assert.equal(
    build((space, _holder, _group, consumer) => {
      streams.setSeenTime(space, consumer, 99);
      streams.setActiveTime(space, consumer, 98);
    }),
    same,
  );
  const others = [
    build((space, _holder, group) => streams.setGroupLastId(space, group, idOf(8n))),
    build((space, _holder, group) => streams.setEntriesRead(space, group, -1, -1)),
    build((space, holder) => void streams.createGroup(space, holder, bytes('h'), 0, 1, idOf(7n), 1, 0)),
    build((space, _holder, group) => void streams.createConsumer(space, group, bytes('d'), 0, 1, 5)),
    build((space, _holder, group) => void streams.removePending(space, group, idOf(7n))),
    build((space, _holder, group) => streams.setDeliveryTime(space, pendingOf(space, group), 1001)),
    build((space, _holder, group) => streams.setDeliveryCount(space, pendingOf(space, group), 1, 1)),
    build((space, holder) => streams.setEntriesAdded(space, holder, 1, 1)),
    build((space, holder) => streams.setMaxDeletedId(space, holder, idOf(1n))),
    build((space, _holder, group) => {
      const other = streams.createConsumer(space, group, bytes('d'), 0, 1, 5);
      streams.assignPending(space, pendingOf(space, group), other, idOf(7n));
    }),
  ];
  assert.equal(new Set([same, ...others]).size, others.length + 1);
});

test('a stream is put together again from its parts, and contradicting parts are refused', () => {
  const { keyspace, space } = testSpace({ streamNodeMaxEntries: 10 });
  const holder = holderOf(keyspace);
  for (let i = 1n; i <= 95n; i++) append(space, holder, i, ['f', String(i)]);
  for (const i of [1n, 50n, 95n]) streams.deleteEntry(space, holder, idOf(i));
  const nodes: [streams.StreamId, Uint8Array][] = [];
  streams.forEachNode(space, holder, (master, off, len) => {
    nodes.push([Uint32Array.from(master), space.arena.u8.slice(off, off + len)]);
  });
  assert.equal(nodes.length, streams.nodeCount(space, holder));

  const fresh = (): number => {
    const to = holderOf(keyspace);
    for (const [master, node] of nodes) streams.loadNode(space, to, master, node, 0, node.length);
    return to;
  };
  const to = fresh();
  streams.loadMeta(space, to, 92, idOf(95n), idOf(95n), 95, 0);
  streamOps.verify(space, to);
  assert.deepEqual(prints(space, to), prints(space, holder));
  const group = streams.loadGroup(space, to, bytes('g'), 0, 1, idOf(5n), 5, 0);
  for (const i of [2n, 3n, 5n]) streams.loadPending(space, group, idOf(i), 1000, 2, 0);
  const consumer = streams.loadConsumer(space, group, bytes('c'), 0, 1, 1000, -1);
  for (const i of [2n, 3n]) streams.loadConsumerPending(space, group, consumer, idOf(i));
  assert.throws(() => streams.loadEnd(space, to), /a pending entry has no consumer/);
  assert.throws(() => streams.loadConsumerPending(space, group, consumer, idOf(3n)), /at two consumers/);
  assert.throws(() => streams.loadConsumerPending(space, group, consumer, idOf(4n)), /does not have/);
  assert.throws(() => streams.loadPending(space, group, idOf(5n), 1, 1, 0), /pending twice/);
  assert.throws(() => streams.loadGroup(space, to, bytes('g'), 0, 1, idOf(5n), 5, 0), /two groups/);
  assert.throws(() => streams.loadConsumer(space, group, bytes('c'), 0, 1, 0, 0), /two consumers/);
  streams.loadConsumerPending(space, group, consumer, idOf(5n));
  streams.loadEnd(space, to);
  streamOps.verify(space, to);

  const [master, node] = nodes[3];
  assert.throws(() => streams.loadNode(space, to, master, node, 0, node.length), streams.StreamLoadError);
  assert.throws(() => streams.loadMeta(space, fresh(), 91, idOf(95n), idOf(95n), 95, 0), /92 entries/);
  assert.throws(() => streams.loadMeta(space, fresh(), 92, idOf(93n), idOf(95n), 95, 0), /above its last ID/);
});

test('counts carry from their lower half to their higher one', () => {
  const { keyspace, space } = testSpace();
  const holder = holderOf(keyspace);
  append(space, holder, 7n, ['f', 'v']);
  streams.setEntriesAdded(space, holder, 0xffffffff, 4);
  append(space, holder, 8n, ['f', 'v']);
  assert.deepEqual([streams.entriesAddedLo(space, holder), streams.entriesAddedHi(space, holder)], [0, 5]);
  const group = streams.createGroup(space, holder, bytes('g'), 0, 1, idOf(7n), -1, 4);
  streams.countRead(space, holder, group, idOf(8n));
  assert.deepEqual([streams.entriesReadLo(space, group), streams.entriesReadHi(space, group)], [0, 5]);
  const consumer = streams.createConsumer(space, group, bytes('c'), 0, 1, 5);
  const pending = streams.addPending(space, group, consumer, idOf(7n), 1000, -1, 4);
  streams.countDelivery(space, pending);
  assert.deepEqual([streams.deliveryCountLo(space, pending), streams.deliveryCountHi(space, pending)], [0, 5]);
});
