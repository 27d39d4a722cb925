import { ACL_CATEGORIES, aclCategories } from '../core/categories.ts';
import type { AclCategory } from '../core/categories.ts';
import type { Command } from '../core/command.ts';
import { ABSENT_COMMANDS } from './absent.ts';

/**
 * What rules can name: every command and subcommand, with a number of its own. Names are the original ones, whatever `rename-command` calls
 * them here: a file of users means the same on every node.
 */
export interface AclCommand {
  readonly id: number;
  /** `get`, `config|get`. */
  readonly fullName: string;
  readonly parent: AclCommand | null;
  /** A bit for each of ACL_CATEGORIES. */
  readonly categories: number;
  readonly subcommands: AclCommand[];
  /** Redis 7.0 has it: only these are counted when rules are summed up, so that the sum is Redis's. */
  readonly isRedis: boolean;
}

export class AclCatalog {
  /** By id: in the order of names, subcommands behind their containers. */
  readonly all: readonly AclCommand[];
  readonly #byName = new Map<string, AclCommand>();
  readonly #byCommand = new Map<Command, AclCommand>();

  constructor(commands: readonly Command[]) {
    const all: AclCommand[] = [];
    const add = (
      name: string,
      parent: AclCommand | null,
      categories: readonly AclCategory[],
      command: Command | null,
    ): AclCommand => {
      const fullName = parent === null ? name : `${parent.fullName}|${name}`;
      const isRedis = parent?.isRedis !== false && (command === null || isOfRedis(command));
      const entry = {
        id: all.length,
        fullName,
        parent,
        categories: bitsOf(categories),
        subcommands: [],
        isRedis,
      };
      all.push(entry);
      parent?.subcommands.push(entry);
      this.#byName.set(fullName, entry);
      if (command !== null) this.#byCommand.set(command, entry);
      return entry;
    };
    const byName = new Map(commands.map((command) => [command.name, command]));
    const absent = Object.keys(ABSENT_COMMANDS);
    const containers = absent.filter((name) => !name.includes('|'));
    for (const name of [...new Set([...byName.keys(), ...containers])].sort()) {
      const command = byName.get(name) ?? null;
      const entry = add(name, null, command === null ? absentCategories(name) : aclCategories(command), command);
      const subcommands = new Map((command?.subcommands ?? []).map((sub) => [sub.name, sub]));
      const more = absent.filter((one) => one.startsWith(`${name}|`)).map((one) => one.slice(name.length + 1));
      for (const word of [...new Set([...subcommands.keys(), ...more])].sort()) {
        const sub = subcommands.get(word) ?? null;
        add(word, entry, sub === null ? absentCategories(`${name}|${word}`) : aclCategories(sub), sub);
      }
    }
    this.all = all;
  }

  /** By a full name in any case: `get`, `config|get`. */
  find(name: string): AclCommand | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  of(command: Command): AclCommand {
    const entry = this.#byCommand.get(command);
    if (entry === undefined) throw new Error(`no rule can name the command ${command.name}`);
    return entry;
  }
}

/** The bit of a category by its name in any case; 0: there is none. */
export function categoryBit(name: string): number {
  const at = (ACL_CATEGORIES as readonly string[]).indexOf(name.toLowerCase());
  return at < 0 ? 0 : 1 << at;
}

function bitsOf(categories: readonly AclCategory[]): number {
  return categories.reduce((bits, category) => bits | categoryBit(category), 0);
}

function absentCategories(name: string): readonly AclCategory[] {
  return ABSENT_COMMANDS[name].split(' ') as AclCategory[];
}

/** Neither Weir's own nor of a later version. */
function isOfRedis({ name, docs }: Command): boolean {
  const [major, minor] = docs.since.split('.').map(Number);
  return name !== 'weir' && (major < 7 || (major === 7 && minor < 2));
}
