/**
 * How long a snapshot takes, how fast one is loaded, how fast the log is applied and counted, and what that costs in memory.
 *
 *   node apps/replication/src/replication.bench.ts [keys]      (1,000,000 by default; keys of 16 bytes, values of 64)
 *
 * One machine holds the broker, the reader and the writer here: it is not for the speed of a network, nor for two
 * apps at a time. The engine of the log's writer runs in this process, the app in one of its own.
 */

import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestSnapshot } from '@weir/cluster';
import { JetStreamLog, JetStreamSnapshots, LOG_START, connectNats, startEmbeddedNats } from '@weir/log';
import type { LogStore, NatsLink } from '@weir/log';
import { digestOf, discardKeyspace, loadSnapshot, uploadSnapshot } from '@weir/dataset';
import { Follower, Replay } from '@weir/replica';
import { LogFeeder, eventually, newTestKeyspace, testLogger } from '@weir/replica/testing';
import { findNatsServer } from '@weir/toolchain';
import { ChangeMeter } from './change-meter.ts';

const SMALL_RECORDS_PART = 20;

interface Row {
  readonly what: string;
  readonly value: string;
}

export async function bench(keys: number, print: (row: Row) => void): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(dir, 'nats') });
  const link = await connectNats({ urls: nats.url, name: 'bench' });
  const cluster = 'bench';
  try {
    for (const commands of [1, 600]) replayed(print, keys, commands);
    const small = await stream(link, cluster, 'small');
    await applied(print, 'from the broker, records of 1 command', small, Math.ceil(keys / SMALL_RECORDS_PART), 1);
    const log = await stream(link, cluster, 'large');
    const feeder = await applied(print, 'from the broker, records of 64 KB', log, keys, 65_536);
    await counted(print, 'records of 1 command', small);
    await counted(print, 'records of 64 KB', log);
    await loaded(print, link, cluster, feeder);
    for (const mode of ['ephemeral', 'resident'])
      await snapshots(print, keys, dir, nats.url, link, cluster, mode, feeder);
    feeder.stop();
  } finally {
    await link.close();
    await nats.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function stream(link: NatsLink, cluster: string, logId: string): Promise<LogStore> {
  const log = new JetStreamLog(link, { cluster, logId });
  await log.ensureStream();
  return log;
}

/** Values that do not compress: what a snapshot of real data is made of. */
const NOISE = Buffer.from(crypto.getRandomValues(new Uint8Array(65_536))).toString('base64');

function key(i: number): string {
  return `key:${String(i).padStart(12, '0')}`;
}

function value(i: number): string {
  const at = (i * 61) % (NOISE.length - 64);
  return NOISE.slice(at, at + 64);
}

/** Without log, broker and checks: what the data set itself costs. */
function replayed(print: (row: Row) => void, keys: number, commands: number): void {
  const texts: string[] = [];
  for (let i = 0; i < keys; i++) texts.push(`*3\r\n$3\r\nSET\r\n$16\r\n${key(i)}\r\n$64\r\n${value(i)}\r\n`);
  const all = Buffer.from(texts.join(''), 'latin1');
  const recordBytes = (all.length / keys) * commands;
  const keyspace = newTestKeyspace();
  const replay = new Replay(keyspace);
  const started = performance.now();
  for (let at = 0; at < all.length; at += recordBytes) replay.payload(all.subarray(at, at + recordBytes), 1);
  const ms = performance.now() - started;
  discardKeyspace(keyspace);
  print({ what: `apply, the data set alone, ${commands} commands a record`, value: `${rate(keys, ms)} commands/s` });
}

async function fill(feeder: LogFeeder, keys: number, recordBytes: number): Promise<void> {
  for (let i = 0; i < keys; i++) {
    feeder.call('SET', key(i), value(i));
    if (i % 50_000 === 49_999) await feeder.flush(recordBytes);
  }
  await feeder.flush(recordBytes);
}

async function applied(
  print: (row: Row) => void,
  what: string,
  log: LogStore,
  keys: number,
  recordBytes: number,
): Promise<LogFeeder> {
  const feeder = await LogFeeder.open(log, { reserveBytes: 8 * 1024 ** 3 });
  await fill(feeder, keys, recordBytes);
  const { lastSeq, bytes } = await log.state();
  const follower = new Follower({
    log,
    snapshots: noSnapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: Date.now,
  });
  await follower.bootstrap();
  const started = performance.now();
  follower.start();
  await follower.reached(lastSeq);
  const ms = performance.now() - started;
  follower.stop();
  if (follower.keyspace.size !== keys) throw new Error(`${follower.keyspace.size} keys of ${keys}`);
  discardKeyspace(follower.keyspace);
  print({
    what: `apply the log, ${what}`,
    value: `${rate(keys, ms)} commands/s, ${rate(lastSeq, ms)} records/s, ${megabytes(bytes, ms)}`,
  });
  return feeder;
}

const noSnapshots = { list: async () => [] } as never;

async function counted(print: (row: Row) => void, what: string, log: LogStore): Promise<void> {
  const meter = new ChangeMeter(log, LOG_START, 10_000);
  const before = process.cpuUsage();
  const started = performance.now();
  await meter.advance(new AbortController().signal);
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  const perRecord = (user + system) / meter.seq;
  print({
    what: `count the log, ${what}`,
    value: `${rate(meter.seq, ms)} records/s, ${megabytes(meter.bytes, ms)}, ${perRecord.toFixed(1)} µs of CPU a record`,
  });
}

async function loaded(print: (row: Row) => void, link: NatsLink, cluster: string, feeder: LogFeeder): Promise<void> {
  const store = new JetStreamSnapshots(link, { cluster, logId: 'load' });
  await store.ensure();
  const { keyspace } = feeder.engine.ctx;
  let started = performance.now();
  const digest = await digestOf(keyspace);
  print({
    what: 'digest',
    value: `${rate(keyspace.size, performance.now() - started)} keys/s (${digest.slice(0, 8)})`,
  });
  started = performance.now();
  const manifest = await uploadSnapshot(store, keyspace, LOG_START, {
    id: 'one',
    engineVersion: 1,
    nowMs: Date.now(),
    redisVersion: '7.0.15',
  });
  let ms = performance.now() - started;
  print({
    what: 'write and upload a snapshot',
    value: `${rate(manifest.keys, ms)} keys/s, ${megabytes(manifest.bytes, ms)}`,
  });
  const fresh = newTestKeyspace();
  started = performance.now();
  await loadSnapshot(store, manifest, fresh, Date.now());
  ms = performance.now() - started;
  print({ what: 'load a snapshot', value: `${rate(manifest.keys, ms)} keys/s, ${megabytes(manifest.bytes, ms)}` });
  discardKeyspace(fresh);
  store.close();
}

async function snapshots(
  print: (row: Row) => void,
  keys: number,
  dir: string,
  natsUrl: string,
  link: NatsLink,
  cluster: string,
  mode: string,
  feeder: LogFeeder,
): Promise<void> {
  const logfile = join(dir, `${mode}.log`);
  const app = fork(
    join(import.meta.dirname, 'main.ts'),
    ['--weir-cluster', cluster, '--save', '', '--replication-copy', mode, '--logfile', logfile],
    {
      env: { ...process.env, WEIR_NATS_URL: natsUrl, WEIR_LOG_ID: 'large' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  try {
    await eventually(
      () => existsSync(logfile) && readFileSync(logfile, 'utf8').includes('following the log'),
      'the app',
      30_000,
    );
    await new Promise((resolve) => setTimeout(resolve, 200 + keys / 200));
    for (const round of ['first', 'second']) {
      feeder.call('SET', `key:${mode}`, round);
      await feeder.flush();
      const idle = memory(app.pid!);
      const started = performance.now();
      const answer = await requestSnapshot(link, cluster, 'large', 120_000);
      const ms = performance.now() - started;
      if (!answer.ok) throw new Error(answer.error);
      await new Promise((resolve) => setTimeout(resolve, 50 + keys / 500));
      const after = memory(app.pid!);
      const line = readFileSync(logfile, 'utf8')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as Record<string, unknown>);
      const last = line.filter(({ msg }) => msg === 'snapshot is usable').at(-1)!;
      const { prepareMs, uploadMs, verifyMs } = last;
      print({
        what: `snapshot of ${keys} keys, ${mode}, ${round}`,
        value: `${(ms / 1000).toFixed(2)} s (prepare ${String(prepareMs)}, upload ${String(uploadMs)}, verify ${String(verifyMs)} ms); RSS ${idle.rss} MB before, ${after.peak} at most, ${after.rss} after`,
      });
    }
  } finally {
    const gone = new Promise((resolve) => app.once('exit', resolve));
    app.kill('SIGTERM');
    await gone;
  }
}

/** Of a process, in MB; nothing where there is no /proc. */
function memory(pid: number): { rss: number; peak: number } {
  const file = `/proc/${pid}/status`;
  const status = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const of = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return { rss: of('VmRSS'), peak: of('VmHWM') };
}

function rate(count: number, ms: number): string {
  return `${Math.round(count / ms).toLocaleString('en')} k`;
}

function megabytes(bytes: number, ms: number): string {
  return `${Math.round(bytes / 1e3 / ms)} MB/s`;
}

if (import.meta.main) {
  const keys = Number(process.argv[2] ?? 1_000_000);
  await bench(keys, ({ what, value }) => void process.stdout.write(`${what.padEnd(52)} ${value}\n`));
}
