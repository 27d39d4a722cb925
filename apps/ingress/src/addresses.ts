import type { Config } from '@weir/config';
import type { Address } from '@weir/link';

const ANY: Readonly<Record<string, string>> = { '*': '0.0.0.0', '::*': '::' };

function hostOf(bind: string): string {
  const name = bind.replace(/^-/, '');
  return ANY[name] ?? name;
}

/** Where to listen for clients: `port` on every address of `bind`, and `unixsocket`. */
export function clientAddresses(config: Config): Address[] {
  const { port } = config.num;
  const addresses: Address[] = port === 0 ? [] : config.bind.map((bind) => ({ kind: 'tcp', host: hostOf(bind), port }));
  if (config.value('unixsocket') !== '') addresses.push({ kind: 'unix', path: config.path('unixsocket') });
  return addresses;
}

/** An address of `bind` that begins with `-` may be missing on this machine. */
export function isOptionalAddress(config: Config, address: Address): boolean {
  return address.kind === 'tcp' && config.bind.some((bind) => bind.startsWith('-') && hostOf(bind) === address.host);
}
