import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { HYPERLOGLOG_EXCHANGES } from './exchanges.testing.ts';

test('HyperLogLog commands answer as Redis does', () => {
  for (const [line, reply] of HYPERLOGLOG_EXCHANGES) assert.equal(play(line), reply, line);
});

/** Of redis-server 7.0.15 with elements element:0, element:1 …: elements, PFCOUNT, and the string afterwards. */
const REFERENCE: readonly (readonly [elements: number, count: number, bytes: number, sha1: string])[] = [
  [10, 10, 48, 'e3e04df1a81a6ff6519b7fbb700d7061cc170f4c'],
  [100, 99, 285, '4d1b3bef5d497d64c4202942021f568e478230c6'],
  [500, 502, 1050, '54c23f2d1a0d61f405dfba4b94c77c52b6e7983f'],
  [1000, 997, 1897, '600cc26e1c0791fccdb3cde0fabfa0c84550674a'],
  [1500, 1500, 2722, 'e31c9dd1080de9d25485a8f50abe3730da1b9d27'],
  [2000, 2004, 12304, '52443fcb41e355a8d4fd9fe24dd9521b2588e69f'],
  [5000, 5005, 12304, '53485147483a2d8ffe68eef8b23c4bbca046ca27'],
  [10000, 10017, 12304, 'ef0d216c5cd0e96ffaaeaaefbc929816d6a0f5d7'],
  [50000, 49716, 12304, '48c70a5c67691c6a38269f1fd447d2706f0a2923'],
  [100000, 100039, 12304, '869bb2bd20736740dcdce657313393121906696b'],
  [300000, 298112, 12304, 'e1edc319da0e7fc30c0e5abf662407d43590ec01'],
];

test('cardinalities and strings are those of Redis, from ten elements to hundreds of thousands', () => {
  const engine = new TestEngine();
  let n = 0;
  for (const [elements, count, bytes, sha1] of REFERENCE) {
    while (n < elements) {
      const batch: string[] = [];
      while (n < elements && batch.length < 500) batch.push(`element:${n++}`);
      engine.call('PFADD', 'h', ...batch);
    }
    assert.equal(engine.text('PFCOUNT', 'h'), `:${count}\r\n`);
    const reply = engine.call('GET', 'h');
    const value = reply.subarray(reply.indexOf(10) + 1, reply.length - 2);
    assert.equal(value.length, bytes);
    assert.equal(createHash('sha1').update(value).digest('hex'), sha1, `${elements} elements`);
  }
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

const EFFECTS: readonly EffectCase[] = [
  ['', 'PFADD h', ['PFADD h']],
  ['', 'PFADD h a b', ['PFADD h a b']],
  ['pfadd h a', 'PFADD h a', []],
  ['pfadd h a', 'PFCOUNT h', ['PFCOUNT h']],
  ['pfadd h a ; pfcount h', 'PFCOUNT h', []],
  ['pfadd h a ; pfadd g b', 'PFCOUNT h g', []],
  ['', 'PFCOUNT h', []],
  ['pfadd h a ; pfadd g b', 'PFMERGE m h g', ['PFMERGE m h g']],
  ['pfadd h a', 'PFDEBUG TODENSE h', ['PFDEBUG TODENSE h']],
  ['pfadd h a', 'PFDEBUG GETREG h', ['PFDEBUG GETREG h']],
  ['pfadd h a ; pfdebug todense h', 'PFDEBUG GETREG h', []],
  ['pfadd h a', 'PFDEBUG DECODE h', []],
  ['config set hll-sparse-max-bytes 22 ; pfadd h a', 'PFADD h b', ['PFADD h b', 'PFDEBUG TODENSE h']],
  ['config set hll-sparse-max-bytes 22 ; pfadd h a ; pfadd h b', 'PFADD h c', ['PFADD h c']],
  [
    'pfadd h a ; pfadd g b ; config set hll-sparse-max-bytes 20',
    'PFMERGE m h g',
    ['PFMERGE m h g', 'PFDEBUG TODENSE m'],
  ],
];

test('HyperLogLog commands log what replicas with any limit apply to the same bytes', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('a replica with a lower limit stays sparse for as long as the master does', () => {
  const config = { 'hll-sparse-max-bytes': '3000' };
  const master = new TestEngine({ config });
  for (let i = 0; i < 100; i++) master.call('PFADD', 'h', `element:${i}`);
  config['hll-sparse-max-bytes'] = '20';
  const replica = master.replica();
  assert.equal(replica.text('STRLEN', 'h'), ':285\r\n');
  assert.deepEqual(replica.contents(), master.contents());
});

test('an element that meets a damaged run is refused; what was added before it is logged', () => {
  const engine = new TestEngine();
  // The first 16000 registers only.
  const damaged = Buffer.from('HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7e\x7f', 'latin1');
  engine.call('SET', 'h', damaged);
  const elements = Array.from({ length: 500 }, (_, i) => `element:${i}`);
  assert.equal(engine.text('PFADD', 'h', ...elements), '-INVALIDOBJ Corrupted HLL object detected\r\n');
  const logged = engine.effects.at(-1)!;
  assert.equal(logged[0], 'PFADD');
  assert.ok(logged.length > 3 && logged.length < 502, `${logged.length} arguments`);
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a slave counts without writing', () => {
  const engine = new TestEngine();
  engine.call('PFADD', 'h', 'a', 'b', 'c');
  const before = engine.contents();
  engine.ctx.role.isSlave = true;
  assert.equal(engine.text('PFCOUNT', 'h'), ':3\r\n');
  assert.deepEqual(engine.contents(), before);
  assert.deepEqual(engine.effects, []);
  engine.ctx.role.isSlave = false;
  engine.ctx.role.writeRefusal = 'NOREPLICAS no log';
  assert.equal(engine.text('PFCOUNT', 'h'), ':3\r\n');
  assert.deepEqual(engine.contents(), before);
});

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

test('a full arena refuses what needs room and leaves the strings as they were', () => {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2 });
  engine.call('PFADD', 'h', 'a', 'b');
  for (const bytes of [16384, 4096, 512, 60]) {
    for (let i = 0; engine.text('SET', `${bytes}:${i}`, 'f'.repeat(bytes)) !== OOM; i++);
  }
  const before = JSON.stringify(engine.contents());
  const many = Array.from({ length: 2000 }, (_, i) => `element:${i}`);
  for (const command of [
    ['PFADD', 'h', ...many],
    ['PFADD', 'new', ...many],
    ['PFDEBUG', 'TODENSE', 'h'],
  ]) {
    assert.equal(engine.text(...command), OOM, command[0]);
    assert.equal(JSON.stringify(engine.contents()), before, command[0]);
    assert.deepEqual(engine.effects, []);
    engine.verify();
  }
});
