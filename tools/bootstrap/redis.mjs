// The programs of real Redis, which tests, demo and benchmarks compare with: those in PATH, else the distribution's packages
// unpacked into the checkout's cache folder. Not part of the set-up proper: who only runs Weir needs none of it.
//
//   node tools/bootstrap/redis.mjs      prints the folder to put in front of PATH (an empty line: PATH has them all)

import { findOnPath } from './shell.mjs';
import { printFolder, provideUnpacked } from './unpack.mjs';

const programs = ['redis-server', 'redis-cli', 'redis-benchmark', 'redis-check-rdb'];

/** Debian's newest release with Redis 7.0, whose replies are the ones to compare with; later ones carry other major versions. */
const debianSuite = 'bookworm';

async function provideRedis() {
  if (programs.every((name) => findOnPath(name) !== undefined)) return '';
  return provideUnpacked({
    name: 'redis',
    title: 'Redis',
    programs,
    packages: ['redis-server', 'redis-tools'],
    suitesOf: ({ distribution, release }) => [distribution === 'Debian' ? debianSuite : release],
    howTo: `install ${programs.join(', ')} of Redis 7 (Debian: apt-get install redis-server redis-tools)`,
  });
}

printFolder(provideRedis());
