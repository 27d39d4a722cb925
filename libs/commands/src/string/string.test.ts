import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { STRING_EXCHANGES, STRING_EXCHANGES_RESP3 } from './exchanges.testing.ts';

const config = { 'proto-max-bulk-len': '1048576' };

test('string commands answer as Redis does', () => {
  for (const [line, reply] of STRING_EXCHANGES) assert.equal(play(line, { config }), reply, line);
});

test('string commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of STRING_EXCHANGES_RESP3) assert.equal(play(line, { config, resp: 3 }), reply, line);
});

// The clock stands at 1700000000000.
const EFFECTS: readonly EffectCase[] = [
  ['', 'set k v', ['set k v']],
  ['', 'SET k v NX', ['SET k v NX']],
  ['set k v', 'SET k w NX', []],
  ['', 'SET k v XX', []],
  ['', 'SET k v EX 100', ['SET k v PXAT 1700000100000']],
  ['', 'SET k v PX 100 NX', ['SET k v PXAT 1700000000100']],
  ['', 'SET k v EXAT 1700000007', ['SET k v PXAT 1700000007000']],
  ['', 'SET k v PXAT 1', ['SET k v PXAT 1']],
  ['set k v', 'SET k w GET', ['SET k w']],
  ['setex k 10 v', 'SET k w GET KEEPTTL', ['SET k w KEEPTTL']],
  ['setex k 10 v', 'SET k w KEEPTTL', ['SET k w KEEPTTL']],
  ['', 'SET k v EX 0', []],
  ['', 'SETEX k 10 v', ['SET k v PXAT 1700000010000']],
  ['', 'PSETEX k 10 v', ['SET k v PXAT 1700000000010']],
  ['', 'SETNX k v', ['SETNX k v']],
  ['set k v', 'SETNX k w', []],
  ['setex k 10 v', 'GETSET k w', ['SET k w']],
  ['set k v', 'GETDEL k', ['DEL k']],
  ['', 'GETDEL k', []],
  ['set k v', 'GETEX k', []],
  ['set k v', 'GETEX k EX 10', ['PEXPIREAT k 1700000010000']],
  ['set k v', 'GETEX k PXAT 1800000000000', ['PEXPIREAT k 1800000000000']],
  ['set k v', 'GETEX k EXAT 1', ['DEL k']],
  ['setex k 10 v', 'GETEX k PERSIST', ['PERSIST k']],
  ['set k v', 'GETEX k PERSIST', []],
  ['', 'MSET a 1 b 2', ['MSET a 1 b 2']],
  ['', 'MSETNX a 1 b 2', ['MSETNX a 1 b 2']],
  ['set b 1', 'MSETNX a 1 b 2', []],
  ['set k v', 'APPEND k w', ['APPEND k w']],
  ['set k v', 'SETRANGE k 3 w', ['SETRANGE k 3 w']],
  ['set k v', 'SETRANGE k 3 ""', []],
  ['setex k 10 5', 'INCR k', ['INCR k']],
  ['set k v', 'INCR k', []],
  ['', 'DECRBY k 7', ['DECRBY k 7']],
  ['setex k 10 5', 'INCRBYFLOAT k 1.5', ['SET k 6.5 KEEPTTL']],
  ['set k 5', 'INCRBYFLOAT k 1', ['SET k 6 KEEPTTL']],
  ['set k 5', 'INCRBYFLOAT k x', []],
  ['mset a abc b abd', 'LCS a b', []],
  ['set k v', 'GET k', []],
  ['select 3', 'SET k v', ['SELECT 3', 'SET k v']],
];

test('string commands log what happened, not what was asked', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('an expired key is removed by whoever meets it, and the log says so before it says anything else', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v', 'PX', '100');
  engine.now += 99;
  assert.equal(engine.text('GET', 'k'), '$1\r\nv\r\n');
  engine.now += 1;
  assert.equal(engine.text('APPEND', 'k', 'w'), ':1\r\n');
  assert.deepEqual(engine.effects, [
    ['SELECT', '0'],
    ['DEL', 'k'],
    ['APPEND', 'k', 'w'],
  ]);
  assert.equal(engine.ctx.stats.expiredKeys, 1);
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a slave hides an expired key from clients and leaves it to the log to remove it', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v', 'PX', '100');
  const slave = engine.replica();
  slave.now += 1000;
  assert.equal(slave.text('GET', 'k'), '$-1\r\n');
  assert.equal(slave.contents().length, 1);
  engine.now += 1000;
  engine.call('GET', 'k');
  slave.apply(engine.history[1]);
  assert.equal(slave.contents().length, 0);
});

test('values of every length around the limits of the storage survive being set, grown, cut short and copied', () => {
  const engine = new TestEngine();
  const lengths = [0, 1, 43, 44, 45, 63, 64, 65, 1000, 1023, 1024, 1025, 5000, 20_000];
  for (const from of lengths) {
    for (const to of lengths) {
      const first = 'a'.repeat(from);
      const second = 'b'.repeat(to);
      engine.call('SET', 'k', first, 'EX', '100');
      engine.call('APPEND', 'k', second);
      assert.equal(engine.text('GET', 'k'), `$${from + to}\r\n${first}${second}\r\n`);
      engine.call('SET', 'k', second, 'KEEPTTL');
      engine.call('COPY', 'k', 'copy', 'REPLACE');
      engine.call('PERSIST', 'copy');
      assert.equal(engine.text('GET', 'copy'), `$${to}\r\n${second}\r\n`);
      engine.verify();
    }
  }
  assert.deepEqual(engine.replica().contents(), engine.contents());
});
