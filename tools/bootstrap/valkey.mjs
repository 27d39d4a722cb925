// Valkey 8.0, the second oracle of the tests: it is Redis 7.2 continued, and Redis 7.2 itself is in no suite of Debian. The one that
// WEIR_VALKEY_BIN or PATH has, if it is 8.0 (8.1 and later changed more), else the package of Debian's backports, unpacked into the
// checkout's cache folder. Not part of the set-up proper: who only runs Weir needs none of it.
//
//   node tools/bootstrap/valkey.mjs     prints the folder with valkey-server and its tools

import path from 'node:path';

import { SetupError, findOnPath, isExecutable, run } from './shell.mjs';
import { printFolder, provideUnpacked } from './unpack.mjs';

const programs = ['valkey-server', 'valkey-cli', 'valkey-check-rdb'];
const howTo =
  'put a folder with valkey-server, valkey-cli and valkey-check-rdb of Valkey 8.0 in PATH, or name it in the environment variable WEIR_VALKEY_BIN';

const isWanted = (version) => /^Valkey server v=8\.0\./.test(version);
const versionOf = async (file) => (await run(file, ['--version'], { timeoutMs: 20_000 })).stdout;

async function provideValkey() {
  const explicit = process.env.WEIR_VALKEY_BIN;
  if (explicit !== undefined && explicit !== '') {
    const folder = path.resolve(explicit);
    const missing = programs.find((name) => !isExecutable(path.join(folder, name)));
    if (missing !== undefined) throw new SetupError(`WEIR_VALKEY_BIN names ${explicit}, where there is no ${missing}`);
    const version = await versionOf(path.join(folder, 'valkey-server'));
    if (!isWanted(version)) throw new SetupError(`WEIR_VALKEY_BIN names another version than 8.0: ${version.trim()}`);
    return folder;
  }
  const onPath = findOnPath('valkey-server');
  if (onPath !== undefined) {
    const folder = path.dirname(onPath);
    const complete = programs.every((name) => isExecutable(path.join(folder, name)));
    if (complete && isWanted(await versionOf(onPath))) return folder;
  }
  return provideUnpacked({
    name: 'valkey',
    title: 'Valkey',
    programs,
    packages: ['valkey-server', 'valkey-tools'],
    suitesOf: ({ distribution, release }) =>
      distribution === 'Debian' ? ['bookworm', 'bookworm-backports'] : [release],
    howTo,
  });
}

printFolder(provideValkey());
