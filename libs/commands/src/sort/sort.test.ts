import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { SORT_EXCHANGES, SORT_EXCHANGES_RESP3 } from './exchanges.testing.ts';

test('SORT answers as Redis does', () => {
  for (const [line, reply] of SORT_EXCHANGES) assert.equal(play(line), reply, line);
});

test('SORT answers as Redis does in RESP3', () => {
  for (const [line, reply] of SORT_EXCHANGES_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

const EFFECTS: readonly EffectCase[] = [
  ['rpush k 2 1', 'sort k', []],
  ['rpush k 2 1', 'sort k STORE d', ['sort k STORE d']],
  ['rpush k 2 1', 'sort k store k', ['sort k store k']],
  ['rpush k a', 'sort k store d', []],
  ['', 'sort k store d', []],
  ['set d v', 'sort k store d', ['sort k store d']],
  ['sadd k c a b', 'sort k by nosort store d', ['sort k by nosort store d']],
  ['sadd k 1 2 3 ; mset w_1 b w_3 a', 'sort k by w_* alpha store d', ['sort k by w_* alpha store d']],
];

test('a SORT that stores is logged as it came', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('members of a set that weigh the same are stored in one order, whatever the set is kept in', () => {
  const members = Array.from({ length: 300 }, (_, i) => `member:${(i * 7919) % 300}`);
  const stored = (config: Record<string, string>, order: readonly string[]): string => {
    const engine = new TestEngine({ config });
    for (const member of order) engine.call('SADD', 's', member);
    engine.call('SORT', 's', 'BY', 'nothing_*', 'ALPHA', 'STORE', 'd');
    return engine.text('LRANGE', 'd', '0', '-1');
  };
  const expected = stored({ 'set-max-listpack-entries': '1000' }, members);
  assert.equal(stored({ 'set-max-listpack-entries': '0' }, members.toReversed()), expected);
  assert.equal(expected.split('\r\n').length, 602);
});

test('the reply of a SORT waits for uncommitted writes of the keys that BY and GET name', () => {
  const engine = new TestEngine();
  engine.call('RPUSH', 'k', '1', '2');
  engine.call('SET', 'w_2', '5');
  const weights = engine.waitSeq;
  engine.call('HSET', 'h_1', 'f', 'v');
  const hash = engine.waitSeq;
  engine.call('SET', 'other', 'v');
  engine.call('SORT', 'k', 'BY', 'w_*');
  assert.equal(engine.waitSeq, weights);
  engine.call('SORT', 'k', 'GET', 'h_*->f');
  assert.equal(engine.waitSeq, hash);
  assert.ok(weights < hash);
});

test('a key that BY names and whose time has come is removed, and the log says so before the SORT', () => {
  const engine = new TestEngine();
  engine.call('RPUSH', 'k', '1', '2');
  engine.call('SET', 'w_1', '5', 'PX', '100');
  engine.now += 200;
  assert.equal(engine.text('SORT', 'k', 'BY', 'w_*', 'STORE', 'd'), ':2\r\n');
  assert.deepEqual(engine.effects.slice(1), [
    ['DEL', 'w_1'],
    ['SORT', 'k', 'BY', 'w_*', 'STORE', 'd'],
  ]);
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a SORT whose result finds no room changes nothing', () => {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2, debug: false });
  const values = Array.from({ length: 100 }, (_, i) => `${i}:`.padEnd(2000, 'x'));
  for (const value of values) engine.call('RPUSH', 'k', value);
  const oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
  for (const bytes of [100_000, 10_000]) {
    for (let i = 0; engine.text('SET', `${bytes}:${i}`, 'f'.repeat(bytes)) !== oom; i++);
  }
  engine.call('SET', '10000:0', 'v');
  const before = JSON.stringify(engine.contents());
  const used = engine.arena.usedBytes;
  assert.equal(engine.text('SORT', 'k', 'ALPHA', 'STORE', '10000:0'), oom);
  assert.equal(engine.text('SORT', 'k', 'ALPHA', 'GET', '#', 'GET', '#', 'STORE', 'k'), oom);
  assert.deepEqual(engine.effects, []);
  assert.equal(JSON.stringify(engine.contents()), before);
  assert.equal(engine.arena.usedBytes, used);
  engine.verify();
});

test('a list of twenty thousand numbers is sorted as numbers', () => {
  const engine = new TestEngine();
  const numbers = Array.from({ length: 20_000 }, (_, i) => ((i * 48_271) % 2_147_483_647) / 8);
  for (let i = 0; i < numbers.length; i += 1000) engine.call('RPUSH', 'k', ...numbers.slice(i, i + 1000));
  const sorted = numbers.toSorted((a, b) => a - b);
  engine.call('SORT', 'k', 'STORE', 'd');
  for (const i of [0, 1, 9999, 19_999]) {
    assert.equal(engine.text('LINDEX', 'd', i), `$${String(sorted[i]).length}\r\n${sorted[i]}\r\n`);
  }
  const window = sorted.slice(500, 503).map((n) => `$${String(n).length}\r\n${n}\r\n`);
  assert.equal(engine.text('SORT', 'k', 'LIMIT', '500', '3'), `*3\r\n${window.join('')}`);
});
