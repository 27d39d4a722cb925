// Ranges begin anywhere in a buffer, as values do in the arena; what stands around them must neither count nor change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FAIL, SATURATE, WRAP, bigSum, overflow, smallSum } from './arithmetic.ts';
import {
  AND,
  OR,
  XOR,
  combine,
  countBitRange,
  countBits,
  field,
  findBit,
  invert,
  readField,
  writeField,
} from './bits.ts';

const buffer = new ArrayBuffer(4096);
const u8 = new Uint8Array(buffer);
const i32 = new Int32Array(buffer);

function place(at: number, content: Uint8Array, around = 0xa5): void {
  u8.fill(around);
  u8.set(content, at);
}

const bitsOf = (content: Uint8Array): string => [...content].map((byte) => byte.toString(2).padStart(8, '0')).join('');

const contentArb = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 60 }),
  // Long runs, with a few other bits.
  fc
    .tuple(
      fc.constantFrom(0, 0xff),
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    )
    .map(([fill, len, changes]) => {
      const bytes = new Uint8Array(len).fill(fill);
      for (const [at, byte] of changes) bytes[at % len] = byte;
      return bytes;
    }),
);
const atArb = fc.integer({ min: 0, max: 9 });

test('bits are counted and found as in a string of zeros and ones', () => {
  fc.assert(
    fc.property(contentArb, atArb, fc.nat(), fc.nat(), fc.constantFrom(0, 0xff, 0xa5), (content, at, a, b, around) => {
      place(at, content, around);
      const text = bitsOf(content);
      const [from, to] = [a % text.length, b % text.length].sort((x, y) => x - y);
      const ones = (part: string): number => part.split('1').length - 1;
      assert.equal(countBits(u8, i32, at, content.length), ones(text));
      assert.equal(countBitRange(u8, i32, at, from, to), ones(text.slice(from, to + 1)));
      for (const bit of [0, 1]) {
        const found = text.slice(from, to + 1).indexOf(String(bit));
        assert.equal(findBit(u8, i32, at, bit, from, to), found < 0 ? -1 : from + found);
      }
    }),
    { numRuns: 1000 },
  );
});

test('strings are combined as if zeros followed them, words or bytes', () => {
  fc.assert(
    fc.property(contentArb, contentArb, atArb, fc.constantFrom(AND, OR, XOR), (first, second, at, operation) => {
      const len = Math.max(first.length, second.length);
      u8.fill(0xa5);
      const to = 2048;
      u8.fill(0, to, to + len);
      u8.set(first, to);
      u8.set(second, at);
      combine(u8, i32, operation, to, len, at, second.length);
      for (let i = 0; i < len; i++) {
        const [a, b] = [first[i] ?? 0, second[i] ?? 0];
        assert.equal(u8[to + i], operation === AND ? a & b : operation === OR ? a | b : a ^ b);
      }
      assert.equal(u8[to + len], 0xa5);
      invert(u8, i32, to, len);
      assert.equal(u8[to + len], 0xa5);
      assert.equal(
        u8[to],
        ~(operation === AND ? first[0] & second[0] : operation === OR ? first[0] | second[0] : first[0] ^ second[0]) &
          0xff,
      );
    }),
    { numRuns: 500 },
  );
});

test('fields of one to 64 bits are read and written at any bit', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 24, maxLength: 24 }),
      atArb,
      fc.integer({ min: 0, max: 120 }),
      fc.integer({ min: 1, max: 64 }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (content, at, offset, bits, value) => {
        place(at, content);
        const cut = BigInt.asUintN(bits, value);
        const read = (len: number): bigint => {
          readField(u8, at, len, offset, bits);
          return (BigInt(field.high) << 32n) | BigInt(field.low);
        };
        const text = bitsOf(content);
        assert.equal(read(24), BigInt('0b' + text.slice(offset, offset + bits)));
        const half = 10 * 8;
        const padded = text.slice(0, half).padEnd(300, '0');
        assert.equal(read(10), BigInt('0b' + padded.slice(offset, offset + bits)));
        writeField(u8, at, offset, bits, Number(value & 0xffffffffn), Number(value >> 32n));
        assert.equal(read(24), cut);
        const after = text.slice(0, offset) + cut.toString(2).padStart(bits, '0') + text.slice(offset + bits);
        assert.equal(bitsOf(u8.subarray(at, at + 24)), after);
      },
    ),
    { numRuns: 1000 },
  );
});

const bitsArb = fc.integer({ min: 1, max: 32 });

test('sums of small fields are those of the exact ones', () => {
  fc.assert(
    fc.property(
      bitsArb,
      fc.boolean(),
      fc.constantFrom(WRAP, SATURATE, FAIL),
      fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
      fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 })),
      (bits, signed, mode, raw, by) => {
        const value = signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
        const exact = bigSum(value, BigInt(by), bits, signed, mode);
        const happened = overflow.happened;
        assert.equal(smallSum(Number(value), by, bits, signed, mode), Number(exact));
        assert.equal(overflow.happened, happened);
        const max = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
        const min = signed ? -max - 1n : 0n;
        const sum = value + BigInt(by);
        assert.equal(happened, sum > max || sum < min);
        if (mode === SATURATE) assert.equal(exact, sum > max ? max : sum < min ? min : sum);
        if (mode === WRAP) assert.equal(exact, signed ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum));
      },
    ),
    { numRuns: 2000 },
  );
});
