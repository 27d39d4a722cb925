// Set-up of a checkout: node packages, the pinned Node, nats-server. Nothing outside the checkout changes (except on a Mac,
// where Homebrew installs nats-server).
//
// This folder is plain JavaScript without dependencies, because it runs before there is anything else: on the system's
// Node 20, in a fresh clone. It is idempotent and safe to run twice at once. When nothing is missing it only compares a
// few files; `tools/run` does not even start it then.
//
// It leaves node_modules/.weir-stamp (what tools/run looks at) and .cache/setup.json (what @weir/toolchain reads).

import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { withLock } from './lock.mjs';
import { provideNatsServer } from './nats-server.mjs';
import { packagesAreCurrent, provideNode, providePackages, stampPath } from './packages.mjs';
import { SetupError, findOnPath, say } from './shell.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const setupFile = path.join(root, '.cache/setup.json');
const quiet = process.argv.includes('--quiet');

/** Does all that is missing and returns what is there: `{ node, nodeVersion, natsServer, natsServerVersion }`. */
async function setUp(before) {
  await providePackages(root);
  const { node, nodeVersion } = await provideNode(root, before);
  const { natsServer, natsServerVersion, natsServerStat } = await provideNatsServer(root, before);
  return { node, nodeVersion, natsServer, natsServerVersion, natsServerStat };
}

function readSetup() {
  try {
    return JSON.parse(readFileSync(setupFile, 'utf8'));
  } catch {
    return {};
  }
}

function writeSetup(before, after) {
  const text = JSON.stringify(after, null, 2) + '\n';
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    writeFileSync(`${setupFile}.${process.pid}`, text);
    renameSync(`${setupFile}.${process.pid}`, setupFile);
  }
}

async function main() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new SetupError(
      `Node.js ${process.versions.node} is too old even for the set-up; install Node.js 20 or newer (with npm)`,
    );
  }
  mkdirSync(path.dirname(setupFile), { recursive: true });
  const began = Date.now();
  const run = async () => {
    const before = readSetup();
    const after = await setUp(before);
    writeSetup(before, after);
    // The stamp's time tells tools/run that nothing has to be looked at again until the lockfile changes.
    const now = new Date();
    utimesSync(stampPath(root), now, now);
    return after;
  };
  // Without the lock nothing is written except two small files that are replaced whole, so a complete set-up never waits.
  const before = readSetup();
  const complete = packagesAreCurrent(root) && before.node !== undefined && before.natsServer !== undefined;
  const there = complete ? await run() : await withLock(path.join(root, '.cache/setup.lock'), run);
  if (quiet) return;
  say(
    `ready (Node ${there.nodeVersion}, nats-server ${there.natsServerVersion}) after ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );
  if (findOnPath('redis-cli') === undefined || findOnPath('redis-server') === undefined) {
    say(
      'redis-server and redis-cli are not installed; only tests, demo and benchmarks use them (Debian: redis-server, redis-tools)',
    );
  }
}

main().catch((error) => {
  process.stderr.write(`setup: ${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exit(1);
});
