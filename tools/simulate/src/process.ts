import { Random } from '@weir/keyspace';
import { sleepOn } from '@weir/time';
import type { Time, Timer } from '@weir/time';
import type { Owner, Scheduler } from './scheduler.ts';

/** A machine's clocks: what all processes of one machine share, over restarts too. */
export interface MachineClock {
  /** Of its monotonic clock, against true time. */
  readonly rate: number;
  /** Of its wall clock; jumps. */
  wallOffsetMs: number;
}

const WALL_START_MS = 1_700_000_000_000;
/** A pass of the event loop takes this long. */
const TURN_MS = 0.02;

/** One life of a process: its time, and its end. What it had waited for when it died never comes. */
export class Process implements Time, Owner {
  readonly name: string;
  alive = true;
  readonly #scheduler: Scheduler;
  readonly #clock: MachineClock;
  readonly #startedAt: number;
  readonly #random: Random;
  /** It dies instead of its n-th next event; 0: it does not. */
  diesIn = 0;
  onDeath: () => void = () => {};
  #standsUntil = 0;
  #parked: (() => void)[] = [];

  constructor(scheduler: Scheduler, name: string, clock: MachineClock) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#startedAt = scheduler.now;
    this.#random = new Random(scheduler.random.u32());
  }

  // --- what the world does to it

  kill(): void {
    this.alive = false;
    this.#parked = [];
  }

  /** SIGSTOP, and SIGCONT after so long: what would have happened meanwhile happens then, in order. */
  stand(ms: number): void {
    const until = this.#scheduler.now + ms;
    if (until <= this.#standsUntil) return;
    this.#standsUntil = until;
    this.#scheduler.after(ms, () => this.#goOn());
  }

  goOnNow(): void {
    this.#standsUntil = 0;
    this.#goOn();
  }

  get stands(): boolean {
    return this.#scheduler.now < this.#standsUntil;
  }

  park(event: () => void): boolean {
    if (!this.stands) {
      if (this.diesIn === 0 || --this.diesIn > 0) return false;
      this.onDeath();
      return true;
    }
    this.#parked.push(event);
    return true;
  }

  #goOn(): void {
    if (this.stands) return;
    for (const event of this.#parked.splice(0)) this.#scheduler.after(0, event, this);
  }

  // --- Time

  monotonicMs(): number {
    return (this.#scheduler.now - this.#startedAt) * this.#clock.rate + 1;
  }

  wallMs(): number {
    return Math.floor(WALL_START_MS + this.#clock.wallOffsetMs + this.#scheduler.now * this.#clock.rate);
  }

  after(ms: number, fn: () => void): Timer {
    const { cancel } = this.#scheduler.after(Math.max(1, ms) / this.#clock.rate, fn, this);
    const timer: Timer = { cancel, unref: () => timer };
    return timer;
  }

  every(ms: number, fn: () => void): Timer {
    let cancelled = false;
    let next: Timer;
    const again = (): void => {
      next = this.after(ms, () => {
        again();
        fn();
      });
    };
    again();
    const timer: Timer = {
      cancel: () => {
        if (cancelled) return;
        cancelled = true;
        next.cancel();
      },
      unref: () => timer,
    };
    return timer;
  }

  endOfTurn(fn: () => void): void {
    this.#scheduler.after(TURN_MS, fn, this);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  random(): number {
    return this.#random.u32() / 2 ** 32;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#random.u32() & 0xff);
  }
}
