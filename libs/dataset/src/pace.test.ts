import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from '@weir/keyspace';
import { HEADER_BYTES } from '@weir/log';
import type { LogStore } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { Pace } from './index.ts';
import { Follower } from '@weir/replica';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from '@weir/replica/testing';

/** A clock that goes on with each look at it, and a loop that turns as often as it is asked to: nothing depends on how fast this runs. */
class Loop {
  now = 0;
  turns = 0;
  readonly pace: Pace;
  /** Called in each turn, before what waits for it goes on. */
  onTurn: () => void = () => {};

  constructor(budgetMs: number) {
    this.pace = new Pace({
      budgetMs,
      clock: () => this.now++,
      turn: (done) =>
        void setImmediate(() => {
          this.turns++;
          this.onTurn();
          done();
        }),
    });
  }
}

/** The turn in which it holds, before the work goes on. */
function turnWhen(loop: Loop, condition: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  loop.onTurn = () => {
    if (condition()) resolve();
  };
  return promise;
}

interface Bench {
  readonly log: FakeLog;
  readonly feeder: LogFeeder;
}

async function bench(): Promise<Bench> {
  const log = new FakeLog();
  return { log, feeder: await LogFeeder.open(log) };
}

function follow(log: LogStore, pace: Pace, more: { onPart?: () => void; onApplied?: () => void } = {}): Follower {
  return new Follower({
    log,
    snapshots: new FakeSnapshots(),
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: Date.now,
    pace,
    ...more,
  });
}

/** One record of that many keys. */
async function record({ feeder }: Bench, from: number, keys: number): Promise<void> {
  for (let i = from; i < from + keys; i++) feeder.call('SET', `key:${i}`, 'x');
  await feeder.flush(Infinity);
}

test('the event loop turns between the commands of one record, and its position counts when all of it is applied', async () => {
  const b = await bench();
  await record(b, 0, 10);
  await record(b, 10, 400);
  const loop = new Loop(2);
  const positions: number[] = [];
  const sizes: number[] = [];
  let parts = 0;
  const follower = follow(b.log, loop.pace, { onPart: () => parts++ });
  loop.onTurn = () => {
    positions.push(follower.position.seq);
    sizes.push(follower.keyspace.size);
  };
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  // Four commands between two looks, and two looks in a budget.
  assert.ok(parts > 40, `${parts}`);
  assert.ok(loop.turns > parts);
  assert.equal(fingerprint(follower.keyspace), fingerprint(b.feeder.engine.ctx.keyspace));
  assert.deepEqual(follower.position, b.feeder.writer.committed);
  const within = sizes.filter((size) => size > 10 && size < 410);
  assert.ok(within.length > 40 && new Set(within).size > 40, `${within.length}`);
  sizes.forEach((size, i) => {
    if (size < 410) assert.ok(positions[i] < b.log.lastSeq, `${size} keys at ${positions[i]}`);
  });
  follower.stop();
});

test('many small records are no more in one turn of the loop than a large one', async () => {
  const b = await bench();
  for (let i = 0; i < 200; i++) await record(b, i, 1);
  const loop = new Loop(10);
  const follower = follow(b.log, loop.pace);
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  assert.ok(loop.turns > 10, `${loop.turns}`);
  assert.equal(fingerprint(follower.keyspace), fingerprint(b.feeder.engine.ctx.keyspace));
  follower.stop();
});

test('a follower that serves readers never shows half a record: also the one that it was in the middle of is whole', async () => {
  const b = await bench();
  await record(b, 0, 300);
  const loop = new Loop(2);
  const sizes: number[] = [];
  const follower = follow(b.log, loop.pace);
  await follower.bootstrap();
  follower.start();
  await turnWhen(loop, () => follower.keyspace.size > 0);
  assert.ok(follower.keyspace.size < 300);
  await follower.serve();
  assert.equal(follower.keyspace.size, 300);
  assert.deepEqual(follower.position, b.feeder.writer.committed);
  loop.onTurn = () => sizes.push(follower.keyspace.size);
  for (let i = 1; i <= 5; i++) await record(b, 300 * i, 300);
  await follower.reached(b.log.lastSeq);
  assert.ok(sizes.length > 0); // it does rest between records
  for (const size of sizes) assert.equal(size % 300, 0);
  assert.equal(follower.keyspace.size, 1800);
  follower.stop();
});

test('paused and whole, a data set stays as its position says', async () => {
  const b = await bench();
  await record(b, 0, 100);
  await record(b, 100, 300);
  await record(b, 400, 100);
  const loop = new Loop(2);
  const follower = follow(b.log, loop.pace);
  await follower.bootstrap();
  follower.start();
  await turnWhen(loop, () => follower.keyspace.size > 100);
  follower.pause();
  assert.ok(follower.keyspace.size < 400);
  assert.equal(follower.position.seq, b.log.lastSeq - 2);
  await follower.whole();
  assert.equal(follower.keyspace.size, 400);
  assert.equal(follower.position.seq, b.log.lastSeq - 1);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(follower.keyspace.size, 400);
  follower.resume();
  await follower.reached(b.log.lastSeq);
  assert.equal(follower.keyspace.size, 500);
  follower.stop();
});

test('stopped within a record, a follower applies nothing more, and who waits for it to be whole is told', async () => {
  const b = await bench();
  await record(b, 0, 300);
  const loop = new Loop(2);
  const follower = follow(b.log, loop.pace);
  await follower.bootstrap();
  follower.start();
  await turnWhen(loop, () => follower.keyspace.size > 0);
  const whole = follower.whole();
  const aborted = new AbortController();
  const given = follower.whole(aborted.signal);
  aborted.abort(new Error('no time'));
  await assert.rejects(given, /no time/);
  const { size } = follower.keyspace;
  follower.stop();
  await assert.rejects(whole, /stopped/);
  await assert.rejects(follower.serve(), /stopped/);
  assert.equal(follower.keyspace.size, size);
  assert.ok(follower.position.seq < b.log.lastSeq);
});

test('a command that cannot be applied fails the follower in the middle of a record as at its beginning', async () => {
  const b = await bench();
  const text = (...args: string[]): string =>
    `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
  const payload = Buffer.from(`${text('SET', 'k', 'v').repeat(100)}${text('NOSUCH', 'k')}`);
  const buffer = new Uint8Array(HEADER_BYTES + payload.length);
  buffer.set(payload, HEADER_BYTES);
  b.feeder.writer.append(buffer, payload.length, 101, () => {});
  await b.feeder.writer.drained();
  const loop = new Loop(2);
  const follower = follow(b.log, loop.pace);
  await follower.bootstrap();
  follower.start();
  await assert.rejects(follower.reached(b.log.lastSeq), /does not know: NOSUCH/);
  assert.equal(follower.state, 'failed');
  assert.ok(loop.turns > 5);
  await assert.rejects(follower.whole(), /NOSUCH/);
});

test('a follower that ended between two records is whole: its log may have ended before its snapshot', async () => {
  const b = await bench();
  await record(b, 0, 10);
  const follower = follow(b.log, new Loop(2).pace);
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  b.log.loseTail(1);
  await eventually(() => follower.state === 'failed', 'the end of the follower');
  await follower.whole();
  await follower.serve();
  assert.equal(follower.keyspace.size, 10);
});

test('a budget begins anew when the loop has turned, and is one for all who work in between', () => {
  const turns: (() => void)[] = [];
  let now = 0;
  const pace = new Pace({ budgetMs: 20, clock: () => now, turn: (done) => void turns.push(done) });
  assert.equal(pace.spent, false);
  pace.begin();
  now = 19;
  assert.equal(pace.spent, false);
  pace.begin();
  now = 20;
  assert.equal(pace.spent, true);
  assert.equal(turns.length, 1);
  turns.pop()!();
  assert.equal(pace.spent, false);
  pace.begin();
  assert.equal(pace.spent, false);
  now = 40;
  assert.equal(pace.spent, true);
});
