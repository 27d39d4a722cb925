/**
 * Everything is read when it is asked for, so nothing here is older than the scrape; what does not answer is missing and counted as an error. Scrapes that
 * overlap share one reading.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { wallClockMs } from '@weir/time';
import { Counter, Gauge, Registry } from 'prom-client';
import { commandStats, fillBuckets, histogramLines, latencyHistograms, numberOf, parseInfo } from './info.ts';
import type { Monitor } from './monitor.ts';
import type { Nodes } from './nodes.ts';
import type { LogSource, LogView } from './source.ts';
import type { EventStreams } from './sse.ts';
import { enginesOf } from './topology.ts';
import type { Topology, TopologyNode, TopologyReader } from './topology.ts';

export interface MetricsOptions {
  readonly source: LogSource;
  readonly nodes: Nodes;
  readonly topology: TopologyReader;
  readonly streams: EventStreams;
  readonly monitor: Monitor;
}

/** The monitor's own timer, which is part of what it measures. */
const DELAY_RESOLUTION_MS = 20;

/** Counters of INFO, by what they are called here. */
const COUNTERS = {
  total_commands_processed: ['commands_processed_total', 'Commands that the node executed.'],
  total_connections_received: ['connections_received_total', 'Connections that the node took.'],
  evicted_keys: ['evicted_keys_total', 'Keys evicted because of maxmemory.'],
  expired_keys: ['expired_keys_total', 'Keys whose time had come.'],
  keyspace_hits: ['keyspace_hits_total', 'Reads that found their key.'],
  keyspace_misses: ['keyspace_misses_total', 'Reads that did not find their key.'],
  total_net_input_bytes: ['net_input_bytes_total', 'Bytes that came from clients.'],
  total_net_output_bytes: ['net_output_bytes_total', 'Bytes that went to clients.'],
  total_error_replies: ['error_replies_total', 'Errors that were answered.'],
} as const;

const GAUGES = {
  connected_clients: ['connected_clients', 'Clients connected to the node.'],
  used_memory: ['memory_used_bytes', 'Memory that the data set uses.'],
  used_memory_rss: ['memory_rss_bytes', 'Memory of the process as the system counts it.'],
  maxmemory: ['memory_max_bytes', 'maxmemory; 0 is no limit.'],
  uptime_in_seconds: ['uptime_seconds', 'Since the node was started.'],
  blocked_clients: ['blocked_clients', 'Clients that wait in a blocking command.'],
  log_records_in_flight: ['log_records_in_flight', 'Records that the log has not confirmed yet.'],
  log_bytes_in_flight: ['log_bytes_in_flight', 'Bytes of effects that the log has not confirmed yet.'],
  writes_refused: ['writes_refused', 'The node refuses writes.'],
} as const;

export class Metrics {
  readonly #o: MetricsOptions;
  readonly #registry = new Registry();
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #errors = new Counter({
    name: 'weir_admin_scrape_errors_total',
    help: 'What could not be read at a scrape.',
    labelNames: ['what'],
    registers: [this.#registry],
  });
  #reading: Promise<string> | null = null;

  constructor(options: MetricsOptions) {
    this.#o = options;
    this.#delay.enable();
    for (const what of ['snapshots', 'topology', 'node']) this.#errors.inc({ what }, 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  stop(): void {
    this.#delay.disable();
  }

  async #read(): Promise<string> {
    // A registry of its own each time: what a node that is gone told is not told again.
    const page = new Page();
    const { source, streams } = this.#o;
    page.gauge('weir_admin_event_streams', 'Server-sent event streams that are open.', {}, streams.count);
    for (const [quantile, ns] of [
      ['0.5', this.#delay.percentile(50)],
      ['0.99', this.#delay.percentile(99)],
      ['1', this.#delay.max],
    ] as const) {
      const help = 'How late the event loop of the admin app was since the last scrape.';
      page.gauge(
        'weir_admin_event_loop_delay_seconds',
        help,
        { quantile },
        this.#delay.count === 0 ? 0 : Math.max(0, ns / 1e9 - DELAY_RESOLUTION_MS / 1000),
      );
    }
    this.#delay.reset();
    const view = source.current;
    page.gauge(
      'weir_admin_log_known',
      'The admin app knows the log and is connected to NATS.',
      {},
      source.trouble === '' ? 1 : 0,
    );
    for (const { code, severity, node = '' } of this.#o.monitor.last?.alerts ?? []) {
      page.gauge('weir_alert', 'An alert that is raised now.', { code, severity, node }, 1);
    }
    if (view !== null) {
      const topology = await this.#try('topology', () => this.#o.topology.read(view));
      await Promise.all([
        topology === null ? undefined : this.#topology(page, view, topology),
        this.#try('snapshots', () => snapshots(page, view)),
      ]);
    }
    return `${await page.registry.metrics()}\n${page.histograms()}${await this.#registry.metrics()}`;
  }

  async #topology(page: Page, view: LogView, { log, nodes }: Topology): Promise<void> {
    page.gauge('weir_log_first_sequence', 'Oldest message that the log holds.', {}, log.firstSeq);
    page.gauge('weir_log_last_sequence', 'Newest message of the log.', {}, log.lastSeq);
    page.gauge('weir_log_bytes', 'Size of the log at NATS.', {}, log.bytes);
    page.gauge('weir_log_messages', 'Messages that the log holds.', {}, log.messages);
    page.gauge('weir_log_replicas', 'NATS servers that keep a copy of the log.', { state: 'configured' }, log.replicas);
    page.gauge('weir_log_replicas', '', { state: 'current' }, log.currentReplicas);
    if (log.lastMs > 0) {
      const help = 'When the newest message was stored, by NATS.';
      page.gauge('weir_log_last_append_timestamp_seconds', help, {}, log.lastMs / 1000);
    }
    for (const node of nodes) this.#node(page, node);
    await Promise.all(
      enginesOf(view.members.members()).map(async (member) => {
        const text = await this.#try('node', () => this.#o.nodes.info(member, 'everything'));
        if (text === null) return;
        engine(page, member.id, parseInfo(text));
        const reply = await this.#try('node', () => this.#o.nodes.call(member, ['LATENCY', 'HISTOGRAM']));
        if (reply !== null) latencies(page, member.id, parseInfo(text), reply);
      }),
    );
  }

  #node(page: Page, { id: node, role, address, state, epoch, seq, offset, version, up, lag }: TopologyNode): void {
    page.gauge('weir_node_info', 'A node that reports in the log.', { node, role, address, version }, 1);
    page.gauge('weir_node_up', 'The node answers on its port; a replication app reports.', { node, role }, up ? 1 : 0);
    page.gauge(
      'weir_node_online',
      'It has caught up with the log and follows it, or leads.',
      { node, role },
      state === 'online' ? 1 : 0,
    );
    page.gauge('weir_node_epoch', 'Epoch of the newest record that the node has.', { node }, epoch);
    page.gauge('weir_node_sequence', 'Newest message of the log that the node has.', { node }, seq);
    page.gauge('weir_node_offset_bytes', 'Replication offset of the node.', { node }, offset);
    if (role === 'replication') return;
    page.gauge(
      'weir_node_lag_records',
      'Messages of the log that the node does not have.',
      { node, role },
      lag.records,
    );
    page.gauge('weir_node_lag_bytes', 'Bytes of effects that the node does not have.', { node, role }, lag.bytes);
    page.gauge(
      'weir_node_lag_seconds',
      'Age of the oldest message that the node does not have.',
      { node, role },
      lag.ms / 1000,
    );
  }

  async #try<T>(what: string, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch {
      this.#errors.inc({ what });
      return null;
    }
  }
}

async function snapshots(page: Page, { snapshots: store }: LogView): Promise<void> {
  const all = await store.list();
  for (const state of ['usable', 'uploaded'] as const) {
    const count = all.filter((one) => one.state === state).length;
    page.gauge('weir_snapshots', 'Complete snapshots; usable ones were loaded back and compared.', { state }, count);
  }
  const newest = all.find(({ state }) => state === 'usable');
  const proven = all[0]?.state === 'usable' ? 1 : 0;
  page.gauge('weir_snapshot_verified', 'The newest snapshot was loaded back and compared.', {}, proven);
  if (newest === undefined) return;
  const horizon = 'Up to this sequence the next snapshot lets the log go.';
  page.gauge('weir_log_next_trim_sequence', horizon, {}, newest.seq);
  const ageSeconds = Math.max(0, (wallClockMs() - newest.createdAt) / 1000);
  page.gauge('weir_snapshot_age_seconds', 'Age of the newest usable snapshot.', {}, ageSeconds);
  page.gauge('weir_snapshot_bytes', 'Size of the newest usable snapshot.', {}, newest.bytes);
  page.gauge('weir_snapshot_keys', 'Keys of the newest usable snapshot.', {}, newest.keys);
  page.gauge('weir_snapshot_sequence', 'Message of the log that the newest usable snapshot reflects.', {}, newest.seq);
}

function engine(page: Page, node: string, info: ReadonlyMap<string, string>): void {
  appends(page, node, info);
  for (const [, quantile, micros] of (info.get('event_loop_delay_usec') ?? '').matchAll(/(p50|p99|max)=(\d+)/g)) {
    const help = 'How late the event loop of the node was lately.';
    const name = QUANTILES[quantile as keyof typeof QUANTILES];
    page.gauge('weir_event_loop_delay_seconds', help, { node, quantile: name }, Number(micros) / 1e6);
  }
  for (const [field, [name, help]] of Object.entries(COUNTERS))
    page.counter(`weir_${name}`, help, { node }, numberOf(info, field));
  for (const [field, [name, help]] of Object.entries(GAUGES))
    page.gauge(`weir_${name}`, help, { node }, numberOf(info, field));
  for (const { command, calls, usec, rejected, failed } of commandStats(info)) {
    page.counter('weir_command_calls_total', 'Calls of a command.', { node, command }, calls);
    page.counter(
      'weir_command_duration_seconds_total',
      'Time that a command took in all.',
      { node, command },
      usec / 1e6,
    );
    page.counter(
      'weir_command_rejected_total',
      'Calls refused before they were executed.',
      { node, command },
      rejected,
    );
    page.counter('weir_command_failed_total', 'Calls that ended with an error.', { node, command }, failed);
  }
  for (const [field, value] of info) {
    const [, db] = /^db(\d+)$/.exec(field) ?? [];
    if (db === undefined) continue;
    const keys = Number(/keys=(\d+)/.exec(value)?.[1] ?? 0);
    page.gauge('weir_keys', 'Keys of a database.', { node, db }, keys);
  }
}

/** Microseconds, as LATENCY HISTOGRAM has them: buckets of about a power of two, up to a second. */
const COMMAND_BOUNDS = [
  ...[1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633, 135266, 270532, 541065],
  1_000_000,
];
const MICROS_BOUNDS = Array.from({ length: 20 }, (_, i) => 2 ** (i + 5));
const COMMANDS_BOUNDS = Array.from({ length: 16 }, (_, i) => 2 ** i);
const BYTES_BOUNDS = Array.from({ length: 21 }, (_, i) => 2 ** (i + 6));

function latencies(page: Page, node: string, info: ReadonlyMap<string, string>, reply: unknown): void {
  const micros = new Map(commandStats(info).map(({ command, usec }) => [command, usec]));
  for (const [command, lines] of latencyHistograms(reply)) {
    page.histogram(
      'weir_command_latency_seconds',
      'How long calls of a command took.',
      { node, command },
      {
        bounds: COMMAND_BOUNDS.map((bound) => bound / 1e6),
        counts: fillBuckets(lines, COMMAND_BOUNDS),
        count: lines.at(-1)?.[1] ?? 0,
        sum: (micros.get(command) ?? 0) / 1e6,
      },
    );
  }
}

/** What a master tells of its appends. */
function appends(page: Page, node: string, info: ReadonlyMap<string, string>): void {
  const count = numberOf(info, 'log_appends');
  const add = (name: string, help: string, field: string, bounds: readonly number[], unit: number): void =>
    page.histogram(
      name,
      help,
      { node },
      {
        bounds: bounds.map((bound) => bound / unit),
        counts: fillBuckets(histogramLines(info.get(`${field}_histogram`)), bounds),
        count: histogramLines(info.get(`${field}_histogram`)).at(-1)?.[1] ?? 0,
        sum: numberOf(info, field) / unit,
      },
    );
  if (count === 0) return;
  add('weir_log_append_seconds', 'Until the log had stored a record.', 'log_append_usec', MICROS_BOUNDS, 1e6);
  add('weir_commit_commands', 'Commands that were committed as one record.', 'log_commit_commands', COMMANDS_BOUNDS, 1);
  add('weir_commit_bytes', 'Bytes of effects that were committed as one record.', 'log_commit_bytes', BYTES_BOUNDS, 1);
}

const QUANTILES = { p50: '0.5', p99: '0.99', max: '1' } as const;

interface HistogramValues {
  readonly bounds: readonly number[];
  /** At most so large, for each bound. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** One page of metrics: a name gets its help and labels with its first value. */
class Page {
  readonly registry = new Registry();
  readonly #histograms = new Map<string, string[]>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();

  gauge(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    let gauge = this.#gauges.get(name);
    if (gauge === undefined) {
      gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.registry] });
      this.#gauges.set(name, gauge);
    }
    gauge.set(labels, value);
  }

  /** As text: the client library's own counts by itself, and the node has counted. */
  histogram(
    name: string,
    help: string,
    labels: Readonly<Record<string, string>>,
    { bounds, counts, count, sum }: HistogramValues,
  ): void {
    let lines = this.#histograms.get(name);
    if (lines === undefined) {
      lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
      this.#histograms.set(name, lines);
    }
    const own = Object.entries(labels)
      .map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`))}"`)
      .join(',');
    bounds.forEach((bound, i) => lines.push(`${name}_bucket{${own},le="${bound}"} ${counts[i]}`));
    lines.push(
      `${name}_bucket{${own},le="+Inf"} ${count}`,
      `${name}_sum{${own}} ${sum}`,
      `${name}_count{${own}} ${count}`,
    );
  }

  histograms(): string {
    return [...this.#histograms.values()].map((lines) => `${lines.join('\n')}\n`).join('\n');
  }

  /** The node counts; here stands how far it has come. */
  counter(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.registry] });
      this.#counters.set(name, counter);
    }
    counter.inc(labels, value);
  }
}
