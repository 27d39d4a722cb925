import type { CommandTable } from '@weir/commands';
import type { LinkCommand } from '@weir/link';

type Entry = CommandTable['all'][number];

/** The commands as an ingress gets them, under the names that clients use here. */
export function linkCommands(table: CommandTable): LinkCommand[] {
  return table.all.map((entry) => ({
    ...linkCommand(entry, Buffer.from(entry.name).toString('latin1')),
    ...(entry.subcommands.length === 0 ? {} : { subcommands: entry.subcommands.map(subcommand) }),
  }));
}

function subcommand(entry: Entry): LinkCommand {
  return linkCommand(entry, entry.command.name);
}

function linkCommand({ command, keys }: Entry, name: string): LinkCommand {
  const own = command.name === name ? {} : { own: command.name };
  const { arity, flags, keySpecs } = command;
  const specs = keySpecs?.map(({ flags: uses, begin, find }) => ({ flags: uses, begin, find }));
  return { name, ...own, arity, flags, keys, ...(specs === undefined ? {} : { specs }) };
}
