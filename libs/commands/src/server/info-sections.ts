/**
 * The sections of INFO, each a list of fields in Redis 7.0's order. A field whose subject does not exist in Weir (fork,
 * AOF, active defragmentation) is zero; one that Weir cannot know is zero as well and listed in docs/differences.md.
 */

import type { Context } from '../core/context.ts';
import { CHANNEL, PATTERN, SHARD } from '../core/pubsub.ts';
import type { ProcessView } from '../core/host.ts';
import type { LatencyHistogram } from '../core/latency-histogram.ts';
import { memoryOf } from '../core/session.ts';
import type { TableCommand } from '../core/table.ts';
import { REDIS_VERSION } from '../core/version.ts';
import { memoryReport } from './memory-report.ts';

export type Fields = (readonly [name: string, value: string | number])[];

export function server(ctx: Context): Fields {
  const process = ctx.host.process();
  const micros = Math.floor(ctx.host.wallClockMicros());
  const uptime = Math.floor(process.uptimeMs / 1000);
  return [
    ['redis_version', REDIS_VERSION],
    ['weir_version', process.version],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', 'standalone'],
    ['os', process.os],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', 'libuv'],
    ['atomicvar_api', 'none'],
    ['gcc_version', '0.0.0'],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', process.runId],
    ['tcp_port', process.tcpPort],
    ['server_time_usec', micros],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / 86400)],
    ['hz', ctx.config.num.hz],
    ['configured_hz', ctx.config.num.hz],
    ['lru_clock', Math.floor(ctx.now / 1000) & 0xffffff],
    ['executable', process.executable],
    ['config_file', process.configFile],
    ['io_threads_active', 0],
  ];
}

export function clients(ctx: Context): Fields {
  let blocked = 0;
  let input = ctx.stats.clientInputBytesMax;
  let output = ctx.stats.clientOutputBytesMax;
  for (const session of ctx.host.sessions.values()) {
    if (session.isBlocked || session.isPostponed) blocked++;
    const memory = memoryOf(session);
    input = Math.max(input, memory.query + memory.queryFree);
    output = Math.max(output, memory.output);
  }
  return [
    ['connected_clients', ctx.host.sessions.size],
    ['cluster_connections', 0],
    ['maxclients', ctx.config.num.maxclients],
    ['client_recent_max_input_buffer', input],
    ['client_recent_max_output_buffer', output],
    ['blocked_clients', blocked],
    ['tracking_clients', ctx.tracking.sessions.size],
    ['clients_in_timeout_table', ctx.blocked.timed],
  ];
}

export function memory(ctx: Context): Fields {
  const report = memoryReport(ctx.keyspace);
  const process = ctx.host.process();
  const rss = process.rssBytes;
  const { used, active, committed } = report;
  const { maxmemory } = ctx.config.num;
  let clientBytes = 0;
  for (const session of ctx.host.sessions.values()) clientBytes += memoryOf(session).total;
  return [
    ['used_memory', used],
    ['used_memory_human', human(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['used_memory_peak', report.peak],
    ['used_memory_peak_human', human(report.peak)],
    ['used_memory_peak_perc', percent(used, report.peak)],
    ['used_memory_overhead', report.overhead],
    ['used_memory_startup', 0],
    ['used_memory_dataset', report.dataset],
    ['used_memory_dataset_perc', percent(report.dataset, used)],
    ['allocator_allocated', used],
    ['allocator_active', active],
    ['allocator_resident', committed],
    ['total_system_memory', process.totalSystemBytes],
    ['total_system_memory_human', human(process.totalSystemBytes)],
    ...scriptingFields(ctx),
    ['maxmemory', maxmemory],
    ['maxmemory_human', human(maxmemory)],
    ['maxmemory_policy', ctx.config.choice.maxmemoryPolicy],
    ['allocator_frag_ratio', ratio(active, used)],
    ['allocator_frag_bytes', active - used],
    ['allocator_rss_ratio', ratio(committed, active)],
    ['allocator_rss_bytes', committed - active],
    ['rss_overhead_ratio', ratio(rss, committed)],
    ['rss_overhead_bytes', rss - committed],
    ['mem_fragmentation_ratio', ratio(rss, used)],
    ['mem_fragmentation_bytes', rss - used],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', clientBytes],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', 0],
    ['mem_allocator', 'weir-arena'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', ctx.keyspace.later.pending],
    ['lazyfreed_objects', ctx.keyspace.later.freed],
  ];
}

export function persistence(ctx: Context): Fields {
  const view = ctx.host.snapshots();
  const { loading } = ctx.host.process();
  const fields: Fields = [
    ['loading', ctx.role.isLoading ? 1 : 0],
    ['async_loading', loading !== null && !ctx.role.isLoading ? 1 : 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', '0.00'],
    ['current_save_keys_processed', 0],
    ['current_save_keys_total', 0],
    ['rdb_changes_since_last_save', view.changesSinceLastSave],
    ['rdb_bgsave_in_progress', view.inProgress ? 1 : 0],
    ['rdb_last_save_time', view.lastSaveSeconds],
    ['rdb_last_bgsave_status', view.lastStatus],
    ['rdb_last_bgsave_time_sec', view.lastSeconds],
    ['rdb_current_bgsave_time_sec', view.currentSeconds],
    ['rdb_saves', view.saves],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', 0],
    ['rdb_last_load_keys_loaded', 0],
    ['aof_enabled', 0],
    ['aof_rewrite_in_progress', 0],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', -1],
    ['aof_current_rewrite_time_sec', -1],
    ['aof_last_bgrewrite_status', 'ok'],
    ['aof_rewrites', 0],
    ['aof_rewrites_consecutive_failures', 0],
    ['aof_last_write_status', 'ok'],
    ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
  ];
  if (loading !== null) {
    const { startedMs, elapsedMs, totalBytes, loadedBytes } = loading;
    const elapsed = elapsedMs / 1000;
    const rate = elapsed === 0 ? 0 : loadedBytes / elapsed;
    fields.push(
      ['loading_start_time', Math.floor(startedMs / 1000)],
      ['loading_total_bytes', totalBytes],
      ['loading_rdb_used_mem', 0],
      ['loading_loaded_bytes', loadedBytes],
      ['loading_loaded_perc', totalBytes === 0 ? '0.00' : ((loadedBytes / totalBytes) * 100).toFixed(2)],
      ['loading_eta_seconds', rate === 0 ? 1 : Math.max(0, Math.floor((totalBytes - loadedBytes) / rate))],
    );
  }
  return fields;
}

export function stats(ctx: Context): Fields {
  const s = ctx.stats;
  const exceeded = s.memoryExceededSince === 0 ? 0 : ctx.host.clockMicros() - s.memoryExceededSince;
  return [
    ['total_connections_received', s.connectionsReceived],
    ['total_commands_processed', s.commandsProcessed],
    ['instantaneous_ops_per_sec', s.opsPerSecond],
    ['total_net_input_bytes', s.netInputBytes],
    ['total_net_output_bytes', s.netOutputBytes],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', s.netReplOutputBytes],
    ['instantaneous_input_kbps', (s.inputBytesPerSecond / 1024).toFixed(2)],
    ['instantaneous_output_kbps', (s.outputBytesPerSecond / 1024).toFixed(2)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', (s.replOutputBytesPerSecond / 1024).toFixed(2)],
    ['rejected_connections', s.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', s.expiredKeys],
    ['expired_stale_perc', s.expiredStalePercentage.toFixed(2)],
    ['expired_time_cap_reached_count', s.expiredTimeCapReached],
    ['expire_cycle_cpu_milliseconds', Math.floor(s.activeExpireMicros / 1000)],
    ['evicted_keys', s.evictedKeys],
    ['evicted_clients', s.evictedClients],
    ['total_eviction_exceeded_time', Math.floor((s.memoryExceededMicros + exceeded) / 1000)],
    ['current_eviction_exceeded_time', Math.floor(exceeded / 1000)],
    ['keyspace_hits', s.keyspaceHits],
    ['keyspace_misses', s.keyspaceMisses],
    ['pubsub_channels', ctx.pubsub.topics[CHANNEL].size],
    ['pubsub_patterns', ctx.pubsub.topics[PATTERN].size],
    ['pubsubshard_channels', ctx.pubsub.topics[SHARD].size],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', ctx.tracking.keys.size],
    ['tracking_total_items', ctx.tracking.items],
    ['tracking_total_prefixes', ctx.tracking.prefixes.length],
    ['unexpected_error_replies', s.unexpectedErrorReplies],
    ['total_error_replies', s.errorReplies],
    ['dump_payload_sanitizations', 0],
    ['total_reads_processed', s.readsProcessed],
    ['total_writes_processed', s.writesProcessed],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
  ];
}

export function replication(ctx: Context): Fields {
  const view = ctx.host.replication();
  const { num, bool } = ctx.config;
  const fields: Fields = [['role', view.role]];
  if (view.master !== null) {
    const { master } = view;
    const syncing = master.state === 'sync';
    const up = master.state === 'connected';
    fields.push(
      ['master_host', master.host],
      ['master_port', master.port],
      ['master_link_status', up ? 'up' : 'down'],
      ['master_last_io_seconds_ago', master.lastIoSeconds],
      ['master_sync_in_progress', syncing ? 1 : 0],
      ['slave_read_repl_offset', view.offset],
      ['slave_repl_offset', view.offset],
    );
    if (syncing) {
      const read = master.syncTotalBytes - master.syncLeftBytes;
      const perc = master.syncTotalBytes === 0 ? 0 : (read / master.syncTotalBytes) * 100;
      fields.push(
        ['master_sync_total_bytes', master.syncTotalBytes],
        ['master_sync_read_bytes', read],
        ['master_sync_left_bytes', master.syncLeftBytes],
        ['master_sync_perc', perc.toFixed(2)],
        ['master_sync_last_io_seconds_ago', Math.max(0, master.lastIoSeconds)],
      );
    }
    if (!up) fields.push(['master_link_down_since_seconds', master.linkDownSeconds]);
    fields.push(
      ['slave_priority', num.replicaPriority],
      ['slave_read_only', 1],
      ['replica_announced', bool.replicaAnnounced ? 1 : 0],
    );
  }
  fields.push(['connected_slaves', view.slaves.length]);
  if (num.minReplicasToWrite > 0 && num.minReplicasMaxLag > 0) {
    fields.push(['min_slaves_good_slaves', view.goodSlaves]);
  }
  view.slaves.forEach((slave, i) => {
    const { ip, port, state, offset, lagSeconds } = slave;
    fields.push([`slave${i}`, `ip=${ip},port=${port},state=${state},offset=${offset},lag=${lagSeconds}`]);
  });
  fields.push(
    ['master_failover_state', 'no-failover'],
    ['master_replid', view.replid],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', view.offset],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', num.replBacklogSize],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  );
  return fields;
}

export function cpu(ctx: Context): Fields {
  const { user, system } = ctx.host.process().cpu;
  return [
    ['used_cpu_sys', system.toFixed(6)],
    ['used_cpu_user', user.toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
    ['used_cpu_sys_main_thread', system.toFixed(6)],
    ['used_cpu_user_main_thread', user.toFixed(6)],
  ];
}

export function commandstats(ctx: Context): Fields {
  const fields: Fields = [];
  const add = (entry: TableCommand): void => {
    entry.settle(ctx.config.bool.latencyTracking);
    const { calls, rejected, failed } = entry;
    if (calls > 0 || rejected > 0 || failed > 0) {
      const usec = Math.round(entry.micros);
      const perCall = (calls === 0 ? 0 : usec / calls).toFixed(2);
      const counts = `rejected_calls=${rejected},failed_calls=${failed}`;
      fields.push([`cmdstat_${entry.fullName}`, `calls=${calls},usec=${usec},usec_per_call=${perCall},${counts}`]);
    }
    entry.subcommands.forEach(add);
  };
  ctx.table.all.forEach(add);
  return fields;
}

export function latencystats(ctx: Context): Fields {
  const fields: Fields = [];
  if (!ctx.config.bool.latencyTracking) return fields;
  const add = (entry: TableCommand): void => {
    entry.settle(true);
    const { histogram } = entry;
    if (histogram !== null) {
      const values = ctx.config.latencyPercentiles.map((percent) => {
        return `p${Number(percent.toFixed(6))}=${histogram.percentile(percent).toFixed(3)}`;
      });
      fields.push([`latency_percentiles_usec_${entry.fullName}`, values.join(',')]);
    }
    entry.subcommands.forEach(add);
  };
  ctx.table.all.forEach(add);
  return fields;
}

export function errorstats(ctx: Context): Fields {
  const codes = [...ctx.stats.errors].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return codes.map(([code, count]) => [`errorstat_${code}`, `count=${count}`]);
}

export function cluster(): Fields {
  return [['cluster_enabled', 0]];
}

export function keyspace(ctx: Context): Fields {
  const fields: Fields = [];
  for (const db of ctx.keyspace.dbs) {
    if (db.keys.size === 0) continue;
    const avgTtl = Math.round(db.avgTtlMs);
    fields.push([`db${db.index}`, `keys=${db.keys.size},expires=${db.expires.size},avg_ttl=${avgTtl}`]);
  }
  return fields;
}

/** What Redis has no fields for. */
export function weir(ctx: Context): Fields {
  const view = ctx.host.replication();
  const { arena } = ctx.keyspace;
  const tables = ctx.keyspace.dbs.reduce((bytes, db) => bytes + db.keys.bytes + db.expires.bytes, 0);
  return [
    ['weir_version', ctx.host.process().version],
    ['log_epoch', view.epoch],
    ['log_sequence', view.seq],
    ['log_offset', view.offset],
    ['log_id', view.replid],
    ['log_fsync', fsync(ctx)],
    ['log_records_in_flight', ctx.inFlightRecords],
    ['log_bytes_in_flight', ctx.inFlightBytes],
    ['log_record_being_filled_bytes', ctx.effects.pos - ctx.effects.reserved],
    ['messages_lost', ctx.stats.messagesLost],
    ['log_appends', ctx.stats.appends.total],
    ['log_append_usec', ctx.stats.appends.sum],
    ['log_append_usec_percentiles', percentiles(ctx.stats.appendMicros)],
    ['log_append_usec_histogram', ctx.stats.appends.cumulative()],
    ['log_commit_commands', ctx.stats.commitCommands.sum],
    ['log_commit_commands_histogram', ctx.stats.commitCommands.cumulative()],
    ['log_commit_bytes', ctx.stats.commitBytes.sum],
    ['log_commit_bytes_histogram', ctx.stats.commitBytes.cumulative()],
    ['event_loop_delay_usec', delay(ctx.host.process().eventLoopDelay)],
    ['notifications_lost', ctx.stats.notificationsLost],
    ['writes_refused', ctx.role.writeRefusal === '' ? 0 : 1],
    ['arena_used_bytes', arena.usedBytes],
    ['arena_used_bytes_peak', arena.usedBytesPeak],
    ['arena_active_bytes', arena.activeBytes],
    ['arena_committed_bytes', arena.committedBytes],
    ['arena_reserved_bytes', arena.limitBytes],
    ['arena_overhead_bytes', arena.overheadBytes],
    ['arena_blocks', arena.blocks],
    ['keyspace_table_bytes', tables],
    ['changes', ctx.changes],
    ['client_query_buffer_limit_disconnections', ctx.stats.queryBufferDisconnections],
    ['client_output_buffer_limit_disconnections', ctx.stats.outputBufferDisconnections],
  ];
}

function percentiles(histogram: LatencyHistogram): string {
  return [50, 99, 99.9].map((percent) => `p${percent}=${histogram.percentile(percent).toFixed(0)}`).join(',');
}

function delay(view: ProcessView['eventLoopDelay']): string {
  return view === undefined ? '' : `p50=${view.p50},p99=${view.p99},max=${view.max}`;
}

/** When the log is on disk, as far as this node knows: it is its own NATS server's word, or somebody else's. */
/** No machine is made for INFO: what has not run takes nothing. */
function scriptingFields({ scripting, keyspace }: Context): Fields {
  const memory = scripting?.runner.memory ?? { used: 0, heap: 0 };
  const texts = scripting?.bytes ?? 0;
  const functions = scripting?.functions.runner.memory ?? { used: 0, heap: 0 };
  const { functions: libraries } = keyspace;
  let sources = 0;
  for (const [, code] of libraries) sources += code.length;
  const vms = memory.used + functions.used;
  return [
    ['used_memory_lua', memory.used],
    ['used_memory_vm_eval', memory.used],
    ['used_memory_lua_human', human(memory.used)],
    ['used_memory_scripts_eval', texts],
    ['number_of_cached_scripts', scripting?.count ?? 0],
    ['number_of_functions', libraries.size === 0 ? 0 : (scripting?.functions.count ?? 0)],
    ['number_of_libraries', libraries.size],
    ['used_memory_vm_functions', functions.used],
    ['used_memory_vm_total', vms],
    ['used_memory_vm_total_human', human(vms)],
    ['used_memory_functions', sources],
    ['used_memory_scripts', texts + sources],
    ['used_memory_scripts_human', human(texts + sources)],
  ];
}

function fsync(ctx: Context): string {
  if (ctx.config.text.natsUrl !== '') return 'external';
  return ctx.host.replication().role === 'master' ? ctx.config.value('appendfsync') : 'unknown';
}

/** As Redis's bytesToHuman. */
export function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const units = ['K', 'M', 'G', 'T', 'P', 'E'];
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${value.toFixed(2)}${units[unit]}`;
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

function ratio(a: number, b: number): string {
  return (b === 0 ? 0 : a / b).toFixed(2);
}
