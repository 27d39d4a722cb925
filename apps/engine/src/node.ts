/** An engine with its role, its clock and its host: a whole keyspace node but for the sockets. */

import { handshake } from '@weir/cluster';
import type { Member } from '@weir/cluster';
import {
  activeExpireCycle,
  allCommands,
  applyMemoryPolicy,
  evictToLimit,
  loadAclFile,
  rehashFor,
  unblockAll,
} from '@weir/commands';
import type { Config, HostPort } from '@weir/config';
import { Keyspace } from '@weir/keyspace';
import { ARENA_BYTES_MAX, Arena } from '@weir/memory';
import { freeInBackground } from '@weir/dataset';
import type { Address } from '@weir/link';
import { realTime } from '@weir/time';
import type { Time, Timer } from '@weir/time';
import { announcedLink } from './announced-link.ts';
import { readBootId } from './boot-id.ts';
import { isClustered } from './cluster-mode.ts';
import { confirm } from './confirm.ts';
import { Engine } from './engine.ts';
import { hideNatsPasswords, leaveDurabilityToNats } from './durability.ts';
import { EngineHost } from './host.ts';
import type { ImportInto } from './import-file.ts';
import { openNatsLog } from './log-access.ts';
import type { LogLocation, OpenLog } from './log-access.ts';
import { leaseTermsOf } from './lease.ts';
import type { Logger } from './logger.ts';
import { Messages } from './messages.ts';
import { NodeFileError, NodeFileStore, missingNodeFile } from './node-file.ts';
import type { NodeFiles } from './node-file.ts';
import { NodeMemory } from './node-memory.ts';
import type { OwnLog } from './own-log.ts';
import { OldLogs } from './old-logs.ts';
import { RoleController } from './role.ts';
import { goodSlaves } from './slaves.ts';
import type { RoleOptions } from './role/ports.ts';
import { ReplicaWaits } from './wait.ts';

export interface EngineNodeOptions {
  readonly config: Config;
  readonly configFile: string | undefined;
  readonly logger: Logger;
  /** This node's own log: see RoleOptions. */
  readonly ownLog: OwnLog;
  readonly onLeading?: (location: LogLocation | null) => void;
  /** Where this node's logs are stored, with the right to remove one; null: nowhere now. Absent: `nats-url`. */
  readonly upkeepUrl?: () => string | null;
  readonly importInto?: ImportInto;
  /** Absent: the machine that this process runs on, and NATS. */
  readonly around?: Partial<NodeSurroundings>;
  /** SHUTDOWN was asked for, or this node cannot go on. */
  readonly onStop: (error?: unknown) => void;
}

type AskForLog = RoleOptions['askForLog'];

/** Where a node runs. The simulator has other ones. */
export interface NodeSurroundings {
  readonly time: Time;
  /** Where this node's file is kept. */
  readonly files: NodeFiles;
  /** Names this run of the machine; null: it has none. */
  readonly bootId: string | null;
  readonly openLog: OpenLog;
  readonly askForLog: AskForLog;
  /** That one data set may grow to. */
  readonly arenaReserveBytes: number;
  /** Of the newest messages of the log that are kept in memory. */
  readonly recentBytes: number;
  /** The nodes choose their leader; absent: as the configuration says. */
  readonly isClustered: boolean;
}

/** A log without room says so at once; one refusal may still be a passing one. */
const NO_SPACE_MS = 100;
const SAMPLE_MS = 100;
const HANDSHAKE_MS = 5000;
/** Of `arena-reserve 0`. */
const ARENA_LIMIT_BYTES = 16 * 1024 ** 3;

export class EngineNode {
  readonly config: Config;
  readonly configFile: string | undefined;
  readonly logger: Logger;
  readonly engine: Engine;
  readonly role: RoleController;
  readonly waits: ReplicaWaits;
  readonly oldLogs: OldLogs;
  readonly time: Time;
  /** The nodes choose their leader. */
  readonly isClustered: boolean;
  readonly runId: string;
  /** A calendar time, for LASTSAVE. */
  readonly startedMs: number;
  /** Monotonic, for the uptime. */
  readonly startedAt: number;
  /** Where it takes ingresses of other processes, once it listens there. */
  linkAddress: Address | null = null;
  /** What the NATS server of this node says of its storage while that fails; '' when all is well. */
  logTrouble = '';
  readonly #options: EngineNodeOptions;
  readonly #arenaReserveBytes: number;
  readonly #seed: { readonly k0: number; readonly k1: number };
  #cron: Timer | null = null;
  #stopping = false;
  #sampledMs = 0;

  constructor(options: EngineNodeOptions) {
    this.#options = options;
    const { around = {} } = options;
    const time = (this.time = around.time ?? realTime);
    this.#arenaReserveBytes = around.arenaReserveBytes ?? ARENA_BYTES_MAX;
    this.runId = Buffer.from(time.randomBytes(20)).toString('hex');
    this.startedMs = time.wallMs();
    this.startedAt = time.monotonicMs();
    this.#seed = { k0: this.#u32(), k1: this.#u32() };
    this.config = options.config;
    this.configFile = options.configFile;
    this.logger = options.logger;
    const { dir } = this.config.text;
    const files = around.files ?? new NodeFileStore(dir);
    const found = files.read();
    // A NATS server of its own serves nobody else, so it still knows the log. Servers that are shared may name another node's.
    if (found.kind === 'lost' && this.config.text.natsUrl !== '') throw missingNodeFile(dir, found.sign);
    const memory = new NodeMemory(files, found, {
      bootId: around.bootId === undefined ? readBootId() : around.bootId,
      sync: () => (options.ownLog.ownsStore ? this.config.choice.appendfsync : null),
      nowMs: () => time.monotonicMs(),
    });
    this.isClustered = around.isClustered ?? isClustered(this.config);
    const host = new EngineHost(this);
    this.engine = new Engine({ config: this.config, keyspace: this.newKeyspace(), host, time });
    if (this.config.text.aclfile !== '') {
      const error = loadAclFile(this.engine.ctx);
      if (error !== '') throw new Error(`Aborting startup because of ACL errors: ${error}`);
    }
    this.waits = new ReplicaWaits(() => this.role.access?.membership ?? null, time);
    const { ownLog } = options;
    const located: OwnLog = {
      ownsStore: ownLog.ownsStore,
      place: (logId, signal) => ownLog.place(logId, signal),
      locate: async (_memory, signal) => {
        try {
          return await ownLog.locate(memory, signal);
        } catch (error) {
          if (error instanceof NodeFileError) options.onStop(error); // trying again would not mend it
          throw error;
        }
      },
      secure: () => ownLog.secure(),
      remember: (location, generation, signal) => ownLog.remember(location, generation, signal),
      guard: (logId) => ownLog.guard(logId),
      settled: (logId) => ownLog.settled(logId),
    };
    const messages = new Messages({
      ctx: this.engine.ctx,
      time,
      logger: this.logger,
      seq: () => this.role.seq,
      reached: (seq, signal) => this.role.follower?.reached(seq, signal) ?? null,
    });
    this.role = new RoleController({
      engine: this.engine,
      config: this.config,
      logger: this.logger,
      memory,
      newKeyspace: () => this.newKeyspace(),
      ownLog: located,
      announce: () => ({
        ip: this.config.text.replicaAnnounceIp,
        port: this.config.num.replicaAnnouncePort || this.config.num.port,
        link: (ip) => announcedLink(this.config.text.linkAnnounce, this.linkAddress, ip),
      }),
      onLeading: (location) => {
        if (location === null) this.#endWaits();
        options.onLeading?.(location);
      },
      ...(options.importInto === undefined ? {} : { importInto: options.importInto }),
      ...(this.isClustered
        ? { cluster: { ...leaseTermsOf(this.config), priority: () => this.config.num.replicaPriority } }
        : {}),
      time,
      onOpened: (access) => messages.attach(access),
      openLog: around.openLog ?? openNatsLog,
      askForLog:
        around.askForLog ??
        ((target, signal) => {
          const { masteruser: user, masterauth: password } = this.config.text;
          return handshake({ ...target, user, password, timeoutMs: HANDSHAKE_MS, signal });
        }),
      ...(around.recentBytes === undefined ? {} : { recentBytes: around.recentBytes }),
    });
    this.engine.positionNow = () => this.role.offset;
    this.engine.node = memory.id;
    this.engine.confirmNow = (done) => confirm(this.engine, this.role, time, done);
    // Redis refuses such a line. Here a file may close a command that Weir does not have yet.
    const names = new Set(allCommands.map((command) => command.name));
    const unknown = [...this.config.renamedCommands.keys()].filter((name) => !names.has(name));
    if (unknown.length > 0) {
      this.logger.warn({}, `rename-command names no command of Weir, and does nothing: ${unknown.join(', ')}`);
    }
    this.oldLogs = new OldLogs({
      config: this.config,
      logger: this.logger,
      url: () => options.upkeepUrl?.() ?? (this.config.text.natsUrl || null),
      own: () => [this.role.access?.location.logId ?? null, memory.logId],
      leads: () => (this.role.leading ? this.role.access : null),
      isComplete: () => !this.engine.ctx.role.isLoading && (this.role.leading || this.role.masterLink.up),
    });
    hideNatsPasswords(this.config);
    if (this.config.text.natsUrl !== '') leaveDurabilityToNats(this.config, this.logger);
    for (const name of ['maxmemory', 'maxmemory-policy', 'lfu-log-factor', 'lfu-decay-time'] as const) {
      this.config.onChange(name, () => applyMemoryPolicy(this.engine.ctx.keyspace, this.config));
    }
  }

  newKeyspace(): Keyspace {
    const keyspace = new Keyspace({
      databases: this.config.num.databases,
      // The limit is for clients' commands alone: the log is applied wherever there is memory (`Arena.limited`).
      arena: new Arena({
        reserveBytes: this.#arenaReserveBytes,
        limitBytes: this.config.num.arenaReserve || ARENA_LIMIT_BYTES,
      }),
      seed: this.#seed,
      randomSeed: this.#u32(),
      limits: this.config.num,
      lazyfree: this.config.bool,
    });
    freeInBackground(keyspace);
    applyMemoryPolicy(keyspace, this.config);
    return keyspace;
  }

  #u32(): number {
    return Buffer.from(this.time.randomBytes(4)).readUInt32LE();
  }

  start(): void {
    this.role.start();
    this.oldLogs.start();
    this.#scheduleCron();
  }

  /** Stops leading or following; what was acknowledged is stored. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cron?.cancel();
    this.#cron = null;
    this.waits.releaseAll();
    this.oldLogs.stop();
    await this.role.stop();
  }

  requestStop(): void {
    this.#options.onStop();
  }

  /** It leads no more: nobody gets what its commands wait for. Whoever stops closes the connections. */
  #endWaits(): void {
    if (!this.#stopping) unblockAll(this.engine.sessions.values());
    this.waits.releaseAll();
  }

  replicaOf(target: HostPort | null): Promise<string | null> | undefined {
    if (target !== null && this.role.leading) this.#endWaits();
    return this.role.replicaOf(target);
  }

  members(): Member[] {
    return this.role.access?.membership.others() ?? [];
  }

  #scheduleCron(): void {
    this.#cron = this.time.after(1000 / this.config.num.hz, () => {
      this.#tick();
      this.#scheduleCron();
    });
  }

  #tick(): void {
    const { engine, config } = this;
    const { ctx } = engine;
    const now = this.time.wallMs();
    ctx.now = now;
    const monotonicMs = this.time.monotonicMs();
    ctx.monotonicMs = monotonicMs;
    const clock = () => this.time.monotonicMs() * 1000;
    if (engine.leading && !engine.commit.stalled) {
      activeExpireCycle(ctx, clock);
      evictToLimit(ctx);
      engine.turn();
    }
    if (config.bool.activerehashing && !this.role.promoting) rehashFor(ctx.keyspace, clock, 1000);
    ctx.role.writeRefusal = this.#writeRefusal(monotonicMs);
    engine.lease.watch(monotonicMs, config.num.commitTimeout);
    if (ctx.role.writeRefusal !== '' && engine.commit.oldestInFlightAgeMs() > config.num.commitTimeout)
      engine.commit.refuseHeld();
    engine.closeIdle(monotonicMs);
    if (monotonicMs - this.#sampledMs >= SAMPLE_MS) {
      this.#sampledMs = monotonicMs;
      ctx.stats.sample(monotonicMs);
      engine.clientMemory.check(monotonicMs);
    }
  }

  /** Why writes have to be refused now, or ''. */
  #writeRefusal(monotonicMs: number): string {
    const { engine, config, role } = this;
    if (role.writeRefusal !== '') return role.writeRefusal;
    if (!engine.leading) return '';
    const age = engine.commit.oldestInFlightAgeMs();
    if (role.writer?.refused === 'no-space' && age > NO_SPACE_MS) {
      return `NOREPLICAS The replication log has no room: ${role.writerDetail}`;
    }
    if (age > config.num.commitTimeout && this.logTrouble !== '') {
      return `NOREPLICAS The replication log cannot be written: ${this.logTrouble}`;
    }
    if (age > config.num.commitTimeout) {
      return 'NOREPLICAS The replication log does not answer; writes are refused until it does';
    }
    const wanted = config.num.minReplicasToWrite;
    if (wanted > 0) {
      const good = goodSlaves(this.members(), monotonicMs, config.num.minReplicasMaxLag * 1000);
      if (good < wanted) return 'NOREPLICAS Not enough good replicas to write.';
    }
    return '';
  }
}
