import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine, latin1 } from '../testing.ts';
import type { TestSession } from '../testing.ts';

const heard = (session: TestSession): string => latin1(session.pushed());
const invalidate = (key: string): string => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$${key.length}\r\n${key}\r\n`;

test('a client that tracks is told once of each key that it has read and somebody changes', () => {
  const engine = new TestEngine();
  const client = engine.session(3);
  client.call('CLIENT', 'TRACKING', 'ON');
  client.call('MGET', 'a', 'b');
  engine.call('SET', 'a', '1');
  engine.call('SET', 'a', '2');
  engine.call('SET', 'c', '1');
  assert.equal(heard(client), invalidate('a'));
  assert.match(engine.text('INFO', 'stats'), /tracking_total_keys:1\r\ntracking_total_items:1\r\n/);
  assert.match(engine.text('CLIENT', 'LIST'), / flags=t .* redir=0 /);
  engine.call('FLUSHALL');
  assert.equal(heard(client), '>2\r\n$10\r\ninvalidate\r\n_\r\n');
});

test('a client is told of its own changes behind the reply, of a transaction behind all of it, and with NOLOOP not at all', () => {
  const engine = new TestEngine();
  const client = engine.session(3);
  client.call('CLIENT', 'TRACKING', 'ON');
  client.call('GET', 'a');
  assert.equal(client.text('SET', 'a', '1'), `+OK\r\n${invalidate('a')}`);
  for (const args of [['MULTI'], ['GET', 'a'], ['SET', 'a', '2'], ['PING']]) client.call(...args);
  assert.equal(client.text('EXEC'), `*3\r\n$1\r\n1\r\n+OK\r\n+PONG\r\n${invalidate('a')}`);
  client.call('CLIENT', 'TRACKING', 'ON', 'NOLOOP');
  client.call('GET', 'a');
  assert.equal(client.text('SET', 'a', '3'), '+OK\r\n');
});

test('another client is told in place of the one that tracks: in RESP2 as a message, and when it is gone that is said', () => {
  const engine = new TestEngine();
  const [client, listener] = [engine.session(3), engine.session()];
  client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', listener.session.id);
  client.call('GET', 'a');
  engine.call('SET', 'a', '1');
  assert.equal(heard(listener), '', 'it listens to nothing');
  listener.call('SUBSCRIBE', '__redis__:invalidate');
  client.call('GET', 'a');
  engine.call('SET', 'a', '2');
  const head = '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n';
  assert.equal(heard(listener), `${head}*1\r\n$1\r\na\r\n`);
  assert.equal(client.text('CLIENT', 'GETREDIR'), `:${listener.session.id}\r\n`);
  engine.sessions.delete(listener.session.id);
  client.call('GET', 'a');
  engine.call('SET', 'a', '3');
  assert.equal(heard(client), `>2\r\n$21\r\ntracking-redir-broken\r\n:${listener.session.id}\r\n`);
  assert.match(client.text('CLIENT', 'TRACKINGINFO'), /broken_redirect/);
});

test('BCAST tells of all keys with the prefixes, those of one turn together', () => {
  const engine = new TestEngine();
  const [client, other] = [engine.session(3), engine.session(3)];
  client.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'a', 'PREFIX', 'b', 'NOLOOP');
  other.call('CLIENT', 'TRACKING', 'ON', 'BCAST');
  engine.call('MSET', 'a2', '1', 'a1', '1', 'c', '1');
  assert.equal(heard(client), '>2\r\n$10\r\ninvalidate\r\n*2\r\n$2\r\na1\r\n$2\r\na2\r\n');
  assert.equal(heard(other), '>2\r\n$10\r\ninvalidate\r\n*3\r\n$2\r\na1\r\n$2\r\na2\r\n$1\r\nc\r\n');
  client.call('SET', 'a1', '2');
  assert.equal(heard(client), '');
  assert.equal(heard(other), invalidate('a1'));
});

test('keys are remembered up to tracking-table-max-keys: who has read one that has no room is told to forget it', () => {
  const engine = new TestEngine({ config: { 'tracking-table-max-keys': '2' } });
  const client = engine.session(3);
  client.call('CLIENT', 'TRACKING', 'ON');
  client.call('MGET', 'a', 'b');
  assert.match(client.text('GET', 'c'), /^_\r\n>2\r\n\$10\r\ninvalidate\r\n\*1\r\n\$1\r\n[abc]\r\n$/);
  assert.equal(engine.ctx.tracking.keys.size, 2);
});

test('who tracks on a slave is told of what the log changes', () => {
  const master = new TestEngine();
  const slave = new TestEngine();
  slave.ctx.role.isSlave = true;
  const client = slave.session(3);
  client.call('CLIENT', 'TRACKING', 'ON');
  client.call('GET', 'a');
  master.call('SET', 'a', '1');
  for (const record of master.history) slave.apply(record);
  assert.equal(heard(client), invalidate('a'));
});

test('who stops tracking, or is gone, costs the others nothing', () => {
  const engine = new TestEngine();
  const wanted = engine.ctx.keyspace.changes.wanted;
  const client = engine.session(3);
  client.call('CLIENT', 'TRACKING', 'ON');
  client.call('GET', 'a');
  client.call('CLIENT', 'TRACKING', 'OFF');
  assert.equal(engine.ctx.observed, false);
  assert.equal(engine.ctx.keyspace.changes.wanted, wanted);
  assert.equal(engine.ctx.tracking.keys.size, 0);
});
