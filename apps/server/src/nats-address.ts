import type { Config } from '@weir/config';

/**
 * Where the embedded NATS server listens: where the clients do, but to other machines only when strangers are kept out by
 * a password, or the operator said `protected-mode no`.
 */
export function natsListenHost(config: Config): string {
  const first = config.bind[0]?.replace(/^-/, '') ?? '127.0.0.1';
  if (first !== '*' && first !== '::*') return first;
  return config.value('requirepass') !== '' || !config.bool.protectedMode ? '0.0.0.0' : '127.0.0.1';
}
