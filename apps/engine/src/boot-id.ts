import { readFileSync } from 'node:fs';

/**
 * Names the time between two starts of this machine: another id than before says that the page cache of then is gone. Containers share it with
 * their machine, and so they should. Null where the system has none.
 */
export function readBootId(): string | null {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return id === '' ? null : id;
  } catch {
    return null;
  }
}
