import { quoteArg, splitArgs } from './args.ts';
import { fromText, toText } from './bytes.ts';
import { ConfigError } from './parse.ts';

/** What redis-server's arguments say, before any file is read. */
export interface CommandLine {
  readonly action: 'run' | 'version' | 'help';
  readonly configFile: string | undefined;
  /** A lone `-`, first or last: more configuration comes from standard input. */
  readonly fromStdin: boolean;
  /** Each `--name value …` as a line of redis.conf, byte strings. */
  readonly lines: readonly string[];
}

const REFUSED: Record<string, string> = {
  '--sentinel': 'Weir has no Sentinel mode: its nodes elect a master among themselves, through the log',
  '--test-memory': 'Weir has no memory test',
  '--check-system': 'Weir has no system check',
};

/**
 * `argv` is what follows the program's name. As in redis-server 7, an argument that begins with `--` starts a new option unless the
 * option before it has no value yet (`--requirepass --secret`), except that an empty `--save` is `save ""`.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const first = argv[0];
  const none = { configFile: undefined, fromStdin: false, lines: [] };
  if (first === '-v' || first === '--version') return { action: 'version', ...none };
  if (first === '-h' || first === '--help') return { action: 'help', ...none };

  const args = argv.map(fromText);
  let configFile: string | undefined;
  let fromStdin = false;
  let at = 0;
  if (args.length > 0 && !args[0].startsWith('-')) {
    configFile = toText(args[0]);
    at = 1;
  }
  const lines: string[] = [];
  let hasValue = true;
  for (; at < args.length; at += 1) {
    const arg = args[at];
    if (arg === '-' && (at === 0 || at === args.length - 1)) {
      fromStdin = true;
    } else if (arg.startsWith('--') && hasValue) {
      const refusal = REFUSED[arg.toLowerCase()];
      if (refusal !== undefined) throw new ConfigError(refusal, { title: 'the command line' }, arg);
      lines.push(`${arg.slice(2)} `);
      const isName = splitArgs(arg)?.length === 1;
      hasValue = !isName;
      const emptySave = isName && arg.toLowerCase() === '--save' && (args[at + 1]?.startsWith('--') ?? true);
      if (emptySave) {
        lines[lines.length - 1] += '""';
        hasValue = true;
      }
    } else {
      if (lines.length === 0) lines.push('');
      lines[lines.length - 1] += `${quoteArg(arg)} `;
      hasValue = true;
    }
  }
  return { action: 'run', configFile, fromStdin, lines: lines.map((line) => line.trim()) };
}
