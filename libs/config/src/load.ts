import { parseCommandLine } from './command-line.ts';
import { Config } from './config.ts';
import { loadEnvironment } from './environment.ts';
import { helpText, versionText } from './help.ts';
import { ConfigError, Loader } from './parse.ts';
import { resolvePath } from './paths.ts';
import { table } from './table.ts';
import type { FileAccess } from './parse.ts';

export interface LoadOptions extends FileAccess {
  /** The arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called when the command line says `-`. */
  readonly stdin?: () => Uint8Array | string;
}

export type LoadResult =
  | {
      readonly kind: 'config';
      readonly config: Config;
      /** Whole sentences for the log. */
      readonly warnings: readonly string[];
      /** Absolute path; CONFIG REWRITE needs one. */
      readonly configFile: string | undefined;
    }
  /** `--help` and `--version`: print it and leave. */
  | { readonly kind: 'print'; readonly text: string };

/** Defaults, then the file, standard input, the environment, and the command line. Throws ConfigError. */
export function loadConfig(options: LoadOptions): LoadResult {
  const commandLine = parseCommandLine(options.argv);
  if (commandLine.action === 'help') return { kind: 'print', text: helpText() };
  if (commandLine.action === 'version') return { kind: 'print', text: versionText() };

  const config = new Config();
  const loader = new Loader(config, options);
  let configFile: string | undefined;
  if (commandLine.configFile !== undefined) {
    configFile = resolvePath(options.cwd, commandLine.configFile);
    loader.loadFile(configFile);
  }
  if (commandLine.fromStdin) {
    if (options.stdin === undefined) throw new ConfigError('there is no standard input to read the configuration from');
    loader.loadText(options.stdin(), 'the configuration on standard input');
  }
  const warnings = loadEnvironment(loader, options.env ?? {});
  for (const line of commandLine.lines) loader.loadLine(line, 'the command line');
  loader.finish();
  if (loader.retired.size > 0) {
    warnings.push(`skipped, since no Redis has them any more: ${[...loader.retired].join(', ')}`);
  }
  warnings.push(...warningsOf(config));
  return { kind: 'config', config, warnings, configFile };
}

/** What an operator might believe to be in effect and is not. */
function warningsOf(config: Config): string[] {
  const warnings: string[] = [];
  if (config.bool.daemonize) warnings.push('daemonize yes has no effect: Weir stays in the foreground');
  if (!config.bool.replicaReadOnly) warnings.push('replica-read-only no has no effect: slaves refuse writes');
  const told = new Set(['daemonize', 'replica-read-only']);
  const others = table.filter((row) => {
    return row.category === 'accepted' && !told.has(row.name) && config.value(row.name as never) !== row.default;
  });
  if (others.length > 0) warnings.push(`accepted without effect: ${others.map((row) => row.name).join(', ')}`);
  return warnings;
}
