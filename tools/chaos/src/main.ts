// npm run chaos -- COMMAND …
const help = `Damages nodes, and looks what becomes of them and of what they acknowledged.

  npm run chaos -- matrix         every file of a node, damaged in every way; or thousands of flipped bits
  npm run chaos -- power-cut      all processes end at one instant, and what was not synced is gone
  npm run chaos -- role-changes   three nodes under load: roles change, processes are killed, frozen and restarted
  npm run chaos -- cluster        a cluster under load; processes are killed, stopped and cut off, and what clients were told is checked
  npm run chaos -- failover       how long it takes until a master that was killed is replaced; beside Redis with Sentinel

Each takes --help.
`;

/** Each reads the arguments that are left, and sets the exit code. */
const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  matrix: () => import('./matrix-command.ts'),
  'power-cut': () => import('./power-cut.ts'),
  'role-changes': () => import('./role-changes.ts'),
  cluster: () => import('./cluster/command.ts'),
  failover: () => import('./failover/command.ts'),
};

const [command = ''] = process.argv.splice(2, 1);
if (Object.hasOwn(COMMANDS, command)) await COMMANDS[command]!();
else {
  process.stdout.write(help);
  process.exitCode = command === '--help' ? 0 : 1;
}

export {};
