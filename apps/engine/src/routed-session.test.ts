/** A session whose ingress may serve its client at several engines. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATE_PINNED, STATE_SILENT } from '@weir/link';
import { RoutedTestClient, testEngine, turn } from './testing-sessions.ts';

test('each request is counted once when it is answered, also by silence, and none before those in front of it', async () => {
  const { engine, log } = testEngine();
  const client = new RoutedTestClient(engine);
  client.send('SET a 1', 'CLIENT REPLY OFF', 'SET a 2', 'GET a');
  await turn();
  assert.equal(client.answered, 0, 'the first waits for the log');
  while (log.pending.length > 0) log.commit();
  assert.equal(client.text, '+OK\r\n');
  assert.equal(client.answered, 4);
  client.send('GET a', 'CLIENT REPLY ON', 'CLIENT REPLY SKIP', 'GET a', 'GET a');
  await turn();
  assert.equal(client.answered, 9);
  assert.equal(client.text, '+OK\r\n+OK\r\n$1\r\n2\r\n');
});

test('what a session became is told once, before the reply that shows it', async () => {
  const { engine } = testEngine();
  const client = new RoutedTestClient(engine);
  client.send('GET a', 'PING');
  await turn();
  assert.equal(client.states.length, 0, 'nothing is new');
  client.send('SELECT 3', 'CLIENT SETNAME me', 'GET a');
  client.send('MULTI');
  client.send('DISCARD', 'CLIENT REPLY OFF');
  await turn();
  assert.deepEqual(
    client.states.map(({ flags }) => flags),
    [0, STATE_PINNED, STATE_SILENT],
  );
});

test('a session goes on at another engine as what it was', async () => {
  const from = new RoutedTestClient(testEngine().engine);
  from.send('SELECT 3', 'CLIENT SETNAME me', 'HELLO 3');
  await turn();
  const to = new RoutedTestClient(testEngine().engine);
  const { bytes } = from.states.at(-1)!;
  to.port.setState!(bytes, 0, bytes.length, false);
  to.send('CLIENT INFO', 'HGETALL none');
  await turn();
  assert.match(to.text, /name=me .*db=3 .*resp=3/);
  assert.match(to.text, /%0\r\n$/, 'an empty map of RESP3');
  assert.equal(to.states.length, 0, 'that is no news');
});

test('a transaction of a lost engine runs nothing, and watched keys count as changed', async () => {
  const told = async (...requests: string[]): Promise<Uint8Array> => {
    const client = new RoutedTestClient(testEngine().engine);
    for (const request of requests) client.send(request);
    await turn();
    return client.states.at(-1)!.bytes;
  };
  const goesOn = async (state: Uint8Array, ...requests: string[]): Promise<string> => {
    const client = new RoutedTestClient(testEngine().engine);
    client.port.setState!(state, 0, state.length, true);
    client.send(...requests);
    await turn();
    return client.text;
  };
  assert.equal(
    await goesOn(await told('MULTI', 'SET a 1'), 'SET b 1', 'EXEC', 'PING'),
    '+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n+PONG\r\n',
  );
  assert.equal(
    await goesOn(await told('WATCH a', 'MULTI', 'SET a 1'), 'EXEC', 'EXEC'),
    '*-1\r\n-ERR EXEC without MULTI\r\n',
  );
  assert.equal(await goesOn(await told('WATCH a'), 'MULTI', 'EXEC'), '+OK\r\n*-1\r\n');
});

test('an engine that may not execute a request gives it back, and all behind it, once what was executed is answered', async () => {
  const { engine, log } = testEngine();
  const client = new RoutedTestClient(engine);
  client.send('SET a 1');
  await turn();
  engine.ctx.role.isSlave = true;
  client.send('GET b', 'SET b 1', 'SET c 1', 'GET a');
  client.send('SET d 1');
  await turn();
  assert.equal(client.bounces, 0, 'the first reply still waits for the log');
  log.commit();
  assert.equal(client.bounces, 1);
  assert.equal(client.text, '+OK\r\n$-1\r\n');
  assert.equal(client.answered, 2);
  await turn();
  assert.equal(log.pending.length, 0, 'nothing behind it was executed');
  const direct = testEngine();
  direct.engine.ctx.role.isSlave = true;
  const other = direct.client();
  other.send('SET a 1');
  await turn();
  assert.match(other.text, /^-READONLY/, 'a client of one node is told');
});

test('what a pause kept from running is given back, too, when the engine may not execute it afterwards', async () => {
  const { engine, client } = testEngine({ after: () => () => {} });
  const [operator, routed] = [client(), new RoutedTestClient(engine)];
  operator.send('CLIENT PAUSE 100000 WRITE');
  routed.send('GET a', 'SET a 1', 'GET a');
  await turn();
  assert.equal(routed.answered, 1);
  engine.ctx.role.isSlave = true;
  operator.send('CLIENT UNPAUSE');
  await turn();
  assert.equal(routed.bounces, 1);
  assert.equal(routed.text, '$-1\r\n');
});

test('a client that is served elsewhere is not idle', async () => {
  const { engine } = testEngine();
  const client = new RoutedTestClient(engine);
  engine.config.assign('timeout', ['1']);
  const now = engine.time.monotonicMs();
  client.port.alive!();
  engine.closeIdle(now + 500);
  assert.equal(client.closes, 0);
  engine.closeIdle(now + 5000);
  assert.equal(client.closes, 1);
  await turn();
});
