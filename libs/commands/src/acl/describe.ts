import { ACL_CATEGORIES } from '../core/categories.ts';
import type { AclCatalog } from './catalog.ts';
import { READ, Selector, WRITE } from './selector.ts';
import type { KeyPattern } from './selector.ts';

/**
 * Rules that make a selector what it is: those of ACL LIST and GETUSER, which need not be those that were given. They begin with all commands or none, go
 * on with the categories that come nearest, best first, and end with the single commands that are still wrong, by name (Redis has no
 * order there).
 */
export function describeCommands(catalog: AclCatalog, selector: Selector): string {
  const adds = !selector.startsFromAll;
  const rules = [adds ? '-@all' : '+@all'];
  const told = new Selector(catalog, false);
  told.apply(rules[0]);
  /** Where the categories told so far are not the selector's any more. */
  const left = new Selector(catalog, false);
  left.commands.set(selector.commands);
  const open = new Set(ACL_CATEGORIES.keys());
  for (
    let best = bestCategory(catalog, left, open, adds);
    best !== -1;
    best = bestCategory(catalog, left, open, adds)
  ) {
    open.delete(best);
    told.setCategory(1 << best, adds);
    left.setCategory(1 << best, !adds);
    rules.push(`${adds ? '+' : '-'}@${ACL_CATEGORIES[best]}`);
  }
  for (const command of catalog.all) {
    const allowed = selector.commands.has(command.id);
    if (allowed !== told.commands.has(command.id)) {
      rules.push(`${allowed ? '+' : '-'}${command.fullName}`);
      told.setCommand(command, allowed);
    }
    const words = allowed ? undefined : selector.firstArgs.get(command.id);
    for (const word of words ?? []) rules.push(`+${command.fullName}|${word}`);
  }
  return rules.join(' ');
}

/** The category with more commands to be told than not, of those the one with the fewest of the latter; -1: none. */
function bestCategory(catalog: AclCatalog, left: Selector, open: ReadonlySet<number>, adds: boolean): number {
  let best = -1;
  let fewest = Infinity;
  let most = 0;
  for (const category of open) {
    let same = 0;
    let different = 0;
    for (const command of catalog.all) {
      if (!command.isRedis || (command.categories & (1 << category)) === 0) continue;
      if (left.commands.has(command.id) === adds) same++;
      else different++;
    }
    if (same <= different || different > fewest || (different === fewest && same <= most)) continue;
    best = category;
    fewest = different;
    most = same;
  }
  return best;
}

export function describeKeys({ allKeys, keys }: Selector): string {
  return allKeys ? '~*' : keys.map(describeKey).join(' ');
}

function describeKey({ pattern, permissions }: KeyPattern): string {
  if (permissions === (READ | WRITE)) return `~${pattern}`;
  return `%${permissions === READ ? 'R' : 'W'}~${pattern}`;
}

export function describeChannels({ allChannels, channels }: Selector): string {
  return allChannels ? '&*' : channels.map(({ pattern }) => `&${pattern}`).join(' ');
}

/** All of it, as it stands in a line of ACL LIST. */
export function describeSelector(catalog: AclCatalog, selector: Selector): string {
  const channels = describeChannels(selector);
  const parts = [
    describeKeys(selector),
    selector.allChannels ? '' : 'resetchannels',
    channels,
    describeCommands(catalog, selector),
  ];
  return parts.filter((part) => part !== '').join(' ');
}
