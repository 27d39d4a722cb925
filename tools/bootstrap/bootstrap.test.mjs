import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { chooseSource } from './apt.mjs';
import { withLock } from './lock.mjs';
import { isNewEnough } from './nats-server.mjs';
import { packagesAreCurrent, providePackages, stampPath } from './packages.mjs';
import { run as runBounded } from './shell.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'weir-bootstrap-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const bookworm = { id: 'debian', codename: 'bookworm' };
const targets = (...lines) => lines.join('\n') + '\n';

test('the mirror is the one of the installed release, not the security archive', () => {
  const source = chooseSource(
    targets(
      'http://a.example/debian-security/|bookworm-security|Debian|Debian-Security|main',
      'http://b.example/debian/|bookworm-updates|Debian|Debian|main',
      'http://c.example/debian/|bookworm|Debian|Debian|contrib',
      'http://d.example/debian/|bookworm|Debian|Debian|main',
    ),
    bookworm,
  );
  assert.equal(source.uri, 'http://d.example/debian/');
  assert.equal(source.developmentSuite, 'testing');
  assert.equal(source.distribution, 'Debian');
});

test('other vendors’ repositories are never taken for the distribution’s', () => {
  assert.equal(chooseSource(targets('https://apt.example/|nodistro|vendor|vendor|main'), bookworm), undefined);
  assert.equal(chooseSource('', bookworm), undefined);
});

test('before the first apt-get update the origin is unknown, and the release itself is believed', () => {
  const lines = targets(
    'http://a.example/debian-security/|bookworm-security|||main',
    'http://b.example/debian/|bookworm|||main',
  );
  assert.equal(chooseSource(lines, bookworm).uri, 'http://b.example/debian/');
  assert.equal(chooseSource(lines, { id: 'other', codename: 'x' }), undefined);
});

test('Ubuntu is asked for its release in the making', () => {
  const lines = targets(
    'http://u.example/ubuntu/|noble|Ubuntu|Ubuntu|main',
    'http://u.example/ubuntu/|noble-security|Ubuntu|Ubuntu|main',
  );
  const source = chooseSource(lines, { id: 'ubuntu', codename: 'noble' });
  assert.equal(source.developmentSuite, 'devel');
  assert.equal(source.release, 'noble');
  assert.match(source.keyring, /ubuntu/);
});

test('nats-server 2.9 is too old, 2.12 and 3.0 are not', () => {
  assert.deepEqual(['2.9.10', '2.11.99', '2.12.0', '2.15.1', '3.0.0', undefined].map(isNewEnough), [
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
});

test('the lock lets one in at a time and is gone afterwards', async () => {
  const file = path.join(folder, 'lock');
  writeFileSync(file, String(process.ppid)); // A living process holds it.
  let entered = false;
  const waiting = withLock(file, async () => {
    entered = true;
    assert.equal(readFileSync(file, 'utf8'), String(process.pid));
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(entered, false);
  rmSync(file);
  await waiting;
  assert.equal(entered, true);
  assert.ok(!existsSync(file));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('lock')),
    [],
  );
});

test('the lock of a process that is gone is taken over', async () => {
  const file = path.join(folder, 'stale');
  const { pid } = spawnSync('true');
  writeFileSync(file, String(pid));
  assert.equal(await withLock(file, async () => 'in'), 'in');
  assert.ok(!existsSync(file));
});

test('a command over its bound is ended and says so, although what it has started holds its pipes', async () => {
  const bounds = { timeoutMs: 3000, releaseMs: 10 };
  const { code, output } = await runBounded('sh', ['-c', 'sleep 600 & echo $!; wait'], bounds);
  process.kill(Number.parseInt(output, 10), 'SIGKILL');
  assert.equal(code, null);
  assert.match(output, /\(sh was ended: no result after 3 s\)/);
});

test('waiting for the lock is bounded, and the failure names the owner', async () => {
  const file = path.join(folder, 'held');
  writeFileSync(file, String(process.ppid));
  await assert.rejects(
    withLock(file, async () => undefined, { waitMs: 0 }),
    new RegExp(`process ${process.ppid}`),
  );
  assert.ok(existsSync(file));
});

function checkout(name, locked, installed) {
  const root = path.join(folder, name);
  mkdirSync(path.join(root, 'node_modules/dep'), { recursive: true });
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...locked } }));
  writeFileSync(path.join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  return root;
}

test('packages that npm install has already brought are accepted as they are', async () => {
  const dep = { 'node_modules/dep': { version: '1.0.0', integrity: 'x' } };
  const elsewhere = { 'node_modules/for-another-platform': { version: '1.0.0', optional: true } };
  const root = checkout('by-hand', { ...dep, ...elsewhere }, dep);
  assert.ok(!packagesAreCurrent(root));
  await providePackages(root);
  assert.ok(packagesAreCurrent(root));
});

test('a changed lockfile makes the packages stale', async () => {
  const root = checkout('changed', {}, {});
  await providePackages(root);
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'other' } } }));
  assert.ok(!packagesAreCurrent(root));
});

test('the lockfile names every workspace, so that a fresh clone installs', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const { workspaces } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  let found = 0;
  for (const pattern of workspaces) {
    const parent = pattern.replace(/\/\*$/, '');
    for (const name of readdirSync(path.join(root, parent))) {
      const where = `${parent}/${name}`;
      if (!existsSync(path.join(root, where, 'package.json'))) continue;
      found++;
      const own = JSON.parse(readFileSync(path.join(root, where, 'package.json'), 'utf8'));
      assert.equal(packages[where]?.name ?? path.basename(where), own.name, `${where}: run npm install`);
      assert.deepEqual(
        packages[`node_modules/${own.name}`],
        { resolved: where, link: true },
        `${where}: run npm install`,
      );
      for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'])
        assert.deepEqual(packages[where][kind], own[kind], `${where}, ${kind}: run npm install`);
    }
  }
  assert.ok(found > 15);
});

test('tools/run goes straight to the program when the stamp is newer than the lockfile', () => {
  const root = path.join(folder, 'run');
  for (const name of ['tools/bootstrap', 'node_modules/.bin', '.cache'])
    mkdirSync(path.join(root, name), { recursive: true });
  writeFileSync(path.join(root, 'tools/run'), readFileSync(path.join(import.meta.dirname, '../run')));
  writeFileSync(path.join(root, 'tools/bootstrap/main.mjs'), `console.log('setting up')`);
  writeFileSync(path.join(root, 'node_modules/.bin/node'), `#!/bin/sh\necho "program $*"\n`, { mode: 0o755 });
  writeFileSync(path.join(root, 'package-lock.json'), '');
  const run = () => {
    const { stdout, stderr } = spawnSync('sh', [path.join(root, 'tools/run'), 'a.ts', 'x y'], { encoding: 'utf8' });
    return { stdout: stdout.replaceAll(`${root}/`, ''), stderr };
  };
  const program = 'program tools/../a.ts x y\n';
  assert.deepEqual(run(), { stdout: program, stderr: 'setting up\n' });
  writeFileSync(path.join(root, '.cache/setup.json'), '{}');
  writeFileSync(stampPath(root), '');
  utimesSync(path.join(root, 'package-lock.json'), 1, 1);
  assert.deepEqual(run(), { stdout: program, stderr: '' });
  utimesSync(stampPath(root), 0, 0);
  assert.deepEqual(run(), { stdout: program, stderr: 'setting up\n' });
});
