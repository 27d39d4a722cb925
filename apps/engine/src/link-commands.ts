import type { Command, CommandTable } from '@weir/commands';
import type { LinkCommand } from '@weir/link';

/** The commands as an ingress gets them, under the names that clients use here. */
export function linkCommands(table: CommandTable): LinkCommand[] {
  return table.all.map((entry) => ({
    ...linkCommand(entry.command, Buffer.from(entry.name).toString('latin1')),
    ...(entry.subcommands.length === 0 ? {} : { subcommands: entry.subcommands.map(subcommand) }),
  }));
}

function subcommand({ command }: CommandTable['all'][number]): LinkCommand {
  return linkCommand(command, command.name);
}

function linkCommand({ arity, flags, keys, keySpecs }: Command, name: string): LinkCommand {
  const specs = keySpecs?.map(({ flags: uses, begin, find }) => ({ flags: uses, begin, find }));
  return { name, arity, flags, keys, ...(specs === undefined ? {} : { specs }) };
}
