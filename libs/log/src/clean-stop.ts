/*
 * Whether the files of the logs are those that the last stop in order left, without reading them:
 *
 *   <dir>/clean-stop.json   of each log, what the file system knows of its newest files
 *
 * It is written when nats-server has ended in order and everything is on the disk, and is removed, on the disk as well, before another one starts: a
 * crash leaves none. A file that was written, replaced or restored meanwhile has another inode or other times. What it cannot tell of is a disk
 * that gives back other bytes than were written: those nats-server meets when it reads, and the node knows how far its log must reach.
 */

import { closeSync, fsyncSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';

const FILE = 'clean-stop.json';

/** `logs`: by stream. */
export function cleanStop(dir: string, logs: ReadonlyMap<string, string>): void {
  writeFileDurably(join(dir, FILE), `${JSON.stringify(Object.fromEntries(logs))}\n`, { mode: 0o600 });
}

/** What was written at the stop, once; empty when there was none, or the file is not what was written. */
export function takeCleanStop(dir: string): ReadonlyMap<string, string> {
  const path = join(dir, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return new Map();
  }
  rmSync(path, { force: true });
  if (!isSynced(dir)) return new Map();
  try {
    const kept = JSON.parse(text) as unknown;
    return new Map(typeof kept === 'object' && kept !== null ? (Object.entries(kept) as [string, string][]) : []);
  } catch {
    return new Map();
  }
}

/** Where a folder cannot be synced the file could come back after a power cut; but so it must be newer than what it tells of. */
function isSynced(dir: string): boolean {
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
    return true;
  } catch {
    return false;
  } finally {
    closeSync(folder);
  }
}
