// Loaded into the process of every test file. What a test left open (a server, a timer) would keep the process, and with it the whole
// run, for ever, and Node's time-outs bound tests only, neither hooks nor what stands outside of tests. So the file fails and says
// what it was. Only a loop that never lets go is left to the bound of the whole run (main.ts).
//
// In CI properties draw the same values every time, so that a failure there tells what a change did; runs by hand look for what is new.

import { registerHooks } from 'node:module';
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = Number(process.env['TEST_GRACE_MS'] ?? 60_000);
/** Longer than any test may take. */
const FILE_MS_MAX = Number(process.env['TEST_FILE_MS_MAX'] ?? 20 * 60_000);

function endAfter(ms: number, what: string): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`${what}; open: ${open}\n`);
    process.exit(1);
  }, ms).unref();
}

// Neither the runner itself nor what a test starts with the options of its own process.
const isTestFile =
  isMainThread && process.env['NODE_TEST_CONTEXT'] !== undefined && /\.test\.m?[jt]s$/.test(process.argv[1] ?? '');
if (isTestFile) {
  endAfter(FILE_MS_MAX, `this file takes longer than ${FILE_MS_MAX / 1000} s`);
  after(() => endAfter(GRACE_MS, 'the tests of this file have ended, yet something keeps the process running'));
  if (process.env['CI'] !== undefined) {
    const seeded = new URL('seeded-fast-check.ts', import.meta.url).href;
    registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier === 'fast-check' && context.parentURL !== seeded ? seeded : specifier, context),
    });
  }
}
