/** What a node keeps in its folder, and what can happen to each of it. */

import { cpSync, existsSync, lstatSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

export type FaultName = 'missing' | 'empty' | 'truncated' | 'flipped' | 'older';

export interface Target {
  /** Below the folder. */
  readonly path: string;
  /** The same, without what is another one in every folder: what rows and `--only` are called by. */
  readonly name: string;
  readonly isFolder: boolean;
}

const STREAMS = 'nats/store/jetstream/$G/streams';

/** The log that the folder's own file names. */
export function logIdOf(dir: string): string {
  try {
    return (JSON.parse(readFileSync(path.join(dir, 'weir-node.json'), 'utf8')) as { logId: string }).logId;
  } catch {
    return '-';
  }
}

function nameOf(file: string, logId: string): string {
  const prefix = `${STREAMS}/`;
  const inside = file.startsWith(prefix) ? file.slice(prefix.length) : file;
  return inside.replace(/WEIR_weir_([0-9a-f]{40})_/, (_, id: string) => (id === logId ? '' : 'former-'));
}

/** Every regular file, and the folders that stand for something: a stream, the store, what NATS has. */
export function targetsOf(dir: string): Target[] {
  const logId = logIdOf(dir);
  const files: Target[] = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .map((file) => ({ path: file, name: nameOf(file, logId), isFolder: false }));
  const folders: Target[] = [];
  const streams = path.join(dir, STREAMS);
  for (const stream of existsSync(streams) ? readdirSync(streams) : []) {
    const folder = `${STREAMS}/${stream}`;
    folders.push({ path: folder, name: `${nameOf(folder, logId)}/`, isFolder: true });
    folders.push({ path: `${folder}/msgs`, name: `${nameOf(folder, logId)}/msgs/`, isFolder: true });
  }
  for (const folder of ['nats/store', 'nats'])
    if (existsSync(path.join(dir, folder))) folders.push({ path: folder, name: `${folder}/`, isFolder: true });
  return [...files, ...folders].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export function copyFolder(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', '--reflink=auto', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cp ${from} ${to}: ${stderr}`);
}

/** Where a bit is to be flipped; null: in the middle. */
export function flip(file: string, bit: number | null): void {
  const bytes = readFileSync(file);
  const at = bit ?? bytes.length * 4 + 3;
  bytes[at >> 3]! ^= 1 << (at & 7);
  writeFileSync(file, bytes);
}

/** Whether applyFault would do something, by a look only. */
export function applies(fault: FaultName, target: Target, dir: string, older: string): boolean {
  const file = path.join(dir, target.path);
  if (!existsSync(file)) return false;
  if (fault === 'missing') return true;
  if (fault !== 'older') return !target.isFolder && lstatSync(file).size > 0;
  const from = path.join(older, target.path);
  return existsSync(from) && (target.isFolder || !readFileSync(from).equals(readFileSync(file)));
}

/** False where the fault does not apply: a folder is missing or older, an empty file cannot be cut, an older copy must differ. */
export function applyFault(fault: FaultName, target: Target, dir: string, older: string): boolean {
  if (!applies(fault, target, dir, older)) return false;
  const file = path.join(dir, target.path);
  if (fault === 'missing') rmSync(file, { recursive: true });
  else if (fault === 'flipped') flip(file, null);
  else if (fault === 'older') restore(target, dir, older);
  else truncateSync(file, fault === 'empty' ? 0 : lstatSync(file).size >> 1);
  return true;
}

/** As it was, from a copy of the folder. */
export function restore(target: Target, dir: string, from: string): void {
  const file = path.join(dir, target.path);
  rmSync(file, { recursive: true, force: true });
  cpSync(path.join(from, target.path), file, { recursive: true, preserveTimestamps: true });
}
