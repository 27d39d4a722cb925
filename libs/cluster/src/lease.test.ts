import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Lease, leaseBucket, replicationLeaseKey } from './index.ts';
import type { LeaseState } from './index.ts';
import { FakeNats } from './testing.ts';
import type { FakeHandle } from './testing.ts';

// Time is the test's: node:test's timers, and with them the broker's expiry.
beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

const nats = () => new FakeNats();
let clock = 0;

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

async function advance(broker: FakeNats, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    broker.now += 100;
    clock += 100;
    mock.timers.tick(100);
    await settle();
  }
}

function lease(handle: FakeHandle, owner: string, states: LeaseState[] = []): Lease {
  return new Lease({
    nats: handle,
    bucket: leaseBucket('test'),
    key: replicationLeaseKey('main'),
    owner,
    now: () => clock,
    onState: (state) => states.push(state),
  });
}

test('the first holds it, the second stands by, knows the holder, and takes over when the first gives it back', async () => {
  const broker = nats();
  const a = lease(broker.handle(), 'a');
  const b = lease(broker.handle(), 'b');
  a.start();
  await settle();
  b.start();
  const taken = b.acquired();
  await advance(broker, 60_000);
  assert.deepEqual([a.held, b.held, b.holder], [true, false, 'a']);
  const term = await a.acquired();
  await a.stop();
  assert.ok(term.aborted);
  await advance(broker, 3_100);
  assert.equal(b.held, true);
  assert.equal((await taken).aborted, false);
  await b.stop();
});

test('a holder that is cut off knows that it lost the lease before another one has it', async () => {
  const broker = nats();
  const handle = broker.handle();
  const a = lease(handle, 'a');
  const b = lease(broker.handle(), 'b');
  a.start();
  await settle();
  b.start();
  await advance(broker, 7_000);
  const term = await a.acquired();
  handle.setStatus('disconnected');
  let lostAt = -1;
  let takenAt = -1;
  for (let ms = 0; ms < 20_000; ms += 100) {
    await advance(broker, 100);
    assert.ok(!(a.held && b.held), 'two holders at a time');
    if (lostAt < 0 && !a.held) lostAt = ms;
    if (takenAt < 0 && b.held) takenAt = ms;
  }
  assert.ok(lostAt >= 0 && takenAt > lostAt, `lost at ${lostAt}, taken at ${takenAt}`);
  handle.setStatus('connected');
  await advance(broker, 7_000);
  assert.ok(term.aborted, 'the term ends when another one is known to hold it');
  assert.deepEqual([a.held, a.holder, b.held], [false, 'b', true]);
  await Promise.all([a.stop(), b.stop()]);
});

test('a process that slept longer than its lease does not hold it when it wakes, before any timer of it ran', async () => {
  const broker = nats();
  const a = lease(broker.handle(), 'a');
  a.start();
  await settle();
  const term = await a.acquired();
  clock += 9_000;
  assert.equal(a.held, false);
  await a.stop();
  assert.ok(term.aborted);
});

test('a process that was stopped for longer than the entry lives goes on with its term when nobody took the lease', async () => {
  const broker = nats();
  const a = lease(broker.handle(), 'a');
  a.start();
  await settle();
  const term = await a.acquired();
  // All its timers are late, and the entry is gone.
  clock += 20_000;
  broker.now += 20_000;
  assert.equal(a.held, false);
  await advance(broker, 3_100);
  assert.deepEqual([a.held, term.aborted], [true, false]);
  assert.equal(await a.acquired(), term);
  await a.stop();
});

test('a process that was stopped while another one took the lease ends its term as soon as it runs', async () => {
  const broker = nats();
  const a = lease(broker.handle(), 'a');
  a.start();
  await settle();
  const term = await a.acquired();
  clock += 20_000;
  broker.now += 20_000;
  broker.put(leaseBucket('test'), replicationLeaseKey('main'), Buffer.from('{"owner":"b"}'), 0);
  await advance(broker, 3_100);
  assert.deepEqual([a.held, a.holder, term.aborted], [false, 'b', true]);
  await a.stop();
});

test("a dead holder's entry that the broker keeps, its clock being set back, is taken over once it has stood still for its life", async () => {
  const broker = nats();
  const b = lease(broker.handle(), 'b');
  broker.ensure(leaseBucket('test'), 10_000);
  broker.put(leaseBucket('test'), replicationLeaseKey('main'), Buffer.from('{"owner":"dead"}'), 0);
  broker.now -= 3_600_000;
  b.start();
  await advance(broker, 9_000);
  assert.equal(b.held, false);
  await advance(broker, 12_000);
  assert.equal(b.held, true);
  await b.stop();
});

test('a renewal whose answer was lost does not end the term', async () => {
  const broker = nats();
  const handle = broker.handle();
  const a = lease(handle, 'a');
  a.start();
  await settle();
  const term = await a.acquired();
  for (let i = 0; i < 5; i++) {
    handle.loseNextAnswer = true;
    await advance(broker, 6_200);
  }
  assert.equal(a.held, true);
  assert.equal(term.aborted, false);
  await a.stop();
});

test('after a lost first answer the lease is taken with the entry that is there', async () => {
  const broker = nats();
  const handle = broker.handle();
  handle.loseNextAnswer = true;
  const a = lease(handle, 'a');
  a.start();
  await advance(broker, 3_200);
  assert.equal(a.held, true);
  await a.stop();
});

test('each change of the holder is told once, with the reason', async () => {
  const broker = nats();
  const states: LeaseState[] = [];
  const handle = broker.handle();
  const a = lease(handle, 'a', states);
  a.start();
  await advance(broker, 9_000);
  handle.setStatus('disconnected');
  await advance(broker, 30_000);
  assert.deepEqual(
    states.filter((state, i) => i === 0 || states[i - 1].held !== state.held).map(({ held }) => held),
    [true, false],
  );
  assert.match(states.map(({ detail }) => detail).join('; '), /not connected.*not renewed in time/);
  await a.stop();
});

test('a term that nobody can start any more is refused to those who wait for it', async () => {
  const broker = nats();
  const holder = lease(broker.handle(), 'a');
  holder.start();
  await settle();
  const b = lease(broker.handle(), 'b');
  b.start();
  const waiting = assert.rejects(b.acquired(), /given back/);
  await b.stop();
  await waiting;
  await assert.rejects(b.acquired(), /given back/);
  assert.equal(holder.held, true);
  await holder.stop();
});
