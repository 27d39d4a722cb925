import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';
import { MEMBER_TTL_MS, Membership, parseReport, requestSnapshot, serveSnapshotRequests } from './index.ts';
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
