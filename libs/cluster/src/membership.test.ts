import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';
import {
  MEMBER_TTL_MS,
  MemberWatch,
  Membership,
  parseReport,
  requestRemoval,
  requestSnapshot,
  serveSnapshotRequests,
} from './index.ts';
import type { MemberReport } from './index.ts';
import { FakeNats } from './testing.ts';

const report: MemberReport = {
  id: 'a',
  role: 'slave',
  ip: '127.0.0.1',
  port: 6380,
  epoch: 1,
  seq: 7,
  offset: 700,
  state: 'online',
};

function encode(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

function timeOf(nats: FakeNats): Pick<Time, 'monotonicMs' | 'every'> {
  return { monotonicMs: () => nats.now, every: realTime.every };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test('members hear of each other at once, not of themselves, and a poll brings the newest report', async () => {
  const nats = new FakeNats();
  let seq = 7;
  const a = new Membership({
    nats: nats.handle(),
    cluster: 'c',
    logId: 'l',
    time: timeOf(nats),
    report: () => ({ ...report, seq }),
  });
  const b = new Membership({
    nats: nats.handle(),
    cluster: 'c',
    logId: 'l',
    time: timeOf(nats),
    report: () => ({ ...report, id: 'b' }),
  });
  const elsewhere = new Membership({
    nats: nats.handle(),
    cluster: 'c',
    logId: 'x',
    time: timeOf(nats),
    report: () => ({ ...report, id: 'z' }),
  });
  a.start();
  b.start();
  elsewhere.start();
  await settle();
  assert.deepEqual(
    a.others().map(({ id }) => id),
    ['b'],
  );
  assert.deepEqual(
    b.others().map(({ id, seq }) => [id, seq]),
    [['a', 7]],
  );
  seq = 8;
  const heard: number[] = [];
  b.onReport((member) => heard.push(member.seq));
  b.poll();
  await settle();
  assert.ok(heard.includes(8));
  for (const member of [a, b, elsewhere]) member.stop();
});

test('a member that is silent for long is gone', async () => {
  const nats = new FakeNats();
  const a = new Membership({
    nats: nats.handle(),
    cluster: 'c',
    logId: 'l',
    time: timeOf(nats),
    report: () => report,
  });
  a.start();
  nats.handle().publish('weir.c.l.progress', encode({ ...report, id: 'b' }));
  await settle();
  nats.now = MEMBER_TTL_MS;
  assert.equal(a.others().length, 1);
  nats.now++;
  assert.equal(a.others().length, 0);
  a.stop();
});

test('a member that leaves is gone at once', async () => {
  const nats = new FakeNats();
  const member = (id: string) =>
    new Membership({
      nats: nats.handle(),
      cluster: 'c',
      logId: 'l',
      time: timeOf(nats),
      report: () => ({ ...report, id }),
    });
  const [a, b] = [member('a'), member('b')];
  a.start();
  b.start();
  await settle();
  assert.equal(a.others().length, 1);
  b.stop();
  await settle();
  assert.equal(a.others().length, 0);
  a.stop();
});

test('what is no report is not heard', () => {
  assert.deepEqual(parseReport(encode(report)), report);
  const bad = [
    '',
    'null',
    '3',
    '[]',
    '{',
    { ...report, seq: 1.5 },
    { ...report, port: '6380' },
    { ...report, role: 'king' },
    { ...report, id: undefined },
    { ...report, link: 7 },
  ];
  for (const value of bad) assert.equal(parseReport(encode(value)), null, JSON.stringify(value));
  assert.equal(parseReport(encode({ ...report, ip: 'x'.repeat(20_000) })), null);
});

test('a snapshot request is answered by the one who serves them, failures included; without one it fails at once', async () => {
  const nats = new FakeNats();
  const client = nats.handle();
  await assert.rejects(requestSnapshot(client, 'c', 'l', 10_000), /nobody listens/);
  let fails = false;
  const stop = serveSnapshotRequests(nats.handle(), 'c', 'l', async () => {
    if (fails) throw new Error('no room');
    return { ok: true, id: 's1', seq: 12 };
  });
  assert.deepEqual(await requestSnapshot(client, 'c', 'l', 1000), { ok: true, id: 's1', seq: 12 });
  fails = true;
  assert.deepEqual(await requestSnapshot(client, 'c', 'l', 1000), { ok: false, error: 'no room' });
  stop();
  await assert.rejects(requestSnapshot(client, 'c', 'l', 10_000), /nobody listens/);
});

test('a snapshot is removed by the app that serves, whose refusal says why', async () => {
  const nats = new FakeNats();
  const make = () => Promise.reject(new Error('not asked'));
  const stop = serveSnapshotRequests(nats.handle(), 'c', 'l', make, async (id) =>
    id === 'old' ? { ok: true, removed: id } : { ok: false, why: 'needed', error: 'the newest' },
  );
  const ask = (id: string) => requestRemoval(nats.handle(), 'c', 'l', 100, id);
  assert.deepEqual(await ask('old'), { ok: true, removed: 'old' });
  assert.deepEqual(await ask('new'), { ok: false, why: 'needed', error: 'the newest' });
  stop();
  await assert.rejects(ask('old'));
});

test('an app from before it could be asked to remove a snapshot makes one, and that is no removal', async () => {
  const nats = new FakeNats();
  const handle = nats.handle();
  handle.subscribe('weir.c.l.snapshot', (_data, replyTo) =>
    handle.publish(replyTo!, Buffer.from(JSON.stringify({ ok: true, id: 's9', seq: 9 }))),
  );
  const answer = await requestRemoval(nats.handle(), 'c', 'l', 100, 'old');
  assert.ok(!answer.ok && /too old/.test(answer.error));
});

test('a watch hears who reports, forgets who leaves or falls silent, and reports nothing itself', async () => {
  const nats = new FakeNats();
  const reports: string[] = [];
  nats.handle().subscribe('weir.c.l.progress', (data) => void reports.push(parseReport(data)!.id));
  const report = (id: string) =>
    ({ id, role: 'slave', ip: 'h', port: 1, epoch: 1, seq: 5, offset: 9, state: 'online' }) as const;
  const members = ['a', 'b'].map(
    (id) =>
      new Membership({ nats: nats.handle(), cluster: 'c', logId: 'l', time: timeOf(nats), report: () => report(id) }),
  );
  for (const member of members) member.start();
  const watch = new MemberWatch({
    nats: nats.handle(),
    cluster: 'c',
    logId: 'l',
    time: { ...timeOf(nats), after: realTime.after },
  });
  const ids = (all: { id: string }[]): string[] => all.map(({ id }) => id).sort();
  await new Promise(setImmediate);
  assert.deepEqual(ids(watch.members()), ['a', 'b']);
  nats.now = 5000;
  // All that were heard of answer: it does not wait for its bound.
  assert.deepEqual(ids(await watch.fresh(60_000)), ['a', 'b']);
  assert.deepEqual(
    watch.members().map(({ receivedMs }) => receivedMs),
    [5000, 5000],
  );
  members[0]!.stop();
  await new Promise(setImmediate);
  assert.deepEqual(ids(watch.members()), ['b']);
  nats.now += MEMBER_TTL_MS + 1;
  assert.deepEqual(watch.members(), []);
  members[1]!.stop();
  watch.stop();
  assert.deepEqual([...new Set(reports)].sort(), ['a', 'b']);
});
