/** What clients may make the engine keep: requests that wait, replies that nobody reads. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config } from '@weir/config';
import { testEngine, turn } from './testing-sessions.ts';
import type { TestEngine } from './testing-sessions.ts';

function configured(directives: Record<string, string>): Config {
  const config = new Config();
  for (const [name, text] of Object.entries(directives)) {
    assert.deepEqual(config.set([[name, text]]), { ok: true });
  }
  return config;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000 && !condition(); i++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(condition());
}

/** Fields of the line of CLIENT LIST with that name. */
function listed({ client }: TestEngine, name: string): Map<string, string> {
  const asking = client();
  asking.send('CLIENT LIST');
  const line = asking.text.split('\n').find((text) => text.includes(` name=${name} `));
  assert.ok(line !== undefined, asking.text);
  asking.port.closed();
  return new Map(line.split(' ').map((field) => field.split('=') as [string, string]));
}

test('a backlog is executed in steps, and others are served between them', async () => {
  const { client } = testEngine();
  const [slow, other] = [client(), client()];
  slow.congested = true;
  slow.send('ECHO first');
  const requests = 200_000;
  const text = 'ECHO 1\r\n'.repeat(requests);
  for (let at = 0; at < text.length; at += 4001) slow.raw(text.slice(at, at + 4001));
  assert.equal(slow.take(), '$5\r\nfirst\r\n');
  slow.read();
  let answered = 0;
  let turns = 0;
  for (; answered < requests * 7; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    answered += slow.take().length;
    other.send('PING');
    assert.equal(other.take(), '+PONG\r\n');
  }
  assert.equal(answered, requests * 7);
  assert.ok(turns > 5, `${turns} turns`);
});

test('single bytes that pile up take their own size, and are put together again', async () => {
  const it = testEngine();
  const slow = it.client();
  slow.send('CLIENT SETNAME slow');
  slow.take();
  slow.congested = true;
  slow.send('PING');
  const text = 'PING\r\n'.repeat(10_000);
  for (const char of text) slow.raw(char);
  const fields = listed(it, 'slow');
  assert.equal(Number(fields.get('qbuf')), text.length);
  assert.ok(Number(fields.get('qbuf-free')) <= text.length + 4096);
  assert.equal(Number(fields.get('omem')), 7);
  slow.read();
  await until(() => slow.text.length === 7 * 10_001);
});

test('CLIENT LIST and INFO tell what is kept of requests that are not whole and of replies that wait', async () => {
  const it = testEngine();
  const a = it.client();
  a.send('CLIENT SETNAME cut');
  a.raw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n${'x'.repeat(50_000)}`);
  const b = it.client();
  b.send('CLIENT SETNAME held');
  b.send('SET a 1');
  b.congested = true;
  b.send('ECHO 12345');
  const cut = listed(it, 'cut');
  assert.ok(Number(cut.get('qbuf')) >= 50_000);
  assert.ok(Number(cut.get('argv-mem')) > 0);
  assert.ok(Number(cut.get('tot-mem')) >= Number(cut.get('qbuf')) + Number(cut.get('qbuf-free')));
  assert.equal(listed(it, 'held').get('omem'), String(5 + 11));
  const asking = it.client();
  asking.send('INFO memory', 'INFO clients');
  assert.ok(Number(/mem_clients_normal:(\d+)/.exec(asking.text)![1]) > 50_000);
  assert.ok(Number(/client_recent_max_input_buffer:(\d+)/.exec(asking.text)![1]) >= 50_000);
  a.port.closed();
  it.engine.clientMemory.check(1000);
  assert.ok(Number(/client_recent_max_output_buffer:(\d+)/.exec(asking.text)![1]) >= 16);
});

test('the largest buffers of the last seconds stay in INFO for a while, and go then', () => {
  const it = testEngine();
  const a = it.client();
  a.congested = true;
  a.send(`ECHO ${'x'.repeat(5000)}`);
  it.engine.clientMemory.check(1000);
  a.read();
  const asking = it.client();
  const output = (): number => {
    asking.send('INFO clients');
    return Number(/client_recent_max_output_buffer:(\d+)/.exec(asking.take())![1]);
  };
  for (let second = 2; second < 9; second++) it.engine.clientMemory.check(second * 1000);
  assert.ok(output() >= 5000);
  it.engine.clientMemory.check(9000);
  assert.equal(output(), 0);
});

test('before authentication a client that leaves its replies unread is closed; with a password it may leave more', async () => {
  const it = testEngine({}, configured({ requirepass: 'secret' }));
  const [stranger, friend] = [it.client(), it.client()];
  stranger.deaf = true;
  stranger.raw('PING\r\n'.repeat(10_000));
  assert.equal(stranger.destroyed, true);
  assert.ok(stranger.text.length <= 17 * 1024, `${stranger.text.length} bytes were kept`);
  assert.equal(it.engine.ctx.stats.outputBufferDisconnections, 1);
  friend.send('AUTH secret');
  friend.deaf = true;
  friend.raw('PING\r\n'.repeat(10_000));
  assert.equal(friend.destroyed, false);
  // Nobody may keep requests with us before it says who it is.
  const piling = it.client();
  it.engine.commit.hold(true);
  for (let i = 0; i < 4; i++) piling.raw('PING\r\n'.repeat(5000));
  assert.equal(piling.paused, true);
});

test('client-output-buffer-limit normal: above the hard limit nothing more is kept, and the client is closed', async () => {
  const config = configured({ 'client-output-buffer-limit': 'normal 100000 0 0' });
  const it = testEngine({}, config);
  const a = it.client();
  a.congested = true;
  a.send(`ECHO ${'x'.repeat(50_000)}`);
  assert.equal(a.destroyed, false);
  a.read();
  await turn();
  a.congested = true;
  a.take();
  a.send(`ECHO ${'x'.repeat(100_000)}`, 'SET after 1');
  assert.equal(a.destroyed, true);
  assert.equal(a.text, '');
  const b = it.client();
  b.send('EXISTS after', 'INFO weir');
  assert.match(b.text, /^:0/);
  assert.match(b.text, /client_output_buffer_limit_disconnections:1/);
});

test('client-output-buffer-limit normal: above the soft limit for too long, the client is closed', () => {
  const it = testEngine({}, configured({ 'client-output-buffer-limit': 'normal 0 10000 5' }));
  const [a, b] = [it.client(), it.client()];
  for (const client of [a, b]) {
    client.congested = true;
    client.send(`ECHO ${'x'.repeat(20_000)}`);
  }
  const now = performance.now();
  it.engine.clientMemory.check(now + 4000);
  b.read();
  it.engine.clientMemory.check(now + 4500);
  assert.equal(a.destroyed, false);
  it.engine.clientMemory.check(now + 6000);
  assert.equal(a.destroyed, true);
  assert.equal(b.destroyed, false);
});

test('maxmemory-clients: the largest are evicted, those who asked not to be are spared', async () => {
  const it = testEngine({}, configured({ 'maxmemory-clients': '1000000' }));
  const [small, large, spared] = [it.client(), it.client(), it.client()];
  spared.send('CLIENT NO-EVICT on');
  for (const [client, bytes] of [[small, 100_000] as const, [large, 700_000] as const, [spared, 800_000] as const]) {
    client.raw(`*2\r\n$4\r\nECHO\r\n$${bytes + 10}\r\n${'x'.repeat(bytes)}`);
  }
  it.engine.clientMemory.check(1000);
  assert.deepEqual(
    [small, large, spared].map(({ destroyed }) => destroyed),
    [false, true, false],
  );
  small.raw('x'.repeat(10) + '\r\n');
  assert.equal(small.text.length, 100_010 + 11);
  const asking = it.client();
  asking.send('INFO stats');
  assert.match(asking.text, /evicted_clients:1\r/);
});

test('without maxmemory-clients there is a bound all the same, which buffers that grow do not wait for the cron to meet', async () => {
  const it = testEngine();
  it.engine.clientMemory.bytesMax = 32 << 20;
  const a = it.client();
  a.send('CLIENT NO-EVICT on');
  a.raw(`*2\r\n$4\r\nECHO\r\n$${100 << 20}\r\n`);
  for (let i = 0; i < 99 && !a.destroyed; i++) {
    a.raw('x'.repeat(1 << 20));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(a.destroyed, true);
});

test('requests of clients that do not read have room up to their limit, and less when all of them have much', () => {
  const it = testEngine();
  const chunk = 'PING\r\n'.repeat(100_000);
  const clients = Array.from({ length: 4 }, () => it.client());
  for (const client of clients) {
    client.congested = true;
    client.send('PING');
  }
  for (let i = 0; i < 200; i++) {
    for (const client of clients.slice(0, 3)) if (!client.paused) client.raw(chunk);
  }
  assert.ok(it.engine.keptBytes > 200 << 20, 'a pipeline may be long');
  assert.ok(it.engine.keptBytes < 260 << 20, `${it.engine.keptBytes} bytes are kept`);
  assert.equal(clients[3].paused, false);
  clients[3].raw(chunk);
  assert.equal(clients[3].paused, true);
  for (const client of clients) client.port.closed();
  assert.equal(it.engine.keptBytes, 0);
});

test('a peer that sends on although it was told to stop is closed', () => {
  const it = testEngine({}, configured({ 'client-query-buffer-limit': '1mb' }));
  const a = it.client();
  a.congested = true;
  a.send('PING');
  for (let i = 0; i < 64 && !a.destroyed; i++) a.raw('PING\r\n'.repeat(100_000));
  assert.equal(a.paused, true);
  assert.equal(a.destroyed, true);
  assert.ok(a.port !== undefined);
  const b = it.client();
  b.send('INFO weir');
  assert.match(b.text, /client_query_buffer_limit_disconnections:1\r/);
  assert.equal(it.engine.keptBytes, 0);
});

test('a client whose command waits is read on, since nothing else tells that it is gone, up to its limit', () => {
  const it = testEngine({ waitReplicas: () => () => undefined }, configured({ 'client-query-buffer-limit': '1mb' }));
  const a = it.client();
  a.send('WAIT 1 0');
  const chunk = 'PING\r\n'.repeat(50_000);
  for (let i = 0; i < 3; i++) a.raw(chunk);
  assert.equal(a.paused, false);
  assert.equal(a.destroyed, false);
  a.raw(chunk);
  assert.equal(a.destroyed, true);
});

test('POST and Host: end the connection without a reply, and nothing behind them is executed', async () => {
  const logged: string[] = [];
  const it = testEngine({ log: (line: string) => void logged.push(line) });
  const http = 'POST / HTTP/1.1\r\nHost: x\r\n\r\nSET pwned 1\r\n';
  for (const request of [
    `PING\r\n${http}`,
    http.toLowerCase(),
    'hOsT: x\r\nSET pwned 1\r\n',
    '*1\r\n$4\r\npost\r\nSET pwned 1\r\n',
    '*1\r\n$6\r\nPOST\0x\r\nSET pwned 1\r\n',
  ]) {
    const a = it.client();
    a.raw(request);
    assert.equal(a.destroyed, true, request);
    assert.equal(a.text, '', request);
  }
  const b = it.client();
  b.raw('POSTS\r\nHOST\r\nEXISTS pwned\r\n');
  assert.match(b.text, /^-ERR unknown command 'POSTS'.*\r\n-ERR unknown command 'HOST'.*\r\n:0\r\n$/);
  assert.equal(logged.length, 1);
  assert.match(logged[0], /^Possible SECURITY ATTACK detected\. .* Connection aborted\.$/);
});
