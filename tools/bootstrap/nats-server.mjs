// nats-server, not older than what the log needs: an explicit path in WEIR_NATS_SERVER, then PATH, then the checkout's cache
// folder, then the distribution's package, unpacked into the cache folder.
//
// Why not a download from the project's release page: a machine that can install packages has a mirror that it trusts, with
// signatures, and often nothing else. Why `testing`: the stable suite's nats-server is too old (it lacks `sync_interval`), and
// the binary is linked statically enough to run on a stable system.

import { copyFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

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
    if (!isExecutable(file)) throw new SetupError(`WEIR_NATS_SERVER names ${explicit}, which is not an executable file`);
    const found = await inspect(file);
    if (found.natsServerVersion === undefined) throw new SetupError(`WEIR_NATS_SERVER names ${explicit}, which is not a nats-server`);
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
    if (!existsSync(cached)) say(`${onPath} is version ${found.natsServerVersion ?? 'unknown'}, too old; using another one`);
  }
  if (isExecutable(cached)) {
    const found = await inspect(cached);
    if (isNewEnough(found.natsServerVersion)) return found;
  }
  await fetchNatsServer(cached);
  const found = await inspect(existsSync(cached) ? cached : (findOnPath('nats-server') ?? cached));
  if (!isNewEnough(found.natsServerVersion)) {
    throw new SetupError(`the package offers nats-server ${found.natsServerVersion ?? '(which does not run here)'}; ${howTo}`);
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
  const source = await aptSource();
  await step(`nats-server from ${source.distribution} ${source.suite}`, () => fetchWithApt(source, target));
}

const distributions = {
  Debian: { id: 'debian', suite: 'testing', components: 'main', keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  // Ubuntu's name for the release in the making.
  Ubuntu: { id: 'ubuntu', suite: 'devel', components: 'main universe', keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg' },
};

/** The mirror that this machine already uses, asked of apt itself, so every way of configuring it is understood. */
async function aptSource() {
  const format = '$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(LABEL)|$(COMPONENT)';
  const { code, stdout, output } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {});
  if (code !== 0) throw new SetupError(`apt-get could not say which mirror this machine uses; ${howTo}:${tail(output)}`);
  const source = chooseSource(stdout, osRelease());
  if (source === undefined) throw new SetupError(`this machine's apt sources name no Debian or Ubuntu mirror; ${howTo}`);
  if (!existsSync(source.keyring)) {
    throw new SetupError(`the archive keyring ${source.keyring} is missing, so a package could not be verified; ${howTo}`);
  }
  return source;
}

/** `indexTargets`: lines of URI|release|origin|label|component. Origin and label are empty until `apt-get update` has run once. */
export function chooseSource(indexTargets, os) {
  const candidates = indexTargets
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter((fields) => fields.length === 5)
    .map(([uri, release, origin, label, component]) => ({ uri, release, origin, label, component }))
    .filter(({ uri, component }) => component === 'main' && !uri.startsWith('cdrom:') && !/\s/.test(uri))
    .filter(({ uri, release, label }) => !/security/i.test(`${uri} ${release} ${label}`));
  for (const [distribution, { id, suite, components, keyring }] of Object.entries(distributions)) {
    // A derivative's own repositories have another origin; where the origin is not known yet, only the distribution itself is believed.
    const own = candidates.filter(({ origin }) => origin === distribution || (origin === '' && os.id === id));
    const best = own.find(({ release }) => release === os.codename) ?? own[0];
    if (best !== undefined) return { distribution, suite, components, keyring, uri: best.uri };
  }
  return undefined;
}

function osRelease() {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const field = (name) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
    return { id: field('ID'), codename: field('VERSION_CODENAME') };
  } catch {
    return { id: '', codename: '' };
  }
}

const hooks = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];

/**
 * apt with lists, cache and sources of its own, so the system's stay as they are and root is not needed; proxies and
 * credentials of the machine's apt configuration still apply. apt checks the signature of the index and the hash of the package.
 */
async function fetchWithApt({ uri, suite, components, keyring }, target) {
  const folder = path.dirname(target);
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(path.join(folder, 'apt-'));
  try {
    const at = (...names) => path.join(work, ...names);
    for (const name of ['lists/partial', 'cache/archives/partial', 'package']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('sources.list'), `deb [signed-by=${keyring}] ${uri} ${suite} ${components}\n`);
    const settings = {
      'Dir::Etc::sourcelist': at('sources.list'),
      'Dir::Etc::sourceparts': '-',
      'Dir::Etc::preferences': '/dev/null',
      'Dir::Etc::preferencesparts': '-',
      'Dir::State::lists': at('lists'),
      'Dir::Cache': at('cache'),
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '2',
      'Acquire::http::Timeout': '30',
      'Acquire::https::Timeout': '30',
    };
    // A file instead of -o options, because only a file can take the machine's hooks away, which would clean or refresh its own caches.
    const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
    writeFileSync(at('apt.conf'), [...lines, ...hooks.map((hook) => `#clear ${hook};`), ''].join('\n'));
    const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    const apt = async (what, ...args) => {
      const { code, output } = await run('apt-get', ['-c', at('apt.conf'), ...args], { cwd: at('package'), env, timeoutMs: 5 * 60_000 });
      if (code !== 0) throw new SetupError(`${what}; ${howTo}:${tail(output)}`);
    };
    await apt(`apt could not read the ${suite} suite of this machine's mirror`, '-q', 'update', '--error-on=any');
    await apt(`the ${suite} suite of this machine's mirror has no nats-server package that could be fetched`, '-q', 'download', 'nats-server');
    const deb = readdirSync(at('package')).find((name) => name.endsWith('.deb'));
    if (deb === undefined) throw new SetupError(`apt-get downloaded no nats-server package; ${howTo}`);
    const unpacked = await run('dpkg', ['-x', at('package', deb), at('unpacked')], { timeoutMs: 120_000 });
    const binary = ['usr/sbin/nats-server', 'usr/bin/nats-server'].map((name) => at('unpacked', name)).find(isExecutable);
    if (unpacked.code !== 0 || binary === undefined) {
      throw new SetupError(`the nats-server package could not be unpacked; ${howTo}:${tail(unpacked.output)}`);
    }
    copyFileSync(binary, `${target}.new`);
    chmodSync(`${target}.new`, 0o755);
    renameSync(`${target}.new`, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
