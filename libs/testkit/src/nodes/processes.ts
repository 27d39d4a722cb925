/** Looking at processes from outside: by pid, never by name alone. */

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { until } from './until.ts';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** A zombie is not alive. */
export function isAlive(pid: number): boolean {
  if (process.platform === 'linux') return statOf(pid) !== undefined;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function childrenOf(parent: number): ProcessInfo[] {
  return allProcesses().filter((one) => one.parent === parent);
}

/** False when it was gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** SIGSTOP, and back when no thread of it runs any more; SIGCONT lets it go on. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  if (process.platform !== 'linux') return;
  const isStopped = (thread: string) => /\) T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'));
  await until(`process ${pid} to stop`, () => readdirSync(`/proc/${pid}/task`).every(isStopped), 5000, 1);
}

function statOf(pid: number): { parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { parent: Number(fields[1]) };
  } catch {
    return undefined;
  }
}

export function commandLineOf(pid: number): string {
  if (process.platform !== 'linux') return allProcesses().find((one) => one.pid === pid)?.command ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function allProcesses(): ProcessInfo[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const pid = Number(name);
        const stat = statOf(pid);
        return stat === undefined ? [] : [{ pid, parent: stat.parent, command: commandLineOf(pid) }];
      });
  }
  return execFileSync('ps', ['-axo', 'pid=,ppid=,command='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3]! }];
    });
}
