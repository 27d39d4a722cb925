import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';

const list: Command = {
  name: 'list',
  arity: 2,
  flags: ['admin', 'noscript'],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'List all modules loaded by the server',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of loaded modules.',
  },
  run(ctx) {
    ctx.reply.array(0);
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'MODULE', ['LIST', '    Return a list of loaded modules.']);
  },
};

export const module: Command = {
  name: 'module',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for module commands',
    since: '4.0.0',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [help, list],
};
