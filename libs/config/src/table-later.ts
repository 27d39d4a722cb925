import { bool, choice, int, INT_MAX, LONG_MAX, memory, str, ULONG_MAX } from './directive.ts';
import { only } from './checks.ts';
import type { DirectiveOptions } from './directive.ts';

/** Of a later version: known, and left out of CONFIG GET with a pattern, whose answer is that of Redis 7.0. */
function since(version: string, options: DirectiveOptions = {}): DirectiveOptions {
  return { hidden: true, since: version, ...options };
}

/**
 * Directives of Redis after 7.0 and of Valkey. Nothing in Weir acts on them: most tune threads, the cluster bus or a full sync, which
 * Weir does not have. One that would open or close something is refused at any value but its harmless one.
 */
export const laterDirectives = [
  // Redis 7.2 to 8
  str(
    'locale-collate',
    '',
    'Locale that SORT and scripts compare strings in; Weir compares bytes.',
    since('Redis 7.2'),
  ),
  str(
    'cluster-announce-human-nodename',
    '',
    'Name of this node in cluster logs.',
    since('Redis 7.2', { nullable: true }),
  ),
  bool('close-on-replica-write', 'yes', 'Close a slave that sends a write.', since('Redis 7.2')),
  bool('dict-resizing', 'yes', 'Resize hash tables.', since('Redis 7.2')),
  int('cluster-ping-interval', { default: 1000, max: LONG_MAX }, 'Interval of pings on the bus.', since('Redis 7.2')),
  str(
    'req-res-logfile',
    '',
    'File of requests and replies, for tests.',
    since('Redis 7.2', { immutable: true, nullable: true }),
  ),
  int('client-default-resp', { default: 2, min: 2, max: 3 }, 'Protocol of a new client, for tests; Weir refuses 3.', {
    ...since('Redis 7.2', { immutable: true }),
    check: only('2', 'a client begins with RESP2; it asks for RESP3 with HELLO'),
  }),
  bool('hide-user-data-from-log', 'no', 'Keep keys and values out of the server log.', since('Redis 7.4')),
  int(
    'max-new-connections-per-cycle',
    { default: 10, min: 1, max: 1000 },
    'Connections accepted at a time.',
    since('Redis 7.4'),
  ),
  int(
    'max-new-tls-connections-per-cycle',
    { default: 1, min: 1, max: 1000 },
    'TLS connections accepted at a time.',
    since('Redis 7.4'),
  ),
  bool('enable-debug-assert', 'no', 'Assertions of debug builds.', since('Redis 7.4', { immutable: true })),
  memory(
    'replica-full-sync-buffer-limit',
    { default: 0 },
    'What a slave holds back during a full sync.',
    since('Redis 8.0'),
  ),
  bool('repl-rdb-channel', 'no', 'A connection of its own for a full sync.', since('Redis 8.0')),
  int(
    'cluster-compatibility-sample-ratio',
    { default: 0, max: 100 },
    'Commands checked for use in a cluster.',
    since('Redis 8.0', { unit: '%' }),
  ),
  int(
    'tcp-keepalive-probes',
    { default: 3, min: 1 },
    'Probes without an answer that end a connection.',
    since('Redis 8.0'),
  ),
  bool('vset-force-single-threaded-execution', 'no', 'Vector sets without threads; Weir has none.', since('Redis 8.0')),
  bool('cluster-slot-stats-enabled', 'no', 'Statistics per slot.', since('Redis 8.2')),
  memory(
    'aof-load-corrupt-tail-max-size',
    { default: 0 },
    'Damaged end of an append-only file that may be cut.',
    since('Redis 8.2'),
  ),
  int(
    'lookahead',
    { default: 16, min: 1 },
    "Commands of a client's pipeline that are parsed ahead.",
    since('Redis 8.4'),
  ),
  int(
    'cluster-slot-migration-write-pause-timeout',
    { default: 10000, max: LONG_MAX },
    'How long a slot that moves takes no writes.',
    since('Redis 8.4', { unit: 'milliseconds' }),
  ),
  memory(
    'cluster-slot-migration-handoff-max-lag-bytes',
    { default: 1048576 },
    'Lag at which a slot changes hands.',
    since('Redis 8.4'),
  ),
  int(
    'cluster-slot-migration-sync-buffer-drain-timeout',
    { default: 60000, max: LONG_MAX },
    'How long a moved slot may take to catch up.',
    since('Redis 8.4', { unit: 'milliseconds' }),
  ),
  int(
    'cluster-slot-migration-max-archived-tasks',
    { default: 32, min: 1 },
    'Finished slot migrations that are listed.',
    since('Redis 8.4'),
  ),
  bool('key-memory-histograms', 'no', 'Histograms of the memory of keys.', since('Redis 8.6')),
  int(
    'slowlog-entry-max-argc',
    { default: 32, min: 2, max: LONG_MAX },
    'Arguments an entry of the slow log keeps; Weir keeps 32.',
    since('Redis 8.6'),
  ),
  int(
    'slowlog-entry-max-string-len',
    { default: 128, min: 1, max: LONG_MAX },
    'Length an argument in the slow log keeps; Weir keeps 128.',
    since('Redis 8.6'),
  ),
  int(
    'stream-idmp-duration',
    { default: 100, min: 1, max: LONG_MAX },
    'How long IDs of producers are remembered.',
    since('Redis 8.6', { unit: 'seconds' }),
  ),
  int(
    'stream-idmp-maxsize',
    { default: 100, min: 1, max: LONG_MAX },
    'IDs of producers that are remembered.',
    since('Redis 8.6'),
  ),
  str('tls-auth-clients-user', 'off', 'Field of a certificate that names the user; Weir refuses one.', {
    ...since('Redis 8.6'),
    check: only('off', 'Weir does not speak TLS yet'),
  }),

  // Valkey 8 and 9
  bool('dual-channel-replication-enabled', 'no', 'A connection of its own for a full sync.', since('Valkey 8.0')),
  bool(
    'extended-redis-compatibility',
    'no',
    'Answer as Redis where Valkey has its own name; Weir always does.',
    since('Valkey 8.0'),
  ),
  str('availability-zone', '', 'Zone that a cluster tells its clients.', since('Valkey 8.0')),
  int('events-per-io-thread', { default: 2 }, 'Events that wake an I/O thread.', since('Valkey 8.0')),
  int(
    'prefetch-batch-max-size',
    { default: 16, max: 128 },
    'Commands whose keys are fetched ahead.',
    since('Valkey 8.0'),
  ),
  int(
    'cluster-blacklist-ttl',
    { default: 60, max: ULONG_MAX },
    'How long a forgotten node stays out.',
    since('Valkey 8.0', { unit: 'seconds' }),
  ),
  str('cluster-announce-client-ipv4', '', 'IPv4 address told to clients.', since('Valkey 8.0', { nullable: true })),
  str('cluster-announce-client-ipv6', '', 'IPv6 address told to clients.', since('Valkey 8.0', { nullable: true })),
  bool('debug-assert-enabled', 'no', 'Assertions of debug builds.', since('Valkey 8.0', { immutable: true })),
  int('rdma-port', { default: 0, max: 65535 }, 'RDMA port; Weir refuses one.', {
    ...since('Valkey 8.0'),
    check: only('0', 'Weir does not speak RDMA'),
  }),
  str('rdma-bind', '', 'Addresses of the RDMA port.', since('Valkey 8.0', { nullable: true, multi: true })),
  memory(
    'rdma-rx-size',
    { default: 1048576, min: 65536, max: 16777216 },
    'Receive buffer of RDMA.',
    since('Valkey 8.1', { immutable: true }),
  ),
  int(
    'rdma-completion-vector',
    { default: -1, min: -1, max: 1024 },
    'Completion vector of RDMA.',
    since('Valkey 8.1', { immutable: true }),
  ),
  int(
    'active-defrag-cycle-us',
    { default: 500, max: 100000 },
    'Length of a defragmentation step.',
    since('Valkey 8.1', { unit: 'microseconds' }),
  ),
  bool('import-mode', 'no', 'Neither expire nor evict while another server writes; Weir refuses yes.', {
    ...since('Valkey 8.1'),
    check: only('no', 'Weir has no import mode, and would expire and evict keys meanwhile'),
  }),
  choice('log-format', ['legacy', 'logfmt'], 'legacy', 'Format of log lines; Weir writes JSON.', since('Valkey 8.1')),
  choice(
    'log-timestamp-format',
    ['legacy', 'iso8601', 'milliseconds'],
    'legacy',
    'Form of times in the log.',
    since('Valkey 8.1'),
  ),
  choice(
    'rdb-version-check',
    ['strict', 'relaxed'],
    'strict',
    'Whether to load RDB files of later versions.',
    since('Valkey 8.1'),
  ),
  int(
    'commandlog-request-larger-than',
    { default: 1048576, min: -1, max: LONG_MAX },
    'Requests larger than this are logged.',
    since('Valkey 8.1', { unit: 'bytes' }),
  ),
  int(
    'commandlog-reply-larger-than',
    { default: 1048576, min: -1, max: LONG_MAX },
    'Commands with a reply larger than this are logged.',
    since('Valkey 8.1', { unit: 'bytes' }),
  ),
  int(
    'commandlog-large-request-max-len',
    { default: 128, max: LONG_MAX },
    'Entries the log of large requests keeps.',
    since('Valkey 8.1'),
  ),
  int(
    'commandlog-large-reply-max-len',
    { default: 128, max: LONG_MAX },
    'Entries the log of large replies keeps.',
    since('Valkey 8.1'),
  ),
  int(
    'cluster-manual-failover-timeout',
    { default: 5000, min: 1 },
    'How long a manual failover may take.',
    since('Valkey 8.1', { unit: 'milliseconds' }),
  ),
  str('unixsocketgroup', '', 'Group of the Unix socket; Weir refuses one.', {
    ...since('Valkey 8.1', { immutable: true, nullable: true }),
    check: only('', 'Weir cannot give its socket to a group; use unixsocketperm and a folder with that group'),
  }),
  str('hash-seed', '', 'Seed of hash tables.', since('Valkey 8.1', { immutable: true, nullable: true })),
  bool('io-threads-always-active', 'no', 'I/O threads never sleep, for tests.', since('Valkey 8.1')),
  str('debug-context', '', 'Text in crash reports.', since('Valkey 8.1')),
  int(
    'min-io-threads-avoid-copy-reply',
    { default: 7 },
    'I/O threads from which replies are not copied.',
    since('Valkey 9.0'),
  ),
  int(
    'min-string-size-avoid-copy-reply',
    { default: 16384 },
    'Length from which replies are not copied.',
    since('Valkey 9.0', { unit: 'bytes' }),
  ),
  int(
    'min-string-size-avoid-copy-reply-threaded',
    { default: 65536 },
    'The same with I/O threads.',
    since('Valkey 9.0', { unit: 'bytes' }),
  ),
  bool('mptcp', 'no', 'Multipath TCP for clients.', since('Valkey 9.0', { immutable: true })),
  bool('repl-mptcp', 'no', 'Multipath TCP to the master.', since('Valkey 9.0', { immutable: true })),
  int(
    'tls-auto-reload-interval',
    { default: 0 },
    'Interval at which certificates are read again.',
    since('Valkey 9.0', { unit: 'seconds' }),
  ),
  int(
    'cluster-databases',
    { default: 1, min: 1 },
    'Databases in cluster mode.',
    since('Valkey 9.0', { immutable: true }),
  ),
  choice(
    'cluster-config-save-behavior',
    ['sync', 'best-effort'],
    'sync',
    'How the cluster state is written.',
    since('Valkey 9.0'),
  ),
  int(
    'cluster-message-gossip-perc',
    { default: 10, min: 1, max: 100 },
    'Nodes named in a message of the bus.',
    since('Valkey 9.0', { unit: '%' }),
  ),
  int('cluster-announce-client-port', { default: 0, max: 65535 }, 'Port told to clients.', since('Valkey 9.0')),
  int('cluster-announce-client-tls-port', { default: 0, max: 65535 }, 'TLS port told to clients.', since('Valkey 9.0')),
  int(
    'cluster-slot-migration-log-max-len',
    { default: 1000, max: LONG_MAX },
    'Finished slot migrations that are listed.',
    since('Valkey 9.0'),
  ),
  memory(
    'slot-migration-max-failover-repl-bytes',
    { default: 0, min: -1, max: INT_MAX },
    'Lag at which a slot changes hands.',
    since('Valkey 9.0'),
  ),
] as const;
