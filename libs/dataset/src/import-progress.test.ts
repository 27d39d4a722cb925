import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IMPORT_PASSES, ImportProgress } from './import-progress.ts';
import { testLogger } from '@weir/replica/testing';

test('progress goes from nothing to the size of the file over every pass of an import, and never back', () => {
  const seen: number[] = [];
  const progress = new ImportProgress({
    path: 'dump.rdb',
    fileBytes: 1000,
    logger: testLogger(),
    onProgress: ({ loadedBytes, totalBytes }) => {
      assert.equal(totalBytes, 1000);
      seen.push(loadedBytes);
    },
  });
  // A file may have grown.
  for (const pass of IMPORT_PASSES) for (const bytes of [0, 500, 1000, 1700]) progress.at(pass, bytes, 0);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.deepEqual([seen[0], seen.at(-1), new Set(seen).size], [0, 1000, 5]);
});

test('the log is told every few seconds: pass, keys, percent, rate and time left', () => {
  const logger = testLogger();
  let now = 100_000;
  const progress = new ImportProgress({ path: 'dump.rdb', fileBytes: 10_000_000, logger, clock: () => now });
  progress.at('reading the file', 1_000_000, 1000);
  now += 2900;
  progress.at('reading the file', 2_000_000, 2000);
  assert.deepEqual(logger.lines, [], 'a short import says nothing of its progress');
  now += 100;
  progress.at('reading the file', 5_000_000, 5000);
  now += 2000;
  progress.at('reading the file', 10_000_000, 10_000);
  now += 1000;
  progress.at('reading back', 5_000_000, 10_000);
  assert.deepEqual(
    logger.lines.map(({ message, fields }) => ({ message, ...(fields as object) })),
    [
      {
        message: 'importing',
        path: 'dump.rdb',
        pass: 'reading the file',
        of: '1/2',
        percent: 45,
        keys: 5000,
        megabytesPerSecond: 1.5,
        secondsLeft: 4,
      },
      {
        message: 'importing',
        path: 'dump.rdb',
        pass: 'reading back',
        of: '2/2',
        percent: 95,
        keys: 10_000,
        megabytesPerSecond: 1.6,
        secondsLeft: 1,
      },
    ],
  );
});
