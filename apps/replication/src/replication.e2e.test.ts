// The replication app against a real nats-server, and its snapshots against a real Redis.

import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { requestSnapshot } from '@weir/cluster';
import { testConfig } from '@weir/config/testing';
import { datasetDigest, fingerprint } from '@weir/keyspace';
import { JetStreamLog, JetStreamSnapshots, connectNats, startEmbeddedNats } from '@weir/log';
import type { EmbeddedNats, NatsLink, SnapshotManifest } from '@weir/log';
import { importRdbFile } from '@weir/dataset';
import { Follower } from '@weir/replica';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from '@weir/replica/testing';
import { RawConnection, freePort, startRealRedis } from '@weir/testkit';
import { findNatsServer } from '@weir/toolchain';
import { settingsOf, startReplication } from './index.ts';
import type { ReplicationApp, Timings } from './index.ts';

const cluster = 'e2e';
const dir = mkdtempSync(join(tmpdir(), 'weir-replication-'));
let nats: EmbeddedNats;

// Last first, all of it, whatever throws: Node's own hooks run first registered first, and one that throws skips the others.
const file = new AsyncDisposableStack();
file.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

before(async () => {
  nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(dir, 'nats') });
  file.defer(() => nats.stop());
});

after(() => file.disposeAsync());

type Cleanup = AsyncDisposableStack;

interface Rig {
  readonly logId: string;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly snapshots: JetStreamSnapshots;
  lead(): Promise<LogFeeder>;
  follow(): Promise<Follower>;
}

/** A log of its own for a test. */
async function rig(t: Cleanup, logId: string): Promise<Rig> {
  const link = await connectNats({ urls: nats.url, name: 'test' });
  const log = new JetStreamLog(link, { cluster, logId });
  const snapshots = new JetStreamSnapshots(link, { cluster, logId });
  await log.ensureStream();
  await snapshots.ensure();
  t.defer(async () => {
    log.close();
    snapshots.close();
    await link.close();
  });
  return {
    logId,
    link,
    log,
    snapshots,
    async lead() {
      const feeder = await LogFeeder.open(log);
      t.defer(() => feeder.stop());
      return feeder;
    },
    async follow() {
      const follower = new Follower({
        log,
        snapshots,
        newKeyspace: newTestKeyspace,
        logger: testLogger(),
        now: Date.now,
      });
      await follower.bootstrap();
      follower.start();
      await follower.reached((await log.state()).lastSeq);
      follower.stop();
      return follower;
    },
  };
}

const FAST: Partial<Timings> = { tickMs: 20, retryMinMs: 100, abandonedMs: 500, retentionMs: 50 };

async function app(t: Cleanup, { logId }: Rig, directives: Record<string, string> = {}): Promise<ReplicationApp> {
  const started = await startReplication({
    natsUrl: nats.url,
    cluster,
    logId,
    logger: testLogger(),
    settings: settingsOf(testConfig({ save: '', ...directives })),
    timings: FAST,
  });
  t.defer(() => started.stop());
  await eventually(() => started.report().snapshot !== undefined, 'an active replication app', 90_000);
  return started;
}

/** The app as a node starts it. */
function child(t: Cleanup, { logId }: Rig, args: readonly string[] = []): ChildProcess {
  const started = fork(join(import.meta.dirname, 'main.ts'), ['--weir-cluster', cluster, '--save', '', ...args], {
    env: { ...process.env, WEIR_NATS_URL: nats.url, WEIR_LOG_ID: logId },
    // Not the options of this process, which make it a test file.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  t.defer(() => void started.kill('SIGKILL'));
  return started;
}

async function ended(process: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  await eventually(() => process.exitCode !== null || process.signalCode !== null, 'the end of a process', 90_000);
  return { code: process.exitCode, signal: process.signalCode };
}

async function bgsave({ link, logId }: Rig): Promise<{ readonly id: string; readonly seq: number }> {
  let made: { id: string; seq: number } | null = null;
  await eventually(
    async () => {
      const answer = await requestSnapshot(link, cluster, logId, 60_000).catch(() => null);
      if (answer === null) return false;
      assert.ok(answer.ok, JSON.stringify(answer));
      made = answer;
      return true;
    },
    'an answer',
    120_000,
  );
  return made!;
}

function fill(feeder: LogFeeder, from: number, to: number, valueBytes = 20): void {
  for (let i = from; i < to; i++) feeder.call('SET', `key:${i}`, `${i}:`.padEnd(valueBytes, 'x'));
}

for (const mode of ['ephemeral', 'resident']) {
  test(`${mode}: 200,000 keys come through snapshots, trimming and the log with the digest they had`, async () => {
    await using t = new AsyncDisposableStack();
    const r = await rig(t, `main-${mode}`);
    const feeder = await r.lead();
    const replication = await app(t, r, { 'replication-copy': mode });
    // In parts: the app, in this process, has its lease to renew.
    for (let i = 0; i < 200_000; i += 10_000) {
      fill(feeder, i, i + 10_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    feeder.call('SELECT', 9);
    feeder.call('SET', 'elsewhere', 'x', 'EX', 10_000);
    feeder.call('SELECT', 0);
    await feeder.flush();
    const seqs: number[] = [];
    for (let round = 0; round < 3; round++) {
      const answer = await replication.snapshot();
      assert.ok(answer.ok, JSON.stringify(answer));
      seqs.push(answer.seq);
      for (let i = 0; i < 2000; i++)
        feeder.call(i % 2 === 0 ? 'DEL' : 'APPEND', `key:${round * 10_000 + i}`, ...(i % 2 === 0 ? [] : ['y']));
      await feeder.flush(500);
    }
    await eventually(
      async () => (await r.log.state()).firstSeq === seqs[1] + 1,
      'the log trimmed behind the second snapshot',
    );
    assert.deepEqual(
      (await r.snapshots.list()).map(({ seq, state }) => [seq, state]),
      [
        [seqs[2], 'usable'],
        [seqs[1], 'usable'],
      ],
    );
    const follower = await r.follow();
    assert.equal(follower.keyspace.size, 200_001 - 3000);
    assert.equal(fingerprint(follower.keyspace), fingerprint(feeder.engine.ctx.keyspace));
  });
}

test('a save rule and a long log each make a snapshot without being asked', async () => {
  await using t = new AsyncDisposableStack();
  const r = await rig(t, 'rules');
  const feeder = await r.lead();
  const replication = await app(t, r, { save: '1 100' });
  fill(feeder, 0, 99);
  await feeder.flush();
  await eventually(() => replication.report().snapshot!.changesSince === 99, 'the changes counted');
  assert.equal((await r.snapshots.list()).length, 0);
  fill(feeder, 99, 100);
  await feeder.flush();
  await eventually(async () => (await r.snapshots.newestUsable())?.keys === 100, 'a snapshot by rule');
  replication.configure({ save: [], logBytesMax: 100_000 });
  fill(feeder, 0, 1000, 200);
  await feeder.flush();
  await eventually(async () => (await r.snapshots.newestUsable())?.keys === 1000, 'a snapshot by size');
});

test('an exported snapshot passes redis-check-rdb, and a real Redis loads it with the same DEBUG DIGEST', async () => {
  await using t = new AsyncDisposableStack();
  const r = await rig(t, 'export');
  const feeder = await r.lead();
  fill(feeder, 0, 5000);
  feeder.call('SET', 'number', '12345');
  feeder.call('SET', 'binary', new Uint8Array([0, 255, 13, 10]));
  feeder.call('SET', 'expiring', 'x', 'EX', 10_000);
  feeder.call('SELECT', 5);
  feeder.call('SET', 'elsewhere', 'y'.repeat(100_000));
  await feeder.flush();
  const node = child(t, r);
  await bgsave(r);
  const path = join(dir, 'exported.rdb');
  const exporting = child(t, r, ['--export', path]);
  assert.deepEqual(await ended(exporting), { code: 0, signal: null });
  assert.match(execFileSync('redis-check-rdb', [path], { encoding: 'utf8' }), /Checksum OK[\s\S]*\\o\/ RDB looks OK/);

  const redis = await startRealRedis(['--enable-debug-command', 'yes']);
  t.defer(() => redis.stop());
  copyFileSync(path, join(redis.dir, 'dump.rdb'));
  const connection = await RawConnection.connect(redis.port);
  t.defer(() => connection.close());
  assert.equal(text(await connection.call('DEBUG', 'RELOAD', 'NOSAVE')), '+OK\r\n');
  const digest = Buffer.from(datasetDigest(feeder.engine.ctx.keyspace)).toString('hex');
  assert.equal(text(await connection.call('DEBUG', 'DIGEST')), `+${digest}\r\n`);

  node.kill('SIGTERM');
  assert.deepEqual(await ended(node), { code: 0, signal: null });
});

test('what a real Redis saved is imported in front of the first record, and a slave starts from it', async () => {
  await using t = new AsyncDisposableStack();
  const r = await rig(t, 'import');
  const redis = await startRealRedis(['--enable-debug-command', 'yes']);
  t.defer(() => redis.stop());
  const connection = await RawConnection.connect(redis.port);
  t.defer(() => connection.close());
  await connection.call('DEBUG', 'POPULATE', 3000, 'key', 100);
  await connection.call('SET', 'expiring', 'x', 'EX', 10_000);
  await connection.call('SAVE');
  const path = join(redis.dir, 'dump.rdb');
  const imported = await importRdbFile({
    path,
    snapshots: r.snapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    nowMs: Date.now(),
  });
  const manifest = imported?.manifest;
  assert.deepEqual([manifest?.keys, manifest?.seq, manifest?.state], [3001, 0, 'usable']);
  await r.lead();
  const follower = await r.follow();
  const digest = Buffer.from(datasetDigest(follower.keyspace)).toString('hex');
  assert.equal(text(await connection.call('DEBUG', 'DIGEST')), `+${digest}\r\n`);
});

test('an app killed in the middle of an upload leaves nothing that is loaded, and the next one takes over and cleans up', async () => {
  await using t = new AsyncDisposableStack();
  const r = await rig(t, 'killed');
  const feeder = await r.lead();
  // Bytes that do not compress, so that the upload takes its time.
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  for (let i = 0; i < 200_000; i++)
    feeder.call('SET', `key:${i}`, noise.subarray((i * 37) % 65_000, ((i * 37) % 65_000) + 200));
  await feeder.flush(200_000);
  let before: { readonly id: string };
  for (let round = 0; ; round++) {
    const first = child(t, r);
    before = await bgsave(r);
    for (let i = round * 500; i < (round + 1) * 500; i++) feeder.call('DEL', `key:${i}`);
    await feeder.flush();
    let killed = false;
    const stopListening = r.link.subscribe(`weir.${cluster}.${r.logId}.snap.>`, () => {
      if (!killed) first.kill('SIGKILL');
      killed = true;
    });
    const refused = requestSnapshot(r.link, cluster, r.logId, 2000).then(
      ({ ok }) => ok,
      () => false,
    );
    await eventually(() => killed, 'an upload', 60_000);
    stopListening();
    assert.deepEqual(await ended(first), { code: null, signal: 'SIGKILL' });
    if ((await refused) || (await r.snapshots.list())[0]?.id !== before.id) {
      assert.ok(round < 5, 'the upload is always faster than the kill');
      continue;
    }
    break;
  }
  assert.equal((await r.snapshots.list())[0]?.id, before.id, 'the half upload is no snapshot');
  assert.equal(fingerprint((await r.follow()).keyspace), fingerprint(feeder.engine.ctx.keyspace));

  // Another app: it waits for the lease of the dead one to end.
  const second = await app(t, r);
  const answer = await second.snapshot();
  assert.ok(answer.ok, JSON.stringify(answer));
  const kept = (): Promise<SnapshotManifest[]> => r.snapshots.list();
  assert.deepEqual(
    (await kept()).map(({ state }) => state),
    ['usable', 'usable'],
  );
  const left = async (): Promise<string[]> => {
    const { state } = await r.link.api<{ state: { subjects?: Record<string, number> } }>(
      `STREAM.INFO.${r.snapshots.stream}`,
      {
        subjects_filter: '>',
      },
    );
    return [...new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.split('.')[4]))];
  };
  const ids = (await kept()).map(({ id }) => id).sort();
  await eventually(
    async () => JSON.stringify((await left()).sort()) === JSON.stringify(ids),
    'the half upload removed',
  );
  assert.equal(fingerprint((await r.follow()).keyspace), fingerprint(feeder.engine.ctx.keyspace));
});

test('of two apps one works and the other stands by; when the first stops, the second goes on at once', async () => {
  await using t = new AsyncDisposableStack();
  const r = await rig(t, 'standby');
  const feeder = await r.lead();
  fill(feeder, 0, 10);
  await feeder.flush();
  const first = await app(t, r);
  const second = await startReplication({
    natsUrl: nats.url,
    cluster,
    logId: r.logId,
    logger: testLogger(),
    settings: settingsOf(testConfig({ save: '' })),
    timings: FAST,
  });
  t.defer(() => second.stop());
  await bgsave(r);
  assert.deepEqual([first.active, second.active], [true, false]);
  assert.equal(second.report().snapshot, undefined);
  await first.stop();
  await eventually(() => second.active, 'the second is active');
  fill(feeder, 10, 20);
  await feeder.flush();
  await bgsave(r);
  assert.equal((await r.snapshots.newestUsable())?.keys, 20);
});

test('a child ends by itself when its node is gone, connected to NATS or not', async () => {
  await using t = new AsyncDisposableStack();
  const r = await rig(t, 'orphan');
  await r.lead();
  const running = child(t, r);
  await bgsave(r);
  running.disconnect();
  assert.deepEqual(await ended(running), { code: 0, signal: null });
  const port = await freePort();
  const lost = fork(join(import.meta.dirname, 'main.ts'), [], {
    env: { ...process.env, WEIR_NATS_URL: `nats://127.0.0.1:${port}`, WEIR_LOG_ID: 'orphan' },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  t.defer(() => void lost.kill('SIGKILL'));
  let says = '';
  lost.stdout!.on('data', (data) => (says += data));
  await eventually(() => says !== '', 'a complaint about NATS: it is up', 60_000);
  lost.disconnect();
  await ended(lost);
});

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
