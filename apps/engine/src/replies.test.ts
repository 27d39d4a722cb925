/** Replies of a session, whatever its requests wait for: in order, each once, none too many. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config } from '@weir/config';
import { Keyspace } from '@weir/keyspace';
import { testEngine, turn } from './testing-sessions.ts';

test('a record without replies of its own does not let the next one answer first', async () => {
  const { log, client } = testEngine();
  const [silent, other, both] = [client(), client(), client()];
  silent.send('CLIENT REPLY OFF', 'SET k 1');
  await turn();
  other.send('SET a 1');
  both.send('GET k', 'SET b 1');
  await turn();
  log.commit();
  assert.equal(both.take(), '$1\r\n1\r\n', 'the value is committed now, the write is not');
  log.commit();
  assert.equal(both.take(), '+OK\r\n');
});

test('a session that quits behind two held slices of one record gets both before it is closed', async () => {
  const { log, client } = testEngine();
  const [a, b] = [client(), client()];
  a.send('SET a 1');
  b.send('SET b 1');
  a.send('SET a 2', 'QUIT');
  await turn();
  assert.equal(a.closes, 0);
  log.commit();
  assert.equal(a.text, '+OK\r\n+OK\r\n+OK\r\n');
  assert.equal(a.closes, 1);
});

test('what stands behind QUIT is not executed, even when the session is resumed', async () => {
  const { engine, log, client } = testEngine();
  const a = client();
  a.congested = true;
  a.send('SET a 1', 'QUIT', 'SET a 2');
  await turn();
  log.commit();
  a.port.drained();
  engine.commit.hold(true);
  engine.commit.hold(false);
  await turn();
  assert.equal(a.text, '+OK\r\n+OK\r\n');
  const b = client();
  b.send('GET a');
  await turn();
  assert.equal(b.text, '$1\r\n1\r\n');
});

test('refused replies are as many as the client would have got', async () => {
  const { engine, client } = testEngine();
  const a = client();
  a.send('CLIENT REPLY SKIP', 'SET a 1', 'SET a 2', 'CLIENT REPLY OFF', 'SET a 3', 'CLIENT REPLY ON', 'GET a');
  await turn();
  engine.commit.refuseHeld();
  assert.equal(a.text.match(/-NOREPLICAS/g)?.length, 3, a.text); // SET a 2, CLIENT REPLY ON, GET a
});

test('a request that comes in while older ones are kept back waits behind them', async () => {
  const { engine, client } = testEngine();
  const a = client();
  engine.commit.hold(true);
  a.send('ECHO 1');
  engine.commit.hold(false);
  a.send('ECHO 2'); // before the resumption, which takes a turn
  await turn();
  assert.equal(a.text, '$1\r\n1\r\n$1\r\n2\r\n');
});

test('requests cut anywhere while the session waits are put together again', async () => {
  const { engine, client } = testEngine();
  const a = client();
  engine.commit.hold(true);
  const text = '*2\r\n$4\r\nECHO\r\n$1\r\n1\r\n*2\r\n$4\r\nECHO\r\n$1\r\n2\r\n';
  for (const char of text.slice(0, -4)) a.raw(char);
  engine.commit.hold(false);
  for (const char of text.slice(-4)) a.raw(char);
  await turn();
  assert.equal(a.text, '$1\r\n1\r\n$1\r\n2\r\n');
});

test('a client that goes away ends its wait', async () => {
  let ended = 0;
  const { client } = testEngine({ waitReplicas: () => () => void ended++ });
  const a = client();
  a.send('WAIT 1 0');
  await turn();
  assert.equal(ended, 0);
  a.port.closed();
  assert.equal(ended, 1);
});

test('nothing is called on the sink of a closed session whose replies are still held', async () => {
  const { log, client } = testEngine();
  const a = client();
  a.send('SET a 1', 'QUIT');
  await turn();
  a.port.closed();
  log.commit();
  assert.equal(a.text, '');
  assert.equal(a.closes, 0);
});

test('a half-closed client gets the replies of its writes, and is closed then', async () => {
  const { log, client } = testEngine();
  const [a, b] = [client(), client()];
  a.send('SET a 1');
  a.port.inputEnded!();
  await turn();
  assert.equal(a.closes, 0);
  log.commit();
  assert.equal(a.text, '+OK\r\n');
  assert.equal(a.closes, 1);
  b.send('PING');
  b.port.inputEnded!();
  assert.equal(b.text, '+PONG\r\n');
  assert.equal(b.closes, 1);
});

test('a half-closed client whose requests are kept back gets their replies', async () => {
  const { engine, client } = testEngine();
  const a = client();
  engine.commit.hold(true);
  a.send('ECHO 1');
  a.port.inputEnded!();
  assert.equal(a.closes, 0);
  engine.commit.hold(false);
  await turn();
  assert.equal(a.text, '$1\r\n1\r\n');
  assert.equal(a.closes, 1);
});

test('replies held for one session are bounded: it is not executed beyond that', async () => {
  const { engine, log, client } = testEngine();
  const a = client();
  a.send(`SET big ${'x'.repeat(1 << 20)}`);
  await turn();
  for (let i = 0; i < 100; i++) a.send('GET big');
  assert.ok(engine.commit.heldBytes < 4 << 20, `${engine.commit.heldBytes} bytes are held`);
  await turn();
  const b = client();
  b.send('PING');
  assert.equal(b.text, '+PONG\r\n');
  log.commit();
  await turn();
  assert.equal(a.text.length, 5 + 100 * ((1 << 20) + 12), 'all are answered in the end');
});

test('a deferred reply leaves the protocol version of the session that caused it alone', async () => {
  const { client } = testEngine({ waitReplicas: (_o, _r, _t, done) => () => done(0) });
  const [a, b] = [client(), client()];
  a.send('HELLO 3', 'CLIENT ID');
  const id = /:(\d+)\r\n$/.exec(a.take())![1]!;
  a.send('WAIT 1 0');
  b.send(`CLIENT UNBLOCK ${id}`, 'GET nothing');
  await turn();
  assert.equal(b.text, ':1\r\n$-1\r\n');
  assert.equal(a.text, ':0\r\n');
});

test('a hold that was asked for lasts until it is taken back, whatever the log takes meanwhile', async () => {
  const { engine, log, client } = testEngine();
  const a = client();
  a.send('SET a 1');
  engine.commit.hold(true);
  await turn(); // the record goes to the log
  a.send('SET a 2');
  log.commit();
  await turn();
  assert.equal(a.text, '+OK\r\n');
  assert.equal(log.payloads.length, 1);
  engine.commit.hold(false);
  await turn();
  log.commit();
  assert.equal(a.text, '+OK\r\n+OK\r\n');
});

test('effects beyond the bound stop everybody only until writes are refused: reads go on', async () => {
  const { engine, log, client } = testEngine();
  const [writer, reader] = [client(), client()];
  const value = 'x'.repeat(8 << 20);
  for (let i = 0; i < 11; i++) {
    writer.send(`SET k${i} ${value}`);
    await turn();
  }
  assert.equal(log.payloads.length, 2, 'the log takes no more');
  assert.equal(engine.commit.stalled, true);
  reader.send('PING');
  assert.equal(reader.text, '');
  engine.ctx.role.writeRefusal = 'NOREPLICAS no';
  engine.commit.refuseHeld();
  await turn();
  assert.equal(reader.take(), '+PONG\r\n');
  reader.send('PING', 'SET a 1');
  await turn();
  assert.equal(reader.take(), '+PONG\r\n-NOREPLICAS no\r\n');
});

test('effects beyond the bound become a record between two commands of one turn, and are acknowledged in order', async () => {
  const { engine, log, client } = testEngine({}, undefined, undefined, 1000);
  const [a, b] = [client(), client()];
  const value = 'x'.repeat(400);
  // One chunk of one client: cut behind the third command of each record, and stopped when the log takes no more.
  a.send(...Array.from({ length: 11 }, (_, i) => `SET k${i} ${value}`), 'GET k0');
  b.send('SET last 1');
  assert.deepEqual(
    log.payloads.map((payload) => payload.split('SET').length - 1),
    [3, 3],
    'handed over within the turn',
  );
  assert.equal(engine.commit.stalled, true);
  await turn();
  assert.equal(a.text + b.text, '', 'nothing is acknowledged before the log has it');
  for (let left = 20; left > 0 && (log.pending.length > 0 || engine.commit.unsealedBytes > 0); left--) {
    log.commit();
    await turn();
  }
  assert.equal(a.text, '+OK\r\n'.repeat(11) + `$400\r\n${value}\r\n`);
  assert.equal(b.text, '+OK\r\n');
  for (const payload of log.payloads) {
    assert.ok(payload.length <= 1000 + 450, `${payload.length} bytes`);
    assert.ok(payload.startsWith('*2\r\n$6\r\nSELECT'), 'each record says its database');
  }
  assert.equal(engine.commit.stalled, false);
});

test('a command whose effects nobody has to see together is divided, and answered with its last record', async () => {
  const config = new Config();
  config.assign('enable-debug-command', ['yes']);
  const { engine, log, client } = testEngine({}, config, undefined, 1000);
  const a = client();
  // The last key is there already: no record is begun for nothing.
  a.send('SET p:99 x', 'DEBUG POPULATE 100 p');
  for (let left = 50; left > 0 && (log.pending.length > 0 || engine.commit.unsealedBytes > 0); left--) {
    if (log.pending.length > 0) {
      assert.doesNotMatch(a.text, /OK.*OK/s, 'not answered before the last record is stored');
      log.commit();
    }
    await turn();
  }
  assert.equal(a.text, '+OK\r\n+OK\r\n');
  assert.ok(log.payloads.length >= 4, `${log.payloads.length} records`);
  for (const payload of log.payloads) assert.ok(payload.length < 1100, `${payload.length} bytes`);
  assert.equal(engine.ctx.keyspace.size, 100);
});

test('the age of the record under way is that of its newest stored fragment', async () => {
  const { engine, log, client } = testEngine();
  client().send('SET a 1');
  await turn();
  assert.ok(engine.commit.oldestInFlightAgeMs() > 0);
  log.fragmentStoredMs = performance.now() + 60_000;
  assert.ok(engine.commit.oldestInFlightAgeMs() < 0, 'counted from there');
  log.commit();
  assert.equal(engine.commit.oldestInFlightAgeMs(), 0);
});

test('while the data set cannot be loaded its trouble is the answer, in place of LOADING', () => {
  const { engine, client } = testEngine();
  const a = client();
  engine.ctx.role.isLoading = true;
  a.send('GET k');
  assert.match(a.take(), /^-LOADING/);
  engine.ctx.role.dataRefusal = 'MISCONF it does not fit';
  a.send('GET k', 'PING');
  assert.match(a.take(), /^-MISCONF it does not fit\r\n/);
});

test('what waits for the log is dropped with the lead, and its clients are cut off', async () => {
  const { engine, log, client } = testEngine({}, undefined, undefined, 1000);
  const a = client();
  for (let i = 0; i < 4; i++) a.send(`SET k${i} ${'x'.repeat(1200)}`);
  assert.equal(log.payloads.length, 2);
  assert.ok(engine.commit.unsealedBytes > 1200);
  assert.equal(engine.commit.writtenOffset(), log.nextOffset + engine.commit.unsealedBytes);
  engine.stopLeading();
  assert.equal(a.destroyed, true);
  assert.equal(engine.commit.unsealedBytes, 0);
  assert.equal(engine.commit.stalled, false);
});

test('a slave refuses writes whatever replica-read-only says', async () => {
  const config = new Config();
  config.assign('replica-read-only', ['no']);
  const { engine, client } = testEngine({}, config);
  engine.stopLeading();
  engine.ctx.role.isSlave = true;
  const a = client();
  a.send('SET a 1');
  assert.match(a.text, /^-READONLY/);
});

test('protected-mode refuses clients of other machines while there is no password', () => {
  const config = new Config();
  const { client } = testEngine({}, config);
  for (const address of ['10.0.0.1:5', '::ffff:10.0.0.1:5', '[fe80::1]:5', '2001:db8::1:5']) {
    const a = client(address);
    assert.match(a.text, /^-DENIED .*\r\n$/, address);
    assert.equal(a.closes, 1);
    a.send('WEIR HANDSHAKE');
    assert.doesNotMatch(a.text, /after close/);
  }
  for (const address of ['127.0.0.1:5', '127.9.9.9:5', '::1:5', '[::1]:5', '::ffff:127.0.0.1:5']) {
    assert.equal(client(address).text, '', address);
  }
  config.assign('requirepass', ['secret']);
  const b = client('10.0.0.1:5');
  b.send('WEIR HANDSHAKE');
  assert.match(b.text, /^-NOAUTH/);
  config.assign('requirepass', ['']);
  config.assign('protected-mode', ['no']);
  assert.equal(client('10.0.0.1:5').text, '');
});

test('a half-closed client whose kept request waits is cut off, as nothing else would tell that it is gone', async () => {
  let ended = 0;
  const { engine, client } = testEngine({ waitReplicas: () => () => void ended++ });
  const a = client();
  engine.commit.hold(true);
  a.send('PING', 'WAIT 1 0');
  a.port.inputEnded!();
  engine.commit.hold(false);
  await turn();
  assert.equal(a.text, '+PONG\r\n');
  assert.equal(a.destroyed, true);
  assert.equal(ended, 1, 'nobody waits any more');
});

test('a client that is killed ends its wait at once, and its late answer goes nowhere', async () => {
  let answer: (acknowledged: number) => void = () => {};
  let ended = 0;
  const { client } = testEngine({
    waitReplicas: (_offset, _replicas, _timeout, done) => {
      answer = done;
      return () => void ended++;
    },
  });
  const [a, b] = [client(), client()];
  a.send('CLIENT ID', 'WAIT 1 0');
  const id = /:(\d+)/.exec(a.take())![1]!;
  b.send(`CLIENT KILL ID ${id}`, 'INFO clients');
  assert.equal(a.destroyed, true);
  assert.equal(ended, 1);
  assert.match(b.text, /blocked_clients:0/);
  answer(1);
  a.port.closed();
  await turn();
  assert.equal(a.text, '');
  assert.equal(ended, 1);
});

test('a client that is closed as idle while its last replies are on their way is told so once', async () => {
  const config = new Config();
  config.assign('timeout', ['1']);
  const { engine, client } = testEngine({}, config);
  const a = client();
  a.send('PING');
  for (let i = 1; i < 4; i++) engine.closeIdle(performance.now() + i * 2000);
  assert.equal(a.closes, 1);
});

test('who is answered by another client’s command is answered behind it, and its own requests go on', async () => {
  const order: string[] = [];
  const { client } = testEngine({ waitReplicas: (_o, _r, _t, done) => () => done(0) });
  const [a, b] = [client(), client()];
  for (const [name, it] of Object.entries({ a, b })) {
    const { output } = it.sink;
    Object.assign(it.sink, {
      output(buf: Uint8Array, start: number, end: number, replies: number) {
        order.push(name);
        return output(buf, start, end, replies);
      },
    });
  }
  a.send('CLIENT ID', 'WAIT 1 0', 'ECHO next');
  const id = /:(\d+)/.exec(a.take())![1]!;
  order.length = 0;
  b.send(`CLIENT UNBLOCK ${id} ERROR`, `CLIENT UNBLOCK ${id}`);
  await turn();
  assert.equal(b.text, ':1\r\n:0\r\n');
  assert.equal(a.text, '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n$4\r\nnext\r\n');
  assert.deepEqual(order, ['b', 'a', 'b', 'a']);
});

test('a transaction is one record, whatever its size, and its replies are one that waits for it', async () => {
  const config = new Config();
  config.assign('enable-debug-command', ['yes']);
  const { engine, log, client } = testEngine({}, config, undefined, 1000);
  const [a, b] = [client(), client()];
  a.send('SET before 1', 'MULTI', `SET k ${'x'.repeat(900)}`, 'DEBUG POPULATE 100 p', 'SET l 1', 'EXEC');
  b.send('GET l', 'GET other');
  for (let left = 20; left > 0 && (log.pending.length > 0 || engine.commit.unsealedBytes > 0); left--) {
    await turn();
    if (log.pending.length > 0) log.commit();
  }
  const whole = log.payloads.filter((payload) => payload.includes('MULTI'));
  assert.equal(whole.length, 1);
  assert.match(whole[0], /MULTI[^]*\$1\r\nk\r\n[^]*p:0\r\n[^]*p:99\r\n[^]*\$1\r\nl\r\n[^]*\$4\r\nEXEC\r\n$/);
  assert.equal(a.text, '+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n+OK\r\n');
  assert.equal(b.text, '$1\r\n1\r\n$-1\r\n');
});

test('a transaction that the log does not confirm in time is answered with one error', async () => {
  const { engine, client } = testEngine();
  const a = client();
  a.send('MULTI', 'SET a 1', 'SET b 1', 'EXEC', 'PING');
  await turn();
  engine.commit.refuseHeld();
  assert.equal(a.text.match(/-NOREPLICAS/g)?.length, 2, 'EXEC, and PING behind it');
});

test('who is answered with an error for a SELECT or MULTI that was done is closed behind it', async () => {
  const { engine, log, client } = testEngine();
  for (const [change, isClosed] of [
    ['SELECT 1', true],
    ['MULTI', true],
    ['HELLO 3', true],
    ['GET k', false],
  ] as const) {
    const a = client();
    a.send('SET k v');
    await turn();
    a.send(change);
    engine.commit.refuseHeld();
    assert.match(a.text, /^(-NOREPLICAS [^\r]*\r\n){2}$/);
    assert.equal(a.closes === 1, isClosed, change);
    a.port.closed();
    log.commit();
    await turn();
  }
  const b = client();
  b.send('SET k v', 'MULTI', 'GET k', 'EXEC');
  await turn();
  engine.commit.refuseHeld();
  assert.equal(b.closes, 0, 'the transaction is over');
  b.send('SELECT 1');
  log.commit();
  await turn();
  b.send('SET k v');
  await turn();
  engine.commit.refuseHeld();
  assert.equal(b.closes, 0, 'that was answered before');
  log.commit();
  await turn();
  b.send('SELECT 0', 'SET k v');
  await turn();
  engine.commit.refuseHeld();
  assert.equal(b.closes, 0, 'so was that');
});

test('the queue of a transaction counts as query buffer: who fills it without end is closed', async () => {
  const config = new Config();
  config.assign('client-query-buffer-limit', ['1mb']);
  const { client } = testEngine({}, config);
  const a = client();
  a.send('MULTI');
  for (let i = 0; i < 20 && !a.destroyed; i++) a.send(`SET k ${'x'.repeat(100_000)}`);
  assert.equal(a.destroyed, true);
  assert.equal(a.text.match(/QUEUED/g)?.length, 11);
});

test('so does the queue of a client whose requests were kept back until it read its replies', async () => {
  const config = new Config();
  config.assign('client-query-buffer-limit', ['1mb']);
  const { client } = testEngine({}, config);
  const a = client();
  const fill = (): void => {
    for (let i = 0; i < 6; i++) a.send(`SET k ${'x'.repeat(100_000)}`);
  };
  a.send('MULTI');
  fill();
  a.congested = true;
  a.send('PING');
  fill();
  assert.equal(a.destroyed, false);
  a.read();
  for (let i = 0; i < 1000 && !a.destroyed; i++) await turn();
  assert.equal(a.destroyed, true);
});

test('a transaction of a client that goes away is never run', async () => {
  const { log, client } = testEngine();
  const [a, b] = [client(), client()];
  a.send('MULTI', 'SET a 1');
  a.port.closed();
  b.send('GET a');
  await turn();
  assert.equal(b.text, '$-1\r\n');
  assert.deepEqual(log.payloads, []);
});

test('a data set that takes the place of another one makes transactions that watch a key run nothing', () => {
  const { engine, client } = testEngine();
  const a = client();
  a.send('WATCH k', 'MULTI');
  engine.swapKeyspace(new Keyspace({ seed: { k0: 1, k1: 2 }, randomSeed: 3, arena: engine.ctx.arena }));
  a.take();
  a.send('EXEC', 'WATCH k', 'MULTI', 'EXEC');
  assert.equal(a.text, '*-1\r\n+OK\r\n+OK\r\n*0\r\n');
});

test('a client that goes away watches nothing more', () => {
  const { engine, client } = testEngine();
  const a = client();
  a.send('WATCH k');
  assert.notEqual(engine.ctx.keyspace.changes.wanted, 0);
  a.port.closed();
  assert.equal(engine.ctx.keyspace.changes.wanted, 0);
});
