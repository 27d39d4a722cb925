import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { LIST_EXCHANGES, LIST_EXCHANGES_7_2, LIST_EXCHANGES_RESP3 } from './exchanges.testing.ts';

test('list commands answer as Redis does', () => {
  for (const [line, reply] of LIST_EXCHANGES) assert.equal(play(line), reply, line);
});

test('list commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of LIST_EXCHANGES_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

test('lists change their encoding when those of Redis 7.2 do', () => {
  for (const [line, reply] of LIST_EXCHANGES_7_2) assert.equal(play(line), reply, line);
});

const EFFECTS: readonly EffectCase[] = [
  ['', 'rpush k a b', ['rpush k a b']],
  ['', 'lpush k a b', ['lpush k a b']],
  ['', 'lpushx k a', []],
  ['rpush k a', 'RPUSHX k b', ['RPUSHX k b']],
  ['set k v', 'rpush k a', []],
  ['rpush k a b c', 'lpop k', ['lpop k']],
  ['rpush k a b c', 'rpop k 2', ['rpop k 2']],
  ['rpush k a b c', 'lpop k 0', []],
  ['', 'lpop k', []],
  ['rpush k a b c', 'rpop k 9', ['rpop k 9']],
  ['rpush k a b c', 'lmpop 2 j k left', ['LPOP k 1']],
  ['rpush k a b c', 'lmpop 2 j k right count 9', ['RPOP k 3']],
  ['', 'lmpop 2 j k right', []],
  ['rpush k a b c', 'lset k 1 b', ['lset k 1 b']],
  ['rpush k a b c', 'lset k 3 b', []],
  ['rpush k a b c', 'linsert k after b x', ['linsert k after b x']],
  ['rpush k a b c', 'linsert k after x b', []],
  ['rpush k a b c', 'lrem k 0 b', ['lrem k 0 b']],
  ['rpush k a b c', 'lrem k 0 x', []],
  ['rpush k a b c', 'ltrim k 1 1', ['ltrim k 1 1']],
  ['rpush k a b c', 'ltrim k 0 -1', []],
  ['rpush k a b c', 'ltrim k 7 8', ['ltrim k 7 8']],
  ['rpush k a b c', 'lmove k d left right', ['lmove k d left right']],
  ['rpush k a', 'lmove k k left right', ['lmove k k left right']],
  ['rpush k a', 'rpoplpush k d', ['rpoplpush k d']],
  ['', 'rpoplpush k d', []],
  ['rpush k a b', 'blpop j k 0', ['LPOP k']],
  ['rpush k a b', 'brpop k 0', ['RPOP k']],
  ['rpush k a b', 'blmove k d left right 0', ['LMOVE k d LEFT RIGHT']],
  ['rpush k a', 'blmove k k right left 0', ['LMOVE k k RIGHT LEFT']],
  ['rpush k a', 'brpoplpush k d 0', ['RPOPLPUSH k d']],
  ['rpush k a b', 'blmpop 0 2 j k left count 9', ['LPOP k 2']],
  ['rpush k a b', 'blmpop 0 1 k right', ['RPOP k 1']],
  ['rpush k a', 'lrange k 0 -1', []],
  ['select 3', 'rpush k a', ['SELECT 3', 'rpush k a']],
];

test('list commands log what happened', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('each write counts as many changes as elements', () => {
  const engine = new TestEngine();
  const changes = (...args: string[]): number => {
    const before = engine.ctx.changes;
    engine.call(...args);
    return engine.ctx.changes - before;
  };
  assert.equal(changes('RPUSH', 'k', 'a', 'b', 'c', 'a', 'd', 'e'), 6);
  assert.equal(changes('LREM', 'k', '0', 'a'), 2);
  assert.equal(changes('LPOP', 'k', '2'), 2);
  assert.equal(changes('LMOVE', 'k', 'k', 'LEFT', 'RIGHT'), 1);
  assert.equal(changes('LTRIM', 'k', '1', '-1'), 1);
});

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

test('a push that runs out of memory on its way logs the elements that it pushed', () => {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2, debug: false });
  for (const bytes of [100_000, 10_000]) {
    for (let i = 0; engine.text('SET', `${bytes}:${i}`, 'f'.repeat(bytes)) !== OOM; i++);
  }
  engine.call('DEL', '100000:0');
  const values = Array.from({ length: 80 }, (_, i) => String(i).repeat(2000).slice(0, 2000));
  assert.equal(engine.text('RPUSH', 'k', ...values), OOM);
  const pushed = Number(engine.text('LLEN', 'k').slice(1));
  assert.ok(pushed > 0 && pushed < values.length);
  engine.verify();
  const replica = engine.replica();
  assert.deepEqual(replica.text('LRANGE', 'k', '0', '-1'), engine.text('LRANGE', 'k', '0', '-1'));
  assert.equal(engine.text('RPUSH', 'new', 'x'.repeat(50_000)), OOM);
  assert.equal(engine.text('LMOVE', 'k', 'x'.repeat(60_000), 'LEFT', 'LEFT'), OOM);
  assert.equal(engine.text('EXISTS', 'new', 'x'.repeat(60_000)), ':0\r\n');
  assert.equal(engine.text('LLEN', 'k'), `:${pushed}\r\n`);
  engine.verify();
});

test('a list of a hundred thousand elements is read and edited at both ends and in the middle', () => {
  const engine = new TestEngine();
  const n = 100_000;
  for (let i = 0; i < n; i += 1000) engine.call('RPUSH', 'k', ...Array.from({ length: 1000 }, (_, j) => i + j));
  assert.equal(engine.text('LLEN', 'k'), `:${n}\r\n`);
  for (const i of [0, 1, 49_999, 50_000, n - 1]) {
    assert.equal(engine.text('LINDEX', 'k', i), engine.text('LINDEX', 'k', i - n));
    assert.equal(engine.text('LINDEX', 'k', i), `$${String(i).length}\r\n${i}\r\n`);
    assert.equal(engine.text('LPOS', 'k', i), `:${i}\r\n`);
    assert.equal(engine.text('LRANGE', 'k', i, i), `*1\r\n$${String(i).length}\r\n${i}\r\n`);
  }
  engine.call('LINSERT', 'k', 'BEFORE', '50000', 'middle');
  assert.equal(engine.text('LINDEX', 'k', 50_000), '$6\r\nmiddle\r\n');
  assert.equal(engine.text('LREM', 'k', '-1', 'middle'), ':1\r\n');
  engine.call('LTRIM', 'k', '100', '-101');
  assert.equal(engine.text('LRANGE', 'k', '-1', '-1'), '*1\r\n$5\r\n99899\r\n');
  engine.verify();
  engine.call('DEL', 'k');
  assert.equal(engine.ctx.keyspace.size, 0);
});
