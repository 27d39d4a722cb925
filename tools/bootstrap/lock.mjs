// One set-up at a time per checkout. The lock is a file that names its owner; it appears with its content in one step (hard
// link), so nobody ever reads an empty one. A lock whose owner is gone is taken away; waiting for a living owner is bounded.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { SetupError, say } from './shell.mjs';

const waitMsMax = 10 * 60_000;
const pollMs = 150;

export async function withLock(file, work, { waitMs = waitMsMax } = {}) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    await acquire(file, own, waitMs);
  } finally {
    rmSync(own, { force: true });
  }
  const release = () => rmSync(file, { force: true });
  const onSignal = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await work();
  } finally {
    release();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function acquire(file, own, waitMs) {
  const until = Date.now() + waitMs;
  let told = false;
  for (;;) {
    try {
      linkSync(own, file);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      takeAway(file, owner);
      continue;
    }
    if (Date.now() > until) {
      throw new SetupError(
        `another set-up (process ${owner}) has not finished; end it, or remove ${file}, and try again`,
      );
    }
    if (!told) say(`waiting for another set-up (process ${owner})`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function readOwner(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Not a plain unlink: between reading and removing, another waiter may have replaced the dead lock by its own, living one. */
function takeAway(file, deadOwner) {
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readOwner(aside) !== deadOwner) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one was faster; the owner of what we moved aside loses its lock, and two set-ups run at once. npm and apt
      // notice that themselves; it takes three processes within the same millisecond after a crash.
    }
  }
  rmSync(aside, { force: true });
}
