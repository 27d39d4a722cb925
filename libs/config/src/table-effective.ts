import {
  bool,
  choice,
  EVERY_APP,
  int,
  LONG_MAX,
  memory,
  octal,
  percentMemory,
  special,
  str,
  UINT_MAX,
  ULONG_MAX,
} from './directive.ts';
import { baseNameOnly } from './checks.ts';

/** Directives that Weir acts on. One that gains an effect moves here from table-accepted.ts. */
export const effectiveDirectives = [
  // Network and clients
  special('bind', '* -::*', 'Addresses to listen on; a leading - means: skip it quietly where it does not exist.', {
    apps: ['ingress', 'server'],
    multi: true,
  }),
  int('port', { default: 6379, max: 65535 }, 'TCP port; 0 listens on no TCP port.', {
    apps: ['ingress', 'engine', 'server'],
  }),
  int('tcp-backlog', { default: 511 }, 'Length of the queue of connections not yet accepted.', {
    apps: ['ingress', 'server'],
    immutable: true,
  }),
  str('unixsocket', '', 'Path of a Unix socket to listen on.', { apps: ['ingress'], immutable: true, nullable: true }),
  octal('unixsocketperm', { default: 0, max: 0o777 }, 'Permissions of the Unix socket; 0 leaves them alone.', {
    apps: ['ingress', 'server'],
    immutable: true,
  }),
  bool('protected-mode', 'yes', 'Refuse clients from other machines while no password is set.', {
    apps: ['engine', 'server'],
  }),
  int('timeout', { default: 0 }, 'Close a client idle for this long; 0 never does.', { unit: 'seconds' }),
  int('tcp-keepalive', { default: 300 }, 'Interval of TCP keepalive probes; 0 sends none.', {
    apps: ['ingress', 'server'],
    unit: 'seconds',
  }),
  int('maxclients', { default: 10000, min: 1, max: UINT_MAX }, 'Most clients connected at a time.'),
  memory(
    'client-query-buffer-limit',
    { default: 1073741824, min: 1048576 },
    'Most bytes of requests that are kept for a client.',
    { apps: ['ingress', 'engine'], debug: true },
  ),
  int('tracking-table-max-keys', { default: 1000000, max: LONG_MAX }, 'Keys remembered for client-side caching.'),
  special('notify-keyspace-events', '', 'Classes of keyspace events that are published.'),
  special(
    'client-output-buffer-limit',
    'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
    'Per class: disconnect a client above the hard limit, or above the soft limit for that many seconds.',
    { multi: true },
  ),
  percentMemory(
    'maxmemory-clients',
    { default: 0, min: -100 },
    'Memory of all clients together, or a share of maxmemory: above it the largest are closed; 0: half of the machine.',
  ),
  memory('proto-max-bulk-len', { default: 536870912, min: 1048576 }, 'Longest single string in a request.', {
    apps: ['ingress', 'engine'],
    debug: true,
  }),
  // Security
  str('requirepass', '', 'Password of the default user.', {
    apps: ['engine', 'admin', 'server'],
    nullable: true,
    sensitive: true,
  }),
  str('aclfile', '', 'File of ACL users; without one they are `user` lines.', { immutable: true }),
  int('acllog-max-len', { default: 128, max: LONG_MAX }, 'Entries the ACL log keeps.'),
  choice('acl-pubsub-default', ['allchannels', 'resetchannels'], 'resetchannels', 'Channels a new ACL user may use.'),
  str('masterauth', '', 'Password this slave gives to its master.', {
    apps: ['ingress', 'engine', 'replication', 'admin'],
    nullable: true,
    sensitive: true,
    also: ['primaryauth'],
  }),
  str('masteruser', '', 'User this slave authenticates as to its master.', {
    apps: ['ingress', 'engine', 'replication', 'admin'],
    nullable: true,
    sensitive: true,
    also: ['primaryuser'],
  }),
  choice('enable-debug-command', ['no', 'yes', 'local'], 'no', 'Who may use DEBUG.', { immutable: true }),
  choice(
    'enable-protected-configs',
    ['no', 'yes', 'local'],
    'no',
    'Who may CONFIG SET dir and dbfilename, the protected directives.',
    { immutable: true },
  ),

  // General
  int('databases', { default: 16, min: 1 }, 'Number of databases.', {
    apps: ['engine', 'replication'],
    immutable: true,
  }),
  special('dir', '', 'Working directory: data, and what relative paths are relative to.', {
    apps: EVERY_APP,
    protected: true,
    denyLoading: true,
  }),
  str('dbfilename', 'dump.rdb', 'RDB file below dir that a new master begins with.', {
    protected: true,
    check: baseNameOnly('dbfilename', 'filename'),
  }),
  str('logfile', '', 'File that logs go to; empty is the standard output.', { apps: EVERY_APP, immutable: true }),
  choice('loglevel', ['debug', 'verbose', 'notice', 'warning'], 'notice', 'Least severe level that is logged.', {
    apps: EVERY_APP,
  }),
  str('pidfile', '', 'File the process id is written to.', { apps: ['server'], immutable: true, nullable: true }),
  int('hz', { default: 10 }, 'Runs of background work per second, brought into 1 to 500.', {
    clamp: [1n, 500n],
  }),
  // Encodings of small values
  int('hash-max-listpack-entries', { default: 512, max: LONG_MAX }, 'Most fields of a hash kept as a listpack.', {
    apps: ['engine', 'replication'],
    alias: 'hash-max-ziplist-entries',
  }),
  memory('hash-max-listpack-value', { default: 64 }, 'Longest field or value of a hash kept as a listpack.', {
    apps: ['engine', 'replication'],
    alias: 'hash-max-ziplist-value',
  }),
  int(
    'list-max-listpack-size',
    { default: -2, min: -2147483648 },
    'Entries of a list node, or -1 to -5 for 4 to 64 kb.',
    { apps: ['engine', 'replication'], alias: 'list-max-ziplist-size' },
  ),
  int('set-max-intset-entries', { default: 512, max: LONG_MAX }, 'Most members of a set kept as an intset.', {
    apps: ['engine', 'replication'],
  }),
  int('set-max-listpack-entries', { default: 128, max: LONG_MAX }, 'Most members of a set kept as a listpack.', {
    apps: ['engine', 'replication'],
  }),
  memory('set-max-listpack-value', { default: 64 }, 'Longest member of a set kept as a listpack.', {
    apps: ['engine', 'replication'],
  }),
  int(
    'zset-max-listpack-entries',
    { default: 128, max: LONG_MAX },
    'Most members of a sorted set kept as a listpack.',
    { apps: ['engine', 'replication'], alias: 'zset-max-ziplist-entries' },
  ),
  memory('zset-max-listpack-value', { default: 64 }, 'Longest member of a sorted set kept as a listpack.', {
    apps: ['engine', 'replication'],
    alias: 'zset-max-ziplist-value',
  }),
  memory('hll-sparse-max-bytes', { default: 3000 }, 'Largest sparse HyperLogLog.', {
    apps: ['engine', 'replication'],
  }),
  memory('stream-node-max-bytes', { default: 4096 }, 'Largest block of a stream; 0 is unlimited.', {
    apps: ['engine', 'replication'],
  }),
  int('stream-node-max-entries', { default: 100, max: LONG_MAX }, 'Most entries of a block of a stream.', {
    apps: ['engine', 'replication'],
  }),
  // Memory and eviction
  memory('maxmemory', { default: 0, max: ULONG_MAX }, 'Limit of the data set; 0 is unlimited.'),
  choice(
    'maxmemory-policy',
    [
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ],
    'noeviction',
    'What is evicted when maxmemory is reached.',
  ),
  int('maxmemory-samples', { default: 5, min: 1 }, 'Keys looked at to choose one to evict.'),
  int('maxmemory-eviction-tenacity', { default: 10, max: 100 }, 'How much time eviction may take.'),
  int('lfu-log-factor', { default: 10 }, 'How fast the LFU counter saturates.'),
  int('lfu-decay-time', { default: 1 }, 'Time in which an LFU counter loses one.', { unit: 'minutes' }),
  int('active-expire-effort', { default: 1, min: 1, max: 10 }, 'Effort of the active expiry cycle.'),
  bool('activerehashing', 'yes', 'Grow and shrink tables in idle time too, not with writes only.'),
  bool('lazyfree-lazy-eviction', 'no', 'Give values of evicted keys back in steps, not at once.', { debug: true }),
  bool('lazyfree-lazy-expire', 'no', 'Give values of expired keys back in steps, not at once.', { debug: true }),
  bool('lazyfree-lazy-server-del', 'no', 'Give overwritten values back in steps, not at once.', { debug: true }),
  bool('lazyfree-lazy-user-del', 'no', 'DEL gives values back in steps, as UNLINK does.', { debug: true }),
  bool('lazyfree-lazy-user-flush', 'no', 'FLUSHALL and FLUSHDB are ASYNC unless told SYNC.', { debug: true }),
  // Observation
  int('slowlog-log-slower-than', { default: 10000, min: -1, max: LONG_MAX }, 'Commands slower than this are logged.', {
    unit: 'microseconds',
    also: ['commandlog-execution-slower-than'],
  }),
  int('slowlog-max-len', { default: 128, max: LONG_MAX }, 'Entries the slow log keeps.', {
    also: ['commandlog-slow-execution-max-len'],
  }),
  int(
    'latency-monitor-threshold',
    { default: 0, max: LONG_MAX },
    'Latency events kept from this length on; 0 is off.',
    {
      unit: 'milliseconds',
    },
  ),
  bool('latency-tracking', 'yes', 'Keep a latency histogram per command.'),
  special('latency-tracking-info-percentiles', '50 99 99.9', 'Percentiles shown by INFO latencystats.', {
    multi: true,
  }),
  int(
    'busy-reply-threshold',
    { default: 5000, max: LONG_MAX },
    'A script that runs for longer is ended with an error; 0 is no limit.',
    { alias: 'lua-time-limit', unit: 'milliseconds' },
  ),
  // Replication
  special('replicaof', '', 'Be a slave of the server at this host and port.', {
    apps: ['ingress', 'engine', 'replication', 'admin', 'server'],
    alias: 'slaveof',
    immutable: true,
    multi: true,
  }),
  bool('replica-serve-stale-data', 'yes', 'A slave without a link to its log answers with the data it has.', {
    alias: 'slave-serve-stale-data',
  }),
  int(
    'replica-priority',
    { default: 100 },
    'Preference as the next leader of a cluster: lower ones claim first, 0 never does. Told in INFO.',
    { alias: 'slave-priority' },
  ),
  bool('replica-announced', 'yes', 'Told in INFO, for monitors that pass over slaves with no.'),
  str('replica-announce-ip', '', 'Address this node tells others.', { alias: 'slave-announce-ip', nullable: true }),
  int(
    'replica-announce-port',
    { default: 0, max: 65535 },
    'Port this node tells others; 0 is the port it listens on.',
    {
      alias: 'slave-announce-port',
    },
  ),
  int('min-replicas-to-write', { default: 0 }, 'Refuse writes with fewer slaves in touch; 0 is off.', {
    alias: 'min-slaves-to-write',
  }),
  int('min-replicas-max-lag', { default: 10 }, 'A slave is in touch if it reported within this time.', {
    alias: 'min-slaves-max-lag',
    unit: 'seconds',
  }),
  // Persistence
  special('save', '3600 1 300 100 60 10000', 'Snapshot after so many seconds with so many changes; "" is never.', {
    apps: ['replication'],
    multi: true,
  }),
  choice(
    'appendfsync',
    ['everysec', 'always', 'no'],
    'everysec',
    'When the embedded log is synced to disk: JetStream sync_interval 1s, always, or its own default.',
    { apps: ['engine', 'server'] },
  ),
  bool('rdbcompression', 'yes', 'Compress strings in snapshots.', { apps: ['engine', 'replication'] }),
  bool('rdbchecksum', 'yes', 'End snapshots with a CRC64.', { apps: ['replication'], immutable: true }),

  // Weir's own
  str('nats-url', '', 'NATS servers to use, comma-separated; empty starts an embedded nats-server.', {
    apps: ['ingress', 'engine', 'replication', 'admin', 'server'],
    immutable: true,
  }),
  str('nats-url-slave', '', 'With nats-url: what slaves are told to connect with; empty tells them nats-url.', {
    immutable: true,
  }),
  str(
    'nats-url-replication',
    '',
    'With nats-url: what the replication app of this node connects with; empty is nats-url.',
    { apps: ['engine', 'server'], immutable: true },
  ),
  str('nats-server', '', 'Path of the nats-server program to embed; empty searches for it.', {
    apps: ['server'],
    immutable: true,
  }),
  int('nats-port', { default: 0, max: 65535 }, 'Port of the embedded nats-server; 0 takes a free one, and keeps it.', {
    apps: ['server'],
    immutable: true,
  }),
  int(
    'nats-start-timeout',
    { default: 60, min: 1, max: 86400 },
    'How long a nats-server that starts may show no progress before it is started again; doubles each time.',
    { apps: ['server'], unit: 'seconds', immutable: true },
  ),
  str(
    'weir-cluster',
    'weir',
    'Name of the cluster; given with nats-url and without replicaof, the nodes of it choose their leader.',
    {
      apps: ['ingress', 'engine', 'replication', 'admin', 'server'],
      immutable: true,
      check: (text) =>
        /^[A-Za-z0-9_-]{1,64}$/.test(text)
          ? undefined
          : 'cluster names are 1 to 64 letters, digits, hyphens or underscores',
    },
  ),
  int(
    'log-replicas',
    { default: 1, min: 1, max: 5 },
    'NATS servers that keep a copy of the log each; more are made where it has fewer.',
    { apps: ['engine', 'replication', 'server'], immutable: true },
  ),
  int(
    'leader-lease',
    { default: 1000, min: 100, max: 600_000 },
    'In a cluster: how long a leader answers by itself after an append that was stored. The same on all nodes.',
    { unit: 'milliseconds', immutable: true },
  ),
  int(
    'leader-lease-margin',
    { default: 200, min: 10, max: 600_000 },
    'Beyond a lease, before another node claims the log: for clocks that run differently. At least a tenth of it.',
    { unit: 'milliseconds', immutable: true },
  ),
  int(
    'leader-heartbeat',
    { default: 250, min: 10, max: 200_000 },
    'A leader without writes appends a small record so often. At most a third of leader-lease.',
    { unit: 'milliseconds', immutable: true },
  ),
  str('link-listen', '', 'Socket path or host:port where an engine takes ingresses of other processes.', {
    apps: ['engine', 'server'],
    immutable: true,
  }),
  str('link-announce', '', 'Address of the link that this engine tells ingresses; empty is where it listens.', {
    apps: ['engine'],
    immutable: true,
    nullable: true,
  }),
  str(
    'link-connect',
    '',
    'Socket path or host:port of the only engine that this ingress serves; empty: it finds all engines of a log, and routes.',
    {
      apps: ['ingress'],
      immutable: true,
    },
  ),
  int(
    'ingress-workers',
    { default: 1, min: 1, max: 256 },
    'Processes of an ingress that share its port, one core each.',
    { apps: ['ingress'], immutable: true },
  ),
  choice(
    'weir-consistency',
    ['session', 'linearizable', 'eventual'],
    'session',
    'How fresh reads through an ingress that routes are, unless a connection asks for another level.',
    { apps: ['ingress'], immutable: true },
  ),
  int('weir-max-lag', { default: 10000, min: 1 }, 'A slave further behind its master gets no reads from an ingress.', {
    apps: ['ingress'],
    unit: 'milliseconds',
    immutable: true,
  }),
  int('weir-read-wait', { default: 10 }, 'How long a read waits for a slave before it goes to the master.', {
    apps: ['ingress'],
    unit: 'milliseconds',
    immutable: true,
  }),
  int('weir-hold-timeout', { default: 30000, min: 1 }, 'How long an ingress holds requests while there is no master.', {
    apps: ['ingress'],
    unit: 'milliseconds',
    immutable: true,
  }),
  choice(
    'weir-unknown-outcome',
    ['error', 'close'],
    'error',
    'What an ingress does when a master is lost before it answered: an error in the place of the reply, or close the client.',
    { apps: ['ingress'], immutable: true },
  ),
  int('commit-timeout', { default: 10000, min: 1 }, 'How long a write waits for a sign of the log before it fails.', {
    unit: 'milliseconds',
  }),
  int('snapshot-keep', { default: 2, min: 1, max: 1000 }, 'Verified snapshots kept; the log is trimmed behind them.', {
    apps: ['replication'],
  }),
  memory(
    'snapshot-log-bytes',
    { default: 268435456 },
    'Snapshot when the log behind the last one is this long; 0 is off.',
    { apps: ['replication'] },
  ),
  int(
    'log-orphan-ttl',
    { default: 0 },
    'Remove a log of the embedded NATS server that nobody follows when it was last written so long ago; 0 is never.',
    { unit: 'seconds' },
  ),
  choice(
    'replication-app',
    ['embedded', 'external'],
    'embedded',
    'Run the replication app in this node or elsewhere.',
    { apps: ['engine', 'server'], immutable: true },
  ),
  choice(
    'replication-copy',
    ['ephemeral', 'resident'],
    'ephemeral',
    'Rebuild the copy that snapshots are made from each time, or keep it in memory.',
    { apps: ['replication'], immutable: true },
  ),
  int('admin-port', { default: 8379, max: 65535 }, 'TCP port of the admin app; 0 takes a free one.', {
    apps: ['admin'],
    immutable: true,
  }),
  str('admin-bind', '127.0.0.1', 'Address that the admin app listens on.', { apps: ['admin'], immutable: true }),
  str(
    'admin-token-file',
    '',
    'File of the admin app with a role and a token per line; empty: who is on this machine may read, and nobody may change anything.',
    { apps: ['admin'], immutable: true },
  ),
  memory(
    'arena-reserve',
    { default: 0 },
    'How much the commands of clients may fill with keys and values; 0 is 16 GiB. Loading a log is not bound by it.',
    {
      immutable: true,
    },
  ),
] as const;
