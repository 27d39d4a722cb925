import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '@weir/keyspace';
import { applyMemoryPolicy } from '../core/evict.ts';
import { QUEUED_MAX } from '../core/transaction.ts';
import { WATCHED_MAX } from '../core/watches.ts';
import { TestEngine, latin1 } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { TRANSACTION_EXCHANGES } from './exchanges.testing.ts';

test('transactions answer as Redis does', () => {
  for (const [line, reply] of TRANSACTION_EXCHANGES) assert.equal(play(line), reply, line);
});

test('replies inside a transaction are in the protocol that holds then', () => {
  const engine = new TestEngine();
  const client = engine.session(3);
  for (const args of [['MULTI'], ['GET', 'a'], ['HGETALL', 'h'], ['RESET']]) client.call(...args);
  assert.equal(client.text('PING'), '+PONG\r\n');
  client.session.resp = 3;
  for (const args of [['MULTI'], ['GET', 'a'], ['HGETALL', 'h']]) client.call(...args);
  assert.equal(client.text('EXEC'), '*2\r\n_\r\n%0\r\n');
});

test('what a transaction changes is one record, between MULTI and EXEC, with the effects of each command', () => {
  const engine = new TestEngine();
  engine.call('SADD', 's', 'only');
  engine.call('MULTI');
  assert.equal(engine.text('SPOP', 's'), '+QUEUED\r\n');
  assert.deepEqual(engine.effects, [], 'nothing has happened yet');
  engine.call('SELECT', 2);
  engine.call('SET', 'k', 'v', 'EX', 10);
  engine.call('GET', 'k');
  engine.call('EXEC');
  assert.deepEqual(engine.effects, [
    ['MULTI'],
    ['SELECT', '0'],
    ['SREM', 's', 'only'],
    ['SELECT', '2'],
    ['SET', 'k', 'v', 'PXAT', String(engine.now + 10_000)],
    ['EXEC'],
  ]);
  assert.ok(engine.waitSeq > 0, 'the reply waits for it');
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a transaction that changes nothing logs nothing, and its reply waits for what it has read', () => {
  const engine = new TestEngine();
  for (const args of [['MULTI'], ['GET', 'a'], ['DEL', 'a'], ['EXEC']]) engine.call(...args);
  assert.deepEqual(engine.effects, []);
  assert.equal(engine.waitSeq, 0);
  engine.call('SET', 'b', '1');
  for (const args of [['MULTI'], ['GET', 'a'], ['GET', 'b'], ['GET', 'c'], ['EXEC']]) engine.call(...args);
  assert.equal(engine.waitSeq, 1);
});

test('a transaction counts each of its changes once, and MULTI and EXEC as none', () => {
  const engine = new TestEngine();
  const { changes } = engine.ctx;
  for (const args of [['MULTI'], ['SET', 'a', '1'], ['MSET', 'b', '1', 'c', '2'], ['EXEC']]) engine.call(...args);
  assert.equal(engine.ctx.changes, changes + 3);
});

test('a command of a transaction that fails undoes nothing', () => {
  const engine = new TestEngine();
  for (const args of [['MULTI'], ['SET', 'a', 'x'], ['INCR', 'a'], ['SET', 'b', 'y']]) engine.call(...args);
  assert.equal(engine.text('EXEC'), '*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n');
  assert.deepEqual(engine.replica().contents(), engine.contents());
  assert.equal(engine.contents().length, 2);
});

test('EXEC is refused as what it runs: a write on a node that has become a slave, a read on one that loads', () => {
  const engine = new TestEngine();
  const { role } = engine.ctx;
  const queue = (...args: string[]): void => {
    engine.call('MULTI');
    engine.call(...args);
  };
  queue('SET', 'a', '1');
  role.isSlave = true;
  assert.match(engine.text('EXEC'), /^-EXECABORT Transaction discarded because of: READONLY You can't write/);
  assert.equal(engine.text('EXEC'), '-ERR EXEC without MULTI\r\n');
  queue('GET', 'a');
  assert.equal(engine.text('EXEC'), '*1\r\n$-1\r\n');
  assert.match(engine.text('MULTI') + engine.text('SET', 'a', '1'), /^\+OK\r\n-READONLY/);
  assert.match(engine.text('EXEC'), /^-EXECABORT Transaction discarded because of previous errors/);
  role.isSlave = false;
  queue('GET', 'a');
  role.isLoading = true;
  assert.match(engine.text('EXEC'), /^-EXECABORT Transaction discarded because of: LOADING/);
  queue('ECHO', 'x');
  assert.equal(engine.text('EXEC'), '*1\r\n$1\r\nx\r\n');
});

test('when memory is full a transaction takes no more commands, and EXEC only what frees memory', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  const limit = (bytes: string): void => {
    engine.config.assign('maxmemory', [bytes]);
    applyMemoryPolicy(engine.ctx.keyspace, engine.config);
  };
  engine.call('MULTI');
  engine.call('SET', 'a', '1');
  limit('1');
  assert.match(engine.text('EXEC'), /^-EXECABORT Transaction discarded because of: OOM/);
  engine.call('MULTI');
  assert.match(engine.text('GET', 'a'), /^-OOM/, 'the queue itself needs memory');
  assert.equal(engine.text('DISCARD'), '+OK\r\n');
  limit('0');
  engine.call('MULTI');
  engine.call('DEL', 'k');
  limit('1');
  assert.equal(engine.text('EXEC'), '*1\r\n:1\r\n');
});

test('a command that would have to wait for something is refused inside a transaction, and the others run', () => {
  const engine = new TestEngine({ host: { migrate: () => assert.fail('nothing is sent') } });
  engine.call('SET', 'k', 'v');
  for (const args of [['MULTI'], ['MIGRATE', 'h', '1', 'k', '0', '10'], ['GET', 'k']]) engine.call(...args);
  const reply = engine.text('EXEC');
  assert.match(reply, /^\*2\r\n-ERR this command has to wait .*\r\n\$1\r\nv\r\n$/);
  assert.equal(engine.ctx.depth, 0);
});

test('a transaction that looks at data does not run while there is none for good, though it names another master too', () => {
  const engine = new TestEngine();
  const { role } = engine.ctx;
  const queue = (...commands: string[][]): void => {
    engine.call('MULTI');
    for (const args of commands) engine.call(...args);
  };
  const replicaOf = ['REPLICAOF', 'NO', 'ONE'];
  engine.call('SET', 'k', 'secret');
  queue(['GET', 'k'], replicaOf);
  role.isLoading = true;
  role.dataRefusal = 'MISCONF the log lost records';
  assert.match(engine.text('EXEC'), /^-EXECABORT Transaction discarded because of: MISCONF/);
  queue(replicaOf);
  assert.match(engine.text('EXEC'), /^\*1\r\n\+OK/);
});

test('a transaction has a largest number of commands: one more is refused, and EXEC runs none', () => {
  const engine = new TestEngine();
  engine.call('MULTI');
  engine.call('SET', 'k', 'v');
  engine.defaultSession.transaction!.count = QUEUED_MAX;
  assert.equal(engine.text('PING'), '-ERR a transaction has at most 16777216 commands\r\n');
  assert.match(engine.text('EXEC'), /^-EXECABORT/);
  assert.equal(engine.text('GET', 'k'), '$-1\r\n');
});

test('DEBUG POPULATE inside a transaction is refused when the record would have no room for its keys', () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  for (const args of [['MULTI'], ['DEBUG', 'POPULATE', '100000000'], ['DEBUG', 'POPULATE', '10'], ['DBSIZE']]) {
    engine.call(...args);
  }
  assert.match(engine.text('EXEC'), /^\*3\r\n-ERR what this command changes is larger .*\r\n\+OK\r\n:10\r\n$/);
});

test('CLIENT LIST tells of a transaction and how much it has queued', () => {
  const engine = new TestEngine();
  const client = engine.session();
  for (const args of [['MULTI'], ['PING'], ['PING']]) client.call(...args);
  assert.match(engine.text('CLIENT', 'LIST'), /id=2 .* flags=x .* multi=2 .* multi-mem=[1-9]/);
  client.call('EXEC');
  assert.match(engine.text('CLIENT', 'LIST'), /id=2 .* flags=N .* multi=-1 /);
});

test('a hundred thousand commands are one transaction', () => {
  const engine = new TestEngine();
  engine.call('MULTI');
  for (let i = 0; i < 100_000; i++) engine.call('RPUSH', 'l', i);
  const { transaction } = engine.defaultSession;
  assert.ok(transaction!.memoryBytes < 8_000_000, `${transaction!.memoryBytes} bytes`);
  const reply = latin1(engine.call('EXEC'));
  assert.match(reply, /^\*100000\r\n:1\r\n:2\r\n/);
  assert.equal(engine.effects.length, 100_003);
  assert.equal(transaction!.memoryBytes, 0, 'nothing of it is kept');
  assert.equal(engine.text('LLEN', 'l'), ':100000\r\n');
});

test('a watched key that expires makes EXEC run nothing, also while nobody has removed it', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v', 'PX', 100);
  engine.call('WATCH', 'k');
  engine.now += 200;
  engine.call('MULTI');
  assert.equal(engine.text('EXEC'), '*-1\r\n');
});

test('a key whose time had come when it was watched is as good as absent: its removal is no change, a new value is', () => {
  const engine = new TestEngine();
  const other = engine.session();
  const watchExpired = (): void => {
    engine.call('SET', 'k', 'v', 'PX', 100);
    engine.now += 200;
    engine.call('WATCH', 'k');
  };
  watchExpired();
  assert.equal(other.text('GET', 'k'), '$-1\r\n', 'which removes it');
  engine.call('MULTI');
  assert.equal(engine.text('EXEC'), '*0\r\n');
  watchExpired();
  other.call('FLUSHALL');
  engine.call('MULTI');
  assert.equal(engine.text('EXEC'), '*0\r\n');
  watchExpired();
  other.call('SET', 'k', 'new');
  engine.call('MULTI');
  assert.equal(engine.text('EXEC'), '*-1\r\n');
});

test('an exchange of databases changes a watched key that had expired only if there is a living one now', () => {
  const engine = new TestEngine();
  const other = engine.session();
  const exec = (): string => {
    engine.call('MULTI');
    return engine.text('EXEC');
  };
  const watchExpired = (): void => {
    engine.call('FLUSHALL');
    engine.call('SET', 'k', 'v', 'PX', 100);
    engine.now += 200;
    engine.call('WATCH', 'k');
  };
  watchExpired();
  other.call('SELECT', 1);
  other.call('SET', 'k', 'living');
  other.call('SWAPDB', 0, 1);
  assert.equal(exec(), '*-1\r\n');
  watchExpired();
  other.call('SET', 'k', 'v', 'PX', 100);
  engine.now += 200;
  other.call('SWAPDB', 0, 1);
  assert.equal(exec(), '*0\r\n', 'that had expired too');
  watchExpired();
  other.call('SWAPDB', 0, 1);
  other.call('SWAPDB', 0, 1);
  assert.equal(exec(), '*0\r\n', 'gone, and back');
  engine.call('SET', 'k', 'v');
  engine.call('WATCH', 'k');
  other.call('SWAPDB', 0, 0);
  assert.equal(exec(), '*0\r\n', 'with itself');
});

test('a key may be watched that is longer than a string can be', () => {
  const { ctx, defaultSession } = new TestEngine();
  const key = new Uint8Array(2 ** 29 - 8);
  ctx.watches.add(ctx.keyspace, defaultSession, 0, key, 0, key.length);
  assert.ok(defaultSession.transaction!.memoryBytes > key.length);
});

test('clients watch a largest number of keys together: a WATCH beyond it watches none', () => {
  const engine = new TestEngine();
  const other = engine.session();
  const { watches } = engine.ctx;
  engine.call('WATCH', 'a', 'b', 'a');
  other.call('WATCH', 'a');
  assert.equal(watches.count, 3);
  watches.count += WATCHED_MAX - 4;
  assert.match(other.text('WATCH', 'c', 'd'), /^-ERR clients watch at most 1048576 keys/);
  assert.equal(other.text('WATCH', 'c'), '+OK\r\n');
  assert.equal(watches.count, WATCHED_MAX);
  engine.call('SET', 'a', '1');
  assert.equal(watches.count, WATCHED_MAX - 4, 'nobody watches any more');
});

test('a watched key that is evicted makes EXEC run nothing', () => {
  const engine = new TestEngine({ config: { 'maxmemory-policy': 'allkeys-random' } });
  const other = engine.session();
  engine.call('SET', 'k', 'v');
  engine.call('WATCH', 'k');
  engine.config.assign('maxmemory', ['1']);
  applyMemoryPolicy(engine.ctx.keyspace, engine.config);
  other.call('PING');
  engine.config.assign('maxmemory', ['0']);
  engine.call('MULTI');
  assert.equal(engine.text('EXEC'), '*-1\r\n');
});

test('on a slave, what the log changes makes transactions that watch it run nothing', () => {
  const engine = new TestEngine();
  const slave = engine.replica();
  slave.call('WATCH', 'k');
  engine.call('SET', 'k', 'v');
  slave.apply(engine.history.at(-1)!);
  slave.call('MULTI');
  assert.equal(slave.text('EXEC'), '*-1\r\n');
});

test('whoever watches costs the others nothing when it stops', () => {
  const engine = new TestEngine();
  const [a, b] = [engine.session(), engine.session()];
  const { changes } = engine.ctx.keyspace;
  const before = changes.wanted;
  const whileWatched = (events.CLASS_CHANGE | events.CLASS_WHOLE) & ~before;
  a.call('WATCH', 'x', 'y', 'x');
  b.call('WATCH', 'x');
  const { memoryBytes } = a.session.transaction!;
  assert.ok(memoryBytes > 0);
  engine.call('SET', 'other', '1');
  engine.call('SET', 'x', '1');
  assert.equal(a.session.transaction!.isStale && b.session.transaction!.isStale, true);
  assert.equal(changes.wanted & whileWatched, 0, 'who is told once is told no more');
  assert.equal(a.session.transaction!.memoryBytes, 0);
  a.call('UNWATCH');
  a.call('WATCH', 'x');
  a.call('MULTI');
  assert.equal(a.text('EXEC'), '*0\r\n');
  assert.equal(changes.wanted, before);
});

test('CLIENT LIST tells of a transaction that will not run', () => {
  const engine = new TestEngine();
  const client = engine.session();
  client.call('WATCH', 'k');
  engine.call('SET', 'k', 'v');
  assert.match(engine.text('CLIENT', 'LIST'), /id=2 .* flags=d /);
});
