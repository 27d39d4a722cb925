/**
 * A node of the simulated cluster: the engine with its role as in production, the replication app while it leads, and a disk that holds the node's
 * file and the order that an operator gave it. A crash ends everything but the disk.
 */

import { EngineNode } from '@weir/app-engine';
import type { LogAccess, LogLocation, NodeFile, NodeFiles, OwnLog } from '@weir/app-engine';
import { startReplication } from '@weir/app-replication';
import type { ReplicationApp } from '@weir/app-replication';
import { Membership } from '@weir/cluster';
import type { HandshakeResult, MemberReport } from '@weir/cluster';
import { Config } from '@weir/config';
import type { HostPort } from '@weir/config';
import { Keyspace } from '@weir/keyspace';
import { Arena } from '@weir/memory';
import type { Broker } from './broker.ts';
import type { Bug } from './bugs.ts';
import { Connection, SimulatedLog, SimulatedSnapshots } from './connection.ts';
import type { Way } from './connection.ts';
import type { Line } from './client.ts';
import { Process } from './process.ts';
import type { MachineClock } from './process.ts';
import type { Scheduler } from './scheduler.ts';

const CLUSTER = 'sim';
export const SHARED_LOG = 'f'.repeat(40);
const PORT = 6379;
const ARENA_BYTES = 1 << 24;
const RECENT_BYTES = 1 << 20;
const HANDSHAKE_MS = 5000;

export interface NodeOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly clock: MachineClock;
  readonly brokers: ReadonlyMap<string, Broker>;
  readonly way: Way;
  readonly nodes: readonly SimulatedNode[];
  /** The broker that it leads its log on. */
  readonly broker: Broker;
  readonly ownsStore: boolean;
  /** The nodes choose their leader. */
  readonly isClustered: boolean;
  readonly appendfsync: 'always' | 'everysec';
  readonly master: SimulatedNode | null;
  readonly bug: Bug | null;
}

export class SimulatedNode {
  readonly name: string;
  readonly options: NodeOptions;
  /** As the operator wrote it into its configuration. */
  master: SimulatedNode | null;
  process: Process | null = null;
  engineNode: EngineNode | null = null;
  /** How often it was started. */
  life = 0;
  boot = 1;
  /** Until when something kept it from appending whenever the log took appends; elections of the stream do not count. */
  harmedUntil = 0;
  readonly lines = new Set<Line>();
  readonly #connections = new Set<Connection>();
  #file: NodeFile;
  #app: Promise<ReplicationApp> | null = null;
  #appOf = '';

  constructor(options: NodeOptions) {
    this.options = options;
    this.name = options.name;
    this.master = options.master;
    const id = Array.from({ length: 8 }, () => options.scheduler.below(256).toString(16).padStart(2, '0')).join('');
    this.#file = { id, logId: null };
  }

  get alive(): boolean {
    return this.process?.alive === true;
  }

  get id(): string {
    return this.#file.id;
  }

  /** It leads, and would answer a read from memory now. */
  get mayAnswerAlone(): boolean {
    const { engineNode, process } = this;
    if (engineNode === null || process === null || !process.alive) return false;
    const { engine } = engineNode;
    return engine.leading && process.monotonicMs() < engine.lease.endMs;
  }

  get address(): HostPort {
    return { host: this.name, port: PORT };
  }

  note(what: string): void {
    this.options.scheduler.note(this.name, what);
  }

  // --- life

  start(): void {
    const { scheduler, clock, bug } = this.options;
    this.life++;
    this.harmedUntil = Math.max(this.harmedUntil, scheduler.now);
    const process = new Process(scheduler, this.name, clock);
    this.process = process;
    const config = new Config();
    config.assign('port', [String(PORT)]);
    config.assign('replica-announce-ip', [this.name]);
    config.assign('appendfsync', [this.options.appendfsync]);
    config.assign('databases', ['1']);
    const master = this.master?.address ?? null;
    if (master !== null) config.assign('replicaof', [master.host, String(master.port)]);
    this.note(`starts as ${master === null ? 'master' : `slave of ${master.host}`}`);
    const node = new EngineNode({
      config,
      configFile: undefined,
      logger: this.#logger(),
      ownLog: this.#ownLog(process),
      onLeading: (location) => this.#leads(process, location),
      upkeepUrl: () => null,
      around: {
        time: process,
        files: this.#files(process),
        bootId: `${this.name}.${this.boot}`,
        isClustered: this.options.isClustered,
        openLog: async (location, { report, signal, answerMs }) => {
          const connection = await this.#connect(process, location.natsUrl, signal);
          if (answerMs !== undefined) connection.answerMs = answerMs;
          return this.#access(connection, location, report);
        },
        askForLog: (target, signal) => this.#ask(process, target, signal),
        arenaReserveBytes: ARENA_BYTES,
        recentBytes: RECENT_BYTES,
      },
      onStop: (error) => {
        throw error ?? new Error(`${this.name} was told to stop`);
      },
    });
    this.engineNode = node;
    if (bug?.committer !== undefined) {
      const { engine } = node;
      const lead = engine.lead.bind(engine);
      engine.lead = (committer, leaseMs) => lead(bug.committer!(committer, process), leaseMs);
    }
    node.start();
  }

  /** SIGKILL. */
  crash(): void {
    const { process, engineNode } = this;
    if (process === null || !process.alive) return;
    this.note('crashes');
    process.kill();
    engineNode!.oldLogs.stop();
    for (const connection of this.#connections) connection.drop();
    this.#connections.clear();
    for (const line of [...this.lines]) line.cut();
    this.lines.clear();
    this.#app = null;
    this.#appOf = '';
  }

  /** In order: what was acknowledged is stored, slaves are told. `done` when the process has ended. */
  stop(done: () => void): void {
    const { process, engineNode } = this;
    if (process === null || !process.alive) return done();
    this.note('stops in order');
    void (async () => {
      await (await this.#app)?.stop();
      await engineNode!.stop();
      this.crash();
      done();
    })();
  }

  // --- what surrounds the engine

  #logger() {
    const say =
      (level: string) =>
      (fields: object, message: string): void => {
        const { err, ...rest } = fields as { err?: unknown };
        const cause = err instanceof Error ? ` (${err.message})` : '';
        this.note(`${level} ${message}${cause} ${JSON.stringify(rest)}`);
      };
    return { trace() {}, debug() {}, info: say('info'), warn: say('warn'), error: say('error'), fatal: say('fatal') };
  }

  #files(process: Process): NodeFiles {
    const { scheduler } = this.options;
    let asked = 0;
    return {
      read: () => ({ kind: 'known', file: this.#file, format: 1 }),
      write: (file) => {
        asked++;
        this.#file = structuredClone(file);
      },
      writeLater: (file) => {
        const mine = ++asked;
        const copy = structuredClone(file);
        scheduler.after(
          scheduler.between(0, 60),
          () => {
            if (mine === asked) this.#file = copy;
          },
          process,
        );
      },
    };
  }

  #ownLog(process: Process): OwnLog {
    const { broker, ownsStore } = this.options;
    const at = (logId: string): LogLocation => ({ natsUrl: broker.url, cluster: CLUSTER, logId });
    return {
      ownsStore,
      locate: async (memory, signal) => {
        if (memory.logId === null) memory.remember(SHARED_LOG, null);
        await process.sleep(5, signal);
        return at(memory.logId!);
      },
      place: async (logId) => at(logId),
      secure: async () => {
        if (!ownsStore) return;
        await process.sleep(5);
        if (broker.up) broker.sync();
      },
      remember: async () => {},
      guard: () => null,
      settled: () => {},
    };
  }

  async #connect(process: Process, url: string, signal: AbortSignal): Promise<Connection> {
    const { brokers, way, scheduler } = this.options;
    const connection = await Connection.open(brokers.get(url)!, process, scheduler, way, signal);
    this.#connections.add(connection);
    return connection;
  }

  #stores(connection: Connection, logId: string): { log: SimulatedLog; snapshots: SimulatedSnapshots } {
    const log = new SimulatedLog(connection, logId);
    const snapshots = new SimulatedSnapshots(connection, logId);
    return { log, snapshots };
  }

  #access(connection: Connection, location: LogLocation, report: () => MemberReport): LogAccess {
    const { logId } = location;
    const { log, snapshots } = this.#stores(connection, logId);
    const claims = (): boolean => this.engineNode!.role.role === 'master';
    const membership = new Membership({ ...location, nats: connection, report, time: connection.process });
    return {
      location,
      link: connection,
      log: this.options.bug?.log?.(log, connection, logId, claims) ?? log,
      snapshots,
      membership,
      renew: (url) => url === location.natsUrl,
      close: async () => {
        membership.stop();
        log.close();
        await connection.close();
        this.#connections.delete(connection);
      },
    };
  }

  /** WEIR HANDSHAKE over a connection to that node's port. */
  async #ask(process: Process, target: HostPort, signal: AbortSignal): Promise<HandshakeResult> {
    const node = this.options.nodes.find(({ name }) => name === target.host);
    const started = process.monotonicMs();
    await process.sleep(2, signal);
    for (;;) {
      signal.throwIfAborted();
      if (process.monotonicMs() - started > HANDSHAKE_MS) throw new Error('did not answer the handshake in time');
      if (node === undefined || !node.alive) throw new Error(`${target.host} cannot be reached`);
      if (!node.process!.stands) break;
      await process.sleep(200, signal);
    }
    const answer = node.engineNode!.engine.ctx.host.handshake('slave');
    await process.sleep(2, signal);
    signal.throwIfAborted();
    if ('error' in answer) throw new Error(`refused the handshake: ${answer.error}`);
    return { ...(JSON.parse(answer.json) as HandshakeResult), localAddress: this.name };
  }

  /** The replication app is a child of the node that leads. */
  #leads(process: Process, location: LogLocation | null): void {
    const { scheduler } = this.options;
    const logId = location?.logId ?? '';
    if (logId === this.#appOf) return;
    const before = this.#app;
    this.#appOf = logId;
    this.#app =
      location === null
        ? null
        : (async () => {
            await (await before)?.stop();
            return this.#startApp(process, location);
          })();
    if (location === null) void before?.then((app) => app.stop());
    else this.#app?.catch((error: unknown) => (scheduler.failure ??= error));
  }

  #startApp(process: Process, { natsUrl, cluster, logId }: LogLocation): Promise<ReplicationApp> {
    const { scheduler } = this.options;
    const ended = new AbortController();
    const resident = scheduler.chance(0.3);
    const seed = { k0: scheduler.random.u32(), k1: scheduler.random.u32() };
    return startReplication({
      natsUrl,
      cluster,
      logId,
      logger: this.#logger(),
      time: process,
      settings: {
        mode: resident ? 'resident' : 'ephemeral',
        save: [{ seconds: 1 + scheduler.below(5), changes: 5 }],
        keep: 2,
        logBytesMax: 0,
        compress: true,
        checksum: true,
        newKeyspace: () =>
          new Keyspace({
            databases: 1,
            arena: new Arena({ reserveBytes: ARENA_BYTES }),
            seed,
            randomSeed: scheduler.random.u32(),
          }),
      },
      timings: {
        tickMs: 300,
        retryMinMs: 500,
        retryMaxMs: 4000,
        stallMs: 8000,
        abandonedMs: 12_000,
        retentionMs: 1000,
        holdMsMax: 2000,
      },
      leaseTtlMs: 5000,
      leaseRenewMs: 1500,
      secure: async () => {
        if (this.options.ownsStore && this.options.broker.up) this.options.broker.sync();
      },
      connect: async () => {
        const connection = await this.#connect(process, natsUrl, ended.signal);
        const { log, snapshots } = this.#stores(connection, logId);
        return {
          link: connection,
          log,
          snapshots: this.options.bug?.snapshots?.(snapshots, connection, logId) ?? snapshots,
          close: async () => {
            log.close();
            await connection.close();
            this.#connections.delete(connection);
          },
        };
      },
    });
  }
}
