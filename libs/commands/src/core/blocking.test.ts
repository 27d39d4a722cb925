import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WAITED_MAX, unblockAll } from './blocking.ts';
import { TestEngine, decodeCommands } from '../testing.ts';
import type { TestSession } from '../testing.ts';

/** What the log has, one command a line, without SELECT. */
function logOf(engine: TestEngine): string[] {
  const all = engine.history.flatMap((record) => decodeCommands(record).map((args) => args.join(' ')));
  return all.filter((line) => line !== 'SELECT 0');
}

const popped = (key: string, element: string): string =>
  `*2\r\n$${key.length}\r\n${key}\r\n$${element.length}\r\n${element}\r\n`;

function sessions(engine: TestEngine, n: number): TestSession[] {
  return Array.from({ length: n }, () => engine.session());
}

test('who waits longest for a key is served first, with the log in that order', () => {
  const engine = new TestEngine();
  const [a, b, c] = sessions(engine, 3);
  assert.equal(a.text('BLPOP', 'k', '0'), '');
  assert.equal(b.text('BRPOP', 'other', 'k', '0'), '');
  assert.equal(c.text('BLPOP', 'k', '0'), '');
  assert.equal(engine.text('RPUSH', 'k', '1', '2'), ':2\r\n');
  assert.deepEqual([a.late(), b.late(), c.late()], [popped('k', '1'), popped('k', '2'), '']);
  assert.deepEqual(logOf(engine), ['RPUSH k 1 2', 'LPOP k', 'RPOP k']);
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a transaction makes keys ready when it is over, in the order in which they came', () => {
  const engine = new TestEngine();
  const [a, b, c] = sessions(engine, 3);
  a.call('BLPOP', 'x', 'y', '0');
  b.call('BLPOP', 'x', '0');
  c.call('BZPOPMIN', 'x', '0');
  for (const line of ['MULTI', 'RPUSH x 1', 'DEL x', 'RPUSH y 2', 'ZADD x 3 m']) engine.call(...line.split(' '));
  assert.deepEqual([a.late(), b.late(), c.late()], ['', '', '']);
  engine.call('EXEC');
  // Of x there is another type than those want who wait longest.
  assert.deepEqual([a.late(), b.late(), c.late()], [popped('y', '2'), '', '*3\r\n$1\r\nx\r\n$1\r\nm\r\n$1\r\n3\r\n']);
  assert.equal(engine.text('EXISTS', 'x', 'y'), ':0\r\n');
});

test('what is moved makes the next key ready, behind those that are', () => {
  const engine = new TestEngine();
  const [a, b, c] = sessions(engine, 3);
  a.call('BLMOVE', 'x', 'y', 'LEFT', 'LEFT', '0');
  b.call('BRPOPLPUSH', 'y', 'z', '0');
  c.call('BLPOP', 'z', '0');
  engine.call('RPUSH', 'x', '1');
  assert.deepEqual([a.late(), b.late(), c.late()], ['$1\r\n1\r\n', '$1\r\n1\r\n', popped('z', '1')]);
  assert.equal(engine.text('DBSIZE'), ':0\r\n');
  assert.deepEqual(logOf(engine), ['RPUSH x 1', 'LMOVE x y LEFT LEFT', 'RPOPLPUSH y z', 'LPOP z']);
});

test('a client that moves to a key of another type is told so, and the element stays', () => {
  const engine = new TestEngine();
  const [a, b] = sessions(engine, 2);
  a.call('BLMOVE', 'x', 'y', 'LEFT', 'LEFT', '0');
  b.call('BLPOP', 'x', '0');
  engine.call('SET', 'y', 'v');
  engine.call('RPUSH', 'x', '1');
  assert.equal(a.late(), '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n');
  assert.equal(b.late(), popped('x', '1'));
});

test('an error that comes late is counted for the command that waited', () => {
  const engine = new TestEngine();
  const [a, b] = sessions(engine, 2);
  a.call('BLMOVE', 'x', 'y', 'LEFT', 'LEFT', '0');
  b.call('BLPOP', 'z', '0');
  engine.call('SET', 'y', 'v');
  engine.call('RPUSH', 'x', '1');
  engine.call('CLIENT', 'UNBLOCK', b.session.id, 'ERROR');
  assert.match(engine.text('INFO', 'errorstats'), /errorstat_UNBLOCKED:count=1\r\nerrorstat_WRONGTYPE:count=1\r\n/);
  const stats = engine.text('INFO', 'commandstats');
  for (const name of ['blmove', 'blpop']) assert.match(stats, new RegExp(`cmdstat_${name}:calls=1,.*failed_calls=1\r`));
});

test('a wait ends after its time, rounded up to the millisecond', () => {
  const engine = new TestEngine();
  const [a, b, c, d] = sessions(engine, 4);
  a.call('BLPOP', 'k', '1.0001');
  b.call('BZPOPMAX', 'k', '1e-9');
  c.call('BLMOVE', 'k', 'l', 'LEFT', 'LEFT', '0x1p-1');
  d.call('BLPOP', 'k', '0');
  assert.match(engine.text('INFO', 'clients'), /blocked_clients:4\r\n[^]*clients_in_timeout_table:3\r\n/);
  assert.match(engine.text('CLIENT', 'LIST', 'ID', a.session.id), / flags=b .* cmd=blpop /);
  engine.pass(1);
  assert.deepEqual([a.late(), b.late(), c.late()], ['', '*-1\r\n', '']);
  engine.pass(499);
  assert.equal(c.late(), '*-1\r\n');
  engine.pass(500);
  assert.equal(a.late(), '');
  engine.pass(1);
  assert.equal(a.late(), '*-1\r\n');
  engine.pass(1e9);
  assert.equal(d.late(), '');
  assert.match(engine.text('INFO', 'clients'), /blocked_clients:1\r\n[^]*clients_in_timeout_table:0\r\n/);
});

test('who was unblocked or answered waits for nothing any more', () => {
  const engine = new TestEngine();
  const [a, b] = sessions(engine, 2);
  a.call('BLPOP', 'k', 'l', '5');
  b.call('BLPOP', 'l', '5');
  assert.equal(engine.text('CLIENT', 'UNBLOCK', a.session.id), ':1\r\n');
  assert.equal(engine.text('CLIENT', 'UNBLOCK', b.session.id, 'ERROR'), ':1\r\n');
  assert.equal(a.late(), '*-1\r\n');
  assert.equal(b.late(), '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
  engine.call('RPUSH', 'k', '1');
  engine.call('RPUSH', 'l', '1');
  engine.pass(10_000);
  assert.deepEqual([a.late(), b.late(), engine.ctx.blocked.places], ['', '', 0]);
  assert.equal(engine.text('LLEN', 'k'), ':1\r\n');
});

test('who reads a stream gets what came since, whoever else does, and a group gives each entry to one', () => {
  const engine = new TestEngine();
  const [a, b, c, d] = sessions(engine, 4);
  engine.call('XADD', 's', '1-1', 'f', 'v');
  engine.call('XGROUP', 'CREATE', 's', 'g', '$');
  a.call('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$');
  b.call('XREAD', 'COUNT', '1', 'BLOCK', '0', 'STREAMS', 'other', 's', '0', '2');
  c.call('XREADGROUP', 'GROUP', 'g', 'one', 'BLOCK', '0', 'STREAMS', 's', '>');
  d.call('XREADGROUP', 'GROUP', 'g', 'two', 'BLOCK', '0', 'STREAMS', 's', '>');
  engine.call('XADD', 's', '1-2', 'f', 'v');
  const entry = (id: string) => `*2\r\n$3\r\n${id}\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n`;
  const stream = (id: string) => `*1\r\n*2\r\n$1\r\ns\r\n*1\r\n${entry(id)}`;
  assert.deepEqual([a.late(), b.late(), c.late(), d.late()], [stream('1-2'), '', stream('1-2'), '']);
  engine.call('XADD', 's', '2-1', 'f', 'v');
  assert.deepEqual([b.late(), d.late()], [stream('2-1'), stream('2-1')]);
  assert.match(engine.text('XPENDING', 's', 'g'), /^\*4\r\n:2\r\n/);
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('who reads through a group is told when stream or group are gone', () => {
  const engine = new TestEngine();
  const [a] = sessions(engine, 1);
  const waits = (): void => {
    engine.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
    assert.equal(a.text('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'), '');
  };
  const gone = '-UNBLOCKED the stream key no longer exists\r\n';
  for (const line of ['DEL s', 'SET s v', 'RENAME s t', 'FLUSHALL', 'SWAPDB 0 1', 'PEXPIRE s -1']) {
    waits();
    engine.call(...line.split(' '));
    assert.equal(a.late(), gone, line);
    engine.call('FLUSHALL');
  }
  waits();
  engine.call('XGROUP', 'DESTROY', 's', 'g');
  assert.equal(a.late(), '-NOGROUP the consumer group this client was blocked on no longer exists\r\n');
});

test('who waits at a node that loads is served when that has loaded', () => {
  const master = new TestEngine();
  master.call('XADD', 's', '1-1', 'f', 'v');
  const engine = new TestEngine();
  const [a] = sessions(engine, 1);
  const { ctx } = engine;
  a.call('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$');
  ctx.role.isLoading = true;
  engine.apply(master.history[0]);
  engine.call('PING');
  assert.equal(a.late(), '');
  ctx.role.isLoading = false;
  ctx.blocked.serveLater();
  engine.call('PING');
  assert.match(a.late(), /1-1/);
});

test('nothing is served on a node that may not write', () => {
  const master = new TestEngine();
  master.call('RPUSH', 'k', '1');
  const engine = new TestEngine();
  const [a] = sessions(engine, 1);
  a.call('BLPOP', 'k', '0');
  engine.ctx.role.isSlave = true;
  engine.apply(master.history[0]);
  engine.call('PING');
  assert.equal(a.late(), '');
  assert.equal(engine.text('LLEN', 'k'), ':1\r\n');
  unblockAll(engine.sessions.values());
  const error = 'force unblock from blocking operation, instance state changed (master -> replica?)';
  assert.equal(a.late(), `-UNBLOCKED ${error}\r\n`);
  assert.equal(a.session.phase, 'closing');
});

test('clients wait for no more keys than there is room for', () => {
  const engine = new TestEngine();
  const [a] = sessions(engine, 1);
  engine.ctx.blocked.places = WAITED_MAX - 1;
  assert.equal(a.text('BLPOP', 'k', 'l', '0'), `-ERR clients wait for ${WAITED_MAX} keys already\r\n`);
  assert.equal(a.text('BLPOP', 'k', 'k', '0'), `-ERR clients wait for ${WAITED_MAX} keys already\r\n`);
  assert.equal(a.text('BLPOP', 'k', '0'), '');
});

test('a key that is named twice, not side by side and behind another client, counts once', () => {
  const engine = new TestEngine();
  const [a, b] = sessions(engine, 2);
  a.call('BLPOP', 'k', 'l', '0');
  b.call('BLPOP', 'k', 'l', 'k', 'm', 'l', '0');
  assert.equal(engine.ctx.blocked.places, 5);
  engine.call('RPUSH', 'k', '1', '2');
  assert.deepEqual([a.late(), b.late()], ['*2\r\n$1\r\nk\r\n$1\r\n1\r\n', '*2\r\n$1\r\nk\r\n$1\r\n2\r\n']);
  assert.equal(engine.ctx.blocked.places, 0);
});
