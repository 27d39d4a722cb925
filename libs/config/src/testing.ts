import { Config } from './config.ts';

/** A configuration with some values other than their defaults, given as CONFIG SET takes them; immutable ones too. */
export function testConfig(values: Record<string, string> = {}): Config {
  const config = new Config();
  for (const [name, value] of Object.entries(values)) {
    config.assign(name as Parameters<Config['assign']>[0], value === '' ? [''] : value.split(' '));
  }
  return config;
}
