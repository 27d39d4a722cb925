/*
 * Two replication apps at work on one log at a time, as after a lease that was lost and not noticed, and slaves that start meanwhile and
 * whose reports nobody hears. Every answer of the stores comes late by a number of turns that the seed draws, so that a plan is old when it is
 * carried out. Timers are real, so a seed gives a kind of run and not the same run twice.
 *
 * Always: a slave that starts at this moment finds a beginning. In the end: every slave has the master's data set.
 */

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { fingerprint } from '@weir/keyspace';
import { LOG_START } from '@weir/log';
import type { LogState, SnapshotManifest } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { ENGINE_VERSION, REDIS_VERSION, uploadSnapshot } from '@weir/dataset';
import { Follower } from '@weir/replica';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from '@weir/replica/testing';
import { Replicator } from './replicator.ts';

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);
const BASE_KEYS = 7;

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class LateLog extends FakeLog {
  lag: () => Promise<void> = async () => {};
  changed: () => void = () => {};

  override async state(): Promise<LogState> {
    const state = await super.state();
    await this.lag();
    return state;
  }

  override async purgeTo(seq: number): Promise<void> {
    await this.lag();
    await super.purgeTo(seq);
    this.changed();
    await this.lag();
  }
}

class LateSnapshots extends FakeSnapshots {
  lag: () => Promise<void> = async () => {};
  changed: () => void = () => {};
  /** What stands there now, without waiting. */
  readonly there = new Map<string, SnapshotManifest>();

  override async list(): Promise<SnapshotManifest[]> {
    const found = await super.list();
    await this.lag();
    return found;
  }

  override async markUsable(id: string): Promise<SnapshotManifest> {
    await this.lag();
    const manifest = await super.markUsable(id);
    this.there.set(id, manifest);
    await this.lag();
    return manifest;
  }

  override async remove(id: string): Promise<void> {
    await this.lag();
    await super.remove(id);
    this.there.delete(id);
    this.changed();
    await this.lag();
  }

  override async *read(manifest: SnapshotManifest): AsyncGenerator<Uint8Array, void, void> {
    await this.lag();
    yield* super.read(manifest);
  }
}

async function run(seed: number): Promise<{ trims: number; removed: number; again: number }> {
  const draw = random(seed);
  const withBase = seed % 2 === 0;
  const log = new LateLog();
  const snapshots = new LateSnapshots(() => performance.now());
  const counts = { trims: 0, removed: 0, again: 0 };
  let first = 1;
  if (withBase) {
    const keyspace = new LogFeederBase().keyspace;
    const manifest = await uploadSnapshot(snapshots, keyspace, LOG_START, {
      id: 'base',
      engineVersion: ENGINE_VERSION,
      redisVersion: REDIS_VERSION,
      nowMs: 1,
    });
    await snapshots.markUsable(manifest.id);
  }
  const feeder = await LogFeeder.open(log);
  const lag = async (): Promise<void> => {
    for (let turns = draw(4) === 0 ? draw(40) : draw(3); turns > 0; turns--) await turn();
  };
  log.lag = snapshots.lag = lag;
  const broken: string[] = [];
  const check = (what: string): void => {
    const usable = [...snapshots.there.values()];
    const reach = usable.filter(({ seq }) => seq + 1 >= first).length;
    const beginning = first === 1 && (!withBase || snapshots.there.has('base'));
    if (reach === 0 && !beginning) broken.push(`${what}: the log begins at ${first}, no snapshot reaches it`);
    // Two ways in; the beginning of the log is one.
    if (first > 1 && reach < 2) broken.push(`${what}: one way in`);
    if (first === 1 && withBase && !snapshots.there.has('base')) broken.push(`${what}: the base went before the log`);
  };
  log.changed = () => {
    counts.trims++;
    void FakeLog.prototype.state.call(log).then((state) => {
      first = state.firstSeq;
      check('after a trim');
    });
  };
  snapshots.changed = () => {
    counts.removed++;
    check('after a removal');
  };
  const apps = ['ephemeral', 'resident'].map(
    (mode) =>
      new Replicator({
        log,
        snapshots,
        logger: testLogger(),
        now: () => Date.now() + draw(7_200_000) - 3_600_000, // clocks that jump
        members: () => [],
        settings: {
          mode: mode as 'ephemeral' | 'resident',
          save: [],
          keep: 2,
          logBytesMax: 0,
          compress: true,
          checksum: true,
          newKeyspace: newTestKeyspace,
        },
        timings: {
          tickMs: 1,
          retryMinMs: 2,
          retryMaxMs: 10,
          stallMs: 20_000,
          abandonedMs: 30_000,
          retentionMs: 1,
          holdMsMax: 60_000,
        },
      }),
  );
  const end = new AbortController();
  const runs = apps.map((app) => app.run(end.signal));
  let writing = true;
  const slave = async (): Promise<Follower> => {
    for (;;) {
      const follower = new Follower({
        log,
        snapshots,
        newKeyspace: newTestKeyspace,
        logger: testLogger(),
        now: Date.now,
      });
      try {
        await follower.bootstrap();
        // The race: the log is trimmed between what it loaded and what it reads next.
        const { trims } = counts;
        for (let turns = 0; turns < 80 && counts.trims === trims && writing; turns++) await turn();
        follower.start();
        while (writing || follower.seq < log.lastSeq) {
          if (follower.state === 'failed') throw follower.failure;
          await turn();
        }
        return follower;
      } catch {
        follower.stop();
        counts.again++;
        await turn();
      }
    }
  };
  const slaves: Promise<Follower>[] = [];
  try {
    await eventually(() => apps.every((app) => app.report('x').snapshot !== undefined), 'both are active');
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 12; i++) {
        feeder.call('SET', `key:${round}:${i}`, `value ${draw(1000)}`);
        await feeder.flush();
      }
      slaves.push(slave());
      await Promise.all(apps.map(async (app) => (await lag(), app.request())));
    }
    writing = false;
    for (const follower of await Promise.all(slaves)) {
      const own = feeder.engine.ctx.keyspace;
      assert.equal(follower.keyspace.size, own.size + (withBase ? BASE_KEYS : 0), `seed ${seed}`);
      if (!withBase) assert.equal(fingerprint(follower.keyspace), fingerprint(own), `seed ${seed}`);
      follower.stop();
    }
  } finally {
    writing = false;
    end.abort();
    await Promise.all(runs);
    feeder.stop();
  }
  assert.deepEqual(broken, [], `seed ${seed}`);
  return counts;
}

/** A data set that a log begins with. */
class LogFeederBase {
  readonly keyspace = newTestKeyspace();
  constructor() {
    const db = this.keyspace.dbs[0];
    for (let i = 0; i < BASE_KEYS; i++) {
      const key = Buffer.from(`base:${i}`);
      const hash = this.keyspace.hash(key, 0, key.length);
      this.keyspace.setString(this.keyspace.key(db, hash, key, 0, key.length), 0, key, 0, key.length, 0, false, 0);
    }
  }
}

test('two apps that work at a time, and slaves that start between plan and act, never leave a log without a way in', async () => {
  const all = { trims: 0, removed: 0, again: 0 };
  for (const seed of SEEDS) {
    const { trims, removed, again } = await run(seed);
    all.trims += trims;
    all.removed += removed;
    all.again += again;
  }
  // The race has to happen, or nothing is shown.
  assert.ok(all.trims > 0 && all.removed > 0 && all.again > 0, JSON.stringify(all));
});
