import { readFileSync, readdirSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The machine is rarely ours alone. A run is believed when, while it lasted, programs that do not belong to the
 * benchmark (and the hypervisor) took little of the processors; /proc tells, so elsewhere than on Linux every run is believed.
 */

export interface MachineDescription {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
}

export function describeMachine(): MachineDescription {
  return {
    cpu: cpus()[0]?.model.trim() ?? arch(),
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
  };
}

const USER_HZ = 100;

interface ProcessTimes {
  readonly parent: number;
  /** Its own processor time and that of children which it has waited for. */
  readonly ticks: number;
}

interface Sample {
  readonly atMs: number;
  /** Of all processors together, the hypervisor's share included. */
  readonly busyTicks: number;
  readonly processes: ReadonlyMap<number, ProcessTimes>;
}

function readProcesses(): Map<number, ProcessTimes> {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
      processes.set(pid, { parent: Number(fields[1]), ticks });
    } catch {
      // ended meanwhile
    }
  }
  return processes;
}

function sample(): Sample | null {
  try {
    // user nice system idle iowait irq softirq steal
    const cpu = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number);
    const busyTicks = [0, 1, 2, 5, 6, 7].reduce((sum, i) => sum + (cpu[i] ?? 0), 0);
    return { atMs: performance.now(), busyTicks, processes: readProcesses() };
  } catch {
    return null;
  }
}

const KTHREADD = 2;

/**
 * Share of all processors that went to programs which are neither this process nor its descendants, nor the kernel's own
 * threads: what is left of the whole. (Adding up the others' own times fails: a child that ends hands the time of its whole
 * life to its parent.)
 */
function foreignShare(before: Sample, after: Sample): number {
  const isOurs = (pid: number): boolean => {
    for (let at = pid; at > 1; at = after.processes.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  let ticks = after.busyTicks - before.busyTicks;
  for (const [pid, { parent, ticks: now }] of after.processes) {
    if (parent === KTHREADD || pid === KTHREADD || isOurs(pid)) ticks -= now - (before.processes.get(pid)?.ticks ?? 0);
  }
  const seconds = (after.atMs - before.atMs) / 1000;
  return Math.max(0, ticks / USER_HZ / seconds / availableParallelism());
}

export interface Watched<T> {
  readonly result: T;
  /** 0 … 1; null when it cannot be known. */
  readonly foreign: number | null;
}

export async function watch<T>(run: () => Promise<T>): Promise<Watched<T>> {
  const before = sample();
  const result = await run();
  const after = sample();
  return { result, foreign: before === null || after === null ? null : foreignShare(before, after) };
}

const QUIET_SHARE = 0.08;

/** Waits until others leave the processors alone, but not for ever; true when they do. */
export async function untilQuiet(boundMs: number): Promise<boolean> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    const { foreign } = await watch(() => sleep(400));
    if (foreign === null || foreign < QUIET_SHARE) return true;
    if (performance.now() > deadline) return false;
  }
}

/** More than this of the processors taken by others: the run is repeated. */
export const FOREIGN_MAX = 0.1;

/** Resident memory of a process in bytes; NaN where it cannot be known. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}
