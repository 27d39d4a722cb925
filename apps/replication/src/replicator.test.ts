import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from '@weir/keyspace';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { Follower } from '@weir/replica';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from '@weir/replica/testing';
import type { ReplicationSettings } from './options.ts';
import { Replicator } from './replicator.ts';
import type { Timings } from './replicator.ts';

const FAST: Timings = {
  tickMs: 2,
  retryMinMs: 5,
  retryMaxMs: 50,
  stallMs: 5000,
  abandonedMs: 0,
  retentionMs: 20,
  holdMsMax: 60_000,
};

type Mode = ReplicationSettings['mode'];
const MODES: readonly Mode[] = ['ephemeral', 'resident'];

/** The replicator at work on a log in memory, until `body` is done. */
async function working(
  mode: Mode,
  body: (w: {
    log: FakeLog;
    snapshots: FakeSnapshots;
    feeder: LogFeeder;
    replicator: Replicator;
    logger: ReturnType<typeof testLogger>;
    end: AbortController;
    clock: { offsetMs: number };
  }) => Promise<void>,
  settings: Partial<ReplicationSettings> = {},
  secure?: () => Promise<void>,
): Promise<void> {
  const log = new FakeLog();
  const clock = { offsetMs: 0 };
  const snapshots = new FakeSnapshots(() => Date.now());
  const logger = testLogger();
  const feeder = await LogFeeder.open(log);
  const replicator = new Replicator({
    log,
    snapshots,
    logger,
    now: () => Date.now() + clock.offsetMs,
    monotonicMs: () => performance.now() + clock.offsetMs,
    members: () => [],
    settings: {
      mode,
      save: [],
      keep: 2,
      logBytesMax: 0,
      compress: true,
      checksum: true,
      newKeyspace: newTestKeyspace,
      ...settings,
    },
    timings: FAST,
    ...(secure === undefined ? {} : { secure }),
  });
  const end = new AbortController();
  const run = replicator.run(end.signal);
  try {
    await body({ log, snapshots, feeder, replicator, logger, end, clock });
  } finally {
    end.abort();
    await run;
    feeder.stop();
  }
}

async function write(feeder: LogFeeder, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    feeder.call('SET', `key:${i}`, `value ${i}`);
    await feeder.flush();
  }
}

async function asked(replicator: Replicator): Promise<number> {
  await eventually(() => replicator.report('x').snapshot !== undefined, 'active');
  const answer = await replicator.request();
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.seq;
}

for (const mode of MODES) {
  test(`${mode}: a snapshot that is asked for holds everything that the log had, and a follower starts from it`, () =>
    working(mode, async ({ log, snapshots, feeder, replicator }) => {
      await write(feeder, 0, 50);
      assert.equal(await asked(replicator), log.lastSeq);
      await write(feeder, 50, 60);
      const usable = await snapshots.newestUsable();
      assert.equal(usable?.keys, 50);
      const follower = new Follower({
        log,
        snapshots,
        newKeyspace: newTestKeyspace,
        logger: testLogger(),
        now: Date.now,
      });
      await follower.bootstrap();
      assert.equal(follower.keyspace.size, 50);
      follower.start();
      await follower.reached(log.lastSeq);
      assert.equal(fingerprint(follower.keyspace), fingerprint(feeder.engine.ctx.keyspace));
      follower.stop();
    }));

  test(`${mode}: a request that outlives the term of its app is to be asked again`, () =>
    working(mode, async ({ snapshots, feeder, replicator, end }) => {
      await write(feeder, 0, 5);
      await eventually(() => replicator.report('x').snapshot !== undefined, 'active');
      snapshots.full = true;
      const waiting = replicator.request();
      end.abort();
      const answer = await waiting;
      assert.ok(!answer.ok && answer.again === true, JSON.stringify(answer));
      const late = await replicator.request();
      assert.ok(!late.ok && late.again === true, JSON.stringify(late));
    }));

  test(`${mode}: requests of one moment share a snapshot, and without a change since there is no new one`, () =>
    working(mode, async ({ snapshots, feeder, replicator }) => {
      await write(feeder, 0, 20);
      await asked(replicator);
      feeder.call('SET', 'one', 'more');
      await feeder.flush();
      const answers = await Promise.all(Array.from({ length: 20 }, () => replicator.request()));
      assert.equal(new Set(answers.map((answer) => (answer.ok ? answer.id : ''))).size, 1);
      const saves = replicator.snapshotReport().saves;
      await asked(replicator);
      assert.equal((await snapshots.list()).length, 2);
      assert.equal(replicator.snapshotReport().saves, saves + 1, 'the data set is saved, and that is said');
    }));

  test(`${mode}: the log is trimmed behind the snapshot before the newest, older snapshots go, and the counts begin anew`, () =>
    working(mode, async ({ log, snapshots, feeder, replicator }) => {
      const seqs: number[] = [];
      for (let round = 0; round < 4; round++) {
        await write(feeder, round * 40, round * 40 + 40);
        seqs.push(await asked(replicator));
      }
      await eventually(async () => (await log.state()).firstSeq === seqs[2] + 1, 'trimmed');
      const kept = await snapshots.list();
      assert.deepEqual(
        kept.map(({ seq }) => seq),
        [seqs[3], seqs[2]],
      );
      await eventually(() => replicator.snapshotReport().changesSince === 0, 'nothing counted');
      await write(feeder, 0, 7);
      await eventually(() => replicator.snapshotReport().changesSince === 7, 'seven changes');
    }));

  test(`${mode}: a save rule makes a snapshot when its changes and its seconds have come, not before`, () =>
    working(
      mode,
      async ({ snapshots, feeder, replicator, clock }) => {
        await eventually(() => replicator.report('x').snapshot !== undefined, 'active');
        await write(feeder, 0, 9);
        await eventually(() => replicator.snapshotReport().changesSince === 9, 'nine changes');
        clock.offsetMs = 61_000;
        await new Promise((resolve) => setTimeout(resolve, 30));
        assert.equal((await snapshots.list()).length, 0);
        await write(feeder, 9, 10);
        await eventually(async () => (await snapshots.newestUsable())?.keys === 10, 'a snapshot');
        await write(feeder, 10, 30);
        await eventually(() => replicator.snapshotReport().changesSince === 20, 'twenty changes');
        assert.equal((await snapshots.list()).length, 1, 'the seconds have not passed');
      },
      { save: [{ seconds: 60, changes: 10 }] },
    ));

  test(`${mode}: a log that grows long makes a snapshot without any rule`, () =>
    working(
      mode,
      async ({ snapshots, feeder }) => {
        for (let i = 0; i < 20; i++) feeder.call('SET', `big:${i}`, 'x'.repeat(5000));
        await feeder.flush();
        await eventually(async () => (await snapshots.newestUsable()) !== null, 'a snapshot');
      },
      { logBytesMax: 50_000 },
    ));

  test(`${mode}: a failed snapshot is answered and reported, and the next one works`, () =>
    working(mode, async ({ snapshots, feeder, replicator, logger }) => {
      await write(feeder, 0, 20);
      snapshots.full = true;
      await eventually(() => replicator.report('x').snapshot !== undefined, 'active');
      const answer = await replicator.request();
      assert.match(answer.ok ? '' : answer.error, /full/);
      assert.equal(replicator.snapshotReport().lastOk, false);
      assert.ok(logger.has('snapshot failed'));
      snapshots.full = false;
      await asked(replicator);
      assert.equal(replicator.snapshotReport().lastOk, true);
      assert.deepEqual(
        (await snapshots.list()).map(({ state }) => state),
        ['usable'],
      );
    }));

  test(`${mode}: a snapshot that reads back wrong is never usable, and is removed`, () =>
    working(mode, async ({ snapshots, feeder, replicator }) => {
      await write(feeder, 0, 20);
      const { create } = snapshots;
      snapshots.create = async (meta) => {
        const upload = await create.call(snapshots, meta);
        return {
          ...upload,
          finish: async (extra) => {
            const manifest = await upload.finish(extra);
            snapshots.damage(meta.id);
            return manifest;
          },
        };
      };
      await eventually(() => replicator.report('x').snapshot !== undefined, 'active');
      const answer = await replicator.request();
      assert.match(answer.ok ? '' : answer.error, /damaged/);
      assert.deepEqual(await snapshots.list(), []);
      snapshots.create = create;
      await asked(replicator);
    }));

  test(`${mode}: a broker that is away is waited for, and requests meanwhile fail at once`, () =>
    working(mode, async ({ log, feeder, replicator, logger }) => {
      await write(feeder, 0, 20);
      await asked(replicator);
      log.setConnected(false);
      await assert.rejects(replicator.request(), /not connected/);
      if (mode === 'ephemeral') await eventually(() => logger.has('waiting for the log'), 'a warning');
      log.setConnected(true);
      await write(feeder, 20, 30);
      await asked(replicator);
      assert.equal(replicator.newest?.keys, 30);
    }));

  test(`${mode}: a log that lost its tail makes it begin again from the newest snapshot, loudly`, () =>
    working(mode, async ({ log, feeder, replicator, logger }) => {
      await write(feeder, 0, 30);
      await asked(replicator);
      await write(feeder, 30, 40);
      await eventually(() => replicator.snapshotReport().changesSince === 10, 'ten changes');
      log.loseTail(3);
      log.kick();
      await eventually(() => logger.has('beginning again from the newest snapshot'), 'an error');
      await eventually(() => replicator.snapshotReport().changesSince === 7, 'seven are left');
    }));
}

test('a term that ends in the middle of a snapshot leaves neither an upload nor an unanswered request', () =>
  working('ephemeral', async ({ snapshots, feeder, replicator, end }) => {
    await write(feeder, 0, 20);
    const { create } = snapshots;
    snapshots.create = async (meta) => {
      const upload = await create.call(snapshots, meta);
      return {
        ...upload,
        write: async (chunk) => {
          end.abort(new Error('the lease ended'));
          await upload.write(chunk);
        },
      };
    };
    await eventually(() => replicator.report('x').snapshot !== undefined, 'active');
    const answer = await replicator.request();
    assert.equal(answer.ok, false);
    assert.deepEqual(await snapshots.list(), []);
    assert.deepEqual(await snapshots.removeAbandoned(0), []);
    assert.equal(replicator.report('x').snapshot, undefined);
    assert.equal((await replicator.request()).ok, false);
  }));

test('a step without any progress is given up', async () => {
  const log = new FakeLog();
  const feeder = await LogFeeder.open(log);
  await write(feeder, 0, 5);
  const snapshots = new FakeSnapshots();
  const replicator = new Replicator({
    log,
    snapshots,
    logger: testLogger(),
    now: Date.now,
    members: () => [],
    settings: {
      mode: 'resident',
      save: [],
      keep: 2,
      logBytesMax: 0,
      compress: true,
      checksum: true,
      newKeyspace: newTestKeyspace,
    },
    timings: { ...FAST, stallMs: 40 },
  });
  const end = new AbortController();
  const run = replicator.run(end.signal);
  await asked(replicator);
  log.silent = true;
  await write(feeder, 5, 10);
  const answer = await replicator.request();
  assert.match(answer.ok ? '' : answer.error, /no progress/);
  log.silent = false;
  log.kick();
  await asked(replicator);
  end.abort();
  await run;
  feeder.stop();
});

test('an empty log is waited for: a data set may yet be imported in front of it', async () => {
  const log = new FakeLog();
  const logger = testLogger();
  const replicator = new Replicator({
    log,
    snapshots: new FakeSnapshots(),
    logger,
    now: Date.now,
    members: () => [],
    settings: {
      mode: 'resident',
      save: [],
      keep: 2,
      logBytesMax: 0,
      compress: true,
      checksum: true,
      newKeyspace: newTestKeyspace,
    },
    timings: FAST,
  });
  const end = new AbortController();
  const run = replicator.run(end.signal);
  await eventually(() => logger.has('waiting for the log'), 'a warning');
  assert.ok(!logger.has('following the log'));
  const feeder = await LogFeeder.open(log);
  await eventually(() => logger.has('following the log'), 'following');
  end.abort();
  await run;
  feeder.stop();
});

test('nothing is trimmed or removed before the store is on disk', async () => {
  let isBroken = true;
  let calls = 0;
  const secure = async (): Promise<void> => {
    calls++;
    if (isBroken) throw new Error('input/output error');
  };
  await working(
    'ephemeral',
    async ({ log, snapshots, feeder, replicator, logger }) => {
      for (let i = 0; i < 4; i++) {
        await write(feeder, i * 20, i * 20 + 20);
        await asked(replicator);
      }
      await eventually(() => calls >= 3, 'asked again and again');
      assert.equal((await log.state()).firstSeq, 1);
      assert.equal((await snapshots.list()).length, 4);
      assert.ok(logger.has('retention failed'));
      isBroken = false;
      await eventually(async () => (await log.state()).firstSeq > 1, 'trimmed');
      await eventually(async () => (await snapshots.list()).length === 2, 'removed');
    },
    {},
    secure,
  );
});

test('a snapshot is removed on request, but neither the newest nor one of another history', () => {
  let secured = 0;
  return working(
    'ephemeral',
    async ({ feeder, replicator, snapshots }) => {
      const ids: string[] = [];
      for (const key of ['a', 'b']) {
        feeder.call('SET', key, '1');
        await feeder.flush();
        const answer = await replicator.request();
        assert.ok(answer.ok);
        ids.push(answer.id);
      }
      const [old, newest] = ids as [string, string];
      const list = async () => (await snapshots.list()).map(({ id }) => id).sort();
      assert.deepEqual(await list(), [...ids].sort());
      const { state: _state, format: _format, parts: _parts, bytes: _bytes, ...meta } = (await snapshots.list())[0]!;
      const foreign = await snapshots.create({ ...meta, id: 'foreign', seq: 1, checksum: '0123456789abcdef' });
      await foreign.write(new Uint8Array(1));
      await foreign.finish();
      await snapshots.markUsable('foreign');
      for (const [id, why] of [
        [newest, 'needed'],
        ['foreign', 'needed'],
        ['none', 'missing'],
      ] as const) {
        const answer = await replicator.remove(id);
        assert.ok(!answer.ok && answer.why === why, `${id}: ${JSON.stringify(answer)}`);
      }
      assert.deepEqual(await list(), [...ids, 'foreign'].sort());
      const before = secured;
      assert.deepEqual(await replicator.remove(old), { ok: true, removed: old });
      assert.ok(secured > before, 'the newer one is on disk first');
      assert.deepEqual(await list(), [newest, 'foreign'].sort());
    },
    { keep: 5 },
    async () => void secured++,
  );
});
