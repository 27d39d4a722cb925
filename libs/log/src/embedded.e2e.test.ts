import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findNatsServer } from '@weir/toolchain';
import { connectNats } from './connect.ts';
import { EmbeddedNats, startEmbeddedNats } from './embedded.ts';
import type { EmbeddedNatsEvent } from './embedded-options.ts';
import { JetStreamLog } from './jetstream-log.ts';
import { until } from './until.testing.ts';

const binary = findNatsServer();

/** What is deferred on it is done when the test ends, last first: the folder goes when the servers in it have stopped. */
function scratch(test: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-embedded-'));
  test.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '');
  } catch {
    return false;
  }
}

test('a stopped server leaves no process, and its port, password and data are there at the next start', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const first = await startEmbeddedNats({ binary, dir, sync: 'always' });
  t.defer(() => first.stop());
  const { url } = first;
  const pid = first.pid!;
  assert.ok(
    first.port < 32_768,
    'none of those that outgoing connections take, so that nothing takes it while it is away',
  );
  let link = await connectNats({ urls: url, name: 't' });
  let log = new JetStreamLog(link, { cluster: 'c', logId: 'l' });
  await log.ensureStream();
  await log.append(new Uint8Array([1]), 0);
  await link.close();
  const mark = join(dir, 'clean-stop.json');
  assert.equal(existsSync(mark), false);
  await first.stop();
  assert.equal(alive(pid), false);
  assert.match(readFileSync(mark, 'utf8'), /WEIR_c_l_LOG":"1\.blk /, 'a stop in order is noted');
  const second = await startEmbeddedNats({ binary, dir, sync: 'everysec' });
  t.defer(() => second.stop());
  assert.equal(second.url, url);
  assert.equal(existsSync(mark), false, 'while it runs nothing is noted');
  link = await connectNats({ urls: url, name: 't' });
  log = new JetStreamLog(link, { cluster: 'c', logId: 'l' });
  assert.deepEqual(await log.read(1), new Uint8Array([1]));
  await link.close();
  process.kill(second.pid!, 'SIGKILL');
  await second.stop();
  assert.equal(existsSync(mark), false, 'nor of a server that was killed');
});

test('secrets are readable by their owner alone', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const server = await startEmbeddedNats({ binary, dir });
  t.defer(() => server.stop());
  for (const file of ['nats-server.conf', 'embedded.json'])
    assert.equal(statSync(join(dir, file)).mode & 0o077, 0, file);
  const address = server.url.split('@')[1]!;
  await assert.rejects(connectNats({ urls: `nats://${address}`, name: 't', firstConnectMs: 300 }), {
    code: 'nats-refused',
  });
});

test('a second server in the same directory is refused', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const server = await startEmbeddedNats({ binary, dir });
  t.defer(() => server.stop());
  await assert.rejects(startEmbeddedNats({ binary, dir }), { code: 'nats-start' });
  // Another process's attempt.
  const script = join(dir, 'second.ts');
  writeFileSync(
    script,
    `import { startEmbeddedNats } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))};
     await startEmbeddedNats({ binary: ${JSON.stringify(binary)}, dir: ${JSON.stringify(dir)} }).then(() => process.exit(0), (e) => { console.log(e.code); process.exit(7); });`,
  );
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] });
  t.defer(() => void child.kill('SIGKILL'));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 7);
  assert.ok(alive(server.pid!));
});

test('a server that outlived its killed owner is ended by the next owner, and nothing else is', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const script = join(dir, 'owner.ts');
  writeFileSync(
    script,
    `import { startEmbeddedNats } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))};
     const server = await startEmbeddedNats({ binary: ${JSON.stringify(binary)}, dir: ${JSON.stringify(join(dir, 'nats'))} });
     console.log(server.pid + ' ' + server.url);`,
  );
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.defer(() => void owner.kill('SIGKILL'));
  let said = '';
  owner.stdout.on('data', (data) => (said += data));
  await until('the server of the other process runs', () => said.endsWith('\n'));
  const [pid, url] = said.trim().split(' ') as [string, string];
  t.defer(() => {
    if (alive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
  });
  const gone = new Promise((resolve) => owner.once('exit', resolve));
  owner.kill('SIGKILL');
  await gone;
  assert.ok(alive(Number(pid)), 'it goes on serving without its owner');
  const events: EmbeddedNatsEvent[] = [];
  const next = await startEmbeddedNats({ binary, dir: join(dir, 'nats'), onEvent: (e) => void events.push(e) });
  t.defer(() => next.stop());
  assert.equal(alive(Number(pid)), false);
  assert.ok(events.some((e) => e.kind === 'ended-old'));
  assert.equal(next.url, url);
});

test('a pid file that names a stranger harms nobody', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.defer(() => void stranger.kill());
  writeFileSync(join(dir, 'nats-server.pid'), String(stranger.pid));
  writeFileSync(join(dir, 'owner'), `${stranger.pid} 12345`);
  const server = await startEmbeddedNats({ binary, dir });
  await server.stop();
  assert.ok(alive(stranger.pid!));
});

test('a server that dies again and again comes back on its port', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const server = await startEmbeddedNats({ binary, dir });
  t.defer(() => server.stop());
  const link = await connectNats({ urls: server.url, name: 't' });
  t.defer(() => link.close());
  for (let i = 0; i < 3; i++) {
    const pid = server.pid!;
    process.kill(pid, 'SIGKILL');
    await until('another one runs', () => server.pid !== pid && link.status === 'connected');
  }
});

test('a server whose storage failed is restarted when there is room', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const events: EmbeddedNatsEvent[] = [];
  const server = await startEmbeddedNats({ binary, dir, onEvent: (e) => void events.push(e) });
  t.defer(() => server.stop());
  const pid = server.pid!;
  // What nats-server 2.15 writes when the disk is full; from then on it answers no append, room or not.
  appendFileSync(
    join(dir, 'nats-server.log'),
    '[1] [ERR] Filestore [S] Critical write error: write x.blk: no space left on device\n',
  );
  await until('another one runs', () => server.pid !== pid);
  assert.ok(events.some((e) => e.kind === 'storage-failed' && /no space/.test(e.detail)));
});

test('what keeps it from starting is said', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  await assert.rejects(startEmbeddedNats({ binary: '/nonexistent/nats-server', dir }), {
    code: 'nats-start',
    message: /nonexistent/,
  });
  const server = await startEmbeddedNats({ binary, dir: join(dir, 'a') });
  t.defer(() => server.stop());
  await assert.rejects(startEmbeddedNats({ binary, dir: join(dir, 'b'), port: server.port }), { code: 'nats-start' });
  await assert.rejects(startEmbeddedNats({ binary: '/bin/true', dir: join(dir, 'c'), stallMs: 1_000 }), {
    code: 'nats-start',
  });
});

/** A program that does something before it becomes a nats-server. */
function slowServer(dir: string, before: string): string {
  const file = join(dir, 'slow-nats-server');
  writeFileSync(file, `#!/bin/sh\n${before}\nexec ${binary} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

test('a server that takes long and makes progress is waited for', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const events: EmbeddedNatsEvent[] = [];
  const work = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo reading >> "$2.log"; sleep 0.2; done';
  const server = await startEmbeddedNats({
    binary: slowServer(dir, work),
    dir,
    logFile: join(dir, 'nats-server.conf.log'),
    stallMs: 1_000,
    onEvent: (e) => void events.push(e),
  });
  t.defer(() => server.stop());
  assert.deepEqual(
    events.map((e) => e.kind),
    ['started'],
  );
});

test('a server that stands still is started again, each time with more patience', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const events: EmbeddedNatsEvent[] = [];
  const server = await startEmbeddedNats({
    binary: slowServer(dir, 'sleep 1.5'),
    dir,
    stallMs: 400,
    onEvent: (e) => void events.push(e),
  });
  t.defer(() => server.stop());
  const last = events.at(-1)!;
  assert.equal(last.kind, 'started');
  assert.ok(events.filter((e) => e.kind === 'warning' && /does nothing/.test(e.detail)).length >= 2);
});

test('a server that is still starting can be stopped', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const server = new EmbeddedNats({ binary: slowServer(dir, 'sleep 8 & wait'), dir });
  const started = assert.rejects(server.start(), { code: 'nats-start', message: /it is stopped/ });
  await until('it runs', () => server.pid !== undefined);
  const pid = server.pid!;
  await server.setShared('another');
  await server.stop();
  await started;
  assert.equal(alive(pid), false);
});

test('when fsync is called changes by a restart in order, and what was stored stays', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const events: EmbeddedNatsEvent[] = [];
  const server = await startEmbeddedNats({ binary, dir, sync: 'everysec', onEvent: (e) => void events.push(e) });
  t.defer(() => server.stop());
  const link = await connectNats({ urls: server.url, name: 't' });
  t.defer(() => link.close());
  const log = new JetStreamLog(link, { cluster: 'c', logId: 'l' });
  await log.ensureStream();
  await log.append(new Uint8Array([1]), 0);
  const pid = server.pid!;
  await Promise.all([server.setSync('always'), server.permit({ cluster: 'c', logId: 'l' })]);
  assert.notEqual(server.pid, pid);
  assert.equal(alive(pid), false);
  assert.match(readFileSync(join(dir, 'nats-server.conf'), 'utf8'), /sync_interval: always/);
  await until('the connection is back', () => link.status === 'connected');
  assert.deepEqual(await log.read(1), new Uint8Array([1]));
  assert.equal(events.filter((e) => e.kind === 'exited').length, 0, 'no death');
  const again = server.pid!;
  process.kill(again, 'SIGKILL');
  await until('another one runs', () => server.pid !== again && link.status === 'connected');
  assert.match(readFileSync(join(dir, 'nats-server.conf'), 'utf8'), /sync_interval: always/);
});

test('a setting that cannot be made true is refused, and the server goes on with the old one', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  const program = slowServer(dir, '');
  const server = await startEmbeddedNats({ binary: program, dir, sync: 'everysec' });
  t.defer(() => server.stop());
  writeFileSync(program, '#!/bin/sh\nexit 1\n');
  await assert.rejects(server.setSync('always'), { code: 'nats-start' });
  assert.equal(server.sync, 'everysec');
  slowServer(dir, '');
  const link = await connectNats({ urls: server.url, name: 't' });
  await link.close();
  assert.match(readFileSync(join(dir, 'nats-server.conf'), 'utf8'), /sync_interval: "1s"/);
});

test('a server that is too old for the setting is refused by its version', async () => {
  await using t = new AsyncDisposableStack();
  const server = await startEmbeddedNats({ binary, dir: scratch(t) });
  t.defer(() => server.stop());
  await assert.rejects(connectNats({ urls: server.url, name: 't', oldest: [99, 1] }), {
    code: 'nats-refused',
    message: /too old, 99\.1 or newer is needed/,
  });
});

test('a stream that acknowledges before it writes is refused', async () => {
  await using t = new AsyncDisposableStack();
  const server = await startEmbeddedNats({ binary, dir: scratch(t) });
  t.defer(() => server.stop());
  const link = await connectNats({ urls: server.url, name: 't' });
  t.defer(() => link.close());
  const log = new JetStreamLog(link, { cluster: 'c', logId: 'l' });
  const config = { name: log.stream, subjects: [log.subject], persist_mode: 'async', storage: 'file' };
  await link.api(`STREAM.CREATE.${log.stream}`, config);
  await assert.rejects(log.ensureStream(), { code: 'nats-refused', message: /persist_mode async/ });
});
