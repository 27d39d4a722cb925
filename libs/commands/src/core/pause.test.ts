import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine } from '../testing.ts';
import * as flags from './table.ts';

function begin(...pause: string[]): { engine: TestEngine; a: ReturnType<TestEngine['session']> } {
  const engine = new TestEngine();
  engine.call('SET', 'k', '1');
  engine.text('CLIENT', 'PAUSE', ...pause);
  return { engine, a: engine.session() };
}

test('what would write waits for the end of a pause of writes, and is decided about then', () => {
  const { engine, a } = begin('100', 'WRITE');
  const [b, c, d] = [engine.session(), engine.session(), engine.session()];
  assert.equal(a.text('INCR', 'k'), '');
  assert.equal(b.text('MULTI'), '+OK\r\n');
  assert.equal(b.text('INCR', 'k'), '');
  assert.equal(c.text('PFCOUNT', 'h'), '');
  assert.equal(d.text('BLPOP', 'l', '0'), '');
  assert.equal(engine.text('GET', 'k'), '$1\r\n1\r\n');
  assert.equal(engine.text('SET'), "-ERR wrong number of arguments for 'set' command\r\n");
  assert.match(engine.text('CLIENT', 'LIST', 'ID', a.session.id), / flags=b .* cmd=incr /);
  assert.match(engine.text('INFO', 'clients'), /blocked_clients:4/);
  assert.equal(engine.text('CLIENT', 'UNBLOCK', a.session.id), ':0\r\n', 'only the end of the pause lets it go');
  engine.pass(99);
  assert.equal(a.late(), '');
  engine.pass(1);
  assert.deepEqual([a.late(), b.late(), c.late(), d.late()], [':2\r\n', '+QUEUED\r\n', ':0\r\n', '']);
  assert.match(engine.text('INFO', 'clients'), /blocked_clients:1/);
});

test('a transaction that writes waits as a whole, one that reads does not', () => {
  const { engine, a } = begin('0');
  const b = engine.session();
  for (const line of ['MULTI', 'INCR k']) a.call(...line.split(' '));
  for (const line of ['MULTI', 'GET k']) b.call(...line.split(' '));
  engine.call('CLIENT', 'PAUSE', '100', 'WRITE');
  assert.equal(a.text('EXEC'), '');
  assert.equal(b.text('EXEC'), '*1\r\n$1\r\n1\r\n');
  assert.equal(engine.text('CLIENT', 'UNPAUSE'), '+OK\r\n');
  assert.equal(a.late(), '*1\r\n:2\r\n');
});

test('of two pauses the stricter and the longer counts, and nothing runs in a pause of all', () => {
  const { engine, a } = begin('100', 'ALL');
  const b = engine.session();
  assert.equal(a.text('CLIENT', 'PAUSE', '1000', 'WRITE'), '');
  assert.equal(b.text('PING'), '');
  engine.pass(100);
  assert.deepEqual([a.late(), b.late()], ['+OK\r\n', '+PONG\r\n']);
  engine.call('CLIENT', 'PAUSE', '5');
  engine.pass(999);
  assert.equal(b.text('PING'), '');
  engine.pass(1);
  assert.equal(b.late(), '+PONG\r\n');
});

test('nothing expires and nothing is evicted in a pause, and what has expired is hidden', () => {
  const { engine, a } = begin('0');
  engine.call('PSETEX', 'e', '10', 'v');
  engine.call('CLIENT', 'PAUSE', '100', 'WRITE');
  engine.pass(50);
  const records = engine.history.length;
  assert.equal(engine.text('GET', 'e'), '$-1\r\n');
  assert.equal(engine.text('DBSIZE'), ':2\r\n');
  engine.config.assign('maxmemory', ['1']);
  engine.config.assign('maxmemory-policy', ['allkeys-lru']);
  engine.call('GET', 'k');
  assert.equal(engine.text('DBSIZE'), ':2\r\n');
  assert.match(engine.text('RANDOMKEY'), /k/);
  assert.equal(engine.history.length, records);
  assert.equal(a.text('CLIENT', 'UNPAUSE'), '+OK\r\n');
});

test('flags of commands do not overlap', () => {
  const bits = Object.entries(flags)
    .filter(([name]) => name.startsWith('F_'))
    .map(([, bit]) => bit as number);
  assert.ok(bits.length > 15);
  assert.equal(new Set(bits).size, bits.length);
});
