/**
 * What stands in docs/compatibility.md beside a command of Redis 7.2 that differs here, or is absent. Commands that are there
 * and not named here are the same as in Redis.
 */

/** By full name: how it differs, in one line. */
export const differing: Readonly<Record<string, string>> = {
  'acl|getuser': 'only the user `default`',
  'acl|list': 'only the user `default`',
  'acl|users': 'only the user `default`',
  'acl|help': 'lists only what exists',
  bgrewriteaof: 'makes a snapshot',
  bgsave: 'asks the replication app for a snapshot; SCHEDULE has no further meaning',
  'client|help': 'lists only what exists',
  'client|info': 'the fields of 7.0; some are 0, as docs/differences.md tells',
  'client|list': 'the fields of 7.0; some are 0, as docs/differences.md tells',
  'client|no-evict': 'kept, and without effect: no client is evicted for memory',
  'client|reply': 'OFF silences pushes too',
  command: 'lists what exists',
  'command|count': 'counts what exists',
  'command|list': 'lists what exists',
  'config|get': 'directives of its own; docs/configuration.md says which have an effect',
  'config|set': 'directives of its own; `bind`, `port` and `tcp-keepalive` answer before they have an effect',
  debug: 'some subcommands are absent or have contents of their own, as docs/differences.md tells',
  expiretime: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  failover: 'refused',
  flushall: 'ASYNC frees memory at once',
  flushdb: 'ASYNC frees memory at once',
  info: '`redis_version` is 7.0.15; fields and a section of its own, and some fields constant, as docs/differences.md tells',
  'latency|doctor': 'a text of its own',
  'latency|histogram': 'empty: most commands are not timed one by one',
  lolwut: 'a text of its own',
  'memory|doctor': 'a text of its own',
  'memory|malloc-stats': "the arena's",
  'memory|stats': "the arena's",
  'memory|usage': 'exact: the blocks of the key in the arena and its share of the index; SAMPLES is not needed',
  'module|help': 'lists only what exists',
  'module|list': 'always empty',
  'object|idletime': 'integers from 0 to 9999 have an idle time of their own',
  'object|refcount': '2147483647 for each integer from 0 to 9999, else 1',
  pexpiretime: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  pttl: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  quit: 'closes the connection after CLIENT REPLY OFF, too',
  replicaof: 'needs a Weir node; NO ONE begins a new log',
  role: "a slave's offset is that of the log",
  save: 'asks the replication app for a snapshot, and waits for it; others are served meanwhile',
  scan: 'other cursors, in another order, with the same guarantee; a page may be a little longer than COUNT',
  shutdown: 'makes a snapshot only when told SAVE',
  slaveof: 'needs a Weir node; NO ONE begins a new log',
  ttl: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  unlink: 'frees memory at once',
  migrate:
    'other clients are served meanwhile: a key that changes before the target has taken it is not deleted, and the client told',
  waitaof: 'the local part is always 1: every acknowledged write is in the log',
  'xinfo|stream': '`radix-tree-nodes` counts the nodes of another tree',
  xread: 'BLOCK is accepted, and nobody waits yet: it answers as inside MULTI',
  xreadgroup: 'BLOCK is accepted, and nobody waits yet: it answers as inside MULTI',
};

const SESSIONS = 'needs the state of a session in the engine: not built yet';
const BLOCKING = 'blocking forms need the state of a session in the engine: not built yet';
const ONE_USER = 'there is one user, `default`';
const TRACKING = 'client-side caching: not built yet';
const REDIS_REPLICATION = 'replication goes through the log; speaking to Redis servers is not built yet';
const NO_MODULES = 'modules of Redis are native code';

/** By full name, or that of the container: why it is absent. */
export const absentCommands: Readonly<Record<string, string>> = {
  'acl|deluser': ONE_USER,
  'acl|dryrun': ONE_USER,
  'acl|genpass': ONE_USER,
  'acl|load': ONE_USER,
  'acl|log': ONE_USER,
  'acl|save': ONE_USER,
  'acl|setuser': ONE_USER,
  asking: 'one data set, no cluster',
  blmove: BLOCKING,
  blmpop: BLOCKING,
  blpop: BLOCKING,
  brpop: BLOCKING,
  brpoplpush: BLOCKING,
  bzmpop: BLOCKING,
  bzpopmax: BLOCKING,
  bzpopmin: BLOCKING,
  'client|caching': TRACKING,
  'client|getredir': TRACKING,
  'client|pause': SESSIONS,
  'client|tracking': TRACKING,
  'client|trackinginfo': TRACKING,
  'client|unpause': SESSIONS,
  'module|load': NO_MODULES,
  'module|loadex': NO_MODULES,
  'module|unload': NO_MODULES,
  monitor: 'not built yet',
  psync: REDIS_REPLICATION,
  replconf: REDIS_REPLICATION,
  sync: REDIS_REPLICATION,
};

/** By group, where whole groups are absent. */
export const absentGroups: Readonly<Record<string, string>> = {
  cluster: 'one data set, no cluster',
  geo: 'not built yet',
  list: 'not built yet',
  pubsub: 'not built yet',
  scripting: 'scripts and functions: not built yet',
  'sorted-set': 'not built yet',
  transactions: SESSIONS,
};
