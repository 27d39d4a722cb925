/**
 * The engines of one log: who leads it, and who may be asked for reads. It hears the members' reports and holds a link to each engine; the connections ask it
 * where to go, and wait here for a master, for a position, or for a position that the master confirms.
 */

import type { Member } from '@weir/cluster';
import type { LinkLogger } from '@weir/link';
import type { Time, Timer } from '@weir/time';
import { CommandKinds } from './command-kinds.ts';
import { Upstream } from './upstream.ts';
import type { ConnectEngine, PositionWaiter } from './upstream.ts';

export interface FleetOptions {
  readonly time: Time;
  readonly log: LinkLogger;
  readonly connect: ConnectEngine;
  /** `weir-max-lag`: a slave further behind gets no reads. */
  readonly lagMsMax: number;
  /** `weir-read-wait`: so long a read waits for a slave, before it goes to the master. */
  readonly readWaitMs: number;
  /** `weir-hold-timeout`: so long requests wait for a master. */
  readonly holdMs: number;
  /** Asks all members to report at once. */
  readonly poll?: () => void;
}

/** A connection, as the fleet knows it. */
export interface FleetClient extends PositionWaiter {
  /** What it waits for may be there: it looks again. */
  pump(): void;
  /** It has waited for a slave long enough; `wait` is the number of that wait. */
  waitedOut(wait: number): void;
  /** It has waited for a master long enough. */
  noMaster(): void;
  confirmed(position: number | null, ask: number): void;
  masterChanged(): void;
  /** That engine does not answer: what is outstanding there is taken elsewhere, as if the link were lost. */
  giveUp(upstream: Upstream): void;
  /** Once a second. */
  tick(): void;
}

const TICK_MS = 250;
const TICKS_PER_SECOND = 1000 / TICK_MS;
/** An engine that says nothing for so long is given up by the reads that wait for it. */
const GIVEN_UP_MS = 5000;
/** A master whose successor is known has so long to answer what it was sent. */
const DEPOSED_MS = 1000;
const REST_MS = 500;
/** An engine that has left may send its last replies for so long. */
const LEAVING_MS = 2000;
/** Places of the master in the log that are remembered, with their time: what lag is measured by. */
const SAMPLES = 64;

export class Fleet {
  readonly options: FleetOptions;
  readonly clients = new Set<FleetClient>();
  /** Of the engine that was reached last. */
  kinds = new CommandKinds([]);
  master: Upstream | null = null;
  readonly #upstreams = new Map<string, Upstream>();
  /** The former master, and until when what was sent there may be answered. */
  #deposed: { readonly upstream: Upstream; readonly untilMs: number } | null = null;
  readonly #masterWaits = new Map<FleetClient, number>();
  #readWaits: { readonly client: FleetClient; readonly wait: number; readonly untilMs: number }[] = [];
  #readTimer: Timer | null = null;
  #confirms: { readonly client: FleetClient; readonly ask: number }[] = [];
  #confirming = false;
  #samples: { readonly atMs: number; readonly position: number }[] = [];
  #ticks = 0;
  readonly #tick: Timer;

  constructor(options: FleetOptions) {
    this.options = options;
    this.#tick = options.time.every(TICK_MS, () => this.#onTick());
    this.#tick.unref();
  }

  get upstreams(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  stop(): Promise<unknown> {
    this.#tick.cancel();
    this.#readTimer?.cancel();
    return Promise.all(this.upstreams.map(({ link }) => link.stop()));
  }

  // --- who is there --------------------------------------------------------------------------------------------------

  /** A member of the log has reported. */
  heard(member: Member): void {
    if (member.role === 'replication') return;
    const { link } = member;
    const known = this.#upstreams.get(member.id);
    if (member.left === true || link === undefined || (known !== undefined && known.address !== link)) {
      if (known !== undefined) this.#remove(known);
      if (member.left === true || link === undefined) return this.#choose();
    }
    const upstream = this.#upstreams.get(member.id);
    if (upstream !== undefined) upstream.member = member;
    else this.#add(member);
    this.#choose();
    this.#sample();
    this.#measure();
  }

  /** Another log, or none: nothing of this one is known any more. */
  clear(): void {
    for (const upstream of this.upstreams) this.#remove(upstream);
    this.#samples = [];
    this.#choose();
  }

  #add(member: Member): void {
    const upstream = new Upstream(member, this.options.connect, (one, isUp) => this.#linkChanged(one, isUp));
    this.#upstreams.set(member.id, upstream);
    const { id, role, link } = member;
    this.options.log.info({ node: id, role, link }, 'an engine was found');
    upstream.link.run();
  }

  #remove(upstream: Upstream): void {
    this.#upstreams.delete(upstream.id);
    this.options.log.info({ node: upstream.id, link: upstream.address }, 'an engine is gone');
    // What it still answers arrives.
    this.options.time.after(LEAVING_MS, () => void upstream.link.stop()).unref();
  }

  #linkChanged(upstream: Upstream, isUp: boolean): void {
    if (this.#upstreams.get(upstream.id) !== upstream) return;
    if (isUp) this.kinds = new CommandKinds(upstream.link.commands);
    this.#choose();
  }

  /** The newest leader that is known, if it can be reached. One whose successor the slaves know already is none. */
  #choose(): void {
    let epoch = 0;
    let best: Upstream | null = null;
    for (const upstream of this.#upstreams.values()) {
      const { member } = upstream;
      if (member.epoch > epoch) epoch = member.epoch;
      if (member.role === 'master' && (best === null || member.epoch > best.member.epoch)) best = upstream;
    }
    const { time } = this.options;
    const rests = best !== null && time.monotonicMs() < best.restsUntilMs;
    const master = best !== null && best.member.epoch >= epoch && best.link.up && !rests ? best : null;
    if (master === this.master) return;
    const old = this.master;
    this.master = master;
    if (master === null) {
      this.options.log.warn({}, 'no engine leads the log: what needs a master is held');
      return;
    }
    this.options.log.info({ node: master.id, epoch: master.member.epoch }, 'requests go to this master');
    if (old !== null && old !== master) this.#deposed = { upstream: old, untilMs: time.monotonicMs() + DEPOSED_MS };
    for (const client of this.clients) client.masterChanged();
    const waiting = [...this.#masterWaits.keys()];
    this.#masterWaits.clear();
    for (const client of waiting) client.pump();
  }

  /** An engine gave requests back: it may not execute them. It gets none for a while, and everybody is asked who leads. */
  bounced(upstream: Upstream): void {
    upstream.restsUntilMs = this.options.time.monotonicMs() + REST_MS;
    this.#choose();
    this.options.poll?.();
  }

  // --- where to go ---------------------------------------------------------------------------------------------------

  /**
   * The slave that has reached a position with the least to do; of two alike the one that the connection is at already. Null: none has; `canWait` then tells
   * whether one may.
   */
  reader(position: number, current: Upstream | null): Upstream | null {
    const nowMs = this.options.time.monotonicMs();
    let best: Upstream | null = null;
    for (const upstream of this.#upstreams.values()) {
      if (!upstream.canRead(nowMs, this.options.lagMsMax) || upstream.position < position) continue;
      if (best === null || upstream.outstanding < best.outstanding) best = upstream;
      else if (upstream === current && upstream.outstanding === best.outstanding) best = upstream;
    }
    return best;
  }

  /** Whether there is a slave that reads may wait for. */
  hasReader(): boolean {
    return this.reader(0, null) !== null;
  }

  /** The client is told when a slave has reached the position, or that it has waited out. */
  waitForPosition(client: FleetClient, position: number, wait: number): void {
    let nearest: Upstream | null = null;
    const nowMs = this.options.time.monotonicMs();
    for (const upstream of this.#upstreams.values()) {
      if (!upstream.canRead(nowMs, this.options.lagMsMax)) continue;
      if (nearest === null || upstream.position > nearest.position) nearest = upstream;
    }
    nearest?.waitFor(position, client);
    this.#readWaits.push({ client, wait, untilMs: nowMs + this.options.readWaitMs });
    this.#readTimer ??= this.options.time.after(this.options.readWaitMs, () => this.#readsWaitedOut());
  }

  /** All wait equally long: the first one's time is over first. */
  #readsWaitedOut(): void {
    this.#readTimer = null;
    const nowMs = this.options.time.monotonicMs();
    let done = 0;
    while (done < this.#readWaits.length && this.#readWaits[done].untilMs <= nowMs) done++;
    const over = this.#readWaits.splice(0, done);
    if (this.#readWaits.length > 0) {
      const restMs = this.#readWaits[0].untilMs - nowMs;
      this.#readTimer = this.options.time.after(restMs, () => this.#readsWaitedOut());
    }
    for (const { client, wait } of over) client.waitedOut(wait);
  }

  waitForMaster(client: FleetClient): void {
    if (!this.#masterWaits.has(client)) this.#masterWaits.set(client, this.options.time.monotonicMs());
  }

  /**
   * The client is told a position that has everything acknowledged until now. All who ask in one turn of the event loop, or while a question is under way,
   * are answered by one question, which is asked after them.
   */
  confirm(client: FleetClient, ask: number): void {
    this.#confirms.push({ client, ask });
    if (!this.#confirming && this.#confirms.length === 1) this.options.time.endOfTurn(() => this.#askConfirmed());
  }

  #askConfirmed(): void {
    const asking = this.#confirms;
    this.#confirms = [];
    if (asking.length === 0) return;
    const { master } = this;
    if (master === null) {
      for (const { client, ask } of asking) client.confirmed(null, ask);
      return;
    }
    this.#confirming = true;
    master.link.confirm((position) => {
      this.#confirming = false;
      const known = master === this.master ? position : null;
      for (const { client, ask } of asking) client.confirmed(known, ask);
      this.#askConfirmed();
    });
  }

  stopWaiting(client: FleetClient): void {
    this.#masterWaits.delete(client);
  }

  /** Nothing is to be told to it any more. */
  forget(client: FleetClient): void {
    this.clients.delete(client);
    this.#masterWaits.delete(client);
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  #onTick(): void {
    const nowMs = this.options.time.monotonicMs();
    this.#sample();
    this.#measure();
    this.#choose();
    for (const upstream of this.#upstreams.values()) {
      upstream.look();
      if (upstream === this.master || upstream.outstanding === 0 || upstream.link.silentMs < GIVEN_UP_MS) continue;
      for (const client of [...this.clients]) client.giveUp(upstream);
    }
    const deposed = this.#deposed;
    if (deposed !== null && nowMs >= deposed.untilMs) {
      this.#deposed = null;
      if (deposed.upstream !== this.master) for (const client of [...this.clients]) client.giveUp(deposed.upstream);
    }
    for (const [client, sinceMs] of [...this.#masterWaits]) {
      if (nowMs - sinceMs < this.options.holdMs) continue;
      this.#masterWaits.delete(client);
      client.noMaster();
    }
    if (++this.#ticks % TICKS_PER_SECOND === 0) for (const client of this.clients) client.tick();
  }

  /** Where the master is in the log, now and then. */
  #sample(): void {
    const position = this.master?.position ?? 0;
    const last = this.#samples.at(-1);
    if (position === 0 || (last !== undefined && position <= last.position)) return;
    const atMs = this.options.time.monotonicMs();
    const everyMs = this.options.lagMsMax / (SAMPLES / 2);
    if (last !== undefined && atMs - last.atMs < everyMs) return;
    this.#samples.push({ atMs, position });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** A slave is as far behind as it is long ago that the master was where the slave is not yet. */
  #measure(): void {
    const nowMs = this.options.time.monotonicMs();
    for (const upstream of this.#upstreams.values()) {
      const missed = this.#samples.find(({ position }) => position > upstream.position);
      upstream.lagMs = missed === undefined ? 0 : nowMs - missed.atMs;
    }
  }
}
