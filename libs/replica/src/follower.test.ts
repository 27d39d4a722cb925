import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keyspace, fingerprint } from '@weir/keyspace';
import { LOG_START, isLogError } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { Arena } from '@weir/memory';
import { uploadSnapshot } from '@weir/dataset';
import { DoesNotFitError, Follower } from './index.ts';
import type { FollowerState } from './index.ts';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from './testing.ts';

interface Bench {
  readonly log: FakeLog;
  readonly snapshots: FakeSnapshots;
  readonly feeder: LogFeeder;
}

async function bench(maxMessageBytes = 1024 * 1024): Promise<Bench> {
  const log = new FakeLog({ maxMessageBytes });
  return { log, snapshots: new FakeSnapshots(), feeder: await LogFeeder.open(log) };
}

function follow({ log, snapshots }: Bench, states: FollowerState[] = [], logger = testLogger()): Follower {
  return new Follower({
    log,
    snapshots,
    newKeyspace: newTestKeyspace,
    logger,
    now: Date.now,
    onState: (state) => states.push(state),
  });
}

/** Snapshot of everything so far, by a follower of its own. */
async function snapshot(b: Bench, id: string, usable = true): Promise<void> {
  const follower = follow(b);
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  follower.stop();
  await uploadSnapshot(b.snapshots, follower.keyspace, follower.position, {
    id,
    engineVersion: 1,
    nowMs: Date.now(),
    redisVersion: '7.0.15',
  });
  if (usable) await b.snapshots.markUsable(id);
}

function same(follower: Follower, feeder: LogFeeder): void {
  assert.equal(fingerprint(follower.keyspace), fingerprint(feeder.engine.ctx.keyspace));
  assert.equal(follower.keyspace.size, feeder.engine.ctx.keyspace.size);
}

function fill(feeder: LogFeeder, from: number, to: number): void {
  for (let i = from; i < to; i++) feeder.call('SET', `key:${i}`, `value ${i}`);
}

test('reads a log from its beginning, every database and expire time included, and goes on with what comes', async () => {
  const b = await bench();
  fill(b.feeder, 0, 100);
  b.feeder.call('SELECT', 3);
  b.feeder.call('SET', 'in:three', 'x', 'EX', 1000);
  b.feeder.call('SELECT', 0);
  b.feeder.call('DEL', 'key:5', 'key:6');
  await b.feeder.flush(200);
  const states: FollowerState[] = [];
  const follower = follow(b, states);
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  await eventually(() => follower.state === 'live', 'live');
  b.feeder.call('APPEND', 'key:7', ' and more');
  await b.feeder.flush();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  follower.stop();
  assert.deepEqual(states, ['loading', 'catching-up', 'live', 'stopped']);
});

test('starts from the newest usable snapshot, not from one that is only uploaded, and applies the log behind it', async () => {
  const b = await bench();
  fill(b.feeder, 0, 50);
  await b.feeder.flush();
  await snapshot(b, 'first');
  fill(b.feeder, 50, 80);
  await b.feeder.flush();
  await snapshot(b, 'second');
  fill(b.feeder, 80, 90);
  await b.feeder.flush();
  await snapshot(b, 'unproven', false);
  await b.log.purgeTo((await b.snapshots.newestUsable())!.seq);
  const logger = testLogger();
  const follower = follow(b, [], logger);
  await follower.bootstrap();
  assert.equal(follower.keyspace.size, 80);
  follower.start();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  follower.stop();
  assert.ok(logger.lines.some(({ fields }) => (fields as { snapshot?: string }).snapshot === 'second'));
});

test('a damaged newest snapshot is passed over for the one before it, and nothing of it stays', async () => {
  const b = await bench();
  fill(b.feeder, 0, 50);
  await b.feeder.flush();
  await snapshot(b, 'first');
  b.feeder.call('FLUSHALL');
  fill(b.feeder, 1000, 1010);
  await b.feeder.flush();
  await snapshot(b, 'second');
  b.snapshots.damage('second');
  const logger = testLogger();
  const follower = follow(b, [], logger);
  await follower.bootstrap();
  assert.equal(follower.keyspace.size, 50);
  follower.start();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  follower.stop();
  assert.ok(logger.has('trying the one before it'));
});

test('a log that began with a data set is not taken for one that began with nothing when its first snapshot is damaged', async () => {
  const b = await bench();
  fill(b.feeder, 0, 50);
  await uploadSnapshot(b.snapshots, b.feeder.engine.ctx.keyspace, LOG_START, {
    id: 'base',
    engineVersion: 1,
    nowMs: Date.now(),
    redisVersion: '7.2.4',
  });
  await b.snapshots.markUsable('base');
  const whole = follow(b);
  await whole.bootstrap();
  assert.equal(whole.keyspace.size, 50);
  b.snapshots.damage('base');
  await assert.rejects(follow(b).bootstrap(), (error) => isLogError(error, 'beginning-missing'));
});

test('without a snapshot that reaches the beginning of the log it refuses to start, and says why', async () => {
  const b = await bench();
  for (let i = 0; i < 40; i++) {
    fill(b.feeder, i, i + 1);
    await b.feeder.flush();
    if (i === 5) await snapshot(b, 'old');
  }
  await b.log.purgeTo(20);
  assert.ok((await b.log.state()).firstSeq > 10);
  await assert.rejects(
    follow(b).bootstrap(),
    (error) => isLogError(error, 'beginning-missing') && /reaches that far/.test(error.message),
  );
  await b.snapshots.remove('old');
  await assert.rejects(follow(b).bootstrap(), /no usable snapshot reaches that far/);
});

test('records above the size of a message arrive whole, and the position never stands inside one', async () => {
  const b = await bench(4096);
  b.feeder.call('SET', 'big', 'x'.repeat(30_000));
  fill(b.feeder, 0, 10);
  await b.feeder.flush(1024);
  const positions = new Set<number>();
  const follower = new Follower({
    log: b.log,
    snapshots: b.snapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: Date.now,
    onApplied: (seq) => positions.add(seq),
  });
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  assert.equal(follower.position.seq, b.log.lastSeq);
  assert.ok(positions.size < b.log.lastSeq, 'fragments were counted as records');
  follower.stop();
});

test('a paused follower applies nothing, so that its data set is the one of its position', async () => {
  const b = await bench();
  fill(b.feeder, 0, 10);
  await b.feeder.flush();
  const follower = follow(b);
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  follower.pause();
  const { seq } = follower.position;
  const digest = fingerprint(follower.keyspace);
  fill(b.feeder, 10, 20);
  await b.feeder.flush();
  await eventually(() => b.log.lastSeq > seq, 'more in the log');
  assert.deepEqual([follower.position.seq, fingerprint(follower.keyspace)], [seq, digest]);
  follower.resume();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  follower.stop();
});

test('keeps its data set while the log is away or silent, and resumes where it was', async () => {
  const b = await bench();
  const states: FollowerState[] = [];
  const follower = follow(b, states);
  fill(b.feeder, 0, 10);
  await b.feeder.flush();
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  b.log.setConnected(false);
  await eventually(() => follower.state === 'disconnected', 'disconnected');
  assert.equal(follower.keyspace.size, 10);
  b.log.setConnected(true);
  b.log.silent = true;
  fill(b.feeder, 10, 20);
  await b.feeder.flush();
  assert.equal(follower.keyspace.size, 10);
  b.log.silent = false;
  b.log.kick();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  follower.stop();
  assert.ok(states.includes('disconnected'));
});

test('a log trimmed past it, a changed record and a lost tail each end it with a reason, and wake who waits', async () => {
  const cases: [name: string, spoil: (b: Bench, follower: Follower) => Promise<void>, code: RegExp][] = [
    [
      'trimmed',
      async (b) => {
        b.log.silent = true;
        for (let i = 0; i < 60; i++) {
          b.feeder.call('INCR', 'n');
          await b.feeder.flush();
        }
        await b.log.purgeTo(40);
        b.log.silent = false;
        b.log.kick();
      },
      /log-missing/,
    ],
    [
      'corrupted',
      async (b) => {
        b.log.silent = true;
        b.feeder.call('SET', 'a', 'b');
        await b.feeder.flush();
        b.log.corrupt(b.log.lastSeq, 90);
        b.log.silent = false;
        b.log.kick();
      },
      /log-corrupt/,
    ],
    [
      'tail lost',
      async (b) => {
        b.log.loseTail(2);
        b.log.kick();
      },
      /log-lost/,
    ],
  ];
  for (const [name, spoil, code] of cases) {
    const b = await bench();
    for (let i = 0; i < 5; i++) {
      fill(b.feeder, i, i + 1);
      await b.feeder.flush();
    }
    const follower = follow(b);
    await follower.bootstrap();
    follower.start();
    await follower.reached(b.log.lastSeq);
    const waiting = assert.rejects(follower.reached(1_000_000), name);
    await spoil(b, follower);
    await waiting;
    assert.equal(follower.state, 'failed', name);
    assert.match((follower.failure as { code: string }).code, code, name);
    await assert.rejects(follower.reached(1_000_000), name);
  }
});

/** A record of commands as they are given, whether an engine would write them or not. */
function append({ feeder }: Bench, text: string): Promise<unknown> {
  const buffer = new Uint8Array(80 + text.length);
  buffer.set(Buffer.from(text), 80);
  return new Promise((resolve) => feeder.writer.append(buffer, text.length, 1, resolve));
}

for (const [form, record] of [
  ['a command', '*2\r\n$9\r\nNOCOMMAND\r\n$1\r\na\r\n'],
  ['an option', '*4\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n$4\r\nIFEQ\r\n'],
  ['a number of arguments', '*3\r\n$4\r\nINCR\r\n$1\r\na\r\n$1\r\n1\r\n'],
  ['a subcommand', '*3\r\n$6\r\nXGROUP\r\n$5\r\nMERGE\r\n$1\r\na\r\n'],
]) {
  test(`${form} that this engine does not know ends it with log-newer, and the data set as it was`, async () => {
    const b = await bench();
    fill(b.feeder, 0, 3);
    await b.feeder.flush();
    const good = b.log.lastSeq;
    await append(b, record);
    const follower = follow(b);
    await follower.bootstrap();
    follower.start();
    await assert.rejects(follower.reached(good + 1), { code: 'log-newer' });
    assert.equal(follower.state, 'failed');
    assert.equal(follower.keyspace.size, 3);
  });
}

test('a command that fails although this engine knows its form ends it too, and is not called newer', async () => {
  const b = await bench();
  fill(b.feeder, 0, 3);
  await b.feeder.flush();
  await append(b, '*2\r\n$4\r\nINCR\r\n$5\r\nkey:0\r\n');
  const follower = follow(b);
  await follower.bootstrap();
  follower.start();
  await assert.rejects(follower.reached(b.log.lastSeq), (error) => !isLogError(error));
});

test('a record or a snapshot for which there is no memory ends it with an error that says so, not with an older snapshot', async () => {
  const b = await bench();
  fill(b.feeder, 0, 10);
  await b.feeder.flush();
  await snapshot(b, 'small');
  const large = 'v'.repeat(300_000);
  for (let i = 0; i < 20; i++) b.feeder.call('SET', `large:${i}`, large);
  await b.feeder.flush(1);
  const narrow = () =>
    new Follower({
      log: b.log,
      snapshots: b.snapshots,
      newKeyspace: () =>
        new Keyspace({ arena: new Arena({ reserveBytes: 2 << 20 }), seed: { k0: 1, k1: 2 }, randomSeed: 3 }),
      logger: testLogger(),
      now: Date.now,
    });
  const reading = narrow();
  await reading.bootstrap();
  reading.start();
  await assert.rejects(reading.reached(b.log.lastSeq), DoesNotFitError);
  assert.match(String(reading.failure), /the record behind sequence \d+ does not fit into memory: .* at most 2 MiB/);
  await snapshot(b, 'large');
  await assert.rejects(narrow().bootstrap(), /^DoesNotFitError: snapshot large of 30 keys does not fit into memory/);
});

test('knows who leads, and passes a change of the leader', async () => {
  const b = await bench();
  const epochs: number[] = [];
  const follower = new Follower({
    log: b.log,
    snapshots: b.snapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: Date.now,
    onLeader: ({ epoch }) => epochs.push(epoch),
  });
  fill(b.feeder, 0, 3);
  await b.feeder.flush();
  await b.feeder.leadAgain();
  fill(b.feeder, 3, 6);
  await b.feeder.flush();
  await follower.bootstrap();
  follower.start();
  await follower.reached(b.log.lastSeq);
  same(follower, b.feeder);
  assert.deepEqual(epochs, [1, 2]);
  assert.equal(follower.position.epoch, 2);
  follower.stop();
});

test('waiting for a sequence can be given up', async () => {
  const b = await bench();
  const follower = follow(b);
  await follower.bootstrap();
  follower.start();
  const patience = new AbortController();
  const waiting = assert.rejects(follower.reached(99, patience.signal), /enough/);
  patience.abort(new Error('enough'));
  await waiting;
  await assert.rejects(follower.reached(99, patience.signal), /enough/);
  follower.stop();
});
