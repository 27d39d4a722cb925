import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameReply, showBoth } from './replies.ts';
import type { Comparison } from './rows.ts';

const reply = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', '\r\n') + '\r\n', 'latin1');
const same = (compare: Comparison, a: string, b: string): boolean => sameReply(reply(a), reply(b), compare);

test('exact is byte for byte', () => {
  assert.ok(same('exact', '$1 a', '$1 a'));
  assert.ok(!same('exact', '$1 a', '+a'));
});

test('an error is only ever equal to the same error', () => {
  for (const compare of ['exact', 'set', 'pairs', 'kind', 'scan', 'random', 'idle', 'near'] as const) {
    assert.ok(!same(compare, '-ERR', '*0'));
    assert.ok(!same(compare, '*0', '-ERR'));
    assert.ok(!same(compare, '-ERR', '-ERR2'));
    assert.ok(same(compare, '-ERR', '-ERR'));
  }
});

test('sets may have any order, but the same type and the same elements as often', () => {
  assert.ok(same('set', '*2 $1 a $1 b', '*2 $1 b $1 a'));
  assert.ok(same('set', '~2 $1 a $1 b', '~2 $1 b $1 a'));
  assert.ok(!same('set', '*2 $1 a $1 b', '~2 $1 a $1 b'));
  assert.ok(!same('set', '*3 $1 a $1 a $1 b', '*3 $1 a $1 b $1 b'));
  assert.ok(!same('set', '*1 $1 1', '*1 :1'));
  assert.ok(same('set', '*2 *2 $1 a $1 b *1 $1 c', '*2 *1 $1 c *2 $1 a $1 b'));
});

test('pairs stay together, in flat arrays, arrays of pairs and maps', () => {
  assert.ok(same('pairs', '*4 $1 a $1 1 $1 b $1 2', '*4 $1 b $1 2 $1 a $1 1'));
  assert.ok(!same('pairs', '*4 $1 a $1 1 $1 b $1 2', '*4 $1 a $1 2 $1 b $1 1'));
  assert.ok(same('pairs', '%2 $1 a $1 1 $1 b $1 2', '%2 $1 b $1 2 $1 a $1 1'));
  assert.ok(!same('pairs', '%2 $1 a $1 1 $1 b $1 2', '%2 $1 b $1 1 $1 a $1 2'));
  assert.ok(same('pairs', '*2 *2 $1 a ,1 *2 $1 b ,2', '*2 *2 $1 b ,2 *2 $1 a ,1'));
  assert.ok(!same('pairs', '*2 *2 $1 a ,1 *2 $1 b ,2', '*2 *2 $1 b ,1 *2 $1 a ,2'));
});

test('times may differ where times stand, counts not', () => {
  assert.ok(same('idle', '*2 $4 idle :5', '*2 $4 idle :800'));
  assert.ok(!same('idle', '*2 $4 idle :5', '*2 $4 idle :80000'));
  assert.ok(!same('idle', '*2 $7 pending :5', '*2 $7 pending :6'));
  assert.ok(same('idle', '%1 $9 seen-time :1700000000000', '%1 $9 seen-time :1700000000900'));
  assert.ok(!same('idle', '%1 $9 seen-time :-1', '%1 $9 seen-time :1'));
  assert.ok(same('idle', '*1 *4 $3 1-1 $1 c :5 :1', '*1 *4 $3 1-1 $1 c :9 :1'));
  assert.ok(!same('idle', '*1 *4 $3 1-1 $1 c :5 :1', '*1 *4 $3 1-1 $1 c :5 :2'));
  assert.ok(!same('idle', '*1 *4 $3 1-1 $1 c :5 :1', '*1 *4 $3 1-1 $1 d :5 :1'));
  assert.ok(same('idle', '*1 *3 $3 1-1 :5 :1', '*1 *3 $3 1-1 :6 :1'));
});

test('numbers that are near each other may differ in their last digits, texts not', () => {
  assert.ok(same('near', '$8 166274.1516'.replace('$8', '$11'), '$11 166274.1517'));
  assert.ok(!same('near', '$11 166274.1516', '$11 166274.1536'));
  assert.ok(!same('near', '$1 a', '$1 b'));
  assert.ok(!same('near', '$3 nan', '$3 inf'));
});

test('what was drawn has the same type and as many elements', () => {
  assert.ok(same('random', '*2 $1 a $1 b', '*2 $1 c $1 d'));
  assert.ok(!same('random', '*2 $1 a $1 b', '*1 $1 c'));
  assert.ok(same('random', '$1 a', '$1 b'));
  assert.ok(!same('random', '$1 a', '$-1'));
});

test('of long replies the part is shown where they begin to differ', () => {
  const text = showBoth(reply('$2000 ' + 'x'.repeat(2000)), reply('$2000 ' + 'x'.repeat(1999) + 'y'));
  assert.match(text, /from byte/);
  assert.match(text, /y\\x0d/);
});
