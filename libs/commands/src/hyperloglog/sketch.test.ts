import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cache, cached, cardinality, invalidate, isCached, rawCardinality } from './estimate.ts';
import { hashHalves, murmur } from './murmur.ts';
import {
  DENSE_BYTES,
  HEADER_BYTES,
  REGISTERS,
  denseRegister,
  isHyperLogLog,
  locate,
  located,
  merge,
  raiseDense,
  setDenseRegister,
  sparseRegister,
} from './registers.ts';
import { CORRUPTED, RAISED, Sketch, UNCHANGED } from './sketch.ts';
import { selftest } from './selftest.ts';

/** MurmurHash64A as its author wrote it, on big integers. */
function bigMurmur(data: Uint8Array): bigint {
  const m = 0xc6a4a7935bd1e995n;
  const wrap = (n: bigint): bigint => BigInt.asUintN(64, n);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let h = 0xadc83b19n ^ wrap(BigInt(data.length) * m);
  const whole = data.length - (data.length % 8);
  for (let at = 0; at < whole; at += 8) {
    let k = wrap(view.getBigUint64(at, true) * m);
    k ^= k >> 47n;
    h = wrap((h ^ wrap(k * m)) * m);
  }
  if (whole < data.length) {
    for (let i = whole; i < data.length; i++) h ^= BigInt(data[i]) << BigInt(8 * (i - whole));
    h = wrap(h * m);
  }
  h ^= h >> 47n;
  h = wrap(h * m);
  return h ^ (h >> 47n);
}

test('the hash in halves is MurmurHash64A', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 0, max: 5 }), (data, shift) => {
      const buf = new Uint8Array(data.length + shift);
      buf.set(data, shift);
      murmur(buf, shift, data.length);
      const hash = (BigInt(hashHalves.high >>> 0) << 32n) | BigInt(hashHalves.low >>> 0);
      assert.equal(hash, bigMurmur(data));
    }),
    { numRuns: 500 },
  );
});

test('an element chooses its register by the low bits, and asks for the zeros in front of the next one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (data) => {
      locate(data, 0, data.length);
      const hash = bigMurmur(data);
      assert.equal(located.register, Number(hash & 16383n));
      let rest = (hash >> 14n) | (1n << 50n);
      let value = 1;
      for (; (rest & 1n) === 0n; rest >>= 1n) value++;
      assert.equal(located.value, value);
    }),
    { numRuns: 500 },
  );
});

test('six-bit registers do not touch their neighbours', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: REGISTERS - 1 }), fc.integer({ min: 0, max: 63 })), {
        maxLength: 200,
      }),
      (changes) => {
        const buf = new Uint8Array(DENSE_BYTES + 1).fill(0xff, DENSE_BYTES);
        const model = new Map<number, number>();
        for (const [i, value] of changes) {
          setDenseRegister(buf, HEADER_BYTES, i, value);
          model.set(i, value);
          for (const at of [i - 1, i, i + 1]) {
            if (at >= 0 && at < REGISTERS) assert.equal(denseRegister(buf, HEADER_BYTES, at), model.get(at) ?? 0);
          }
        }
        assert.equal(buf[DENSE_BYTES], 0xff);
        assert.equal(raiseDense(buf, HEADER_BYTES, 16383, 0), false);
      },
    ),
  );
});

const raises = fc.array(
  fc.tuple(
    // Near each other, so that runs are split and joined.
    fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: REGISTERS - 1 }),
      fc.constantFrom(16383, 16382, 64, 65),
    ),
    fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 32 })),
  ),
  { maxLength: 300 },
);

test('sparse runs have the registers of a map, as dense ones have them', () => {
  fc.assert(
    fc.property(raises, fc.constantFrom(20, 60, 3000), fc.boolean(), (changes, bytesMax, high) => {
      const sketch = new Sketch();
      sketch.clear();
      const model = new Map<number, number>();
      for (const [i, value] of high ? [...changes, [7, 33] as const] : changes) {
        const result = sketch.raise(i, value, bytesMax);
        assert.equal(result, value > (model.get(i) ?? 0) ? RAISED : UNCHANGED);
        if (result === RAISED) model.set(i, value);
        if (!sketch.dense) assert.ok(sketch.len <= bytesMax);
      }
      assert.ok(isHyperLogLog(sketch.buf, 0, sketch.len));
      const max = new Uint8Array(REGISTERS);
      assert.ok(merge(max, sketch.buf, 0, sketch.len));
      const check = (registers: ArrayLike<number>): void => {
        for (let i = 0; i < REGISTERS; i++) assert.equal(registers[i], model.get(i) ?? 0);
      };
      check(max);
      const estimate = cardinality(sketch.buf, 0, sketch.len);
      assert.equal(rawCardinality(max), estimate);
      if (!sketch.dense) {
        const single = (i: number): number => sparseRegister(sketch.buf, HEADER_BYTES, sketch.len, i);
        check(Array.from({ length: REGISTERS }, (_, i) => (i < 100 || i > 16300 || model.has(i) ? single(i) : 0)));
        assert.ok(sketch.toDense());
      }
      check(Array.from({ length: REGISTERS }, (_, i) => denseRegister(sketch.buf, HEADER_BYTES, i)));
      assert.equal(cardinality(sketch.buf, 0, sketch.len), estimate);
    }),
    { numRuns: 60 },
  );
});

test('damaged bytes are refused or survived, never answered with more than there is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.integer({ min: 0, max: 16383 }),
      fc.integer({ min: 1, max: 51 }),
      (runs, i, value) => {
        const sketch = new Sketch();
        sketch.clear();
        const bytes = Buffer.concat([sketch.buf.subarray(0, HEADER_BYTES), runs]);
        sketch.load(bytes, 0, bytes.length);
        const valid = !Number.isNaN(cardinality(bytes, 0, bytes.length));
        assert.equal(merge(new Uint8Array(REGISTERS), bytes, 0, bytes.length), valid);
        const result = sketch.raise(i, value, 3000);
        if (result === CORRUPTED) {
          assert.equal(valid, false);
          assert.deepEqual(Buffer.from(sketch.buf.subarray(0, sketch.len)), bytes);
        }
        assert.ok(sketch.len <= bytes.length + 3 || sketch.len === DENSE_BYTES);
      },
    ),
    { numRuns: 2000 },
  );
});

test('the cached cardinality is eight bytes, of which the highest bit says that it is not valid', () => {
  const header = new Uint8Array(16);
  for (const n of [0, 1, 255, 256, 4294967295, 4294967296, 2 ** 53 - 1]) {
    cache(header, 0, n);
    assert.ok(isCached(header, 0));
    assert.equal(cached(header, 0), n);
    assert.equal(new DataView(header.buffer).getBigUint64(8, true), BigInt(n));
    invalidate(header, 0);
    assert.ok(!isCached(header, 0));
  }
  cache(header, 0, 2 ** 62);
  assert.equal(cached(header, 0), 2n ** 62n);
  cache(header, 0, -(2 ** 63));
  assert.equal(new DataView(header.buffer).getBigUint64(8, true), 2n ** 63n);
});

test('the self-test finds nothing', () => {
  assert.equal(selftest(3000), '');
});
