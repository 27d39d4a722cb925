import { monitorEventLoopDelay } from 'node:perf_hooks';
import { wallClockMs } from '@weir/time';
import { Counter, Gauge, Registry } from 'prom-client';
import { commandStats, numberOf, parseInfo } from './info.ts';
import type { Nodes } from './nodes.ts';
import type { LogSource, LogView } from './source.ts';
import type { EventStreams } from './sse.ts';
import { enginesOf } from './topology.ts';
import type { Topology, TopologyNode, TopologyReader } from './topology.ts';

/**
 * Everything is read when it is asked for, so nothing here is older than the scrape; what does not answer is missing and counted as an error. Scrapes that
 * overlap share one reading.
 */

export interface MetricsOptions {
  readonly source: LogSource;
  readonly nodes: Nodes;
  readonly topology: TopologyReader;
  readonly streams: EventStreams;
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
    if (view !== null) {
      const topology = await this.#try('topology', () => this.#o.topology.read(view));
      await Promise.all([
        topology === null ? undefined : this.#topology(page, view, topology),
        this.#try('snapshots', () => snapshots(page, view)),
      ]);
    }
    return `${await page.registry.metrics()}\n${await this.#registry.metrics()}`;
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
        if (text !== null) engine(page, member.id, parseInfo(text));
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
  if (newest === undefined) return;
  const ageSeconds = Math.max(0, (wallClockMs() - newest.createdAt) / 1000);
  page.gauge('weir_snapshot_age_seconds', 'Age of the newest usable snapshot.', {}, ageSeconds);
  page.gauge('weir_snapshot_bytes', 'Size of the newest usable snapshot.', {}, newest.bytes);
  page.gauge('weir_snapshot_keys', 'Keys of the newest usable snapshot.', {}, newest.keys);
  page.gauge('weir_snapshot_sequence', 'Message of the log that the newest usable snapshot reflects.', {}, newest.seq);
}

function engine(page: Page, node: string, info: ReadonlyMap<string, string>): void {
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

/** One page of metrics: a name gets its help and labels with its first value. */
class Page {
  readonly registry = new Registry();
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
