/**
 * Engines, links, clients and time for the simulation of routing: all from one seed, in one process, without a network. The engines know SET, GET and SELECT;
 * each does what it is asked after a while, a slave applies the log after a while, and links deliver after a while, in order.
 */

import type { Member } from '@weir/cluster';
import type { ByteSocket, LinkCommand, SessionInfo, SessionPort, SessionSink, SocketHandler } from '@weir/link';
import { FRAME, FrameScanner, ReplyParser } from '@weir/resp';
import { sleepOn } from '@weir/time';
import type { Time, Timer } from '@weir/time';
import type { EngineLink, LinkEvents } from './upstream.ts';

export class SimTime implements Time {
  #now = 0;
  #order = 0;
  #state: number;
  readonly #queue: { at: number; order: number; fn: (() => void) | null }[] = [];

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    const entry: { at: number; order: number; fn: (() => void) | null } = {
      at: this.#now + ms,
      order: this.#order++,
      fn,
    };
    this.#queue.push(entry);
    const timer: Timer = { cancel: () => void (entry.fn = null), unref: () => timer };
    return timer;
  }

  every(ms: number, fn: () => void): Timer {
    let isOver = false;
    const again = (): void => {
      if (isOver) return;
      fn();
      this.after(ms, again);
    };
    this.after(ms, again);
    const timer: Timer = { cancel: () => void (isOver = true), unref: () => timer };
    return timer;
  }

  endOfTurn(fn: () => void): void {
    this.after(0, fn);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** mulberry32 */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random() * 256);
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  run(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let best = -1;
      for (let i = 0; i < this.#queue.length; i++) {
        const one = this.#queue[i];
        const other = this.#queue[best];
        if (one.at <= end && (best < 0 || one.at < other.at || (one.at === other.at && one.order < other.order)))
          best = i;
      }
      if (best < 0) break;
      const [next] = this.#queue.splice(best, 1);
      this.#now = Math.max(this.#now, next.at);
      next.fn?.();
    }
    this.#now = end;
  }
}

const COMMANDS: LinkCommand[] = [
  { name: 'get', arity: 2, flags: ['readonly', 'fast'], keys: [1, 1, 1] },
  { name: 'set', arity: -3, flags: ['write', 'denyoom'], keys: [1, 1, 1] },
  { name: 'select', arity: 2, flags: ['loading', 'stale', 'fast'], keys: [0, 0, 0] },
];

export interface Write {
  readonly key: string;
  readonly value: string;
  /** Where it ends in the log. */
  readonly position: number;
}

/** The log, and which engines there are. */
export class SimCluster {
  readonly time: SimTime;
  readonly log: Write[] = [];
  readonly engines: SimEngine[];
  epoch = 1;
  /** Told the reports of all engines. */
  onReport: (member: Member) => void = () => {};

  constructor(time: SimTime, engines: number) {
    this.time = time;
    this.engines = Array.from({ length: engines }, (_, i) => new SimEngine(this, `e${i}`));
    this.engines[0].role = 'master';
  }

  get master(): SimEngine | undefined {
    return this.engines.find(({ role, isAlive }) => role === 'master' && isAlive);
  }

  get end(): number {
    return this.log.at(-1)?.position ?? 0;
  }

  start(): void {
    for (const engine of this.engines) {
      engine.follow();
      this.time.every(1000, () => engine.report());
      engine.report();
    }
  }

  /** A slave that has the whole log leads it from now on; who led it before follows. */
  elect(): void {
    const alive = this.engines.filter(({ isAlive, role }) => isAlive && role === 'slave');
    if (alive.length === 0) return;
    const next = alive[this.time.below(alive.length)];
    for (const engine of this.engines) engine.stepDown();
    next.applied = this.end;
    next.role = 'master';
    next.epoch = ++this.epoch;
    next.report();
  }
}

export class SimEngine {
  readonly id: string;
  role: 'master' | 'slave' = 'slave';
  epoch = 1;
  applied = 0;
  isAlive = true;
  /** It executes nothing: it stands still. */
  isFrozen = false;
  readonly cluster: SimCluster;
  readonly links = new Set<SimLink>();

  constructor(cluster: SimCluster, id: string) {
    this.cluster = cluster;
    this.id = id;
  }

  report(): void {
    if (!this.isAlive || this.isFrozen) return;
    this.cluster.onReport({
      id: this.id,
      role: this.role,
      ip: '127.0.0.1',
      port: 1,
      epoch: this.epoch,
      seq: this.applied,
      offset: this.applied,
      state: 'online',
      link: `/${this.id}`,
      receivedMs: this.cluster.time.monotonicMs(),
    });
  }

  /** Applies the log, a record at a time, each after a while. */
  follow(): void {
    const { time } = this.cluster;
    const delay = time.random() < 0.02 ? time.random() * 200 : time.random() * 4;
    time.after(delay, () => {
      if (this.isAlive && !this.isFrozen && this.role === 'slave') {
        const next = this.cluster.log.find(({ position }) => position > this.applied);
        if (next !== undefined) this.applied = next.position;
        this.epoch = Math.max(this.epoch, this.cluster.epoch);
        for (const link of this.links) link.moved();
      }
      this.follow();
    });
  }

  /** What it led is what it has applied. */
  stepDown(): void {
    this.applied = this.position;
    this.role = 'slave';
  }

  /** Dies as a process does. It comes back as a slave, some way behind. */
  kill(): void {
    this.isAlive = false;
    this.isFrozen = false;
    for (const link of [...this.links]) link.lose();
  }

  restart(): void {
    this.isAlive = true;
    this.stepDown();
    this.applied = Math.max(0, this.applied - this.cluster.time.below(20));
    this.report();
  }

  get position(): number {
    return this.role === 'master' ? this.cluster.end : this.applied;
  }

  read(key: string): string | null {
    const seen = this.position;
    return this.cluster.log.findLast((write) => write.key === key && write.position <= seen)?.value ?? null;
  }
}

/** Delivers what is told to it after a while, in order, until it is closed. */
class Pipe {
  readonly #time: SimTime;
  #lastMs = 0;
  isOpen = true;

  constructor(time: SimTime) {
    this.#time = time;
  }

  send(fn: () => void): void {
    const atMs = Math.max(this.#lastMs, this.#time.monotonicMs() + this.#time.random());
    this.#lastMs = atMs;
    this.#time.after(atMs - this.#time.monotonicMs(), () => {
      if (this.isOpen) fn();
    });
  }
}

export class SimLink implements EngineLink {
  readonly commands = COMMANDS;
  up = false;
  position = 0;
  silentMs = 0;
  readonly #engine: SimEngine;
  readonly #events: LinkEvents;
  readonly #time: SimTime;
  readonly sessions = new Set<SimSession>();
  toEngine: Pipe;
  toIngress: Pipe;
  #awaited = Infinity;
  #isStopped = false;
  #asked = new Set<(position: number | null) => void>();

  constructor(engine: SimEngine, events: LinkEvents) {
    this.#engine = engine;
    this.#events = events;
    this.#time = engine.cluster.time;
    this.toEngine = new Pipe(this.#time);
    this.toIngress = new Pipe(this.#time);
  }

  run(): void {
    if (this.#isStopped) return;
    if (!this.#engine.isAlive) return void this.#time.after(50, () => this.run());
    this.toEngine = new Pipe(this.#time);
    this.toIngress = new Pipe(this.#time);
    this.position = 0;
    this.#engine.links.add(this);
    this.toIngress.send(() => {
      this.up = true;
      this.#events.onChange(true);
    });
  }

  lose(): void {
    this.#engine.links.delete(this);
    this.toEngine.isOpen = this.toIngress.isOpen = false;
    this.#awaited = Infinity;
    const wasUp = this.up;
    this.up = false;
    this.#time.after(this.#time.random(), () => {
      if (wasUp) this.#events.onChange(false);
      for (const done of this.#asked) done(null);
      this.#asked.clear();
      for (const session of [...this.sessions]) session.lost();
      this.sessions.clear();
      this.run();
    });
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    this.lose();
    return Promise.resolve();
  }

  ping(): void {
    this.silentMs = this.#engine.isFrozen ? this.silentMs + 250 : 0;
  }

  awaitPosition(position: number): void {
    this.toEngine.send(() => {
      this.#awaited = Math.min(this.#awaited, position);
      this.moved();
    });
  }

  moved(): void {
    const { position } = this.#engine;
    if (position < this.#awaited) return;
    this.#awaited = Infinity;
    this.toIngress.send(() => {
      this.position = Math.max(this.position, position);
      this.#events.onPosition(position);
    });
  }

  confirm(done: (position: number | null) => void): void {
    this.#asked.add(done);
    this.toEngine.send(() => {
      const position = this.#engine.role === 'master' ? this.#engine.cluster.end : null;
      this.toIngress.send(() => {
        this.#asked.delete(done);
        done(position);
      });
    });
  }

  open(_info: SessionInfo, sink: SessionSink): SessionPort {
    const session = new SimSession(this, this.#engine, sink);
    this.sessions.add(session);
    return session;
  }
}

/** A session at both ends of its link. */
class SimSession implements SessionPort {
  position = 0;
  isCut = false;
  readonly #link: SimLink;
  readonly #engine: SimEngine;
  readonly #sink: SessionSink;
  readonly #scanner = new FrameScanner();
  #db = 0;
  #isBounced = false;
  readonly #todo: (() => void)[] = [];
  /** When the last request will be executed. */
  #busyUntilMs = 0;

  constructor(link: SimLink, engine: SimEngine, sink: SessionSink) {
    this.#link = link;
    this.#engine = engine;
    this.#sink = sink;
  }

  input(buf: Uint8Array, start: number, end: number): void {
    const bytes = Uint8Array.prototype.slice.call(buf, start, end);
    this.#link.toEngine.send(() => this.#received(bytes));
  }

  #received(bytes: Uint8Array): void {
    this.#scanner.feed(bytes, 0, bytes.length);
    while (this.#scanner.next() === FRAME) {
      const { request } = this.#scanner;
      const args = Array.from({ length: request.argc }, (_, i) => request.latin1(i));
      this.#later(() => this.#execute(args));
    }
  }

  /** In order, each after a while; not while the engine stands still. */
  #later(fn: () => void): void {
    const { time } = this.#engine.cluster;
    const atMs = Math.max(this.#busyUntilMs, time.monotonicMs()) + time.random() * 0.5;
    this.#busyUntilMs = atMs;
    this.#todo.push(fn);
    const { toEngine } = this.#link;
    const step = (): void => {
      if (!toEngine.isOpen) return;
      if (this.#engine.isFrozen) return void time.after(10, step);
      // Whoever's time it is, the first is first.
      this.#todo.shift()!();
    };
    time.after(atMs - time.monotonicMs(), step);
  }

  #execute([name, key, value]: string[]): void {
    if (this.#isBounced) return;
    const engine = this.#engine;
    const { cluster } = engine;
    switch (name.toLowerCase()) {
      case 'get': {
        const found = engine.read(`${this.#db}/${key}`);
        return this.#reply(found === null ? '$-1\r\n' : `$${found.length}\r\n${found}\r\n`);
      }
      case 'set':
        if (engine.role !== 'master') {
          this.#isBounced = true;
          return this.#link.toIngress.send(() => this.#sink.bounced!());
        }
        cluster.log.push({ key: `${this.#db}/${key}`, value, position: cluster.end + 1 + cluster.time.below(50) });
        return this.#reply('+OK\r\n');
      default: {
        this.#db = Number(key);
        const state = Buffer.from([this.#db]);
        this.#link.toIngress.send(() => this.#sink.state!(0, state, 0, 1));
        this.#reply('+OK\r\n');
      }
    }
  }

  #reply(text: string): void {
    const { position } = this.#engine;
    const bytes = Buffer.from(text);
    const link = this.#link;
    link.toIngress.send(() => {
      this.position = Math.max(this.position, position);
      link.position = Math.max(link.position, position);
      this.#sink.output(bytes, 0, bytes.length, 1);
    });
  }

  setState(buf: Uint8Array, start: number): void {
    const db = buf[start];
    this.#link.toEngine.send(() => this.#later(() => void (this.#db = db)));
  }

  lost(): void {
    this.#sink.lost!();
  }

  drained(): void {}

  closed(): void {
    this.#link.sessions.delete(this);
  }
}

/** A client's end of a connection: what it is sent comes as values. */
export class SimSocket implements ByteSocket {
  handler!: SocketHandler;
  readonly unixSocket = false;
  readonly remoteAddr = '127.0.0.1:1';
  readonly localAddr = '127.0.0.1:2';
  readonly fd = -1;
  readonly pendingBytes = 0;
  isPaused = false;
  isClosed = false;
  readonly #parser = new ReplyParser();
  readonly #onReply: (reply: string | null | Error) => void;

  constructor(onReply: (reply: string | null | Error) => void) {
    this.#onReply = onReply;
  }

  send(bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    this.handler.onData(copy, copy.length);
    copy.fill(0xdd); // Whoever kept the borrowed bytes shall see it.
  }

  write(buf: Uint8Array, start: number, end: number): boolean {
    this.#parser.feed(Buffer.from(buf.subarray(start, end)));
    for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
      if (reply.type === 'error') this.#onReply(new Error(reply.value));
      else if (reply.type === 'bulk') this.#onReply(Buffer.from(reply.value).toString());
      else if (reply.type === 'nil') this.#onReply(null);
      else if (reply.type === 'simple') this.#onReply(reply.value);
      else throw new Error(`a reply of type ${reply.type}`);
    }
    return true;
  }

  start(): void {}
  flush(): void {}
  pauseReading(): void {
    this.isPaused = true;
  }
  resumeReading(): void {
    this.isPaused = false;
  }
  close(): void {
    this.isClosed = true;
  }
  destroy(): void {
    this.isClosed = true;
  }
}
