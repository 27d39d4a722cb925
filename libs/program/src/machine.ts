import { totalmem } from 'node:os';

/** What this process may use at most: the machine's memory, or what its container has. */
export function machineBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}
