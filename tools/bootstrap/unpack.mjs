// Programs of the distribution's packages, unpacked into the checkout's cache folder instead of installed: with the libraries that
// this machine lacks beside them, and small scripts in `bin` that point the loader at those.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { aptSource, debsIn, withApt } from './apt.mjs';
import { withLock } from './lock.mjs';
import { SetupError, findOnPath, isExecutable, run, stepTo, tail } from './shell.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const cache = path.join(root, '.cache');

/**
 * The folder with the programs, fetched if it is not there yet. `wanted`: `name` of the folder, `title` for the user, `programs`,
 * `packages`, `suitesOf(source)` and `howTo` get them by hand.
 */
export async function provideUnpacked(wanted) {
  const { name, title, programs, howTo } = wanted;
  const target = path.join(cache, name);
  const bin = path.join(target, 'bin');
  if (existsSync(bin)) return bin;
  if (process.platform !== 'linux' || findOnPath('apt-get') === undefined || findOnPath('dpkg') === undefined) {
    throw new SetupError(`${programs.join(', ')}: not here, and no known way to fetch them on this system; ${howTo}`);
  }
  mkdirSync(cache, { recursive: true });
  return withLock(path.join(cache, `${name}.lock`), async () => {
    if (existsSync(bin)) return bin;
    const source = await aptSource(howTo);
    const suites = wanted.suitesOf(source);
    const from = `${source.distribution} ${suites.at(-1)}`;
    await stepTo(process.stderr, `${title} (for tests) from ${from}`, () => fetch(wanted, target, source, suites));
    return bin;
  });
}

function fetch({ title, programs, packages, howTo }, target, source, suites) {
  return withApt({ ...source, suites }, cache, howTo, async ({ apt, at }) => {
    // Download only: apt works out which libraries this machine lacks; nothing is installed.
    const install = ['install', '--download-only', '--no-install-recommends', '-y', ...packages];
    await apt(`the ${suites.join(' and ')} suite of this machine's mirror has no ${title} to fetch`, ...install);
    const next = mkdtempSync(`${target}-`);
    try {
      for (const deb of debsIn(at('cache/archives'))) {
        const { code, output } = await run('dpkg', ['-x', deb, path.join(next, 'root')], { timeoutMs: 120_000 });
        if (code !== 0) throw new SetupError(`${path.basename(deb)} could not be unpacked; ${howTo}:${tail(output)}`);
      }
      await writeWrappers(next, target, programs, howTo);
      rmSync(target, { recursive: true, force: true });
      renameSync(next, target);
    } finally {
      rmSync(next, { recursive: true, force: true });
    }
  });
}

/** They exec, so a pid is the program's. */
async function writeWrappers(folder, target, programs, howTo) {
  mkdirSync(path.join(folder, 'bin'));
  const multiarch = (await run('dpkg-architecture', ['-qDEB_HOST_MULTIARCH'])).stdout.trim();
  const triplets = [multiarch, 'x86_64-linux-gnu', 'aarch64-linux-gnu'].filter((name) => name !== '');
  const libraries = [...new Set(triplets)].flatMap((name) => [`$root/usr/lib/${name}`, `$root/lib/${name}`]);
  for (const name of programs) {
    const file = path.join(folder, 'bin', name);
    const binary = path.join(folder, 'root/usr/bin', name);
    if (!isExecutable(binary)) throw new SetupError(`the packages contain no ${name}; ${howTo}`);
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

/** Prints the folder for a script's caller, or says why there is none and ends with 1. */
export function printFolder(folder) {
  folder.then(
    (found) => process.stdout.write(`${found}\n`),
    (error) => {
      process.stderr.write(`setup: ${error instanceof SetupError ? error.message : error.stack}\n`);
      process.exitCode = 1;
    },
  );
}
