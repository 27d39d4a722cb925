import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addLongDoubles, formatLongDouble, parseLongDouble } from './long-double.ts';

const shown = (text: string): string | null => {
  const parsed = parseLongDouble(text);
  return parsed === null ? null : formatLongDouble(parsed);
};

const sum = (a: string, b: string): string | null => {
  const total = addLongDoubles(parseLongDouble(a)!, parseLongDouble(b)!);
  return total === null ? null : formatLongDouble(total);
};

// As redis-server 7.0.15 on x86-64 printed them.
test('numbers print as a long double does with 17 digits', () => {
  assert.equal(sum('0.1', '0.2'), '0.3');
  assert.equal(sum('0.1', '0'), '0.1');
  assert.equal(sum('3.0e3', '200'), '3200');
  assert.equal(sum('1e-17', '4e-18'), '0.00000000000000001');
  assert.equal(sum('5e-18', '0'), '0');
  assert.equal(sum('0.30000000000000004', '0'), '0.30000000000000004');
  assert.equal(sum('18446744073709551617', '0'), '18446744073709551616');
  assert.equal(sum('9223372036854775807.5', '0'), '9223372036854775807.5');
  assert.equal(sum('-1', '0.75'), '-0.25');
  assert.equal(sum('-0', '0'), '0');
  assert.equal(sum('-1e-30', '0'), '0');
});

test('decimal, hexadecimal and odd forms are read as strtold reads them', () => {
  assert.equal(shown('.5'), '0.5');
  assert.equal(shown('5.'), '5');
  assert.equal(shown('+2'), '2');
  assert.equal(shown('0x1.8p1'), '3');
  assert.equal(shown('0X.8P-3'), '0.0625');
  assert.equal(shown('0x10'), '16');
  assert.equal(shown('0e99999999'), '0');
  for (const text of ['', '.', '1e', '1e+', '0x', '0x1p', ' 1', '1 ', 'nan', 'abc', '1,5', '1\x00', 'infinit', '--1']) {
    assert.equal(parseLongDouble(text), null, text);
  }
});

test('numbers that no long double holds are refused, and so are infinite sums', () => {
  assert.equal(shown('1e4932')?.length, 4933);
  assert.equal(parseLongDouble('1.2e4932'), null);
  assert.equal(parseLongDouble('1e999999999'), null);
  assert.equal(parseLongDouble('1e-4951'), null);
  assert.equal(parseLongDouble('1e-999999999'), null);
  assert.equal(shown('4e-4951'), '0');
  assert.equal(parseLongDouble('1'.repeat(5120)), null);
  assert.equal(sum('1e4932', '1e4932'), null);
  assert.equal(sum('inf', '1'), null);
  assert.equal(sum('inf', '-inf'), null);
});

test('a double survives, and sums of whole numbers of up to 18 digits are exact', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (n) => {
      assert.ok(Math.abs(Number(shown(String(n))) - n) <= 1e-17);
    }),
  );
  const whole = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
  fc.assert(fc.property(whole, whole, (a, b) => assert.equal(sum(String(a), String(b)), String(a + b))));
});
