/**
 * The machines of a run. Either one broker is a machine of its own, and any node may lead its log; or every node has a NATS server of its own on its
 * machine, as `weir-server` without `nats-url`, and only that node leads there.
 */

import { encodeCommand } from '@weir/resp';
import { HEADER_BYTES, RecordHeader, RecordKind, decodeHeader, decodeLeadership } from '@weir/log';
import type { Reply } from '@weir/resp';
import { Broker } from './broker.ts';
import type { Bug } from './bugs.ts';
import { Line } from './client.ts';
import type { Way } from './connection.ts';
import { Violation } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { SimulatedNode } from './node.ts';
import type { MachineClock } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Small enough that some records become fragments; a leadership record has to be one message. */
const SMALL_MESSAGE_BYTES = 560;
const MESSAGE_BYTES = 1 << 16;
/** A leader that was well for so long is not to blame for its silence. */
const WELL_MS = 6000;
/** Of messages that take much longer; where more do, a leader may seem silent. */
const SLOW_MAX = 0.01;

export class Cluster {
  readonly scheduler: Scheduler;
  readonly nodes: SimulatedNode[] = [];
  readonly brokers = new Map<string, Broker>();
  readonly ownStores: boolean;
  /** The nodes choose their leader; else an operator says who leads. */
  readonly isClustered: boolean;
  /** Leadership records by cause. */
  readonly claims = new Map<string, number>();
  /** Who an operator last made the master. */
  leader: SimulatedNode;
  readonly #ledger: Ledger;
  readonly #bug: Bug | null;
  readonly #ways = new Map<SimulatedNode, Way>();
  /** Who claimed the log last. */
  #led: SimulatedNode | null = null;
  readonly #sync: 'always' | 'everysec';
  readonly #maxMessageBytes: number;

  constructor(scheduler: Scheduler, ledger: Ledger, bug: Bug | null, nodes: number) {
    this.scheduler = scheduler;
    this.#ledger = ledger;
    this.#bug = bug;
    this.ownStores = scheduler.chance(0.35);
    this.#sync = scheduler.chance(this.ownStores ? 0.7 : 0.4) ? 'everysec' : 'always';
    this.#maxMessageBytes = scheduler.chance(0.2) ? SMALL_MESSAGE_BYTES : MESSAGE_BYTES;
    this.isClustered = !this.ownStores && scheduler.chance(0.6);
    this.leader = this.add('n0', null);
    for (let i = 1; i < nodes; i++) this.add(`n${i}`, this.isClustered ? null : this.leader);
  }

  add(name: string, master: SimulatedNode | null): SimulatedNode {
    const { scheduler } = this;
    const clock: MachineClock = { rate: scheduler.between(0.97, 1.03), wallOffsetMs: scheduler.between(-5e6, 5e6) };
    const rough = scheduler.chance(0.4);
    const way: Way = {
      cut: false,
      onStored: null,
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
      isClustered: this.isClustered,
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
        onAppended: (message) => this.#appended(message),
        onLost: (tokens) => this.#ledger.lost(tokens),
      });
      this.brokers.set(url, broker);
    }
    return broker;
  }

  /** `one-leader`: no two nodes would answer a read from memory at one moment. */
  look(): void {
    if (!this.isClustered) return;
    const alone = this.nodes.filter((node) => node.mayAnswerAlone);
    if (alone.length > 1)
      throw new Violation(`${alone.map(({ name }) => name).join(' and ')} both lead under a lease that holds`);
  }

  /** `not-for-an-election`: who leads and can append whenever the log takes appends is not deposed. */
  #appended(message: Uint8Array): void {
    const header = new RecordHeader();
    decodeHeader(message, header);
    if (header.kind !== RecordKind.leadership) return;
    const { node, why = '' } = decodeLeadership(message.subarray(HEADER_BYTES));
    this.claims.set(why, (this.claims.get(why) ?? 0) + 1);
    const before = this.#led;
    this.#led = this.nodes.find(({ id }) => id === node) ?? null;
    if (!this.isClustered || why !== 'silence' || before === null || before === this.#led) return;
    const { now } = this.scheduler;
    const isWell = before.alive && !before.process!.stands && now - before.harmedUntil > WELL_MS;
    if (isWell && before.engineNode!.role.leading && this.#ways.get(before)!.slow < SLOW_MAX)
      throw new Violation(`${before.name} led and could append, and ${this.#led?.name ?? '?'} claimed the log`);
  }

  /** That of the log which is led. */
  get broker(): Broker {
    return this.leader.options.broker;
  }

  /** Its NATS server is on its own machine, and the others follow what is there. */
  hasTheStore(node: SimulatedNode): boolean {
    return this.ownStores && node === this.leader;
  }

  /** For so long something keeps them from appending. */
  harm(nodes: readonly SimulatedNode[], ms: number): void {
    for (const node of nodes) node.harmedUntil = Math.max(node.harmedUntil, this.scheduler.now + ms);
  }

  cut(node: SimulatedNode): void {
    this.#ways.get(node)!.cut = true;
  }

  /** The answer to the next append that is stored waits at the cut. */
  cutAtAnswer(node: SimulatedNode, ms: number): void {
    this.#ways.get(node)!.onStored = () => {
      this.scheduler.note(node.name, `is cut off behind an append for ${ms.toFixed(0)} ms`);
      this.harm([node], ms);
      this.cut(node);
      this.scheduler.after(ms, () => this.join(node));
    };
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
