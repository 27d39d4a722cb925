/**
 * What stands in docs/compatibility.md beside a command of Redis 7.2 that differs here, or is absent. Commands that are there
 * and not named here are the same as in Redis.
 */

const SCORES = 'scores are written as 7.0 does (%.17g: 0.10000000000000001); since 7.2 as short as possible (0.1)';

const STOREDIST = 'scores that STOREDIST stores may differ in the last bit';

/** By full name: how it differs, in one line. */
export const differing: Readonly<Record<string, string>> = {
  'acl|cat': 'lists what exists',
  'acl|getuser': 'single commands behind the categories come in the order of their names',
  'acl|list': 'single commands behind the categories come in the order of their names',
  'acl|load': 'keeps the connections of users that stay, as since 7.2',
  'acl|log': 'of a long key, channel or name the first 4096 bytes',
  bgrewriteaof: 'makes a snapshot',
  bgsave: 'asks the replication app for a snapshot; SCHEDULE has no further meaning',
  bitfield: 'one that lengthens a string and then changes nothing (OVERFLOW FAIL) is replicated, too',
  bzmpop: SCORES,
  bzpopmax: SCORES,
  bzpopmin: SCORES,
  'client|help': 'lists only what exists',
  'client|info': 'the fields of 7.0; some are 0, as docs/differences.md tells',
  'client|list': 'the fields of 7.0; some are 0, as docs/differences.md tells',
  'client|reply': 'OFF silences pushes too',
  command: 'lists what exists',
  'command|count': 'counts what exists',
  'command|docs': 'in the words of 7.0',
  'command|list': 'lists what exists',
  'config|get': 'directives of its own; docs/configuration.md says which have an effect',
  'config|set': 'directives of its own; `bind`, `port` and `tcp-keepalive` answer before they have an effect',
  debug: 'some subcommands are absent or have contents of their own, as docs/differences.md tells',
  dump: 'RDB version 10, as Redis 7.0 writes it: 7.2 loads it',
  eval: 'the newest 500 scripts are kept, as since 7.4; docs/differences.md tells the rest',
  expiretime: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  failover: 'in a cluster whose nodes choose their leader; elsewhere refused',
  'function|kill': 'answers NOTBUSY: a script that runs too long is ended',
  'function|list': 'in the order in which libraries came',
  'function|stats': 'no running script is told',
  georadius: STOREDIST,
  georadiusbymember: STOREDIST,
  geosearchstore: STOREDIST,
  hrandfield: 'a negative count whose reply would have more than 512 MiB is an error',
  hscan: 'other cursors, with the same guarantee; a page may be a little longer than COUNT',
  incrbyfloat: 'embstr on the master may be int on a slave',
  info: '`redis_version` is 7.0.15; fields and a section of its own, and some fields constant, as docs/differences.md tells',
  'latency|doctor': 'a text of its own',
  'latency|histogram': 'of fast commands one call in 64 is timed',
  lolwut: 'a text of its own',
  lset: 'looks at the whole index; 7.2 cuts it to 32 bits',
  'memory|doctor': 'a text of its own',
  'memory|malloc-stats': "the arena's",
  'memory|stats': "the arena's",
  'memory|usage': 'exact: the blocks of the key in the arena and its share of the index; SAMPLES is not needed',
  migrate:
    'other clients are served meanwhile: a key that changes before the target has taken it is not deleted, and the client told',
  'module|help': 'lists only what exists',
  'module|list': 'always empty',
  'object|idletime': 'integers from 0 to 9999 have an idle time of their own',
  'object|refcount': '2147483647 for each integer from 0 to 9999, else 1',
  pexpiretime: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  pfadd: 'a sparse string that ends within a two-byte run is corrupted; Redis reads and writes behind it',
  pfcount: 'a slave does not cache the cardinality in the string',
  pfselftest: 'shorter',
  pttl: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  publish: 'comes to the subscribers of every node of the log; the number counts those of the node that was asked',
  quit: 'closes the connection after CLIENT REPLY OFF, too',
  replicaof: 'needs a Weir node; NO ONE begins a new log',
  save: 'asks the replication app for a snapshot, and waits for it; others are served meanwhile',
  scan: 'other cursors, in another order, with the same guarantee; a page may be a little longer than COUNT',
  'script|kill': 'answers NOTBUSY: a script that runs too long is ended',
  'script|debug': 'there is no debugger: YES and SYNC are errors',
  shutdown: 'makes a snapshot only when told SAVE',
  slaveof: 'needs a Weir node; NO ONE begins a new log',
  spublish: 'comes to the subscribers of every node of the log; the number counts those of the node that was asked',
  sort: 'a sorted set stays a listpack; ALPHA compares bytes; members that compare as equal come in another order',
  sort_ro: 'ALPHA compares bytes; members that compare as equal come in another order',
  sscan: 'other cursors, with the same guarantee; a page may be a little longer than COUNT',
  ttl: 'times later than 2^53 - 1 ms (in the year 287396) are cut to that',
  waitaof: 'the local part is always 1: every acknowledged write is in the log',
  'xinfo|stream': '`radix-tree-nodes` counts the nodes of another tree',
  zadd: SCORES,
  zdiff: SCORES,
  zincrby: SCORES,
  zinter: SCORES,
  zmpop: SCORES,
  zmscore: SCORES,
  zpopmax: SCORES,
  zpopmin: SCORES,
  zrandmember: SCORES,
  zrange: SCORES,
  zrangebyscore: SCORES,
  zrank: SCORES,
  zrevrange: SCORES,
  zrevrangebyscore: SCORES,
  zrevrank: SCORES,
  zscan: 'other cursors, with the same guarantee; a page may be a little longer than COUNT; scores as in 7.0 (%.17g)',
  zscore: SCORES,
  zunion: SCORES,
};

const REDIS_REPLICATION = 'replication goes through the log; speaking to Redis servers is not built yet';
const NO_MODULES = 'modules of Redis are native code';

/** By full name, or that of the container: why it is absent. */
export const absentCommands: Readonly<Record<string, string>> = {
  asking: 'one data set, no cluster',
  'module|load': NO_MODULES,
  'module|loadex': NO_MODULES,
  'module|unload': NO_MODULES,
  psync: REDIS_REPLICATION,
  replconf: REDIS_REPLICATION,
  sync: REDIS_REPLICATION,
};

/** By group, where whole groups are absent. */
export const absentGroups: Readonly<Record<string, string>> = {
  cluster: 'one data set, no cluster',
};
