// What the set-up (tools/bootstrap) has left for programs to find at run time.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json, libs, apps. */
export function checkoutRoot(): string {
  return path.resolve(import.meta.dirname, '../../..');
}

/** Older servers have no `sync_interval`. */
export const natsServerVersionMin = '2.12';

export interface NatsServerSearch {
  readonly env?: NodeJS.ProcessEnv;
  readonly root?: string;
}

/**
 * The path of a nats-server that is new enough: WEIR_NATS_SERVER, else the one that the set-up chose, else the first one in
 * PATH. Throws an error whose message tells the user what to do.
 *
 * The one that the set-up chose is believed without asking its version again; asking costs a process start.
 */
export function findNatsServer({ env = process.env, root = checkoutRoot() }: NatsServerSearch = {}): string {
  const explicit = env['WEIR_NATS_SERVER'];
  if (explicit !== undefined && explicit !== '') {
    const file = path.resolve(explicit);
    if (!isExecutable(file)) throw new Error(`WEIR_NATS_SERVER names ${explicit}, which is not an executable file`);
    const version = versionOf(file);
    if (version === undefined) throw new Error(`WEIR_NATS_SERVER names ${explicit}, which is not a nats-server`);
    if (!isNatsServerNewEnough(version)) {
      throw new Error(
        `WEIR_NATS_SERVER names nats-server ${version}; Weir needs nats-server ${natsServerVersionMin} or newer`,
      );
    }
    return file;
  }
  for (const file of [chosenBySetup(root), path.join(root, '.cache/nats-server/nats-server')]) {
    if (file !== undefined && isExecutable(file)) return file;
  }
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, 'nats-server');
    if (folder !== '' && isExecutable(file) && isNatsServerNewEnough(versionOf(file))) return file;
  }
  throw new Error(
    `there is no nats-server ${natsServerVersionMin} or newer: run \`npm run setup\`, or name one in WEIR_NATS_SERVER`,
  );
}

export function isNatsServerNewEnough(version: string | undefined): boolean {
  if (version === undefined) return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = natsServerVersionMin.split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

function chosenBySetup(root: string): string | undefined {
  const file = path.join(root, '.cache/setup.json');
  if (!existsSync(file)) return undefined;
  try {
    const setup: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof setup !== 'object' || setup === null || !('natsServer' in setup)) return undefined;
    return typeof setup.natsServer === 'string' ? setup.natsServer : undefined;
  } catch {
    return undefined;
  }
}

function versionOf(file: string): string | undefined {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return /v?(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
