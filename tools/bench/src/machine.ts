/**
 * The machine is rarely ours alone. A run is believed when, while it lasted, programs that do not belong to the
 * benchmark (and the hypervisor) took little of the processors; /proc tells, so elsewhere than on Linux every run is believed.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

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
  readonly name: string;
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
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
      processes.set(pid, { name, parent: Number(fields[1]), ticks });
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
 * `foreign` is what is left of the whole: adding up the others' own times fails, because a child that ends hands the time of
 * its whole life to its parent.
 */
function compare(before: Sample, after: Sample): CpuUse {
  const isOurs = (pid: number): boolean => {
    for (let at = pid; at > 1; at = after.processes.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  const ticksPerCore = ((after.atMs - before.atMs) / 1000) * USER_HZ;
  const cores = new Map<number, number>();
  const names = new Map<number, string>();
  let foreignTicks = after.busyTicks - before.busyTicks;
  for (const [pid, { name, parent, ticks: now }] of after.processes) {
    const ours = isOurs(pid);
    if (!ours && parent !== KTHREADD && pid !== KTHREADD) continue;
    const ticks = now - (before.processes.get(pid)?.ticks ?? 0);
    foreignTicks -= ticks;
    if (!ours) continue;
    cores.set(pid, ticks / ticksPerCore);
    names.set(pid, name);
  }
  return { foreign: Math.max(0, foreignTicks / ticksPerCore / availableParallelism()), cores, names };
}

export interface CpuUse {
  /** Share of all processors (0 … 1) that went to programs which are neither this process nor its descendants, nor the kernel's own threads. */
  readonly foreign: number;
  /** Processors that this process (with the children which it has waited for) and its descendants used, by process id. */
  readonly cores: ReadonlyMap<number, number>;
  readonly names: ReadonlyMap<number, string>;
}

export interface Watched<T> {
  readonly result: T;
  /** Null when it cannot be known. */
  readonly cpu: CpuUse | null;
}

export async function watch<T>(run: () => Promise<T>): Promise<Watched<T>> {
  const before = sample();
  const result = await run();
  const after = sample();
  return { result, cpu: before === null || after === null ? null : compare(before, after) };
}

const QUIET_SHARE = 0.1;
const QUIET_SAMPLE_MS = 300;

/** Time for waiting and repeating, all in all: on a machine that is never quiet a benchmark still ends. */
export class Patience {
  #leftMs: number;

  constructor(leftMs: number) {
    this.#leftMs = leftMs;
  }

  /** Takes from it; false when nothing is left. */
  spend(ms: number): boolean {
    this.#leftMs -= ms;
    return this.#leftMs > 0;
  }

  /** Waits until other programs leave the processors alone. */
  async untilQuiet(): Promise<void> {
    while (this.#leftMs > 0) {
      const { cpu } = await watch(() => sleep(QUIET_SAMPLE_MS));
      if (cpu === null || cpu.foreign < QUIET_SHARE) return;
      this.spend(QUIET_SAMPLE_MS);
    }
  }
}

/** More than this of the processors taken by others: the run is repeated. */
export const FOREIGN_MAX = 0.12;

/** Resident memory of a process in bytes; NaN where it cannot be known. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}
