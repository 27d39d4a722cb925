import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findNatsServer } from '@weir/toolchain';
import { connectNats } from './connect.ts';
import { type EmbeddedNatsEvent, startEmbeddedNats } from './embedded.ts';
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

test('a stopped server leaves no process, and its port, token and data are there at the next start', async () => {
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
  await first.stop();
  assert.equal(alive(pid), false);
  const second = await startEmbeddedNats({ binary, dir, sync: 'everysec' });
  t.defer(() => second.stop());
  assert.equal(second.url, url);
  link = await connectNats({ urls: url, name: 't' });
  log = new JetStreamLog(link, { cluster: 'c', logId: 'l' });
  assert.deepEqual(await log.read(1), new Uint8Array([1]));
  await link.close();
  await second.stop();
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
  await assert.rejects(startEmbeddedNats({ binary: '/bin/true', dir: join(dir, 'c'), startMs: 1_000 }), {
    code: 'nats-start',
  });
});
