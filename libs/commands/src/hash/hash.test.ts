import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { HASH_EXCHANGES, HASH_EXCHANGES_RESP3 } from './exchanges.testing.ts';

const config = { 'enable-debug-command': 'yes' };

test('hash commands answer as Redis does', () => {
  for (const [line, reply] of HASH_EXCHANGES) assert.equal(play(line, { config }), reply, line);
});

test('hash commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of HASH_EXCHANGES_RESP3) assert.equal(play(line, { config, resp: 3 }), reply, line);
});

const EFFECTS: readonly EffectCase[] = [
  ['', 'HSET h f v g w', ['HSET h f v g w']],
  ['hset h f v', 'HSET h f v', ['HSET h f v']],
  ['', 'HMSET h f v', ['HMSET h f v']],
  ['', 'HSETNX h f v', ['HSETNX h f v']],
  ['hset h f v', 'HSETNX h f w', []],
  ['hset h a 1 b 2', 'HDEL h a x', ['HDEL h a x']],
  ['hset h a 1', 'HDEL h a', ['HDEL h a']],
  ['hset h a 1', 'HDEL h x', []],
  ['', 'HDEL h x', []],
  ['hset h a 1', 'HINCRBY h a 5', ['HINCRBY h a 5']],
  ['hset h a x', 'HINCRBY h a 5', []],
  ['', 'HINCRBYFLOAT h a 0.1', ['HSET h a 0.1']],
  ['hset h a 0.1', 'HINCRBYFLOAT h a 0.2', ['HSET h a 0.3']],
  ['hset h a x', 'HINCRBYFLOAT h a 0.2', []],
  ['hset h a 1 b 2', 'HRANDFIELD h 2', []],
  ['hset h a 1 b 2', 'HGETALL h', []],
  ['hset h a 1 b 2', 'HSCAN h 0', []],
  ['select 3', 'HSET h f v', ['SELECT 3', 'HSET h f v']],
];

test('hash commands log what happened', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('reading a hash of either encoding gives the same', () => {
  const engines = [{}, { 'hash-max-listpack-entries': '0' }].map((over) => new TestEngine({ config: over }));
  const sorted = (engine: TestEngine, ...args: string[]): string[] =>
    engine
      .text(...args)
      .split('\r\n')
      .sort();
  for (const engine of engines) {
    for (let i = 0; i < 300; i++) engine.call('HSET', 'h', `f${i}`, String(i * i - 50));
    for (let i = 0; i < 300; i += 7) engine.call('HDEL', 'h', `f${i}`);
    for (let i = 0; i < 300; i += 5) engine.call('HINCRBY', 'h', `f${i}`, '1000');
    engine.verify();
  }
  const [small, large] = engines;
  assert.equal(small.text('OBJECT', 'ENCODING', 'h'), '$8\r\nlistpack\r\n');
  assert.equal(large.text('OBJECT', 'ENCODING', 'h'), '$9\r\nhashtable\r\n');
  for (const args of [
    ['HGETALL', 'h'],
    ['HKEYS', 'h'],
    ['HVALS', 'h'],
    ['HLEN', 'h'],
    ['HRANDFIELD', 'h', '1000'],
  ]) {
    assert.deepEqual(sorted(small, ...args), sorted(large, ...args), args[0]);
  }
});

test('a complete HSCAN of a large hash reports every field once', () => {
  const engine = new TestEngine();
  for (let i = 0; i < 1000; i++) engine.call('HSET', 'h', `f${i}`, 'v');
  const seen: string[] = [];
  let cursor = '0';
  let calls = 0;
  do {
    const [, , next, , ...page] = engine.text('HSCAN', 'h', cursor, 'COUNT', '50').split('\r\n');
    const bulks = page.filter((_, i) => i % 2 === 1);
    seen.push(...bulks.filter((_, i) => i % 2 === 0));
    cursor = next;
    calls++;
  } while (cursor !== '0');
  assert.ok(calls > 5, `${calls} calls`);
  assert.equal(seen.length, 1000);
  assert.equal(new Set(seen).size, 1000);
});

test('HRANDFIELD refuses a reply that no client could take', () => {
  const engine = new TestEngine();
  engine.call('HSET', 'h', 'f', 'v');
  for (const count of ['-4000000000000000000', '-100000000']) {
    assert.equal(engine.text('HRANDFIELD', 'h', count, 'WITHVALUES'), '-ERR value is out of range\r\n', count);
  }
});

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

test('an HSET that runs out of memory on its way logs the pairs that it set', () => {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2 });
  const pairs: string[] = [];
  for (let i = 0; i < 400; i++) pairs.push(`f${i}`, 'v'.repeat(5000));
  assert.equal(engine.text('HSET', 'h', ...pairs), OOM);
  const fields = Number(engine.text('HLEN', 'h').slice(1));
  assert.ok(fields > 50 && fields < 400, `${fields} fields`);
  engine.verify();
  const replica = engine.replica();
  assert.deepEqual(replica.contents(), engine.contents());
  assert.equal(replica.text('HLEN', 'h'), `:${fields}\r\n`);
});

test('a hash that was made for a pair for which there is no room is gone again', () => {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2 });
  for (const command of [
    ['HSET', 'h', 'f', 'v'.repeat(2_000_000)],
    ['HSETNX', 'h', 'f', 'v'.repeat(2_000_000)],
    ['HINCRBY', 'h', 'f'.repeat(2_000_000), '1'],
    ['HINCRBYFLOAT', 'h', 'f'.repeat(2_000_000), '1'],
  ]) {
    assert.equal(engine.text(...command), OOM, command[0]);
    assert.equal(engine.text('EXISTS', 'h'), ':0\r\n', command[0]);
    assert.deepEqual(engine.effects, []);
    engine.verify();
  }
});
