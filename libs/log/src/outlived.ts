/*
 * Who owns the folder of an embedded nats-server, and a server that outlived its owner: a kill -9 of ours leaves it running, and the next start on the folder ends it. It is found by the pipe whose
 * reading end it holds (alive-sign.ts), and by its pid file.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aliveProcesses, isAlive } from './alive-sign.ts';
import { describe, sleep } from './connect.ts';
import { LogError } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import type { FolderLock } from './folder-lock.ts';

/** The kernel is about to end it with its container; or nobody is. */
const UNSEEN_MS = 2_000;
const KILLED_MS = 2_000;

export interface Outlived {
  /** Of the embedded server. */
  readonly dir: string;
  /** In its command line. */
  readonly conf: string;
  readonly pidFile: string;
  readonly signFile: string;
  /** For a stop in order. */
  readonly stopMs: number;
}

/** The folder is this process's own until it releases the lock. Throws LogError 'nats-start' when another one has it. */
export function ownFolder(dir: string): FolderLock {
  let lock: FolderLock;
  try {
    lock = lockFolder(dir);
  } catch (error) {
    throw new LogError('nats-start', describe(error), { cause: error });
  }
  lock.signOwner();
  rmSync(join(dir, 'owner'), { force: true }); // a pid file of earlier versions
  return lock;
}

/** Ends it, and returns its processes; none when nothing ran. Throws LogError 'nats-start' for one that cannot be ended from here, in another container. */
export async function endOutlived({ dir, conf, pidFile, signFile, stopMs }: Outlived): Promise<readonly number[]> {
  const isOurs = (pid: number): boolean => commandLine(pid).includes(conf);
  const named = Number.parseInt(readText(pidFile), 10);
  const old = new Set(isAlive(signFile) ? aliveProcesses(signFile) : []);
  // The sign is newer than the pid file, and has no processes on other systems than Linux.
  if (named > 0 && isOurs(named)) old.add(named);
  const runs = (): boolean => isAlive(signFile) || [...old].some(isOurs);
  if (!runs()) return [];
  for (const [signal, boundMs] of [
    ['SIGTERM', old.size === 0 ? UNSEEN_MS : stopMs],
    ['SIGKILL', KILLED_MS],
  ] as const) {
    for (const pid of old) kill(pid, signal);
    const deadline = performance.now() + boundMs;
    while (runs() && performance.now() < deadline) await sleep(20);
  }
  if (runs()) {
    throw new LogError(
      'nats-start',
      `a nats-server that an earlier owner of ${dir} started still runs on its files and cannot be ended from here: ` +
        (old.size > 0
          ? `process ${[...old].join(', ')} does not end`
          : 'end the container that it is in, then start again'),
    );
  }
  return [...old];
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or is not ours to end; who waits for it sees which.
  }
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
