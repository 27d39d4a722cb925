import type { Config } from '@weir/config';

const ANY: ReadonlySet<string> = new Set(['*', '::*', '0.0.0.0', '::']);
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/**
 * Where the embedded NATS server listens: where slaves on other machines reach this node, and on loopback when they cannot
 * (protected mode without a password turns them away). It takes one address: for several of `bind` it is any, and its token keeps strangers out.
 */
export function natsListenHost(config: Config): string {
  if (config.value('requirepass') === '' && config.bool.protectedMode) return '127.0.0.1';
  const addresses = config.bind.map((bind) => bind.replace(/^-/, '')).filter((address) => !LOOPBACK.test(address));
  if (addresses.some((address) => ANY.has(address))) return '0.0.0.0';
  if (addresses.length > 1) return '0.0.0.0';
  return addresses[0] ?? '127.0.0.1';
}
