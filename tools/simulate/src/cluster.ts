import { encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { Broker } from './broker.ts';
import type { Bug } from './bugs.ts';
import { Line } from './client.ts';
import type { Way } from './connection.ts';
import type { Ledger } from './ledger.ts';
import { SimulatedNode } from './node.ts';
import type { MachineClock } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * The machines of a run. Either one broker is a machine of its own, and any node may lead its log; or every node has a NATS server of its own on its
 * machine, as `weir-server` without `nats-url`, and only that node leads there.
 */

/** Small enough that some records become fragments; a leadership record has to be one message. */
const SMALL_MESSAGE_BYTES = 560;
const MESSAGE_BYTES = 1 << 16;

export class Cluster {
  readonly scheduler: Scheduler;
  readonly nodes: SimulatedNode[] = [];
  readonly brokers = new Map<string, Broker>();
  readonly ownStores: boolean;
  /** Who an operator last made the master. */
  leader: SimulatedNode;
  readonly #ledger: Ledger;
  readonly #bug: Bug | null;
  readonly #ways = new Map<SimulatedNode, Way>();
  readonly #sync: 'always' | 'everysec';
  readonly #maxMessageBytes: number;

  constructor(scheduler: Scheduler, ledger: Ledger, bug: Bug | null, nodes: number) {
    this.scheduler = scheduler;
    this.#ledger = ledger;
    this.#bug = bug;
    this.ownStores = scheduler.chance(0.35);
    this.#sync = scheduler.chance(this.ownStores ? 0.7 : 0.4) ? 'everysec' : 'always';
    this.#maxMessageBytes = scheduler.chance(0.2) ? SMALL_MESSAGE_BYTES : MESSAGE_BYTES;
    this.leader = this.add('n0', null);
    for (let i = 1; i < nodes; i++) this.add(`n${i}`, this.leader);
  }

  add(name: string, master: SimulatedNode | null): SimulatedNode {
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
    const node = new SimulatedNode({
      name,
      scheduler,
      clock,
      way,
      brokers: this.brokers,
      nodes: this.nodes,
      broker: this.#brokerOf(this.ownStores ? name : 'broker'),
      ownsStore: this.ownStores,
      appendfsync: this.#sync,
      master,
      bug: this.#bug,
    });
    this.#ways.set(node, way);
    this.nodes.push(node);
    return node;
  }

  #brokerOf(machine: string): Broker {
    const url = `nats://${machine}`;
    let broker = this.brokers.get(url);
    if (broker === undefined) {
      broker = new Broker({
        scheduler: this.scheduler,
        url,
        sync: this.#sync,
        maxMessageBytes: this.#maxMessageBytes,
        onStored: (tokens) => this.#ledger.stored(tokens),
        onLost: (tokens) => this.#ledger.lost(tokens),
      });
      this.brokers.set(url, broker);
    }
    return broker;
  }

  /** That of the log which is led. */
  get broker(): Broker {
    return this.leader.options.broker;
  }

  /** Its NATS server is on its own machine, and the others follow what is there. */
  hasTheStore(node: SimulatedNode): boolean {
    return this.ownStores && node === this.leader;
  }

  cut(node: SimulatedNode): void {
    this.#ways.get(node)!.cut = true;
  }

  join(node: SimulatedNode): void {
    const way = this.#ways.get(node)!;
    way.cut = false;
    for (const go of [...way.waiting]) go();
  }

  startIfDown(node: SimulatedNode): void {
    if (!node.alive) node.start();
  }

  /** No fault is left: everything runs, and reaches everything. */
  heal(): void {
    for (const broker of this.brokers.values()) {
      broker.up = true;
      broker.electsUntil = 0;
      broker.fullUntil = 0;
    }
    for (const node of this.nodes) {
      this.join(node);
      node.process?.goOnNow();
      if (node.process !== null) node.process.diesIn = 0;
      this.startIfDown(node);
    }
  }

  /** One command over a connection of its own; null: that was closed. */
  ask(node: SimulatedNode, command: readonly string[]): Promise<Reply | null> {
    return new Promise((resolve) => {
      const line: Line = new Line(
        this.scheduler,
        node,
        (reply) => {
          line.hangUp();
          resolve(reply);
        },
        () => resolve(null),
      );
      line.send(encodeCommand([...command]));
    });
  }

  /** The same, run to its end; undefined: no reply in that time. */
  async answer(node: SimulatedNode, command: readonly string[], withinMs: number): Promise<Reply | null | undefined> {
    const { scheduler } = this;
    let reply: Reply | null | undefined;
    void this.ask(node, command).then((answer) => (reply = answer));
    await scheduler.run(scheduler.now + withinMs, () => reply !== undefined);
    return reply;
  }
}
