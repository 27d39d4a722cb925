// Loaded into the process of every test file: what a test left open (a server, a timer) would keep the process, and with it the whole
// run, for ever; Node's time-outs bound tests only. So the file fails and says what it was.

import { after } from 'node:test';

const GRACE_MS = 20_000;

after(() => {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`the tests of this file have ended, yet something keeps the process running: ${open}\n`);
    process.exit(1);
  }, GRACE_MS).unref();
});
