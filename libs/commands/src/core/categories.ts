import type { Command, CommandFlag } from './command.ts';

/** The ACL categories, in the order in which Redis lists them everywhere. */
export const ACL_CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;

export type AclCategory = (typeof ACL_CATEGORIES)[number];

const OF_FLAG: Partial<Record<CommandFlag, readonly AclCategory[]>> = {
  write: ['write'],
  readonly: ['read'],
  admin: ['admin', 'dangerous'],
  pubsub: ['pubsub'],
  fast: ['fast'],
  blocking: ['blocking'],
};

const OF_GROUP: Readonly<Record<string, AclCategory>> = {
  generic: 'keyspace',
  string: 'string',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  hash: 'hash',
  stream: 'stream',
  bitmap: 'bitmap',
  hyperloglog: 'hyperloglog',
  geo: 'geo',
  pubsub: 'pubsub',
  connection: 'connection',
  transactions: 'transaction',
  scripting: 'scripting',
};

/** Categories of the command, without '@': what its flags say, as in Redis, and `acl`, or else its group's. */
export function aclCategories(command: Command): readonly AclCategory[] {
  const found = new Set(command.acl ?? groupCategories(command));
  // A script runs what it likes: that it may be read-only does not make it a read.
  const runsScripts = found.has('scripting');
  for (const flag of command.flags) {
    if (flag === 'readonly' && runsScripts) continue;
    for (const category of OF_FLAG[flag] ?? []) found.add(category);
  }
  if (!found.has('fast')) found.add('slow');
  return ACL_CATEGORIES.filter((category) => found.has(category));
}

/** A container does nothing itself: its subcommands have the group's category. */
function groupCategories({ docs, subcommands }: Command): readonly AclCategory[] {
  const category = OF_GROUP[docs.group];
  return category === undefined || subcommands !== undefined ? [] : [category];
}
