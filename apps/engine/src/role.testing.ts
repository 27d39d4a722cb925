/** For tests of whole roles without processes: logs, snapshots and NATS in memory, and a time that passes when the test says so. */

import { Membership } from '@weir/cluster';
import type { HandshakeResult } from '@weir/cluster';
import { FakeNats } from '@weir/cluster/testing';
import { Config } from '@weir/config';
import type { HostPort } from '@weir/config';
import { Keyspace } from '@weir/keyspace';
import type { LogStore } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { Arena } from '@weir/memory';
import { encodeCommand } from '@weir/resp';
import { FakeTime } from '@weir/time/testing';
import { Engine } from './engine.ts';
import { leaseTermsOf } from './lease.ts';
import type { LogAccess, LogLocation } from './log-access.ts';
import type { Logger } from './logger.ts';
import type { Known, Note, RoleMemory } from './node-memory.ts';
import { RoleController } from './role.ts';
import { TestClient } from './testing-sessions.ts';

class FakeMemory implements RoleMemory {
  logId: string | null = null;
  bootId = 'boot';
  generation = 0;
  lostSign = null;
  #known: Known | null = null;
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  known(logId: string): Known | null {
    return this.logId === logId ? this.#known : null;
  }

  begin(logId: string, generation: number, note: Note | null): void {
    this.generation = generation;
    this.remember(logId, note);
  }

  remember(logId: string, note: Note | null): void {
    this.logId = logId;
    if (note !== null) this.#known = { ...note, bootId: this.bootId, sync: 'always', settled: null };
  }

  note(logId: string, note: Note): void {
    this.remember(logId, note);
  }

  forget(): void {
    this.#known = null;
  }
}

export interface FakeNodeOptions {
  readonly slaveOf?: number;
  readonly logId?: string;
  readonly isSole?: boolean;
  readonly memory?: RoleMemory;
  /** A node of a cluster, with that `replica-priority`. */
  readonly priority?: number;
  /** How it reaches the log; absent: at once. */
  readonly way?: (log: FakeLog) => LogStore;
}

/** Everything that is stored, and the nodes by their ports. */
export class FakeCluster {
  readonly time = new FakeTime();
  readonly nats = new FakeNats();
  readonly nodes = new Map<number, FakeNode>();
  readonly #logs = new Map<string, { log: FakeLog; snapshots: FakeSnapshots }>();

  stored(logId: string): { log: FakeLog; snapshots: FakeSnapshots } {
    let stored = this.#logs.get(logId);
    if (stored === undefined) {
      stored = { log: new FakeLog(), snapshots: new FakeSnapshots() };
      this.#logs.set(logId, stored);
    }
    return stored;
  }

  /** What a restart keeps is `memory`. */
  node(port: number, options: FakeNodeOptions = {}): FakeNode {
    const node = new FakeNode(this, port, options);
    this.nodes.set(port, node);
    return node;
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let i = 0; i < 3000; i++) {
      if (condition()) return;
      await this.time.advance(20);
    }
    throw new Error(`not within a minute: ${what}`);
  }
}

export class FakeNode {
  readonly port: number;
  readonly engine: Engine;
  readonly role: RoleController;
  readonly memory: RoleMemory;
  readonly logged: string[] = [];
  readonly config = new Config();
  /** Answers no handshake. */
  isAway = false;

  constructor(cluster: FakeCluster, port: number, options: FakeNodeOptions) {
    const { time, nats } = cluster;
    this.port = port;
    const { slaveOf } = options;
    if (slaveOf !== undefined) this.config.assign('replicaof', ['127.0.0.1', String(slaveOf)]);
    const newKeyspace = (): Keyspace =>
      new Keyspace({ seed: { k0: 1, k1: 2 }, randomSeed: 3, arena: new Arena({ reserveBytes: 1 << 26 }) });
    const host = new Proxy({}, { get: () => () => 0 });
    const { priority } = options;
    this.engine = new Engine({
      config: this.config,
      keyspace: newKeyspace(),
      host: host as never,
      ...(priority === undefined ? {} : { time }),
    });
    this.memory = options.memory ?? new FakeMemory(port.toString(16).padStart(16, '0'));
    const say = (_fields: object, text: string): void => void this.logged.push(text);
    const logger: Logger = { debug() {}, info: say, warn: say, error: say };
    const place = async (logId: string): Promise<LogLocation> => ({ natsUrl: 'nats://fake', cluster: 'weir', logId });
    const handle = nats.handle();
    this.role = new RoleController({
      engine: this.engine,
      config: this.config,
      logger,
      memory: this.memory,
      newKeyspace,
      ownLog: {
        ownsStore: options.isSole ?? true,
        place,
        locate: (memory) => place(memory.logId ?? options.logId ?? port.toString(16).padStart(40, '0')),
        secure: async () => {},
        remember: async () => {},
        guard: () => null,
        settled() {},
      },
      announce: () => ({ ip: '127.0.0.1', port }),
      onLeading: () => {},
      ...(priority === undefined ? {} : { cluster: { ...leaseTermsOf(this.config), priority: () => priority } }),
      time,
      openLog: async (location, { report }): Promise<LogAccess> => {
        const membership = new Membership({ ...location, nats: handle, report, time });
        const close = async (): Promise<void> => membership.stop();
        const { log, snapshots } = cluster.stored(location.logId);
        const reached = options.way?.(log) ?? log;
        return { location, link: handle, log: reached, snapshots, membership, renew: () => true, close };
      },
      askForLog: async (target: HostPort): Promise<HandshakeResult> => {
        const asked = cluster.nodes.get(target.port)?.role;
        const access = asked?.access ?? null;
        if (asked === undefined || access === null || cluster.nodes.get(target.port)!.isAway)
          throw new Error(`${target.host}:${target.port} cannot be reached`);
        const { logId } = access.location;
        const node = { role: asked.role, node: asked.nodeId };
        return { version: 1, cluster: 'weir', logId, natsUrl: 'nats://fake', ...node, localAddress: '127.0.0.1' };
      },
      recentBytes: 1 << 16,
    });
  }

  connect(): TestClient {
    const client = new TestClient();
    const info = { remoteAddr: '127.0.0.1:1', localAddr: '', fd: -1, unixSocket: false };
    client.port = this.engine.open(info, client.sink);
    return client;
  }

  /** The reply, as it stands on the wire; '' while there is none. */
  async ask(cluster: FakeCluster, ...command: string[]): Promise<string> {
    const client = this.connect();
    const bytes = encodeCommand(command);
    client.port.input(bytes, 0, bytes.length);
    for (let i = 0; i < 50 && client.text === '' && !client.destroyed; i++) await cluster.time.advance(1);
    client.port.closed();
    return client.text;
  }
}
