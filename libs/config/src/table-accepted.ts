import { bool, choice, flags, int, INT_MAX, LONG_MAX, memory, special, str, UINT_MAX, ULONG_MAX } from './directive.ts';
import { baseNameOnly, hostName, notCluster, only, saveAndNosave, titleTemplate } from './checks.ts';

const IMMUTABLE = { immutable: true };
const NULLABLE = { nullable: true };
const IMMUTABLE_NULLABLE = { immutable: true, nullable: true };
const HIDDEN = { hidden: true };
const SHUTDOWN = { check: saveAndNosave };

/**
 * Directives of Redis 7.0 that are stored, checked and answered as Redis does, and that nothing in Weir acts on. A redis.conf
 * that holds them loads unchanged; docs/configuration.md says that they have no effect.
 */
export const acceptedDirectives = [
  // Process
  bool('daemonize', 'no', 'Weir stays in the foreground; a supervisor puts it into the background.', IMMUTABLE),
  choice('supervised', ['upstart', 'systemd', 'auto', 'no'], 'no', 'Supervision tree to report to.', IMMUTABLE),
  bool('always-show-logo', 'no', 'Show the logo in logs.', IMMUTABLE),
  bool('set-proc-title', 'yes', 'Set the process title.', IMMUTABLE),
  str('proc-title-template', '{title} {listen-addr} {server-mode}', 'Template of the process title.', {
    check: titleTemplate,
  }),
  bool('syslog-enabled', 'no', 'Log to syslog.', IMMUTABLE),
  str('syslog-ident', 'redis', 'Identity in syslog.', IMMUTABLE),
  choice(
    'syslog-facility',
    ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    'local0',
    'Facility in syslog.',
    IMMUTABLE,
  ),
  bool('crash-log-enabled', 'yes', 'Write a crash report.'),
  bool('crash-memcheck-enabled', 'yes', 'Test the memory after a crash.'),
  bool('use-exit-on-panic', 'no', 'Exit instead of aborting.', HIDDEN),
  bool('disable-thp', 'yes', 'Disable transparent huge pages.', IMMUTABLE),
  choice('oom-score-adj', ['no', 'yes', 'relative', 'absolute'], 'no', 'Adjust the OOM score.'),
  special('oom-score-adj-values', '0 200 800', 'OOM scores of master, slave and background child.', { multi: true }),
  str('server_cpulist', '', 'CPUs of the server.', { ...IMMUTABLE_NULLABLE, also: ['server-cpulist'] }),
  str('bio_cpulist', '', 'CPUs of background threads.', { ...IMMUTABLE_NULLABLE, also: ['bio-cpulist'] }),
  str('aof_rewrite_cpulist', '', 'CPUs of an AOF rewrite.', { ...IMMUTABLE_NULLABLE, also: ['aof-rewrite-cpulist'] }),
  str('bgsave_cpulist', '', 'CPUs of a BGSAVE.', { ...IMMUTABLE_NULLABLE, also: ['bgsave-cpulist'] }),
  str('ignore-warnings', '', 'Start-up warnings to ignore.'),
  int('io-threads', { default: 1, min: 1, max: 128 }, 'I/O threads.', { immutable: true, debug: true }),
  bool('io-threads-do-reads', 'no', 'I/O threads read as well.', { immutable: true, debug: true }),
  flags(
    'shutdown-on-sigint',
    ['default', 'save', 'nosave', 'now', 'force'],
    'default',
    'How SIGINT shuts down; Weir shuts down in order.',
    SHUTDOWN,
  ),
  flags(
    'shutdown-on-sigterm',
    ['default', 'save', 'nosave', 'now', 'force'],
    'default',
    'How SIGTERM shuts down; Weir shuts down in order.',
    SHUTDOWN,
  ),
  int('watchdog-period', { default: 0 }, 'Software watchdog.', HIDDEN),
  bool('dynamic-hz', 'yes', 'Adapt hz to the number of clients.'),
  bool('jemalloc-bg-thread', 'yes', 'Background thread of jemalloc.'),
  bool('activedefrag', 'no', 'Active defragmentation.', { debug: true }),
  memory('active-defrag-ignore-bytes', { default: 104857600, min: 1 }, 'Waste below which nothing is defragmented.'),
  int('active-defrag-threshold-lower', { default: 10, max: 1000 }, 'Fragmentation that starts it.', { unit: '%' }),
  int('active-defrag-threshold-upper', { default: 100, max: 1000 }, 'Fragmentation of full effort.', { unit: '%' }),
  int('active-defrag-cycle-min', { default: 1, min: 1, max: 99 }, 'Least CPU effort.', { unit: '%' }),
  int('active-defrag-cycle-max', { default: 25, min: 1, max: 99 }, 'Most CPU effort.', { unit: '%' }),
  int('active-defrag-max-scan-fields', { default: 1000, min: 1, max: LONG_MAX }, 'Fields scanned in one step.'),

  // Network and security
  str('bind-source-addr', '', 'Source address of outgoing connections.', NULLABLE),
  int('socket-mark-id', { default: 0, max: UINT_MAX }, 'Mark of sockets.', IMMUTABLE),
  choice('enable-module-command', ['no', 'yes', 'local'], 'no', 'Who may use MODULE; Weir has none.', IMMUTABLE),
  choice(
    'sanitize-dump-payload',
    ['no', 'yes', 'clients'],
    'no',
    'Check payloads of RESTORE deeply; Weir always does.',
    {
      debug: true,
    },
  ),
  bool('lua-enable-deprecated-api', 'no', 'Deprecated functions in scripts.', {
    immutable: true,
    hidden: true,
    also: ['lua-enable-insecure-api'],
  }),

  // TLS
  int('tls-port', { default: 0, max: 65535 }, 'TLS port; Weir refuses one.', {
    check: only('0', 'Weir does not speak TLS yet; put a proxy that does in front of it'),
  }),
  str('tls-cert-file', '', 'Certificate.', NULLABLE),
  str('tls-key-file', '', 'Private key.', NULLABLE),
  str('tls-key-file-pass', '', 'Password of the private key.', { nullable: true, sensitive: true }),
  str('tls-client-cert-file', '', 'Certificate for outgoing connections.', NULLABLE),
  str('tls-client-key-file', '', 'Private key for outgoing connections.', NULLABLE),
  str('tls-client-key-file-pass', '', 'Password of that private key.', { nullable: true, sensitive: true }),
  str('tls-dh-params-file', '', 'Diffie-Hellman parameters.', NULLABLE),
  str('tls-ca-cert-file', '', 'Certificates of trusted authorities.', NULLABLE),
  str('tls-ca-cert-dir', '', 'Directory of certificates of trusted authorities.', NULLABLE),
  choice('tls-auth-clients', ['no', 'yes', 'optional'], 'yes', 'Whether clients need a certificate.'),
  bool('tls-replication', 'no', 'TLS to the master; Weir refuses yes.', {
    check: only('no', 'Weir does not speak TLS yet, and would send in the clear what has to be encrypted'),
  }),
  bool('tls-cluster', 'no', 'TLS on the cluster bus.'),
  str('tls-protocols', '', 'TLS versions.', NULLABLE),
  str('tls-ciphers', '', 'Ciphers up to TLS 1.2.', NULLABLE),
  str('tls-ciphersuites', '', 'Ciphers of TLS 1.3.', NULLABLE),
  bool('tls-prefer-server-ciphers', 'no', 'The server chooses the cipher.'),
  bool('tls-session-caching', 'yes', 'Cache TLS sessions.'),
  int('tls-session-cache-size', { default: 20480 }, 'Cached TLS sessions.'),
  int('tls-session-cache-timeout', { default: 300 }, 'How long a TLS session is cached.', { unit: 'seconds' }),

  // Replication as Redis does it
  bool('replica-lazy-flush', 'no', 'Free the old data set of a slave later.', { alias: 'slave-lazy-flush' }),
  bool('replica-ignore-disk-write-errors', 'no', 'A slave goes on when it cannot write its disk.'),
  choice(
    'propagation-error-behavior',
    ['ignore', 'panic', 'panic-on-replicas'],
    'ignore',
    'What a slave does about a command it cannot apply; Weir stops.',
  ),
  memory('repl-backlog-size', { default: 1048576, min: 1 }, 'Replication backlog; in Weir the log is the backlog.', {
    apps: ['engine'],
  }),
  int('repl-backlog-ttl', { default: 3600, max: LONG_MAX }, 'When an unused backlog is freed.', { unit: 'seconds' }),
  int('repl-ping-replica-period', { default: 10, min: 1 }, 'Interval of pings to slaves.', {
    alias: 'repl-ping-slave-period',
    unit: 'seconds',
  }),
  bool('repl-disable-tcp-nodelay', 'no', 'Fewer, larger packets to slaves.'),
  bool('repl-diskless-sync', 'yes', 'Full sync without a file.', { debug: true }),
  int('repl-diskless-sync-delay', { default: 5 }, 'Wait for more slaves before a full sync.', { unit: 'seconds' }),
  int('repl-diskless-sync-max-replicas', { default: 0 }, 'Slaves that end that wait.'),
  choice('repl-diskless-load', ['disabled', 'on-empty-db', 'swapdb'], 'disabled', 'Load a full sync without a file.', {
    debug: true,
    denyLoading: true,
  }),

  // Persistence as Redis does it
  bool('appendonly', 'no', 'Append-only file; Weir always has its log.', { denyLoading: true }),
  str('appendfilename', 'appendonly.aof', 'Base name of append-only files.', {
    apps: ['engine'],
    immutable: true,
    check: baseNameOnly('appendfilename', 'filename', false),
  }),
  str('appenddirname', 'appendonlydir', 'Directory of append-only files.', {
    apps: ['engine'],
    immutable: true,
    check: baseNameOnly('appenddirname', 'dirname', false),
  }),
  bool('no-appendfsync-on-rewrite', 'no', 'No fsync during a rewrite.'),
  int('auto-aof-rewrite-percentage', { default: 100 }, 'Growth that starts a rewrite.', { unit: '%' }),
  memory('auto-aof-rewrite-min-size', { default: 67108864 }, 'Size from which a rewrite starts.'),
  bool('aof-load-truncated', 'yes', 'Load a truncated append-only file.'),
  bool('aof-use-rdb-preamble', 'yes', 'Rewrite with an RDB base.'),
  bool('aof-timestamp-enabled', 'no', 'Timestamps in append-only files.'),
  bool('aof-rewrite-incremental-fsync', 'yes', 'Sync a rewrite bit by bit.'),
  bool('aof-disable-auto-gc', 'no', 'Keep old append-only files.'),
  bool('rdb-save-incremental-fsync', 'yes', 'Sync a snapshot bit by bit.'),
  bool('rdb-del-sync-files', 'no', 'Delete files of a full sync.'),
  int('rdb-key-save-delay', { default: 0, min: -2147483648 }, 'Slow saving down, for tests.', HIDDEN),
  int('key-load-delay', { default: 0, min: -2147483648 }, 'Slow loading down, for tests.', HIDDEN),
  int(
    'loading-process-events-interval-bytes',
    { default: 2097152, min: 1024, max: INT_MAX },
    'Answer while loading.',
    HIDDEN,
  ),

  // Redis Cluster
  bool('cluster-enabled', 'no', 'Redis Cluster; Weir refuses yes.', { immutable: true, check: notCluster }),
  str('cluster-config-file', 'nodes.conf', 'File of the cluster state.', IMMUTABLE),
  int('cluster-node-timeout', { default: 15000, max: LONG_MAX }, 'When a node counts as failed.', {
    unit: 'milliseconds',
  }),
  int('cluster-port', { default: 0, max: 65535 }, 'Port of the cluster bus.', IMMUTABLE),
  int('cluster-replica-validity-factor', { default: 10 }, 'How stale a slave may be to take over.', {
    alias: 'cluster-slave-validity-factor',
  }),
  int('cluster-migration-barrier', { default: 1 }, 'Slaves a master keeps when one migrates.'),
  bool('cluster-allow-replica-migration', 'yes', 'Slaves migrate to orphaned masters.'),
  bool('cluster-require-full-coverage', 'yes', 'Answer only while every slot is served.'),
  bool('cluster-replica-no-failover', 'no', 'Slaves never take over.', { alias: 'cluster-slave-no-failover' }),
  bool('cluster-allow-reads-when-down', 'no', 'Read while the cluster is down.'),
  bool('cluster-allow-pubsubshard-when-down', 'yes', 'Shard channels while the cluster is down.'),
  memory('cluster-link-sendbuf-limit', { default: 0, max: ULONG_MAX }, "Limit of a bus link's buffer."),
  str('cluster-announce-ip', '', 'Address told to other nodes.', NULLABLE),
  str('cluster-announce-hostname', '', 'Host name told to clients.', { nullable: true, check: hostName }),
  int('cluster-announce-port', { default: 0, max: 65535 }, 'Port told to other nodes.'),
  int('cluster-announce-tls-port', { default: 0, max: 65535 }, 'TLS port told to other nodes.'),
  int('cluster-announce-bus-port', { default: 0, max: 65535 }, 'Bus port told to other nodes.'),
  choice('cluster-preferred-endpoint-type', ['ip', 'hostname', 'unknown-endpoint'], 'ip', 'What clients are told.'),

  // Of data types to come, and of what has no counterpart
  int('shutdown-timeout', { default: 10 }, 'How long SHUTDOWN waits for slaves to catch up.', { unit: 'seconds' }),
  int('list-compress-depth', { default: 0 }, 'List nodes at each end that stay uncompressed; 0 compresses none.', {
    debug: true,
  }),
  bool('replica-read-only', 'yes', 'A slave refuses writes. Weir refuses them whatever this says.', {
    alias: 'slave-read-only',
    debug: true,
  }),
  bool('replica-ignore-maxmemory', 'yes', 'A slave evicts nothing of its own.', { alias: 'slave-ignore-maxmemory' }),
  int('repl-timeout', { default: 60, min: 1 }, 'A replication link silent for this long is broken.', {
    unit: 'seconds',
  }),
  bool('stop-writes-on-bgsave-error', 'yes', 'Refuse writes after a failed snapshot.'),
] as const;
