import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findNatsServer } from '@weir/toolchain';
import { connectNats } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { startEmbeddedNats } from './embedded.ts';
import type { EmbeddedNats } from './embedded.ts';
import type { LogError } from './errors.ts';
import { JetStreamLog } from './jetstream-log.ts';
import { runBench } from './log.bench.ts';
import { JetStreamSnapshots } from './snapshots.ts';
import { storeContract } from './store.contract.ts';
import type { KvEntry } from './types.ts';
import { until } from './until.testing.ts';

const binary = findNatsServer();
const dir = mkdtempSync(join(tmpdir(), 'weir-log-'));
let server: EmbeddedNats;
let link: NatsLink;
let count = 0;

/** Last first, all of it, whatever throws. */
const file = new AsyncDisposableStack();
file.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

before(async () => {
  // A small max_payload, so that fragments are cheap to make.
  server = await startEmbeddedNats({ binary, dir, maxPayload: 1024 * 1024 });
  file.defer(() => server.stop());
  link = await connectNats({ urls: server.url, name: 'test', firstConnectMs: 10_000 });
  file.defer(() => link.close());
});

after(() => file.disposeAsync());

function fail(what: unknown): void {
  throw new Error(JSON.stringify(what));
}

async function freshLog(): Promise<JetStreamLog> {
  const log = new JetStreamLog(link, { cluster: 'test', logId: `l${count++}` });
  await log.ensureStream();
  return log;
}

storeContract('jetstream', {
  log: freshLog,
  snapshots: async () => {
    const snapshots = new JetStreamSnapshots(link, { cluster: 'test', logId: `l${count++}` });
    await snapshots.ensure();
    return snapshots;
  },
  outage: async () => {
    const pid = server.pid!;
    process.kill(pid, 'SIGKILL');
    await until('another server runs', () => server.pid !== pid && link.status === 'connected');
  },
  fill: async (log) => {
    const { bytes } = await log.state();
    await log.ensureStream({ maxBytes: bytes + 600 });
    return () => log.ensureStream();
  },
  damage: async (snapshots, manifest) => {
    const js = snapshots as JetStreamSnapshots;
    const subject = `weir.test.${js.stream.split('_')[2]}.snap.${manifest.id}.p.0.1`;
    const old = await link.api<{ message: { data: string } }>(`STREAM.MSG.GET.${js.stream}`, { last_by_subj: subject });
    const data = Buffer.from(old.message.data, 'base64');
    data[1000]! ^= 1;
    await link.request(subject, data, 30_000);
  },
});

test('a consumer goes on when the broker forgets it', async () => {
  const log = await freshLog();
  const seen: number[] = [];
  const sub = log.consume(1, (seq) => void seen.push(seq), { onGap: fail });
  await log.append(new Uint8Array(10), 0);
  await until('the first is seen', () => seen.length === 1);
  const { consumers } = await link.api<{ consumers: string[] }>(`CONSUMER.NAMES.${log.stream}`, undefined);
  for (const name of consumers) await link.api(`CONSUMER.DELETE.${log.stream}.${name}`, undefined);
  await log.append(new Uint8Array(10), 1);
  await until('the second is seen', () => seen.length === 2);
  sub.stop();
});

test('a consumer that stays silent while the log grows is replaced', async () => {
  const log = await freshLog();
  const seen: number[] = [];
  const sub = log.consume(1, (seq) => void seen.push(seq), { onGap: fail });
  await log.append(new Uint8Array(10), 0);
  await until('the first is seen', () => seen.length === 1);
  // The broker goes on sending heartbeats and no messages.
  const { consumers } = await link.api<{ consumers: string[] }>(`CONSUMER.NAMES.${log.stream}`, undefined);
  await link.api(`CONSUMER.PAUSE.${log.stream}.${consumers[0]}`, {
    pause_until: new Date(Date.now() + 600_000).toISOString(),
  });
  await log.append(new Uint8Array(10), 1);
  await until('the second is seen', () => seen.length === 2);
  sub.stop();
});

test('a stopped consumer leaves nothing behind on the broker', async () => {
  const log = await freshLog();
  await log.append(new Uint8Array(10), 0);
  const sub = log.consume(1, () => sub.stop(), { onGap: fail });
  await until(
    'no consumer is left',
    async () =>
      (await link.api<{ total: number }>(`CONSUMER.NAMES.${log.stream}`, undefined)).total === 0 &&
      sub.state === 'stopped',
  );
});

test('a message which vanished from the middle of the log stops the reader', async () => {
  const log = await freshLog();
  for (let i = 0; i < 3; i++) await log.append(new Uint8Array(10), i);
  const info = await link.api<{ config: object }>(`STREAM.INFO.${log.stream}`, undefined);
  const holey = new JetStreamLog(link, { cluster: 'test', logId: `l${count++}` });
  await link.api(`STREAM.CREATE.${holey.stream}`, {
    ...info.config,
    name: holey.stream,
    subjects: [holey.subject],
    deny_delete: false,
  });
  for (let i = 0; i < 3; i++) await holey.append(new Uint8Array(10), i);
  await link.api(`STREAM.MSG.DELETE.${holey.stream}`, { seq: 2 });
  const error = await new Promise((resolve) => holey.consume(1, () => {}, { onGap: resolve, onError: resolve }));
  assert.equal((error as { code?: string }).code, 'log-corrupt');
});

test('a last message that the server cannot read stops the reader, by its sequence', async () => {
  const log = await freshLog();
  const { config } = await link.api<{ config: object }>(`STREAM.INFO.${log.stream}`, undefined);
  const holey = new JetStreamLog(link, { cluster: 'test', logId: `l${count++}` });
  await link.api(`STREAM.CREATE.${holey.stream}`, {
    ...config,
    name: holey.stream,
    subjects: [holey.subject],
    deny_delete: false,
  });
  for (let i = 0; i < 3; i++) await holey.append(new Uint8Array(10), i);
  await link.api(`STREAM.MSG.DELETE.${holey.stream}`, { seq: 3 });
  const seen: number[] = [];
  const error = await new Promise((resolve) =>
    holey.consume(1, (seq) => void seen.push(seq), { onGap: resolve, onError: resolve }),
  );
  assert.deepEqual([(error as LogError).code, seen], ['log-corrupt', [1, 2]]);
  assert.match((error as LogError).message, /message 3 of WEIR_test_l\d+_LOG cannot be read/);
});

test('a missing stream is named, by appends and by reads', async () => {
  const log = new JetStreamLog(link, { cluster: 'test', logId: 'nowhere' });
  const result = await log.append(new Uint8Array(10), 0);
  assert.equal(result.kind === 'refused' && result.reason, 'no-stream');
  await assert.rejects(log.state(), { code: 'log-missing' });
});

test('a configuration that drifted is brought back in line', async () => {
  const log = await freshLog();
  const { config } = await link.api<{ config: Record<string, unknown> }>(`STREAM.INFO.${log.stream}`, undefined);
  await link.api(`STREAM.UPDATE.${log.stream}`, { ...config, discard: 'old', max_msgs: 5, description: 'mine' });
  await log.ensureStream();
  const now = (await link.api<{ config: Record<string, unknown> }>(`STREAM.INFO.${log.stream}`, undefined)).config;
  assert.equal(now['discard'], 'new');
  assert.equal(now['max_msgs'], -1);
  assert.equal(now['description'], 'mine');
});

test('key-value entries are put under a condition, listed, watched and deleted', async () => {
  const bucket = `b${count++}`;
  await link.kvEnsure(bucket, { history: 1 });
  await link.kvEnsure(bucket, { history: 1 });
  const seen: KvEntry[] = [];
  const put = (key: string, value: string, expected?: number) => link.kvPut(bucket, key, Buffer.from(value), expected);
  const first = await put('a', '1', 0);
  assert.deepEqual(first, { kind: 'stored', revision: 1 });
  assert.deepEqual(await put('a', 'x', 0), { kind: 'rejected' });
  const unwatch = link.kvWatch(bucket, (entry) => void seen.push(entry));
  await until('the current entry is seen', () => seen.length === 1);
  assert.deepEqual(await put('a', '2', 1), { kind: 'stored', revision: 2 });
  assert.deepEqual(await put('a', '3', 1), { kind: 'rejected' });
  await put('b', 'other');
  assert.equal(Buffer.from((await link.kvGet(bucket, 'a'))!.value!).toString(), '2');
  assert.equal(await link.kvGet(bucket, 'none'), null);
  assert.deepEqual((await link.kvGetAll(bucket)).map((e) => e.key).sort(), ['a', 'b']);
  await link.kvDelete(bucket, 'a');
  assert.equal((await link.kvGet(bucket, 'a'))!.value, null);
  assert.deepEqual(
    (await link.kvGetAll(bucket)).map((e) => e.key),
    ['b'],
  );
  assert.equal((await put('a', 'again', 0)).kind, 'stored');
  await until('all changes are seen', () => seen.length === 5);
  const texts = seen.map(
    (e) => `${e.key}@${e.revision}=${e.value === null ? 'gone' : Buffer.from(e.value).toString()}`,
  );
  assert.deepEqual(texts, ['a@1=1', 'a@2=2', 'b@3=other', 'a@4=gone', 'a@5=again']);
  unwatch();
});

test('key-value entries expire', async () => {
  const bucket = `b${count++}`;
  await link.kvEnsure(bucket, { ttlMs: 3000 });
  await link.kvPut(bucket, 'lease', Buffer.from('mine'));
  assert.notEqual(await link.kvGet(bucket, 'lease'), null);
  await until('it is gone', async () => (await link.kvGet(bucket, 'lease')) === null);
  assert.equal((await link.kvPut(bucket, 'lease', Buffer.from('yours'), 0)).kind, 'stored');
});

test('publish, subscribe and request reach each other, and a listener that throws harms nobody', async () => {
  const got: string[] = [];
  link.subscribe('t.bad', () => {
    throw new Error('listener');
  });
  const off = link.subscribe('t.*', (data, replyTo, subject) => {
    got.push(`${subject} ${Buffer.from(data).toString()}`);
    if (replyTo !== undefined) link.publish(replyTo, Buffer.from('answer'));
  });
  link.publish('t.bad', Buffer.from('one'));
  assert.equal(Buffer.from(await link.request('t.q', Buffer.from('two'), 20_000)).toString(), 'answer');
  assert.deepEqual(got, ['t.bad one', 't.q two']);
  off();
  await assert.rejects(link.request('t.q', new Uint8Array(0), 500), { code: 'log-unavailable' });
});

test('wrong credentials and a server that is not there are typed errors', async () => {
  const [, address] = server.url.split('@');
  await assert.rejects(connectNats({ urls: `nats://wrong@${address}`, name: 'x', firstConnectMs: 300 }), {
    code: 'nats-refused',
  });
  await assert.rejects(connectNats({ urls: 'nats://127.0.0.1:1', name: 'x', firstConnectMs: 300 }), {
    code: 'log-unavailable',
  });
});

test('the benchmark runs', async () => {
  const lines: string[] = [];
  await runBench({ binary, seconds: 0.02, print: (line) => void lines.push(line) });
  assert.ok(
    lines.some((line) => line.startsWith('replay')),
    lines.join('\n'),
  );
});

test('a log describes itself with times of the server, and tells when a message was stored', async () => {
  const log = await freshLog();
  const empty = await log.describe();
  assert.deepEqual([empty.firstSeq, empty.lastSeq, empty.firstMs, empty.lastMs], [1, 0, 0, 0]);
  for (let i = 0; i < 2; i++) assert.equal((await log.append(new Uint8Array([i]), i)).kind, 'stored');
  const { firstMs, lastMs, serverMs, ...rest } = await log.describe();
  assert.ok(firstMs <= lastMs && lastMs <= serverMs && serverMs < lastMs + 60_000, `${firstMs} ${lastMs} ${serverMs}`);
  const { bytes, leader, ...counts } = rest;
  assert.ok(bytes > 0 && leader !== '');
  assert.deepEqual(counts, { firstSeq: 1, lastSeq: 2, messages: 2, replicas: 1, currentReplicas: 1, maxBytes: 0 });
  const second = await log.readStored(2);
  assert.deepEqual([second?.message, second?.storedMs], [new Uint8Array([1]), lastMs]);
  assert.deepEqual([await log.readStored(3), await log.readStored(0)], [null, null]);
  log.close();
});
