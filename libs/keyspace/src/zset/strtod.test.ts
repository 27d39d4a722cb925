import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsed, strtod } from './strtod.ts';

/** [text, value, characters that belong to it, out of range] */
const CASES: readonly (readonly [string, number, number, boolean?])[] = [
  ['', 0, 0],
  ['0', 0, 1],
  ['-0', -0, 2],
  ['12', 12, 2],
  ['+12', 12, 3],
  ['  12 ', 12, 4],
  ['\t\n\v\f\r5', 5, 6],
  ['00012', 12, 5],
  ['.5', 0.5, 2],
  ['5.', 5, 2],
  ['.', 0, 0],
  ['-.', 0, 0],
  ['-', 0, 0],
  ['+', 0, 0],
  ['1e3', 1000, 3],
  ['1E+3', 1000, 4],
  ['1e', 1, 1],
  ['1e+', 1, 1],
  ['1e3x', 1000, 3],
  ['0.1', 0.1, 3],
  ['0.30000000000000004', 0.30000000000000004, 19],
  ['9007199254740993', 9007199254740992, 16],
  ['1.7976931348623157e308', Number.MAX_VALUE, 22],
  ['1e309', Infinity, 5, true],
  ['-1e309', -Infinity, 6, true],
  ['1e999999999999', Infinity, 14, true],
  ['1e-400', 0, 6, true],
  ['5e-324', 5e-324, 6],
  ['0e999999999', 0, 11],
  ['inf', Infinity, 3],
  ['-INF', -Infinity, 4],
  ['Infinity', Infinity, 8],
  ['infinit', Infinity, 3],
  ['in', 0, 0],
  ['nan', NaN, 3],
  ['-nan', NaN, 4],
  ['nan(1_a)', NaN, 8],
  ['nan(', NaN, 3],
  ['0x10', 16, 4],
  ['0X.8P-3', 0.0625, 7],
  ['0x1.8p1', 3, 7],
  ['0x', 0, 1],
  ['0xg', 0, 1],
  ['0x.p1', 0, 1],
  ['0x1p', 1, 3],
  ['-0x1.fffffffffffffp1023', -Number.MAX_VALUE, 23],
  ['0x1.fffffffffffff8p1023', Infinity, 23, true],
  ['0x1p-1074', 5e-324, 9],
  ['0x1p-1075', 0, 9, true],
  ['0x1.8p-1074', 1e-323, 11],
  ['0x20000000000001', 9007199254740992, 16],
  ['0x20000000000003', 9007199254740996, 16],
  ['1_0', 1, 1],
  ['1,5', 1, 1],
  ['x', 0, 0],
];

test('strtod takes what C takes, and says where it ends', () => {
  for (const [text, value, end, range] of CASES) {
    const bytes = Buffer.from(`#${text}`);
    const got = strtod(bytes, 1, bytes.length);
    assert.ok(Object.is(got, value) || (text[0] === '-' && value === 0 && got === 0), `${text}: ${got}`);
    assert.equal(parsed.end - 1, end, text);
    assert.equal(parsed.range, range ?? false, text);
  }
});

test('every decimal form of a double is read back as that double', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 1, max: 20 }),
      (value, digits) => {
        for (const text of [String(value), value.toExponential(20), value.toPrecision(digits), value.toFixed(digits)]) {
          const bytes = Buffer.from(text);
          assert.ok(Object.is(strtod(bytes, 0, bytes.length), Number(text)), text);
          assert.equal(parsed.end, bytes.length);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
