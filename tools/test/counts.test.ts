import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addCounts, noCounts, parseCounts } from './counts.ts';

const counts = { tests: 5, pass: 1, fail: 1, cancelled: 1, skipped: 1, todo: 1 };

test('the counts of several runs add up, field by field', () => {
  assert.deepEqual(addCounts(counts, noCounts), counts);
  assert.deepEqual(addCounts(counts, counts), { tests: 10, pass: 2, fail: 2, cancelled: 2, skipped: 2, todo: 2 });
});

test('a cut-off or foreign result is refused rather than counted as nothing', () => {
  assert.deepEqual(parseCounts(JSON.stringify(counts)), counts);
  assert.throws(() => parseCounts(''));
  assert.throws(() => parseCounts('{"tests":1}'), /no number of pass/);
});
