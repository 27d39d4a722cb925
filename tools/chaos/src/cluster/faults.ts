/** What is done to a cluster: one fault or several at a time, each undone after a moment. The seed chooses them; the timing of the rest is the machine's. */

import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import type { Cluster } from './cluster.ts';
import type { Carries } from './proxy.ts';
import type { Program } from './servers.ts';

export interface FaultsOptions {
  readonly random: () => number;
  readonly say: (text: string) => void;
}

type Target = WeirNode | Program;

const MOMENT_MS = [300, 4000] as const;
const LASTS_MS = [300, 5000] as const;
const AT_ONCE_MAX = 3;

export class Faults {
  readonly played = new Map<string, number>();
  readonly #cluster: Cluster;
  readonly #o: FaultsOptions;
  readonly #busy = new Set<Target>();
  readonly #open = new Set<Promise<void>>();
  #running = true;
  #done: Promise<void> = Promise.resolve();
  #end = new AbortController();

  constructor(cluster: Cluster, options: FaultsOptions) {
    this.#cluster = cluster;
    this.#o = options;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** No more of them, and all undone. */
  async heal(): Promise<void> {
    this.#running = false;
    this.#end.abort();
    await this.#done;
    await Promise.all(this.#open);
  }

  async #run(): Promise<void> {
    while (this.#running) {
      await this.#wait(MOMENT_MS);
      if (!this.#running) return;
      if (this.#open.size >= AT_ONCE_MAX) continue;
      const dice = this.#o.random();
      if (dice < 0.03) this.#together('kill -9 of all NATS servers', this.#cluster.nats);
      else if (dice < 0.06) this.#together('kill -9 of all engines', this.#cluster.engines);
      else if (dice < 0.12) await this.#leader(true);
      else if (dice < 0.55) await this.#leader(false);
      else if (dice < 0.75) this.#any(this.#pick(this.#cluster.engines));
      else if (dice < 0.9) this.#any(this.#pick(this.#cluster.ingresses));
      else this.#any(this.#pick(this.#cluster.nats));
    }
  }

  async #leader(withNats: boolean): Promise<void> {
    const leader = await this.#cluster.leader();
    if (leader === undefined) return;
    if (withNats) this.#any(this.#pick(this.#cluster.nats));
    this.#any(leader, 'the leader, ');
  }

  #together(name: string, targets: readonly Target[]): void {
    const free = targets.filter((one) => !this.#busy.has(one));
    this.#note(name);
    this.#o.say(name);
    for (const one of free) this.#play(one, () => this.#kill(one));
  }

  #any(target: Target, who = ''): void {
    if (this.#busy.has(target)) return;
    const dice = this.#o.random();
    const named = (fault: string): void => {
      this.#note(`${fault} of ${who === '' ? target.name.replace(/-\d$/, '') : 'the leader'}`);
      this.#o.say(`${fault} of ${who}${target.name}`);
    };
    if (dice < 0.45) {
      named('kill -9');
      this.#play(target, () => this.#kill(target));
    } else if (dice < 0.7 || !('options' in target)) {
      named('SIGSTOP');
      this.#play(target, () => this.#freeze(target));
    } else {
      const carries = dice < 0.85 ? 'cut' : 'stalled';
      named(`network ${carries}`);
      this.#play(target, () => this.#network(target, carries));
    }
  }

  #play(target: Target, fault: () => Promise<void>): void {
    this.#busy.add(target);
    const done = fault().finally(() => {
      this.#busy.delete(target);
      this.#open.delete(done);
    });
    this.#open.add(done);
  }

  async #kill(target: Target): Promise<void> {
    if (!target.isRunning) return;
    await target.kill();
    await this.#wait(LASTS_MS);
    if (!target.isRunning) target.spawn();
  }

  async #freeze(target: Target): Promise<void> {
    if (!target.isRunning) return;
    const pid = target.pid!;
    signal(pid, 'SIGSTOP');
    await this.#wait(LASTS_MS);
    signal(pid, 'SIGCONT');
  }

  async #network(node: WeirNode, carries: Carries): Promise<void> {
    this.#cluster.network(node, carries);
    await this.#wait(LASTS_MS);
    this.#cluster.network(node, 'all');
  }

  #wait([from, to]: readonly [number, number]): Promise<void> {
    const ms = from + this.#o.random() * (to - from);
    return sleep(ms, undefined, { signal: this.#end.signal }).catch(() => undefined);
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#o.random() * all.length)]!;
  }

  #note(name: string): void {
    this.played.set(name, (this.played.get(name) ?? 0) + 1);
  }
}
