import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IMPORT_PASSES, ImportProgress } from './import-progress.ts';
import { testLogger } from './testing.ts';

test('progress goes from nothing to all over every pass of an import, and never back', () => {
  const seen: number[] = [];
  const progress = new ImportProgress({
    path: 'dump.rdb',
    logger: testLogger(),
    onProgress: ({ loadedBytes, totalBytes }) => {
      assert.equal(totalBytes, 4000);
      seen.push(loadedBytes);
    },
  });
  progress.begin(1000);
  // A pass may turn out longer than it was taken for: a digest of long values has more steps.
  for (const pass of IMPORT_PASSES) for (const done of [0, 0.5, 1, 1.7]) progress.at(pass, done, 0);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.deepEqual([seen[0], seen.at(-1), new Set(seen).size], [0, 4000, 9]);
});

test('the log is told every few seconds: pass, keys, percent, rate and time left', () => {
  const logger = testLogger();
  let now = 100_000;
  const progress = new ImportProgress({ path: 'dump.rdb', logger, clock: () => now });
  progress.begin(10_000_000);
  progress.at('reading the file', 0.1, 1000);
  now += 2900;
  progress.at('reading the file', 0.2, 2000);
  assert.deepEqual(logger.lines, [], 'a short import says nothing of its progress');
  now += 100;
  progress.at('reading the file', 0.5, 5000);
  now += 2000;
  progress.at('storing', 0.1, 5000);
  now += 1000;
  progress.at('reading back', 0, 5000);
  assert.deepEqual(
    logger.lines.map(({ message, fields }) => ({ message, ...(fields as object) })),
    [
      {
        message: 'importing',
        path: 'dump.rdb',
        pass: 'reading the file',
        of: '1/4',
        percent: 12,
        keys: 5000,
        megabytesPerSecond: 1.7,
        secondsLeft: 21,
      },
      {
        message: 'importing',
        path: 'dump.rdb',
        pass: 'reading back',
        of: '3/4',
        percent: 50,
        keys: 5000,
        megabytesPerSecond: 3.3,
        secondsLeft: 6,
      },
    ],
  );
});
