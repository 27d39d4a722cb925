import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fingerprint, KeyspaceLoader, saveKeyspace } from '@weir/keyspace';
import { RdbReader, RdbWriter } from '@weir/rdb';
import { TestEngine } from '../testing.ts';

const LIBRARY = `#!lua name=counter
local by = 1
redis.register_function('count', function(keys) return redis.call('INCRBY', keys[1], by) end)
redis.register_function{function_name = 'read', callback = function(keys) return redis.call('GET', keys[1]) end,
  flags = {'no-writes'}, description = 'how many'}`;
const OTHER = "#!lua name=other\nredis.register_function('one', function() return 1 end)";

const loaded = (): TestEngine => {
  const engine = new TestEngine();
  assert.equal(engine.text('FUNCTION', 'LOAD', LIBRARY), '$7\r\ncounter\r\n');
  return engine;
};

const sumOf = (engine: TestEngine): string => new Fingerprint(engine.ctx.keyspace).toString();
const list = (engine: TestEngine): string => engine.text('FUNCTION', 'LIST', 'WITHCODE');

test('a library goes to the log as it was loaded, its reply waits for that, and a slave can call it', () => {
  const engine = loaded();
  assert.deepEqual(engine.effects, [
    ['SELECT', '0'],
    ['FUNCTION', 'LOAD', LIBRARY],
  ]);
  assert.ok(engine.waitSeq > 0);
  engine.call('FCALL', 'count', 1, 'k');
  assert.deepEqual(engine.effects, [['MULTI'], ['SELECT', '0'], ['INCRBY', 'k', '1'], ['EXEC']]);
  const replica = engine.replica();
  assert.equal(replica.text('FCALL_RO', 'read', 1, 'k'), '$1\r\n1\r\n');
  assert.match(replica.text('FCALL', 'count', 1, 'k'), /^-READONLY/);
  assert.equal(list(replica), list(engine));
});

test('deleting, replacing, flushing and restoring reach a slave, that compiles what it has then', () => {
  const engine = loaded();
  engine.call('FUNCTION', 'LOAD', OTHER);
  const dump = engine.call('FUNCTION', 'DUMP').slice();
  const payload = dump.slice(dump.indexOf(10) + 1, -2);
  assert.equal(
    engine.replica().text('FCALL', 'one', 0),
    '-READONLY Can not run script with write flag on readonly replica.\r\n',
  );
  engine.call('FUNCTION', 'LOAD', 'REPLACE', OTHER.replace('return 1', 'return 2'));
  engine.call('FUNCTION', 'DELETE', 'counter');
  assert.equal(list(engine.replica()), list(engine));
  assert.equal(engine.text('FCALL', 'one', 0), ':2\r\n');
  assert.equal(engine.text('FCALL', 'count', 1, 'k'), '-ERR Function not found\r\n');
  assert.equal(engine.text('FUNCTION', 'RESTORE', payload), '-ERR Library other already exists\r\n');
  assert.equal(engine.text('FUNCTION', 'RESTORE', payload, 'REPLACE'), '+OK\r\n');
  assert.equal(engine.text('FCALL', 'one', 0), ':1\r\n');
  assert.equal(list(engine.replica()).length, list(engine).length);
  assert.equal(sumOf(engine.replica()), sumOf(engine));
  engine.call('FUNCTION', 'FLUSH');
  assert.equal(engine.text('FUNCTION', 'RESTORE', payload, 'FLUSH'), '+OK\r\n');
  assert.equal(sumOf(engine.replica()), sumOf(engine));
  engine.call('FUNCTION', 'FLUSH');
  assert.equal(list(engine.replica()), '*0\r\n');
});

test('the fingerprint of a data set knows its libraries, and FLUSHALL leaves them', () => {
  const engine = new TestEngine();
  const empty = sumOf(engine);
  engine.call('FUNCTION', 'LOAD', LIBRARY);
  assert.notEqual(sumOf(engine), empty);
  engine.call('FLUSHALL');
  assert.match(engine.text('FCALL', 'count', 1, 'k'), /^:1/);
  engine.call('FUNCTION', 'DELETE', 'counter');
  engine.call('FLUSHALL');
  assert.equal(sumOf(engine), empty);
});

test('a snapshot has the libraries, and a data set that takes the place of another brings its own', () => {
  const engine = loaded();
  const chunks: Uint8Array[] = [];
  const writer = new RdbWriter({ flush: (chunk) => chunks.push(chunk.slice()) });
  writer.header();
  const steps = saveKeyspace(engine.ctx.keyspace, writer, engine.now);
  while (steps.next().done !== true);
  writer.end();
  const other = new TestEngine();
  other.call('FUNCTION', 'LOAD', OTHER);
  assert.equal(other.text('FCALL', 'one', 0), ':1\r\n');
  const fresh = new TestEngine();
  const reader = new RdbReader(new KeyspaceLoader(fresh.ctx.keyspace, { nowMs: engine.now }));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  assert.equal(sumOf(fresh), sumOf(engine));
  other.ctx.keyspace = fresh.ctx.keyspace;
  assert.equal(other.text('FCALL', 'one', 0), '-ERR Function not found\r\n');
  assert.equal(list(other), list(engine));
});

test('a function that exhausts the stack leaves the others, which are compiled anew', () => {
  const engine = loaded();
  engine.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=bomb\nredis.register_function('bomb', function() return ('a'):rep(300000):match(('a?'):rep(300000)) end)",
  );
  assert.match(engine.text('FCALL', 'bomb', 0), /overstrained/);
  assert.equal(engine.text('FCALL', 'count', 1, 'k'), ':1\r\n');
});

test('a library whose source does not end is refused', () => {
  let micros = 0;
  const engine = new TestEngine({ host: { clockMicros: () => (micros += 100_000) } });
  assert.match(engine.text('FUNCTION', 'LOAD', '#!lua name=x\nwhile true do end'), /FUNCTION LOAD timeout/);
  assert.deepEqual(engine.effects, []);
  assert.equal(engine.text('FUNCTION', 'LIST'), '*0\r\n');
});
