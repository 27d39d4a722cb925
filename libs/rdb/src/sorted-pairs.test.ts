import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ListpackBuilder } from './listpack-builder.ts';
import { parseScore } from './score.ts';
import { orderFault } from './sorted-pairs.ts';
import { bytes } from './testing.ts';

function fault(pairs: readonly (readonly [string, string])[]): string | undefined {
  const builder = new ListpackBuilder();
  for (const text of pairs.flat()) builder.append(bytes(text), 0, text.length);
  builder.finish();
  return orderFault(builder.bytes, 0);
}

const scoreText = fc.oneof(
  fc.integer({ min: -300, max: 300 }).map(String),
  fc.integer({ min: -3000, max: 3000 }).map((n) => String(n / 8)),
  fc.double({ noNaN: true }).map(String),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((n) => n.toFixed(5)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom('inf', '-inf', '-0', '.5', '5.', '1e3', '123456789012345.5', '0.000000000000001', '00012.50'),
);

test('scores are compared as the numbers that their text is, and members by their bytes when the scores are equal', () => {
  const pair = fc.tuple(fc.string({ unit: 'binary-ascii', maxLength: 4 }), scoreText);
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      const scores = [a, b].map(([, text]) => parseScore(bytes(text), 0, text.length));
      const ordered = scores[0] < scores[1] || (scores[0] === scores[1] && a[0] < b[0]);
      assert.equal(fault([a, b]), ordered ? undefined : 'its members are not in order');
    }),
    { numRuns: 5000 },
  );
});

test('a short decimal is the same number as by way of its text', () => {
  fc.assert(
    fc.property(scoreText, (text) => {
      const double = parseScore(bytes(text), 0, text.length);
      const shortest = Object.is(double, -0) ? '-0' : String(double).replace('Infinity', 'inf');
      // Equal scores, members in order; the same with the members exchanged.
      assert.equal(
        fault([
          ['a', text],
          ['b', shortest],
        ]),
        undefined,
      );
      assert.equal(
        fault([
          ['b', text],
          ['a', shortest],
        ]),
        'its members are not in order',
      );
    }),
    { numRuns: 5000 },
  );
});

test('what is no number is found wherever it stands', () => {
  for (const text of ['', '.', '-', '-.', '1.2.3', '1-', 'nan', 'x'.repeat(70), '0x10', '1e', '--1']) {
    assert.equal(fault([['a', text]]), 'a score is not a number', text);
    assert.equal(
      fault([
        ['a', '1'],
        ['b', '2.5'],
        ['c', text],
      ]),
      'a score is not a number',
      text,
    );
  }
  assert.equal(fault([]), undefined);
});
