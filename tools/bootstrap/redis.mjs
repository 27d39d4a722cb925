// The programs of real Redis, which tests, demo and benchmarks compare with: those in PATH, else the distribution's packages
// unpacked into the checkout's cache folder. Not part of the set-up proper: who only runs Weir needs none of it.
//
//   node tools/bootstrap/redis.mjs      prints the folder to put in front of PATH (an empty line: PATH has them all)

import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { aptSource, debsIn, withApt } from './apt.mjs';
import { withLock } from './lock.mjs';
import { SetupError, findOnPath, isExecutable, run, stepTo, tail } from './shell.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const cache = path.join(root, '.cache');
const target = path.join(cache, 'redis');
const programs = ['redis-server', 'redis-cli', 'redis-benchmark', 'redis-check-rdb'];
const howTo = `install ${programs.join(', ')} of Redis 7 (Debian: apt-get install redis-server redis-tools)`;

/** Debian's newest release with Redis 7.0, whose replies are the ones to compare with; later ones carry other major versions. */
const debianSuite = 'bookworm';

async function provideRedis() {
  if (programs.every((name) => findOnPath(name) !== undefined)) return '';
  const bin = path.join(target, 'bin');
  if (existsSync(bin)) return bin;
  if (process.platform !== 'linux' || findOnPath('apt-get') === undefined || findOnPath('dpkg') === undefined) {
    throw new SetupError(`programs of Redis are missing; ${howTo}`);
  }
  mkdirSync(cache, { recursive: true });
  return withLock(path.join(cache, 'redis.lock'), async () => {
    if (existsSync(bin)) return bin;
    const source = await aptSource(howTo);
    const suite = source.distribution === 'Debian' ? debianSuite : source.release;
    await stepTo(process.stderr, `Redis (for tests) from ${source.distribution} ${suite}`, () =>
      fetchRedis({ ...source, suite }),
    );
    return bin;
  });
}

function fetchRedis(source) {
  return withApt(source, cache, howTo, async ({ apt, at }) => {
    // Download only: apt works out which libraries this machine lacks; nothing is installed.
    const install = ['install', '--download-only', '--no-install-recommends', '-y', 'redis-server', 'redis-tools'];
    await apt(`the ${source.suite} suite of this machine's mirror has no Redis that could be fetched`, ...install);
    const next = mkdtempSync(`${target}-`);
    try {
      for (const deb of debsIn(at('cache/archives'))) {
        const { code, output } = await run('dpkg', ['-x', deb, path.join(next, 'root')], { timeoutMs: 120_000 });
        if (code !== 0) throw new SetupError(`${path.basename(deb)} could not be unpacked; ${howTo}:${tail(output)}`);
      }
      await writeWrappers(next);
      rmSync(target, { recursive: true, force: true });
      renameSync(next, target);
    } finally {
      rmSync(next, { recursive: true, force: true });
    }
  });
}

/** Small scripts that point the loader at the unpacked libraries; they exec, so a pid is the program's. */
async function writeWrappers(folder) {
  mkdirSync(path.join(folder, 'bin'));
  const multiarch = (await run('dpkg-architecture', ['-qDEB_HOST_MULTIARCH'])).stdout.trim();
  const triplets = [multiarch, 'x86_64-linux-gnu', 'aarch64-linux-gnu'].filter((name) => name !== '');
  const libraries = [...new Set(triplets)].flatMap((name) => [`$root/usr/lib/${name}`, `$root/lib/${name}`]);
  for (const name of programs) {
    const file = path.join(folder, 'bin', name);
    const binary = path.join(folder, 'root/usr/bin', name);
    if (!isExecutable(binary)) throw new SetupError(`the Redis packages contain no ${name}; ${howTo}`);
    writeFileSync(
      file,
      [
        '#!/bin/sh',
        `root=${shellQuote(path.join(target, 'root'))}`,
        `export LD_LIBRARY_PATH="${libraries.join(':')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
        `exec "$root/usr/bin/${name}" "$@"`,
        '',
      ].join('\n'),
    );
    chmodSync(file, 0o755);
  }
}

const shellQuote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

provideRedis().then(
  (folder) => process.stdout.write(`${folder}\n`),
  (error) => {
    process.stderr.write(`setup: ${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exit(1);
  },
);
