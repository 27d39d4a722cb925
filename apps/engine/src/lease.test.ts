/** What a master answers whose lease has run out. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Config } from '@weir/config';
import { leaseTermsOf } from './lease.ts';
import { ManualLog, TestClient, testEngine, turn } from './testing-sessions.ts';
import type { TestEngine } from './testing-sessions.ts';

class LeasedLog extends ManualLog {
  renewedMs = 0;
}

const PATIENCE_MS = 10_000;

function leased(): { engine: TestEngine['engine']; log: LeasedLog; a: TestClient; lapse(): void; renew(): void } {
  const { engine, client } = testEngine({ after: () => () => {} });
  const log = new LeasedLog();
  engine.lead(log, 1000);
  const renew = (): void => {
    log.renewedMs = engine.time.monotonicMs();
    engine.lease.renewed(log.renewedMs);
  };
  renew();
  return { engine, log, a: client(), renew, lapse: () => void (log.renewedMs = engine.time.monotonicMs() - 1000) };
}

describe('a master whose lease has run out', () => {
  test('answers neither reads nor writes, and goes on in their order when the lease is back', async () => {
    const { log, a, lapse, renew } = leased();
    a.send('GET k');
    assert.equal(a.take(), '$-1\r\n');
    lapse();
    a.send('GET k', 'SET k v', 'PING');
    a.send('GET k');
    await turn();
    assert.equal(a.text, '');
    assert.deepEqual(log.payloads, [], 'nothing was executed');
    renew();
    await turn();
    assert.equal(a.take(), '$-1\r\n');
    log.commit();
    await turn();
    assert.equal(a.take(), '+OK\r\n+PONG\r\n$1\r\nv\r\n');
  });

  test('answers what needs no data, and what one connection waits for keeps no other one waiting', async () => {
    const { engine, a, lapse } = leased();
    const b = testClientOf(engine);
    lapse();
    a.send('GET k');
    b.send('PING', 'CONFIG GET port', 'MULTI', 'GET k');
    await turn();
    assert.equal(a.text, '');
    assert.equal(b.take(), '+PONG\r\n*2\r\n$4\r\nport\r\n$4\r\n6379\r\n+OK\r\n+QUEUED\r\n');
    b.send('EXEC');
    await turn();
    assert.equal(b.text, '', 'a transaction that reads waits');
  });

  test('keeps a request whole that came in pieces', async () => {
    const { a, lapse, renew } = leased();
    lapse();
    a.raw('*2\r\n$4\r\nEC');
    a.raw('HO\r\n$1\r\nx\r\n*2\r\n$3\r\nGE');
    a.raw('T\r\n$1\r\nk\r\n*2\r\n$4\r\nECHO\r\n$1\r\ny\r\n');
    await turn();
    assert.equal(a.take(), '$1\r\nx\r\n');
    renew();
    await turn();
    assert.equal(a.take(), '$-1\r\n$1\r\ny\r\n');
  });

  test('refuses after a while whatever needs the data set, until the lease is back', async () => {
    const { engine, log, a, lapse, renew } = leased();
    lapse();
    a.send('GET k');
    engine.lease.watch(engine.time.monotonicMs(), PATIENCE_MS);
    await turn();
    assert.equal(a.text, '');
    log.renewedMs -= PATIENCE_MS;
    engine.lease.watch(engine.time.monotonicMs(), PATIENCE_MS);
    await turn();
    assert.match(a.take(), /^-NOREPLICAS The lease of this master has run out/);
    a.send('SET k v', 'PING', 'MULTI', 'GET k', 'EXEC');
    assert.match(a.take(), /^-NOREPLICAS [^\r]*\r\n\+PONG\r\n\+OK\r\n\+QUEUED\r\n-EXECABORT [^\r]*NOREPLICAS/);
    renew();
    a.send('GET k');
    assert.equal(a.take(), '$-1\r\n');
  });

  test('that leads no more answers whoever waited as what it is then', async () => {
    const { engine, a, lapse } = leased();
    lapse();
    a.send('SET k v');
    await turn();
    engine.stopLeading();
    engine.ctx.role.isSlave = true;
    await turn();
    assert.match(a.take(), /^-READONLY/);
  });

  test('goes on with a request that a pause had kept when the lease is back', async () => {
    const { engine, log, a, lapse, renew } = leased();
    const admin = testClientOf(engine);
    admin.send('CLIENT PAUSE 100000 WRITE');
    a.send('SET k v');
    lapse();
    admin.send('CLIENT UNPAUSE');
    await turn();
    assert.deepEqual(log.payloads, []);
    renew();
    await turn();
    log.commit();
    assert.equal(a.take(), '+OK\r\n');
  });

  test('forgets the request of a client that is gone', async () => {
    const { engine, a, lapse, renew } = leased();
    lapse();
    a.send('SET k v', 'GET k');
    assert.ok(engine.keptBytes > 0);
    a.port.closed();
    assert.equal(engine.keptBytes, 0);
    renew();
    await turn();
    assert.equal(a.text, '');
  });

  test('confirms no position', () => {
    const { engine, lapse } = leased();
    engine.positionNow = () => 42;
    assert.equal(engine.confirmed, 42);
    lapse();
    assert.equal(engine.confirmed, -1);
    engine.stopLeading();
    assert.equal(engine.confirmed, -1);
  });
});

test('a write that is stored after the lease has run out is acknowledged: the log decides that', async () => {
  const { log, a, lapse } = leased();
  a.send('SET k v');
  await turn();
  lapse();
  log.commit();
  assert.equal(a.take(), '+OK\r\n');
});

test('durations that do not go together are refused', () => {
  const terms = (lease: number, margin: number, beat: number) => {
    const config = new Config();
    config.assign('leader-lease', [String(lease)]);
    config.assign('leader-lease-margin', [String(margin)]);
    config.assign('leader-heartbeat', [String(beat)]);
    return leaseTermsOf(config);
  };
  assert.deepEqual(leaseTermsOf(new Config()), { leaseMs: 1000, marginMs: 200, heartbeatMs: 250 });
  assert.deepEqual(terms(3000, 300, 1000), { leaseMs: 3000, marginMs: 300, heartbeatMs: 1000 });
  assert.throws(() => terms(3000, 299, 1000), /leader-lease-margin 299 is less than a tenth of leader-lease 3000/);
  assert.throws(() => terms(3000, 300, 1001), /leader-heartbeat 1001 is more than a third of leader-lease 3000/);
});

function testClientOf(engine: TestEngine['engine']): TestClient {
  const client = new TestClient();
  client.port = engine.open({ remoteAddr: '127.0.0.1:2', localAddr: 'test:2', fd: -1, unixSocket: false }, client.sink);
  return client;
}
