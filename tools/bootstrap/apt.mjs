// Packages of the distribution without installing them: apt with lists, cache and sources of its own, so the system's stay as they
// are and root is not needed. Proxies and credentials of the machine's apt configuration still apply; apt checks the signature of
// the index against the archive keyring, and the hash of each package against the index.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { SetupError, run, tail } from './shell.mjs';

const distributions = {
  Debian: {
    id: 'debian',
    components: 'main',
    developmentSuite: 'testing',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  },
  Ubuntu: {
    id: 'ubuntu',
    components: 'main universe',
    developmentSuite: 'devel',
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
  },
};

/** The mirror that this machine already uses, asked of apt itself, so every way of configuring it is understood. */
export async function aptSource(howTo) {
  const format = '$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(LABEL)|$(COMPONENT)';
  const { code, stdout, output } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  if (code !== 0)
    throw new SetupError(`apt-get could not say which mirror this machine uses; ${howTo}:${tail(output)}`);
  const source = chooseSource(stdout, osRelease());
  if (source === undefined)
    throw new SetupError(`this machine's apt sources name no Debian or Ubuntu mirror; ${howTo}`);
  if (!existsSync(source.keyring)) {
    throw new SetupError(`the archive keyring ${source.keyring} is missing, so no package could be verified; ${howTo}`);
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
  for (const [distribution, { id, ...rest }] of Object.entries(distributions)) {
    // A derivative's own repositories have another origin; where it is not known yet, only the distribution itself is believed.
    const own = candidates.filter(({ origin }) => origin === distribution || (origin === '' && os.id === id));
    const best = own.find(({ release }) => release === os.codename) ?? own[0];
    if (best !== undefined) return { distribution, ...rest, uri: best.uri, release: best.release };
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

/**
 * Calls `work({ apt, at })` in a scratch folder below `folder`, after `apt-get update` of the suites. `apt(sentence, ...args)` runs
 * apt-get in the folder `at('download')` and throws the sentence when it fails.
 */
export async function withApt({ uri, suites, components, keyring }, folder, howTo, work) {
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(path.join(folder, 'apt-'));
  const at = (...names) => path.join(scratch, ...names);
  try {
    for (const name of ['lists/partial', 'cache/archives/partial', 'download'])
      mkdirSync(at(name), { recursive: true });
    const sources = suites.map((suite) => `deb [signed-by=${keyring}] ${uri} ${suite} ${components}\n`);
    writeFileSync(at('sources.list'), sources.join(''));
    writeFileSync(at('apt.conf'), settings(at));
    const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    const apt = async (sentence, ...args) => {
      const options = { cwd: at('download'), env, timeoutMs: 5 * 60_000 };
      const { code, output } = await run('apt-get', ['-q', '-c', at('apt.conf'), ...args], options);
      if (code !== 0) throw new SetupError(`${sentence}; ${howTo}:${tail(output)}`);
    };
    await apt(
      `apt could not read the ${suites.join(' and ')} suite of this machine's mirror`,
      'update',
      '--error-on=any',
    );
    return await work({ apt, at });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A file instead of -o options: only a file can take away the machine's hooks, which would clean or refresh its own caches. */
function settings(at) {
  const values = {
    'Dir::Etc::sourcelist': at('sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '-',
    'Dir::State::lists': at('lists'),
    'Dir::Cache': at('cache'),
    // The scratch folder belongs to the caller; nothing is written that the sandbox user would have to protect.
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': 'true',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
  };
  const hooks = [
    'APT::Update::Pre-Invoke',
    'APT::Update::Post-Invoke',
    'APT::Update::Post-Invoke-Success',
    'DPkg::Post-Invoke',
  ];
  return [
    ...Object.entries(values).map(([name, value]) => `${name} "${value}";`),
    ...hooks.map((hook) => `#clear ${hook};`),
    '',
  ].join('\n');
}

export function debsIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => path.join(folder, name));
}
