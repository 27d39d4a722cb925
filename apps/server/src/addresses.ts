import type { Config } from '@weir/config';
import type { Address } from '@weir/link';

/** Where to listen for clients: `port` on every address of `bind`, and `unixsocket`. */
export function clientAddresses(config: Config): Address[] {
  const addresses: Address[] = [];
  const { port } = config.num;
  if (port !== 0) {
    for (const bind of config.bind) {
      const host = bind.replace(/^-/, '');
      addresses.push({ kind: 'tcp', host: host === '*' ? '0.0.0.0' : host === '::*' ? '::' : host, port });
    }
  }
  const unixSocket = config.path('unixsocket');
  if (config.value('unixsocket') !== '') addresses.push({ kind: 'unix', path: unixSocket });
  return addresses;
}

/** An address of `bind` that begins with `-` may be missing on this machine. */
export function isOptional(config: Config, address: Address): boolean {
  if (address.kind !== 'tcp') return false;
  const name = address.host === '0.0.0.0' ? '*' : address.host === '::' ? '::*' : address.host;
  return config.bind.includes(`-${name}`);
}

/**
 * Where the embedded NATS server listens: where the clients do, but to other machines only when strangers are kept out by
 * a password, or the operator said `protected-mode no`.
 */
export function natsListenHost(config: Config): string {
  const first = config.bind[0]?.replace(/^-/, '') ?? '127.0.0.1';
  if (first !== '*' && first !== '::*') return first;
  return config.value('requirepass') !== '' || !config.bool.protectedMode ? '0.0.0.0' : '127.0.0.1';
}
