import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BEYOND, bigInt64, integerLength, parseInt64, writeInteger } from './integer.ts';

const parse = (text: string): number => {
  const bytes = Buffer.from(`x${text}9`, 'latin1');
  return parseInt64(bytes, 1, bytes.length - 2);
};

test('only the one way to write a 64-bit integer is an integer', () => {
  const wrong = [
    '',
    '-',
    '+1',
    '-0',
    '00',
    '01',
    '-01',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '0x1',
    '1\x00',
    'a',
    '12a',
    '--1',
    '1-',
  ];
  const beyond = ['9223372036854775808', '-9223372036854775809', '99999999999999999999', '18446744073709551616'];
  for (const text of [...wrong, ...beyond, '1234567890a', '123456789012345678a']) {
    assert.ok(Number.isNaN(parse(text)), JSON.stringify(text));
  }
});

test('integers up to 2^53 are exact numbers, those behind it are marked', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
      const text = n.toString();
      const parsed = parse(text);
      if (n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER)) assert.equal(parsed, Number(n));
      else {
        assert.equal(parsed, BEYOND);
        const bytes = Buffer.from(text);
        assert.equal(bigInt64(bytes, 0, bytes.length), n);
      }
    }),
  );
  for (const n of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n]) {
    assert.equal(parse(n.toString()), n < 2n ** 53n ? Number(n) : BEYOND);
    assert.equal(parse((-n).toString()), n < 2n ** 53n ? Number(-n) : BEYOND);
  }
});

test('integers are written as they are read', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      const length = integerLength(n);
      const buf = new Uint8Array(length + 2).fill(33);
      writeInteger(buf, 1, length, n);
      assert.equal(Buffer.from(buf).toString('latin1'), `!${n}!`);
    }),
  );
  for (const n of [
    0,
    9,
    10,
    99,
    100,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]) {
    const buf = new Uint8Array(integerLength(n));
    writeInteger(buf, 0, buf.length, n);
    assert.equal(Buffer.from(buf).toString('latin1'), String(n));
  }
});
