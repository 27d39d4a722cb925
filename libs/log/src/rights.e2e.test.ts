// What each user of an embedded server may do, and may not.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findNatsServer } from '@weir/toolchain';
import { connectNats } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { startEmbeddedNats } from './embedded.ts';
import type { EmbeddedNats } from './embedded.ts';
import { JetStreamLog } from './jetstream-log.ts';
import { JetStreamSnapshots } from './snapshots.ts';
import { until } from './until.testing.ts';

const names = { cluster: 'c', logId: 'l' };
const meta = {
  id: 's1',
  seq: 0,
  offset: 0,
  epoch: 0,
  checksum: '0'.repeat(16),
  digest: '',
  keys: 0,
  engineVersion: 1,
  createdAt: 1,
};
let dir: string;
let server: EmbeddedNats;
const links = new Map<string, NatsLink>();
const logs: JetStreamLog[] = [];

async function linkOf(user: 'admin' | 'leader' | 'replication' | 'slave'): Promise<NatsLink> {
  let link = links.get(user);
  if (link === undefined) {
    link = await connectNats({ urls: server.urlOf(user), name: user, firstConnectMs: 5_000 });
    links.set(user, link);
  }
  return link;
}

async function logOf(user: 'admin' | 'leader' | 'replication' | 'slave'): Promise<JetStreamLog> {
  const log = new JetStreamLog(await linkOf(user), { ...names, answerMs: 500 });
  logs.push(log);
  return log;
}

/** Refused by the server: the request gets no answer, or the client is told. */
async function refused(user: 'leader' | 'replication' | 'slave', request: string, body?: unknown): Promise<void> {
  const link = await linkOf(user);
  await assert.rejects(link.api(request, body, 300), { code: 'log-unavailable' }, `${user}: ${request}`);
}

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weir-rights-'));
  server = await startEmbeddedNats({ binary: findNatsServer(), dir, shared: 'old' });
  await server.permit(names);
  const leader = await logOf('leader');
  await leader.ensureStream();
  const snapshots = new JetStreamSnapshots(await linkOf('leader'), names);
  await snapshots.ensure();
  snapshots.close();
  assert.equal((await leader.append(new Uint8Array([1]), 0)).kind, 'stored');
});

after(async () => {
  for (const log of logs) log.close();
  for (const link of links.values()) await link.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

test('a slave reads the log and the snapshots and reports its progress', async () => {
  const log = await logOf('slave');
  assert.equal((await log.state()).lastSeq, 1);
  assert.deepEqual(await log.read(1), new Uint8Array([1]));
  let received = 0;
  const subscription = log.consume(1, () => void received++, { onGap: () => assert.fail('a gap') });
  await until('the record', () => received === 1 && subscription.state === 'live');
  subscription.stop();
  const snapshots = new JetStreamSnapshots(await linkOf('slave'), names);
  assert.deepEqual(await snapshots.list(), []);
  snapshots.close();
  let heard = 0;
  const off = (await linkOf('leader')).subscribe('weir.c.l.progress', () => void heard++);
  await (await linkOf('leader')).nc.flush();
  (await linkOf('slave')).publish('weir.c.l.progress', new Uint8Array(1));
  await until('the report', () => heard === 1);
  off();
});

test('a slave does not append, purge, delete, configure, or write a snapshot', async () => {
  const log = await logOf('slave');
  assert.notEqual((await log.append(new Uint8Array([2]), 1)).kind, 'stored');
  const { stream } = log;
  for (const [request, body] of [
    [`STREAM.PURGE.${stream}`, {}],
    [`STREAM.DELETE.${stream}`],
    [`STREAM.MSG.DELETE.${stream}`, { seq: 1 }],
    [`STREAM.UPDATE.${stream}`, { name: stream }],
    ['STREAM.CREATE.X', { name: 'X', subjects: ['x'] }],
    ['STREAM.PURGE.WEIR_c_l_SNAP', {}],
    ['STREAM.DELETE.WEIR_c_l_SNAP'],
    ['STREAM.INFO.KV_weir_c'],
  ] as const)
    await refused('slave', request, body);
  const link = await linkOf('slave');
  link.publish('weir.c.l.snap.s1.p.0.0', new Uint8Array([1]));
  link.publish('$KV.weir_c.log', new Uint8Array([1]));
  await link.nc.flush();
  const state = await (await logOf('admin')).state();
  assert.deepEqual([state.firstSeq, state.lastSeq], [1, 1]);
  const { state: snap } = await (
    await linkOf('admin')
  ).api<{ state: { messages: number } }>('STREAM.INFO.WEIR_c_l_SNAP', undefined);
  assert.equal(snap.messages, 0);
});

test('a slave cannot listen to answers that others get', async () => {
  const link = await linkOf('slave');
  let heard = 0;
  const off = link.subscribe('_INBOX.leader.>', () => void heard++);
  const all = link.subscribe('_INBOX.>', () => void heard++);
  await link.nc.flush();
  await (await logOf('leader')).state();
  await link.nc.flush();
  assert.equal(heard, 0);
  off();
  all();
});

test('the leader appends and does not purge the log nor delete a stream', async () => {
  const log = await logOf('leader');
  const { lastSeq } = await log.state();
  assert.deepEqual(await log.append(new Uint8Array([3]), lastSeq), { kind: 'stored', seq: lastSeq + 1 });
  await refused('leader', `STREAM.PURGE.${log.stream}`, {});
  await refused('leader', `STREAM.DELETE.${log.stream}`);
});

test('the replication app trims the log and keeps snapshots, and does not append', async () => {
  const link = await linkOf('replication');
  const log = await logOf('replication');
  const { lastSeq } = await log.state();
  assert.notEqual((await log.append(new Uint8Array([4]), lastSeq)).kind, 'stored');
  await refused('replication', `STREAM.DELETE.${log.stream}`);
  const snapshots = new JetStreamSnapshots(link, names);
  const upload = await snapshots.create(meta);
  await upload.write(new Uint8Array(10));
  await upload.finish();
  await snapshots.markUsable('s1');
  await snapshots.remove('s1');
  assert.deepEqual(await snapshots.list(), []);
  snapshots.close();
  await log.purgeTo(1);
  await link.kvEnsure('weir_c_leases', { ttlMs: 10_000 });
  assert.equal((await link.kvPut('weir_c_leases', 'replication.l', new Uint8Array(1), 0)).kind, 'stored');
  assert.equal((await link.kvGet('weir_c_leases', 'replication.l'))!.key, 'replication.l');
});

test('the replication app answers who asks it for a snapshot', async () => {
  const app = await linkOf('replication');
  const off = app.subscribe('weir.c.l.snapshot', (_data, replyTo) => app.publish(replyTo!, Buffer.from('made')));
  await app.nc.flush();
  for (const user of ['slave', 'leader'] as const)
    assert.equal(
      Buffer.from(await (await linkOf(user)).request('weir.c.l.snapshot', new Uint8Array(0), 2_000)).toString(),
      'made',
    );
  off();
});

test('another password for handshakes cuts a slave off until it has the new one, and nobody else', async () => {
  const before = server.urlOf('slave');
  const slave = await linkOf('slave');
  const leader = await linkOf('leader');
  let leaderLost = false;
  leader.onStatus(() => (leaderLost = true));
  await server.setShared('new');
  const refusal = { code: 'nats-refused' };
  await assert.rejects(connectNats({ urls: before, name: 'old', firstConnectMs: 200 }), refusal);
  await until('the slave to be cut off', () => slave.status === 'disconnected');
  assert.equal(slave.renew(server.urlOf('slave')), true);
  await until('the slave to be back', () => slave.status === 'connected');
  assert.ok((await (await logOf('slave')).state()).lastSeq > 0);
  assert.equal(slave.renew(server.urlOf('leader')), false, 'another user takes a new connection');
  assert.equal(leaderLost, false);
});

test('a directory of an earlier version keeps its port and its log', async () => {
  await using t = new AsyncDisposableStack();
  const old = mkdtempSync(join(tmpdir(), 'weir-rights-'));
  t.defer(() => rmSync(old, { recursive: true, force: true, maxRetries: 5 }));
  const first = await startEmbeddedNats({ binary: findNatsServer(), dir: old });
  t.defer(() => first.stop());
  const { port } = first;
  const logAt = async (url: string): Promise<[JetStreamLog, NatsLink]> => {
    const link = await connectNats({ urls: url, name: 't', firstConnectMs: 5_000 });
    return [new JetStreamLog(link, names), link];
  };
  const [oldLog, oldLink] = await logAt(first.url);
  await oldLog.ensureStream();
  await oldLog.append(new Uint8Array([7]), 0);
  await oldLink.close();
  await first.stop();
  const file = join(old, 'embedded.json');
  writeFileSync(file, JSON.stringify({ port, token: 'a'.repeat(32), name: 'weir-old' }));
  const second = await startEmbeddedNats({ binary: findNatsServer(), dir: old });
  t.defer(() => second.stop());
  assert.equal(second.port, port);
  await assert.rejects(
    connectNats({ urls: `nats://${'a'.repeat(32)}@127.0.0.1:${port}`, name: 'old token', firstConnectMs: 200 }),
    { code: 'nats-refused' },
  );
  await second.permit(names);
  const [log, link] = await logAt(second.urlOf('slave'));
  assert.deepEqual(await log.read(1), new Uint8Array([7]));
  await link.close();
  const kept = readFileSync(file, 'utf8');
  await second.stop();
  const third = await startEmbeddedNats({ binary: findNatsServer(), dir: old });
  t.defer(() => third.stop());
  assert.equal(third.url, second.url);
  assert.equal(readFileSync(file, 'utf8'), kept);
  assert.equal(existsSync(`${file}.new`), false);
  assert.equal(statSync(file).mode & 0o077, 0);
});
