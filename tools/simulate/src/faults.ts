import type { Cluster } from './cluster.ts';
import type { Scheduler } from './scheduler.ts';

/** Kinds of faults, and how often each comes in a minute where the seed has it. */
const FAULTS = {
  /** SIGKILL, and a start some time later. */
  crash: 4,
  /** SIGKILL in front of a step that is drawn, most often one of a start. */
  crashAtStep: 4,
  /** A stop in order. */
  stop: 2,
  /** SIGSTOP and SIGCONT: nothing runs, and time goes on. */
  stand: 5,
  /** A node and the broker do not reach each other. */
  cut: 5,
  /** The same, right behind an append that is stored: its answer comes late. */
  cutAtAnswer: 4,
  brokerDown: 2,
  /** Of the broker's machine: what was not synced is gone. */
  powerCut: 4,
  /** The stream has no leader: NATS needs seconds to elect one. */
  election: 4,
  full: 2,
  clockJump: 3,
  /** An operator makes a slave the master of the log that it follows. */
  takeover: 3,
  reload: 2,
} as const;

type Fault = keyof typeof FAULTS;

interface Chosen {
  readonly fault: Fault;
  readonly perMinute: number;
}

/**
 * What goes wrong. Each seed draws its own mix, and how often each kind comes: a run with everything at once finds other bugs than one with a
 * single kind.
 */
export class Faults {
  count = 0;
  /** A node may be told to lead the log that it follows. */
  takeovers = true;
  readonly #cluster: Cluster;
  readonly #scheduler: Scheduler;
  readonly #chosen: readonly Chosen[];
  /** Faults of an earlier phase do not come any more. */
  #phase = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    const scheduler = (this.#scheduler = cluster.scheduler);
    const share = scheduler.between(0.1, 0.8);
    this.#chosen = (Object.entries(FAULTS) as [Fault, number][]).flatMap(([fault, usual]) =>
      scheduler.chance(share) ? [{ fault, perMinute: usual * scheduler.between(0.5, 3) }] : [],
    );
    const words = this.#chosen.map(({ fault, perMinute }) => `${fault} ${perMinute.toFixed(1)}`);
    scheduler.note('world', `faults a minute: ${words.join(', ')}`);
  }

  begin(): void {
    this.#phase++;
    for (const chosen of this.#chosen) this.#schedule(chosen, this.#phase);
  }

  end(): void {
    this.#phase++;
    this.#scheduler.note('world', 'no more faults');
    this.#cluster.heal();
  }

  #schedule(chosen: Chosen, phase: number): void {
    const waitMs = (60_000 / chosen.perMinute) * this.#scheduler.between(0.2, 1.8);
    this.#scheduler.after(waitMs, () => {
      if (phase !== this.#phase) return;
      this.count++;
      this.#strike(chosen.fault);
      this.#schedule(chosen, phase);
    });
  }

  #strike(fault: Fault): void {
    const cluster = this.#cluster;
    const scheduler = this.#scheduler;
    const { broker, nodes } = cluster;
    const node = nodes[scheduler.below(nodes.length)]!;
    const startLater = (mostMs: number): void =>
      void scheduler.after(scheduler.between(10, mostMs), () => cluster.startIfDown(node));
    switch (fault) {
      case 'crash':
        node.crash();
        return startLater(8000);
      case 'crashAtStep': {
        if (scheduler.chance(0.7)) {
          node.crash();
          node.start();
        }
        const { process } = node;
        if (process === null) return;
        // Most of what a start does is a few hundred steps.
        process.diesIn = 1 + scheduler.below(scheduler.chance(0.5) ? 60 : 400);
        process.onDeath = () => {
          node.crash();
          startLater(3000);
        };
        return;
      }
      case 'stop':
        return node.stop(() => startLater(3000));
      case 'stand': {
        const ms = scheduler.between(50, scheduler.chance(0.3) ? 15_000 : 2000);
        scheduler.note(node.name, `stands still for ${ms.toFixed(0)} ms`);
        cluster.harm([node], ms);
        return node.process?.stand(ms);
      }
      case 'cut': {
        if (cluster.hasTheStore(node)) return;
        const ms = scheduler.between(50, scheduler.chance(0.5) ? 15_000 : 2000);
        scheduler.note(node.name, `is cut off from the broker for ${ms.toFixed(0)} ms`);
        cluster.harm([node], ms);
        cluster.cut(node);
        return void scheduler.after(ms, () => cluster.join(node));
      }
      case 'cutAtAnswer': {
        if (cluster.hasTheStore(node)) return;
        const leader = nodes.find(({ engineNode }) => engineNode?.role.leading === true) ?? node;
        return cluster.cutAtAnswer(leader, scheduler.between(50, 4000));
      }
      case 'brokerDown':
      case 'powerCut':
        return this.#brokerDown(fault === 'powerCut');
      case 'election':
        broker.electsUntil = scheduler.now + scheduler.between(500, 9000);
        return scheduler.note(broker.url, 'elects a leader of the stream');
      case 'full':
        broker.fullUntil = scheduler.now + scheduler.between(100, 5000);
        cluster.harm(nodes, broker.fullUntil - scheduler.now);
        return scheduler.note(broker.url, 'has no room');
      case 'clockJump':
        node.options.clock.wallOffsetMs += scheduler.between(-7e6, 7e6);
        return scheduler.note(node.name, 'has its clock set');
      case 'takeover':
        if (cluster.ownStores || cluster.isClustered || !this.takeovers) return;
        // It is started anew without a master of its own.
        node.crash();
        node.master = null;
        return startLater(2000);
      case 'reload':
        if (node.alive) void cluster.ask(node, ['DEBUG', 'RELOAD']);
        return;
    }
  }

  #brokerDown(powerCut: boolean): void {
    const cluster = this.#cluster;
    const scheduler = this.#scheduler;
    const { broker, leader } = cluster;
    if (!broker.up) return;
    scheduler.note(broker.url, powerCut ? 'loses power' : 'crashes');
    const machineDies = powerCut && cluster.ownStores;
    if (machineDies) {
      leader.crash();
      leader.boot++;
    }
    broker.down(powerCut);
    const ms = scheduler.between(50, 6000);
    cluster.harm(cluster.nodes, ms);
    scheduler.after(ms, () => {
      scheduler.note(broker.url, 'is up again');
      broker.up = true;
      if (machineDies) scheduler.after(scheduler.between(10, 2000), () => cluster.startIfDown(leader));
    });
  }
}
