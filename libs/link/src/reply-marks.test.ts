import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MARK_BYTES, ReplyMarks } from './reply-marks.ts';

const seed = Number(process.env['SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 2 ** 31 : 1));

test('a reply is told of when its last byte has gone, never before, and at most one mark later', (t) => {
  t.diagnostic(`seed ${seed}`);
  const sizes = fc.array(fc.integer({ min: 1, max: 2 * MARK_BYTES }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: MARK_BYTES }), { minLength: 1 }), (added, steps) => {
      const marks = new ReplyMarks();
      added.forEach((bytes, i) => marks.add(bytes, 1, i + 1));
      const total = added.reduce((sum, n) => sum + n, 0);
      let gone = 0;
      let told = 0;
      for (let i = 0; gone < total; i++) {
        const step = Math.min(steps[i % steps.length], total - gone);
        marks.take(step);
        gone += step;
        told += marks.replies;
        const endsBefore = (limit: number): number => {
          let at = 0;
          return added.filter((n) => (at += n) <= limit).length;
        };
        assert.ok(told <= endsBefore(gone));
        assert.ok(told >= endsBefore(gone - MARK_BYTES));
        if (marks.replies > 0) assert.equal(marks.position, told);
      }
      assert.equal(told, added.length);
    }),
    { seed },
  );
});
