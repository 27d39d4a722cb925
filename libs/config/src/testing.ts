import { Config } from './config.ts';
import type { FileAccess } from './parse.ts';

/** A configuration with some values other than their defaults, given as CONFIG SET takes them; immutable ones too. */
export function testConfig(values: Record<string, string> = {}): Config {
  const config = new Config();
  for (const [name, value] of Object.entries(values)) {
    config.assign(name as Parameters<Config['assign']>[0], value === '' ? [''] : value.split(' '));
  }
  return config;
}

/** Files in memory, by absolute path, for loadConfig. */
export function fileTree(cwd: string, files: Record<string, Uint8Array | string>): FileAccess {
  return {
    cwd,
    readFile(path) {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return content;
    },
    readDirectory(path) {
      const prefix = path === '/' ? '/' : `${path}/`;
      const below = Object.keys(files).filter((name) => name.startsWith(prefix));
      return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0]))];
    },
  };
}
