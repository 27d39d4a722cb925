import { fingerprint } from '@weir/keyspace';
import { encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { Broker, epochOf } from './broker.ts';
import type { Bug } from './bugs.ts';
import { Client, Line, valueOf } from './client.ts';
import type { Way } from './connection.ts';
import { Ledger, Violation } from './ledger.ts';
import { SimulatedNode } from './node.ts';
import type { MachineClock } from './process.ts';
import { Scheduler } from './scheduler.ts';

/**
 * One run: a cluster from a seed, clients at work while faults come, then nothing but healing, and the checks.
 *
 * Each seed draws its own mix of faults, and how often they come: a run with everything at once finds other bugs than one with a single kind.
 */

const FAULTY_MS = 25_000;
/** So much virtual time everything may need to be well again. */
const HEAL_MS = 180_000;
const PROBE_MS = 500;
const DEPARTURE_MS = 20_000;
/** So often in a row all must be well: a master that was deposed finds out within two seconds. */
const WELL_PROBES = 8;
/** An operator looks after so long. */
const OPERATE_MS = 25_000;

export interface RunOptions {
  readonly seed: number;
  readonly bug?: Bug;
  readonly print?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly trace: string;
  /** What was found; null: nothing. */
  readonly failure: string | null;
  readonly events: number;
  readonly virtualMs: number;
  readonly acked: number;
  readonly reads: number;
  readonly faults: number;
}

/** Kinds of faults, and how often each comes in a minute where the seed has it. */
const FAULTS = {
  crash: 4,
  crashAtStep: 4,
  stop: 2,
  stand: 5,
  cut: 5,
  brokerDown: 2,
  powerCut: 4,
  election: 2,
  full: 2,
  clockJump: 3,
  takeover: 3,
  reload: 2,
} as const;

type Fault = keyof typeof FAULTS;

export async function simulate(options: RunOptions): Promise<RunResult> {
  const world = new World(options);
  const stop = world.catchRejections();
  try {
    await world.run();
  } catch (error) {
    world.scheduler.failure ??= error;
  } finally {
    stop();
    world.end();
  }
  return world.result();
}

class World {
  readonly scheduler: Scheduler;
  readonly ledger = new Ledger();
  readonly #o: RunOptions;
  readonly #brokers = new Map<string, Broker>();
  readonly #ways: { readonly node: string; readonly way: Way }[] = [];
  readonly #nodes: SimulatedNode[] = [];
  readonly #clients: Client[] = [];
  readonly #broker: Broker;
  /** The first node has the broker on its machine, and leads; else the broker is another machine, and any node may lead. */
  readonly #ownsStore: boolean;
  #faulty = true;
  #faults = 0;

  constructor(options: RunOptions) {
    this.#o = options;
    this.scheduler = new Scheduler(options.seed, options.print ?? null);
    const { scheduler, ledger } = this;
    this.#ownsStore = scheduler.chance(0.35);
    const url = this.#ownsStore ? 'nats://n0' : 'nats://broker';
    this.#broker = new Broker({
      scheduler,
      url,
      // Only a node whose NATS server is its own knows whether the operator chose to lose a second.
      sync: this.#ownsStore && scheduler.chance(0.7) ? 'everysec' : 'always',
      maxMessageBytes: scheduler.chance(0.2) ? 300 : 1 << 16,
      onStored: (tokens) => ledger.stored(tokens),
      onLost: (tokens) => ledger.lost(tokens),
    });
    this.#brokers.set(url, this.#broker);
    for (let i = 0; i < 3; i++) this.#nodes.push(this.#node(`n${i}`, i === 0 ? null : this.#nodes[0]!));
    for (let id = 0; id < 4; id++) {
      this.#clients.push(
        new Client({
          id,
          scheduler,
          ledger,
          nodes: this.#nodes,
          thinkMs: scheduler.between(60, 800),
          writes: scheduler.between(0.3, 0.9),
        }),
      );
    }
  }

  #node(name: string, master: SimulatedNode | null): SimulatedNode {
    const { scheduler } = this;
    const clock: MachineClock = { rate: scheduler.between(0.97, 1.03), wallOffsetMs: scheduler.between(-5e6, 5e6) };
    const rough = scheduler.chance(0.4);
    const way: Way = {
      cut: false,
      latencyMs: scheduler.between(0.1, rough ? 8 : 1),
      slow: rough ? 0.03 : 0.002,
      drop: rough ? 0.02 : 0,
      twice: rough ? 0.02 : 0,
      waiting: new Set(),
    };
    this.#ways.push({ node: name, way });
    return new SimulatedNode({
      name,
      scheduler,
      clock,
      brokers: this.#brokers,
      ways: new Map([...this.#brokers.keys()].map((url) => [url, way])),
      nodes: () => this.#nodes,
      broker: this.#broker,
      ownsStore: this.#ownsStore && name === 'n0',
      appendfsync: this.#broker.policy,
      master,
      bug: this.#o.bug ?? null,
    });
  }

  catchRejections(): () => void {
    const caught = (error: unknown): void => {
      this.scheduler.failure ??= error;
    };
    process.on('unhandledRejection', caught);
    process.on('uncaughtException', caught);
    return () => {
      process.off('unhandledRejection', caught);
      process.off('uncaughtException', caught);
    };
  }

  async run(): Promise<void> {
    const { scheduler } = this;
    for (const node of this.#nodes) scheduler.after(scheduler.between(0, 500), () => node.start());
    for (const client of this.#clients) client.start();
    const chosen = this.#chooseFaults();
    scheduler.note(
      'world',
      `faults: ${chosen.map(({ fault, perMinute }) => `${fault} ${perMinute.toFixed(1)}`).join(', ')}`,
    );
    for (const { fault, perMinute } of chosen) this.#schedule(fault, perMinute);
    await scheduler.run(FAULTY_MS);
    this.#heal();
    const healed = await this.#untilAllServe();
    for (const client of this.#clients) client.stop();
    if (this.#failed()) return;
    if (!healed) throw new Violation(`not all is well ${HEAL_MS} ms after the last fault: ${this.#why}`);
    await scheduler.run(scheduler.now + DEPARTURE_MS, () => this.#clients.every((client) => client.idle));
    if (this.#failed()) return;
    await this.#untilEqual();
    if (this.#failed()) return;
    await this.#settle();
    this.#checkWriters();
  }

  #failed(): boolean {
    return this.scheduler.failure !== null;
  }

  end(): void {
    for (const node of this.#nodes) node.crash();
  }

  result(): RunResult {
    const { scheduler, ledger } = this;
    const { failure } = scheduler;
    return {
      seed: this.#o.seed,
      trace: scheduler.traceHash(),
      failure: failure === null ? null : failure instanceof Violation ? failure.message : textOf(failure),
      events: scheduler.events,
      virtualMs: Math.round(scheduler.now),
      acked: ledger.acked,
      reads: ledger.reads,
      faults: this.#faults,
    };
  }

  // --- faults

  #chooseFaults(): { readonly fault: Fault; readonly perMinute: number }[] {
    const { scheduler } = this;
    const share = scheduler.between(0.1, 0.8);
    const all = Object.entries(FAULTS) as [Fault, number][];
    return all.flatMap(([fault, usual]) =>
      scheduler.chance(share) ? [{ fault, perMinute: usual * scheduler.between(0.5, 3) }] : [],
    );
  }

  #schedule(fault: Fault, perMinute: number): void {
    const { scheduler } = this;
    const waitMs = (60_000 / perMinute) * scheduler.between(0.2, 1.8);
    scheduler.after(waitMs, () => {
      if (!this.#faulty) return;
      this.#faults++;
      this.#strike(fault);
      this.#schedule(fault, perMinute);
    });
  }

  #strike(fault: Fault): void {
    const { scheduler } = this;
    const node = this.#nodes[scheduler.below(this.#nodes.length)]!;
    const broker = this.#broker;
    switch (fault) {
      case 'crash':
        node.crash();
        scheduler.after(scheduler.between(10, 8000), () => this.#startIfDown(node));
        return;
      case 'crashAtStep': {
        // Most of what a start does is a few hundred steps.
        if (scheduler.chance(0.7)) {
          node.crash();
          node.start();
        }
        const { process } = node;
        if (process === null) return;
        process.diesIn = 1 + scheduler.below(scheduler.chance(0.5) ? 60 : 400);
        process.onDeath = () => {
          node.crash();
          scheduler.after(scheduler.between(10, 3000), () => this.#startIfDown(node));
        };
        return;
      }
      case 'stop':
        return node.stop(() => scheduler.after(scheduler.between(10, 3000), () => this.#startIfDown(node)));
      case 'stand': {
        const ms = scheduler.between(50, scheduler.chance(0.3) ? 15_000 : 2000);
        scheduler.note(node.name, `stands still for ${ms.toFixed(0)} ms`);
        node.process?.stand(ms);
        return;
      }
      case 'cut': {
        const { way } = this.#ways.find((each) => each.node === node.name)!;
        const ms = scheduler.between(50, scheduler.chance(0.5) ? 15_000 : 2000);
        if (node.options.ownsStore) return;
        scheduler.note(node.name, `is cut off from the broker for ${ms.toFixed(0)} ms`);
        way.cut = true;
        scheduler.after(ms, () => this.#join(way));
        return;
      }
      case 'brokerDown':
      case 'powerCut':
        if (!broker.up) return;
        scheduler.note(broker.url, fault === 'powerCut' ? 'loses power' : 'crashes');
        if (fault === 'powerCut' && this.#ownsStore) {
          this.#nodes[0]!.crash();
          this.#nodes[0]!.boot++;
        }
        broker.down(fault === 'powerCut');
        scheduler.after(scheduler.between(50, 6000), () => {
          scheduler.note(broker.url, 'is up again');
          broker.up = true;
          if (this.#ownsStore) scheduler.after(scheduler.between(10, 2000), () => this.#startIfDown(this.#nodes[0]!));
        });
        return;
      case 'election':
        broker.electsUntil = scheduler.now + scheduler.between(500, 9000);
        return scheduler.note(broker.url, 'elects a leader of the stream');
      case 'full':
        broker.fullUntil = scheduler.now + scheduler.between(100, 5000);
        return scheduler.note(broker.url, 'has no room');
      case 'clockJump':
        node.options.clock.wallOffsetMs += scheduler.between(-7e6, 7e6);
        return scheduler.note(node.name, 'has its clock set');
      case 'takeover': {
        if (this.#ownsStore) return;
        // An operator makes it the master: it is started anew without a master of its own.
        node.crash();
        node.master = null;
        scheduler.after(scheduler.between(10, 2000), () => this.#startIfDown(node));
        return;
      }
      case 'reload':
        if (node.alive) this.#probe(node, ['DEBUG', 'RELOAD'], () => {});
        return;
    }
  }

  #startIfDown(node: SimulatedNode): void {
    if (!node.alive) node.start();
  }

  #join(way: Way): void {
    way.cut = false;
    for (const go of [...way.waiting]) go();
  }

  #heal(): void {
    const { scheduler } = this;
    this.#faulty = false;
    scheduler.note('world', 'no more faults');
    this.#broker.up = true;
    this.#broker.electsUntil = 0;
    this.#broker.fullUntil = 0;
    for (const { way } of this.#ways) this.#join(way);
    for (const node of this.#nodes) {
      if (node.process !== null) {
        node.process.goOnNow();
        node.process.diesIn = 0;
      }
      this.#startIfDown(node);
    }
  }

  // --- what must be so in the end

  #why = '';
  #operatesAt = 0;
  #operated = 0;

  #probe(node: SimulatedNode, command: readonly string[], done: (reply: Reply | null) => void): void {
    const line: Line = new Line(
      this.scheduler,
      node,
      (reply) => {
        line.hangUp();
        done(reply);
      },
      () => done(null),
    );
    line.send(encodeCommand([...command]));
  }

  #asked(node: SimulatedNode, command: readonly string[]): Promise<Reply | null> {
    return new Promise((resolve) => this.#probe(node, command, resolve));
  }

  /** Every node answers reads, and one of them takes writes. */
  async #untilAllServe(): Promise<boolean> {
    const { scheduler } = this;
    const end = scheduler.now + HEAL_MS;
    this.#operatesAt = scheduler.now + OPERATE_MS;
    let well = 0;
    while (scheduler.now < end && !this.#failed()) {
      const states = new Map<string, string>();
      for (const node of this.#nodes) {
        void this.#asked(node, ['GET', 'probe']).then((reply) => {
          states.set(`${node.name} read`, reply?.type === 'error' ? reply.value : reply === null ? 'closed' : 'ok');
        });
        void this.#asked(node, ['SET', 'probe', '1']).then((reply) => {
          states.set(`${node.name} write`, reply?.type === 'error' ? reply.value : reply === null ? 'closed' : 'ok');
        });
      }
      await scheduler.run(scheduler.now + PROBE_MS);
      const reads = this.#nodes.every((node) => states.get(`${node.name} read`) === 'ok');
      const writes = this.#nodes.filter((node) => states.get(`${node.name} write`) === 'ok').length;
      well = reads && writes === 1 ? well + 1 : 0;
      if (well === WELL_PROBES) return true;
      if (well > 0) continue;
      this.#operate(states);
      this.#why = [...states].map(([what, state]) => `${what}: ${state.slice(0, 160)}`).join('; ');
    }
    return false;
  }

  /**
   * What a power cut took may leave a node that knows more than its log: it says so, and waits for an operator, who gives up what is lost. Only
   * then: a node in trouble without a loss has a bug.
   */
  #operate(states: ReadonlyMap<string, string>): void {
    const { scheduler, ledger } = this;
    if (!ledger.anyLost || scheduler.now < this.#operatesAt) return;
    this.#operatesAt = scheduler.now + OPERATE_MS;
    for (const node of this.#nodes) {
      if (!/MISCONF/.test(`${states.get(`${node.name} read`)} ${states.get(`${node.name} write`)}`)) continue;
      scheduler.note(node.name, 'an operator gives up what the log lost');
      this.#operated++;
      this.#probe(node, ['WEIR', 'REPAIR', 'DISCARD'], (reply) =>
        scheduler.note(node.name, `answers ${reply === null ? 'nothing' : String(valueOf(reply))}`),
      );
    }
  }

  /** All nodes have the same data set, and so has one that starts now. */
  async #untilEqual(): Promise<void> {
    const { scheduler } = this;
    const end = scheduler.now + HEAL_MS;
    let digests: string[] = [];
    while (scheduler.now < end && !this.#failed()) {
      digests = this.#nodes.map((node) => fingerprint(node.engineNode!.engine.ctx.keyspace));
      if (new Set(digests).size === 1) break;
      await scheduler.run(scheduler.now + PROBE_MS);
    }
    if (this.#failed()) return;
    if (new Set(digests).size !== 1) throw new Violation(`the data sets differ: ${digests.join(' ')}`);
    const [digest] = digests;
    const newcomer = this.#node(
      'newcomer',
      this.#nodes.find((node) => node.engineNode!.role.leading) ?? this.#nodes[0]!,
    );
    this.#nodes.push(newcomer);
    newcomer.start();
    let own = '';
    const up = await scheduler.run(scheduler.now + HEAL_MS, () => {
      const { ctx } = newcomer.engineNode!.engine;
      if (ctx.loading) return false;
      own = fingerprint(ctx.keyspace);
      return true;
    });
    if (this.#failed()) return;
    if (!up) throw new Violation('a node that starts after the healing does not load its data set');
    if (own !== digest)
      throw new Violation(`a node that starts after the healing has another data set: ${own}, not ${digest}`);
  }

  /** The values of all keys, asked of each node. */
  async #settle(): Promise<void> {
    const { scheduler, ledger } = this;
    for (const node of this.#nodes) {
      for (const { key, kind } of ledger.keys()) {
        let reply: Reply | null | undefined;
        const command = kind === 'lpush' ? ['LRANGE', key, '0', '-1'] : ['GET', key];
        this.#probe(node, command, (answer) => (reply = answer));
        await scheduler.run(scheduler.now + DEPARTURE_MS, () => reply !== undefined);
        if (this.#failed()) return;
        if (reply === undefined || reply === null || reply.type === 'error')
          throw new Violation(
            `${node.name} does not show ${key} in the end: ${reply?.type === 'error' ? reply.value : 'no reply'}`,
          );
        const value = valueOf(reply);
        ledger.settled(key, kind === 'incr' ? Number(value ?? 0) : value);
      }
    }
  }

  /** In the history that is stored, an epoch has one writer. */
  #checkWriters(): void {
    if (this.ledger.anyLost) return;
    for (const [logId, stream] of this.#broker.logs()) {
      const writers = new Map<number, string>();
      for (const { bytes } of stream.messages) {
        const { epoch, writer } = epochOf(bytes);
        const before = writers.get(epoch);
        if (before !== undefined && before !== writer)
          throw new Violation(`epoch ${epoch} of log ${logId.slice(0, 6)} has two writers`);
        writers.set(epoch, writer);
      }
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
}
