import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import * as lp from './index.ts';

const EDGES = [
  ...['', 'a', '0', '127', '128', '-1', '4095', '4096', '-4096', '-4097', '32767', '32768', '-32768', '-32769'],
  ...['8388607', '8388608', '-8388608', '-8388609', '2147483647', '2147483648', '-2147483648', '-2147483649'],
  ...['9007199254740991', '9007199254740993', '-9007199254740993', '9223372036854775807', '9223372036854775808'],
  ...['-9223372036854775808', '-9223372036854775809', '-0', '01', '+1', '1 ', '\0', '\xff\x00'],
  ...['x'.repeat(63), 'x'.repeat(64), 'y'.repeat(4095), 'z'.repeat(4096), 'w'.repeat(20000)],
];

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const element = new lp.Element();

function textAt(arena: Arena, ref: Ref, pos: number): string {
  lp.get(arena, ref, pos, element);
  return Buffer.from(element.copy()).toString('latin1');
}

function elements(arena: Arena, ref: Ref): string[] {
  const out: string[] = [];
  for (let pos = lp.FIRST; pos < lp.end(arena, ref); pos = lp.next(arena, ref, pos)) out.push(textAt(arena, ref, pos));
  return out;
}

function elementsBackwards(arena: Arena, ref: Ref): string[] {
  const out: string[] = [];
  for (let pos = lp.prev(arena, ref, lp.end(arena, ref)); pos !== 0; pos = lp.prev(arena, ref, pos)) {
    out.unshift(textAt(arena, ref, pos));
  }
  return out;
}

function listpackOf(arena: Arena, texts: readonly string[]): Ref {
  let ref = lp.create(arena);
  for (const text of texts) ref = lp.append(arena, ref, bytes(text), 0, text.length);
  return ref;
}

const value = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String));
const action = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'remove', 'replace'),
  at: fc.nat(),
  n: fc.nat(3),
  value,
});

test('random edits do to a listpack what they do to an array, and every block is accounted for', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const arena = new Arena({ debug: true, reserveBytes: 1 << 24 });
      let ref = lp.create(arena);
      const model: string[] = [];
      for (const { kind, at, n, value } of actions) {
        const buf = bytes(value);
        if (kind === 'insert') {
          const index = at % (model.length + 1);
          const pos = index === model.length ? lp.end(arena, ref) : lp.seek(arena, ref, index);
          ref = lp.insert(arena, ref, pos, buf, 0, buf.length);
          model.splice(index, 0, value);
        } else if (model.length > 0) {
          const index = at % model.length;
          // Counted from the end, as LINDEX -1.
          const pos = lp.seek(arena, ref, index - model.length);
          if (kind === 'remove') {
            ref = lp.remove(arena, ref, pos, n);
            model.splice(index, n);
          } else {
            ref = lp.replace(arena, ref, pos, buf, 0, buf.length);
            model[index] = value;
          }
        }
        assert.equal(lp.count(arena, ref), model.length);
        assert.deepEqual(elements(arena, ref), model);
        assert.deepEqual(elementsBackwards(arena, ref), model);
        const first = model.indexOf(value);
        const found = lp.find(arena, ref, lp.FIRST, buf, 0, buf.length, 0);
        assert.equal(found, first < 0 ? 0 : lp.seek(arena, ref, first));
        if (found !== 0) assert.ok(lp.equals(arena, ref, found, buf, 0, buf.length));
      }
      arena.verify();
      arena.free(ref);
      assert.equal(arena.usedBytes, 0);
    }),
    { seed: 20261122, numRuns: 60 },
  );
});

test('entries are the bytes that Redis writes', () => {
  const arena = new Arena({ reserveBytes: 1 << 20 });
  const hex = (text: string): string => {
    const ref = listpackOf(arena, [text]);
    return Buffer.from(arena.u8.subarray(ref * 16, ref * 16 + lp.bytesOf(arena, ref))).toString('hex');
  };
  assert.equal(hex('0'), '09000000' + '0100' + '0001' + 'ff');
  assert.equal(hex('127'), '09000000' + '0100' + '7f01' + 'ff');
  assert.equal(hex('128'), '0a000000' + '0100' + 'c08002' + 'ff');
  assert.equal(hex('-1'), '0a000000' + '0100' + 'dfff02' + 'ff');
  assert.equal(hex('ab'), '0b000000' + '0100' + '82616203' + 'ff');
  assert.equal(hex('32767'), '0b000000' + '0100' + 'f1ff7f03' + 'ff');
  assert.equal(hex('-8388608'), '0c000000' + '0100' + 'f200008004' + 'ff');
  assert.equal(hex('2147483647'), '0d000000' + '0100' + 'f3ffffff7f05' + 'ff');
  assert.equal(hex('-9223372036854775808'), '11000000' + '0100' + 'f4' + '00'.repeat(7) + '80' + '09' + 'ff');
  assert.equal(hex('x'.repeat(64)), '4a000000' + '0100' + 'e040' + '78'.repeat(64) + '42' + 'ff');
  // A length of 200 behind the entry takes two bytes, the higher one first.
  assert.equal(hex('x'.repeat(198)), 'd1000000' + '0100' + 'e0c6' + '78'.repeat(198) + '01c8' + 'ff');
});

test('integers are read back whole, as numbers, as bigints and as digits', () => {
  const arena = new Arena({ reserveBytes: 1 << 20 });
  const ref = listpackOf(arena, ['-9223372036854775808', '9007199254740993', '-5']);
  lp.get(arena, ref, lp.seek(arena, ref, 0), element);
  assert.equal(element.bigint, -(2n ** 63n));
  lp.get(arena, ref, lp.seek(arena, ref, 1), element);
  assert.equal(element.bigint, 9007199254740993n);
  assert.ok(element.equals(bytes('9007199254740993'), 0, 16));
  lp.get(arena, ref, lp.seek(arena, ref, 2), element);
  assert.equal(element.int, -5);
});

test('a hash finds fields, not values, by looking at every second element', () => {
  const arena = new Arena({ reserveBytes: 1 << 20 });
  const ref = listpackOf(arena, ['f', 'g', 'g', 'v']);
  assert.equal(lp.find(arena, ref, lp.FIRST, bytes('g'), 0, 1, 1), lp.seek(arena, ref, 2));
  assert.equal(lp.find(arena, ref, lp.FIRST, bytes('v'), 0, 1, 1), 0);
});

test('more elements than the header can count are counted one by one', () => {
  const arena = new Arena({ reserveBytes: 1 << 24 });
  let ref = lp.create(arena);
  for (let i = 0; i < 70_000; i++) ref = lp.appendInt(arena, ref, i % 10, 0);
  assert.equal(lp.count(arena, ref), 70_000);
  ref = lp.remove(arena, ref, lp.FIRST, 20_000);
  assert.equal(lp.count(arena, ref), 50_000);
  ref = lp.appendInt(arena, ref, 7, 0);
  assert.equal(lp.count(arena, ref), 50_001);
});

test('a full arena refuses an insertion and leaves the listpack as it was; removing still works', () => {
  const arena = new Arena({ debug: true, reserveBytes: 1 << 20 });
  let ref = listpackOf(arena, ['a', 'b', '12345']);
  const big = new Uint8Array(2 << 20);
  assert.throws(() => lp.insert(arena, ref, lp.FIRST, big, 0, big.length), ArenaFullError);
  assert.throws(() => lp.replace(arena, ref, lp.FIRST, big, 0, big.length), ArenaFullError);
  assert.deepEqual(elements(arena, ref), ['a', 'b', '12345']);
  ref = lp.remove(arena, ref, lp.seek(arena, ref, 1), 1);
  assert.deepEqual(elements(arena, ref), ['a', '12345']);
});
