import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { BITMAP_EXCHANGES, BITMAP_EXCHANGES_RESP3 } from './exchanges.testing.ts';

const config = { 'proto-max-bulk-len': '1048576' };

test('bitmap commands answer as Redis does', () => {
  for (const [line, reply] of BITMAP_EXCHANGES) assert.equal(play(line, { config }), reply, line);
});

test('bitmap commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of BITMAP_EXCHANGES_RESP3) assert.equal(play(line, { config, resp: 3 }), reply, line);
});

test('as in Redis 7.2, BITCOUNT and BITPOS read their arguments before they look for the key', () => {
  const engine = new TestEngine();
  engine.call('LPUSH', 'l', 'x');
  for (const key of ['nosuch', 'l']) {
    for (const command of [
      ['BITCOUNT', key, 'x', '1'],
      ['BITPOS', key, '1', 'x'],
      ['BITPOS', key, '1', '0', 'x'],
    ]) {
      assert.equal(engine.text(...command), '-ERR value is not an integer or out of range\r\n', command.join(' '));
    }
    assert.equal(engine.text('BITCOUNT', key, '0', '1', 'x'), '-ERR syntax error\r\n');
    assert.equal(engine.text('BITPOS', key, '1', '0', '-1', 'x'), '-ERR syntax error\r\n');
  }
});

const EFFECTS: readonly EffectCase[] = [
  ['', 'SETBIT k 7 1', ['SETBIT k 7 1']],
  ['', 'SETBIT k 7 0', ['SETBIT k 7 0']],
  ['setbit k 7 1', 'SETBIT k 7 1', []],
  ['setbit k 7 1', 'SETBIT k 3 0', []],
  ['setbit k 7 1', 'SETBIT k 8 0', ['SETBIT k 8 0']],
  ['setbit k 7 1', 'GETBIT k 7', []],
  ['set a abc', 'BITOP NOT d a', ['BITOP NOT d a']],
  ['', 'BITOP NOT d a', []],
  ['set d x', 'BITOP NOT d a', ['BITOP NOT d a']],
  ['setex d 100 x ; set a abc', 'BITOP OR d a d', ['BITOP OR d a d']],
  ['', 'BITFIELD k SET u8 0 1', ['BITFIELD k SET u8 0 1']],
  ['bitfield k set u8 0 1', 'BITFIELD k SET u8 0 1', []],
  ['bitfield k set u8 0 1', 'BITFIELD k INCRBY u8 0 0', []],
  ['bitfield k set u8 0 1', 'BITFIELD k GET u8 0', []],
  ['bitfield k set u8 0 255', 'BITFIELD k OVERFLOW FAIL INCRBY u8 0 1', []],
  // The string grew, although nothing was set.
  ['', 'BITFIELD k OVERFLOW FAIL SET u2 0 5', ['BITFIELD k OVERFLOW FAIL SET u2 0 5']],
  ['', 'BITFIELD_RO k GET u8 0', []],
  ['set k abc', 'BITCOUNT k', []],
];

test('bitmap commands log what changed something', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('long strings are combined and counted whole', () => {
  const engine = new TestEngine({ debug: false });
  const a = Buffer.alloc(100_003, 0x0f);
  const b = Buffer.alloc(60_001, 0x3c);
  engine.call('SET', 'a', a);
  engine.call('SET', 'b', b);
  assert.equal(engine.text('BITCOUNT', 'a'), `:${100_003 * 4}\r\n`);
  assert.equal(engine.text('BITOP', 'AND', 'd', 'a', 'b'), ':100003\r\n');
  assert.equal(engine.text('BITCOUNT', 'd'), `:${60_001 * 2}\r\n`);
  assert.equal(engine.text('BITOP', 'OR', 'd', 'a', 'b'), ':100003\r\n');
  assert.equal(engine.text('BITCOUNT', 'd'), `:${60_001 * 6 + 40_002 * 4}\r\n`);
  assert.equal(engine.text('BITOP', 'XOR', 'a', 'a', 'b'), ':100003\r\n');
  assert.equal(engine.text('BITCOUNT', 'a'), `:${60_001 * 4 + 40_002 * 4}\r\n`);
  assert.equal(engine.text('BITPOS', 'a', '1', '60001'), `:${60_001 * 8 + 4}\r\n`);
});

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

test('a full arena refuses to lengthen a string, and leaves it as it was', () => {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2 });
  engine.call('SET', 'a', 'short');
  engine.call('SET', 'b', 'b'.repeat(40_000));
  for (const bytes of [16384, 4096, 512, 60]) {
    for (let i = 0; engine.text('SET', `${bytes}:${i}`, 'f'.repeat(bytes)) !== OOM; i++);
  }
  const before = JSON.stringify(engine.contents());
  for (const command of [
    ['SETBIT', 'a', '100000', '1'],
    ['SETBIT', 'new', '100000', '1'],
    ['BITFIELD', 'a', 'SET', 'u8', '100000', '1'],
    ['BITOP', 'NOT', 'a', 'b'],
    ['BITOP', 'OR', 'new', 'a', 'b'],
  ]) {
    assert.equal(engine.text(...command), OOM, command.join(' '));
    assert.equal(JSON.stringify(engine.contents()), before, command.join(' '));
    assert.deepEqual(engine.effects, []);
    engine.verify();
  }
});
