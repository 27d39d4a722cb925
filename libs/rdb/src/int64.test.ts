import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatInt64, Int64, parseInt64 } from './int64.ts';
import { bytes, latin1 } from './testing.ts';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const EDGES = [0n, 1n, 9n, 10n, 999_999_999n, 1_000_000_000n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 10n ** 18n, MAX];
const int64 = fc.oneof(
  fc.bigInt({ min: MIN, max: MAX }),
  fc.integer().map(BigInt),
  fc.constantFrom(...EDGES, ...EDGES.map((edge) => -edge), MIN, ...EDGES.map((edge) => -edge - 1n)),
);

function parse(text: string): bigint | undefined {
  const out = new Int64();
  if (!parseInt64(bytes(`<${text}>`), 1, text.length, out)) return undefined;
  return (BigInt(out.hi) << 32n) + BigInt(out.lo);
}

function format(value: bigint): string {
  const dst = new Uint8Array(24);
  const length = formatInt64(Number(value >> 32n), Number(value & 0xffffffffn), dst, 2);
  return latin1(dst, 2, length);
}

test('every 64-bit integer is parsed and printed exactly', () => {
  fc.assert(
    fc.property(int64, (value) => {
      assert.equal(parse(String(value)), value);
      assert.equal(format(value), String(value));
    }),
    { numRuns: 3000 },
  );
});

test('anything else is no integer', () => {
  const others = ['', '-', '+1', '00', '01', '-0', '-01', ' 1', '1 ', '1.0', '1e3', '0x1', '12a', 'a12'];
  others.push(String(MAX + 1n), String(MIN - 1n), '99999999999999999999', '-99999999999999999999');
  for (const text of others) assert.equal(parse(text), undefined, text);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789-+. a'), maxLength: 22 }), (text) => {
      const canonical = /^(?:0|-?[1-9]\d*)$/.test(text) && BigInt(text) >= MIN && BigInt(text) <= MAX;
      assert.equal(parse(text), canonical ? BigInt(text) : undefined);
    }),
    { numRuns: 3000 },
  );
});
