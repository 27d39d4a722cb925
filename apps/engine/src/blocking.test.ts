/** Clients that wait for keys: their connections, and what the log has of them. Who is served with what: libs/commands/src/core/blocking.test.ts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unblockAll } from '@weir/commands';
import { testEngine, turn } from './testing-sessions.ts';

const POPPED = '*2\r\n$1\r\nk\r\n$1\r\n1\r\n';

test('a pop is in one record with the push that it waited for, and both replies wait for that', async () => {
  const { log, client } = testEngine();
  const [a, b] = [client(), client()];
  a.send('BLPOP k 0', 'ECHO next');
  b.send('RPUSH k 1', 'LLEN k');
  await turn();
  assert.equal(log.payloads.length, 1);
  assert.match(log.payloads[0], /RPUSH\r\n[^]*LPOP\r\n\$1\r\nk\r\n$/);
  assert.deepEqual([a.text, b.text], ['', '']);
  log.commit();
  await turn();
  assert.equal(a.text, `${POPPED}$4\r\nnext\r\n`, 'what it sent behind its command is answered behind it');
  assert.equal(b.text, ':1\r\n:0\r\n');
});

test('a client that waits may send much, and is cut off when that is more than its query buffer may hold', async () => {
  const { engine, client } = testEngine();
  engine.scanLimits.queryBufferBytesMax = 200_000;
  const a = client();
  a.send('BLPOP k 0');
  a.send(`ECHO ${'x'.repeat(150_000)}`);
  assert.deepEqual([a.paused, a.destroyed], [false, false]);
  a.send(`ECHO ${'x'.repeat(60_000)}`);
  assert.equal(a.destroyed, true);
});

test('a client that is gone, or closed its half, pops nothing', async () => {
  const { engine, log, client } = testEngine();
  const [gone, half, b] = [client(), client(), client()];
  gone.send('BLPOP k 0');
  half.send('BLPOP k 0');
  gone.port.closed();
  half.port.inputEnded!();
  assert.equal(half.destroyed, true);
  b.send('RPUSH k 1', 'LLEN k');
  await turn();
  log.commit();
  assert.equal(b.text, ':1\r\n:1\r\n');
  assert.equal(engine.ctx.blocked.places, 0);
});

test('a client that pops and is gone before the record is stored has popped', async () => {
  const { log, client } = testEngine();
  const [a, b, c] = [client(), client(), client()];
  a.send('BLPOP k 0');
  b.send('RPUSH k 1');
  a.port.closed();
  await turn();
  log.commit();
  c.send('LLEN k');
  assert.equal(c.text, ':0\r\n');
});

test('when the node becomes another, who waits is told so and closed', async () => {
  const { engine, client } = testEngine();
  const a = client();
  a.send('BLPOP k 0', 'ECHO next');
  unblockAll(engine.sessions.values());
  await turn();
  const error = 'force unblock from blocking operation, instance state changed (master -> replica?)';
  assert.deepEqual([a.text, a.closes], [`-UNBLOCKED ${error}\r\n`, 1]);
});

test('a write that is refused pops nothing for who waits, and a served client is not told so before the log knows', async () => {
  const { engine, log, client } = testEngine();
  const [a, b] = [client(), client()];
  a.send('BLPOP k 0');
  b.send('RPUSH k 1');
  await turn();
  engine.commit.refuseHeld();
  assert.match(a.text, /^-NOREPLICAS /);
  log.commit();
  await turn();
  assert.equal(a.text.match(/\r\n/g)!.length, 1, 'one answer');
});

test('requests wait for the end of a pause in their order, and are answered in it', async () => {
  const { engine, log, client } = testEngine({ after: () => () => {} });
  const [a, b] = [client(), client()];
  a.send('CLIENT REPLY SKIP', 'ECHO 0', 'ECHO 1', 'SELECT 2');
  b.send('CLIENT PAUSE 1000 WRITE');
  a.send('SET k 1', 'ECHO 2');
  a.send('SET k 2', 'ECHO 3');
  await turn();
  assert.equal(a.take(), '$1\r\n1\r\n+OK\r\n');
  assert.equal(b.take(), '+OK\r\n');
  b.send('CLIENT UNPAUSE', 'GET k');
  await turn();
  assert.equal(b.take(), '+OK\r\n$-1\r\n', 'it is in database 0');
  assert.equal(a.text, '');
  while (log.pending.length > 0) log.commit();
  await turn();
  while (log.pending.length > 0) log.commit();
  assert.equal(a.text, '+OK\r\n$1\r\n2\r\n+OK\r\n$1\r\n3\r\n');
  assert.equal(engine.keptBytes, 0);
});

test('a client that is gone in a pause, or closed its half, has not sent what waits', async () => {
  const { client } = testEngine({ after: () => () => {} });
  const [gone, half, b] = [client(), client(), client()];
  b.send('CLIENT PAUSE 1000 WRITE');
  gone.send('SET k 1');
  half.send('SET k 2');
  gone.port.closed();
  half.port.inputEnded!();
  assert.equal(half.destroyed, true);
  b.send('CLIENT UNPAUSE', 'EXISTS k');
  await turn();
  assert.match(b.text, /:0\r\n$/);
});

test('what a pause kept waits on while the log is slow', async () => {
  const { engine, log, client } = testEngine({ after: () => () => {} });
  const [a, b] = [client(), client()];
  b.send('CLIENT PAUSE 1000 ALL');
  a.send('SET k 1');
  engine.commit.hold(true);
  engine.ctx.pause.end();
  await turn();
  assert.equal(log.payloads.length, 0);
  engine.commit.hold(false);
  await turn();
  log.commit();
  assert.equal(a.text, '+OK\r\n');
});
