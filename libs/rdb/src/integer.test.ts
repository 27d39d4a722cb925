import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatInteger, NOT_AN_INTEGER, parseInteger } from './integer.ts';
import { bytes, latin1 } from './testing.ts';

const parse = (text: string): number => parseInteger(bytes(' ' + text + '9'), 1, text.length);

test('every 32-bit integer is written as JavaScript writes it and read back', () => {
  const scratch = new Uint8Array(11);
  const check = (n: number): void => {
    const text = latin1(scratch, 0, formatInteger(n, scratch));
    assert.equal(text, String(n));
    assert.equal(parse(text), n);
  };
  fc.assert(fc.property(fc.integer(), check));
  for (let power = 1; power <= 1e9; power *= 10) for (const n of [power - 1, power, -power, 1 - power]) check(n + 0);
  for (const n of [0, 0x7fffffff, -0x80000000]) check(n);
});

test('a text that is not the canonical form of a 32-bit integer is none', () => {
  const none = [
    '',
    '-',
    '-0',
    '00',
    '007',
    '+1',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '0x1',
    '2147483648',
    '-2147483649',
    '99999999999',
  ];
  for (const text of none) assert.equal(parse(text), NOT_AN_INTEGER, text);
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      const n = Number(text);
      const canonical = String(n) === text && Number.isInteger(n) && n === (n | 0);
      assert.equal(parse(text) !== NOT_AN_INTEGER, canonical);
    }),
  );
});
