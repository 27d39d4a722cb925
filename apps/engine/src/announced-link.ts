import { resolve } from 'node:path';
import { addressText } from '@weir/link';
import type { Address } from '@weir/link';

/** Every address of the machine: nobody can connect to it. */
const ANY = new Set(['0.0.0.0', '::', '*']);

/**
 * Where ingresses are told to connect: `link-announce` where it is set, else where the engine listens. An engine that listens on any address of its
 * machine is reached at `ip`. '' while it takes no ingresses.
 */
export function announcedLink(configured: string, bound: Address | null, ip: string): string {
  if (bound === null) return '';
  if (configured !== '') return configured;
  // Whoever hears of it runs in another folder.
  if (bound.kind === 'unix') return resolve(bound.path);
  return addressText(ANY.has(bound.host) ? { ...bound, host: ip } : bound);
}
