/*
 * Whether a child that outlived its parent still runs, asked from any process of the machine, in whatever container.
 *
 * The sign is a named pipe. The child inherits its reading end and never looks at it; the kernel closes it when the
 * child ends. Who opens the pipe for writing, without waiting, gets through as long as somebody reads, and ENXIO after
 * that. So the answer needs no pid, which means another process in another container, and no port, which need not be
 * reachable from there.
 */

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, rmSync, statSync } from 'node:fs';

/** Where the child has the reading end: the first behind stdin, stdout and stderr. */
const DESCRIPTOR = 3;

/** The reading end, for `stdio[3]` of a child; close it when the child runs. Throws where pipes cannot be made. */
export function openSign(path: string): number {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) {
    rmSync(path, { recursive: true, force: true });
    execFileSync('mkfifo', ['-m', '600', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Somebody has the reading end. */
export function isAlive(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) return false;
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
    throw error;
  }
}

/** The processes that have it, as far as they can be seen: on Linux those of this pid namespace and of those below. */
export function aliveProcesses(path: string): number[] {
  if (process.platform !== 'linux') return [];
  const sign = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (sign === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const file = statSync(`/proc/${pid}/fd/${DESCRIPTOR}`, { bigint: true });
        return pid !== process.pid && file.dev === sign.dev && file.ino === sign.ino;
      } catch {
        return false; // gone meanwhile, or another user's
      }
    });
}
