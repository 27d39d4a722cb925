/**
 * The ingress's end of the link: an EnginePort whose sessions are carried by one connection to an engine.
 *
 * When the link breaks, nobody knows which of the requests on their way were executed. So every session of it is closed, as a
 * crashed Redis closes its connections, after the replies that had arrived; clients reconnect and retry by their own rules.
 * A client that comes while there is no link waits for one, for a bounded time, and is then told and closed.
 *
 *   down ──dial──▶ dialing ──hello, command table──▶ up          any loss ──▶ down, again after the backoff, for ever
 */

import { Retry, realTime } from '@weir/time';
import { ByteQueue } from './byte-queue.ts';
import { decodeCommands } from './commands-payload.ts';
import { COMMANDS_PAYLOAD_MAX, FRAME, decodeU64, encodeOpen, encodeU32, encodeU64 } from './frame.ts';
import { TAKEN_STEP_BYTES } from './link-server.ts';
import { connect } from './listen.ts';
import type { Address } from './listen.ts';
import type { ByteSocket, LinkLogger } from './socket.ts';
import type { EnginePort, LinkCommand, SessionInfo, SessionPort, SessionSink } from './types.ts';
import { Wire } from './wire.ts';
import type { WireOwner } from './wire.ts';

const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 2000;
const FAILURES_PER_WARNING = 30;
const CONNECT_TIMEOUT_MS = 5000;
const KEEPALIVE_SECONDS = 5;
const PING_AFTER_MS = 10_000;
const WATCH_MS = 2500;
const PING_MS = 1000;
/** An engine that is silent for so long although asked is given up. Above any command that may block the engine's loop. */
const SILENCE_MS_MAX = 60_000;
const WAIT_FOR_LINK_MS = 5000;
const NO_ENGINE = Buffer.from('-ERR Weir: this ingress has no connection to an engine\r\n');

class ClientLinkSession implements SessionPort {
  /** The highest log position that replies of it depended on. */
  position = 0;
  /** Undefined while it waits for a link, and again when its link is lost. */
  wire: Wire | undefined = undefined;
  readonly id: number;
  readonly info: SessionInfo;
  readonly sink: SessionSink;
  readonly #client: SocketLinkClient;
  isCut = false;
  #early: ByteQueue | null = null;
  #endedEarly = false;
  #untold = 0;
  #congested = false;
  #pausedByEngine = false;
  pausedByLink = false;

  constructor(client: SocketLinkClient, id: number, info: SessionInfo, sink: SessionSink) {
    this.#client = client;
    this.id = id;
    this.info = info;
    this.sink = sink;
  }

  attach(wire: Wire): void {
    this.wire = wire;
    const open = encodeOpen(this.info);
    wire.send(FRAME.OPEN, this.id, open, 0, open.length);
    const early = this.#early;
    this.#early = null;
    for (let view = early?.peek(Infinity); early && view; view = early.peek(Infinity)) {
      early.consume(view.length);
      wire.send(FRAME.INPUT, this.id, view, 0, view.length);
    }
    if (this.#endedEarly) wire.sendEmpty(FRAME.ENDED, this.id);
    this.setPausedByLink(false);
  }

  input(buf: Uint8Array, start: number, end: number): void {
    const wire = this.wire;
    if (wire === undefined) {
      (this.#early ??= new ByteQueue()).append(buf, start, end);
      return;
    }
    wire.send(FRAME.INPUT, this.id, buf, start, end);
    if (wire.congested) {
      this.setPausedByLink(true);
      this.#client.pausedByLink.add(this);
    }
  }

  inputEnded(): void {
    if (this.wire === undefined) this.#endedEarly = true;
    else this.wire.sendEmpty(FRAME.ENDED, this.id);
  }

  drained(): void {
    this.#congested = false;
    this.#tell(1);
  }

  setState(buf: Uint8Array, start: number, end: number, isBroken: boolean): void {
    const payload = new Uint8Array(1 + end - start);
    payload[0] = isBroken ? 1 : 0;
    payload.set(buf.subarray(start, end), 1);
    this.wire?.send(FRAME.STATE, this.id, payload, 0, payload.length);
  }

  alive(): void {
    this.wire?.sendEmpty(FRAME.ALIVE, this.id);
  }

  closed(): void {
    this.#client.forget(this);
    this.wire?.sendEmpty(FRAME.CLOSED, this.id);
    this.wire = undefined;
  }

  /** Replies from the engine. While the client does not drain, nothing is reported as taken, and so the window closes. */
  reply(buf: Uint8Array, start: number, end: number, replies: number, position: number): void {
    this.#untold += end - start;
    this.isCut = this.wire?.cut === true;
    if (position > this.position) this.position = position;
    if (!this.sink.output(buf, start, end, replies)) this.#congested = true;
    else if (!this.#congested) this.#tell(TAKEN_STEP_BYTES);
  }

  #tell(atLeast: number): void {
    if (this.#untold < atLeast || this.wire === undefined) return;
    const payload = encodeU32(this.#untold);
    this.#untold = 0;
    this.wire.send(FRAME.TAKEN, this.id, payload, 0, payload.length);
  }

  setPausedByEngine(paused: boolean): void {
    this.#setPaused(paused, this.pausedByLink);
  }

  setPausedByLink(paused: boolean): void {
    this.#setPaused(this.#pausedByEngine, paused);
  }

  #setPaused(byEngine: boolean, byLink: boolean): void {
    const before = this.#pausedByEngine || this.pausedByLink;
    this.#pausedByEngine = byEngine;
    this.pausedByLink = byLink;
    const after = byEngine || byLink;
    if (after && !before) this.sink.pauseInput();
    else if (before && !after) this.sink.resumeInput();
  }

  /** The link is lost, or none came in time. */
  abandon(message: Uint8Array | undefined): void {
    this.wire = undefined;
    this.#early = null;
    if (this.sink.lost !== undefined) return this.sink.lost();
    if (message !== undefined) this.sink.output(message, 0, message.length, 1);
    this.sink.close();
  }
}

export interface SocketLinkClientOptions {
  readonly log: LinkLogger;
  /** Where the engine is … */
  readonly address?: Address;
  /** … or how to reach it. */
  readonly dial?: () => Promise<ByteSocket>;
  readonly raw?: boolean;
  /** How long a new client waits for a link. */
  readonly waitForLinkMs?: number;
  /** Id of the node that has to answer there; absent: whichever. */
  readonly node?: string;
  /** The link is up, with its command table, or is lost. */
  readonly onChange?: (isUp: boolean) => void;
  /** The position that was awaited is reached. */
  readonly onPosition?: (position: number) => void;
}

export class SocketLinkClient implements EnginePort, WireOwner {
  readonly commandsMax = COMMANDS_PAYLOAD_MAX;
  /** Of the engine that was reached last. */
  commands: readonly LinkCommand[] = [];
  /** The highest of any reply. */
  position = 0;
  /** Sessions whose input is held back because the link is congested. */
  readonly pausedByLink = new Set<ClientLinkSession>();
  readonly #log: LinkLogger;
  readonly #dial: () => Promise<ByteSocket>;
  readonly #waitForLinkMs: number;
  readonly #options: SocketLinkClientOptions;
  /** The lowest position that the engine was asked to tell of; Infinity: none. */
  #awaited = Infinity;
  /** Who waits for a confirmed position, by the number of the question. */
  readonly #asked = new Map<number, (position: number | null) => void>();
  #nextAsk = 1;
  readonly #sessions = new Map<number, ClientLinkSession>();
  /** Without a link yet, each with its deadline; in order of arrival. */
  readonly #waiting = new Map<ClientLinkSession, NodeJS.Timeout>();
  #wire: Wire | undefined;
  #state: 'down' | 'dialing' | 'up' | 'stopped' = 'down';
  #nextId = 1;
  readonly #redial = new Retry({ time: realTime, minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX, jitter: 0.25 });
  #watchTimer: NodeJS.Timeout | undefined;
  #stoppedResolve: (() => void) | undefined;

  constructor(options: SocketLinkClientOptions) {
    const { address, raw } = options;
    this.#log = options.log;
    this.#options = options;
    this.#waitForLinkMs = options.waitForLinkMs ?? WAIT_FOR_LINK_MS;
    if (options.dial) this.#dial = options.dial;
    else if (address)
      this.#dial = () =>
        connect({
          address,
          timeoutMs: CONNECT_TIMEOUT_MS,
          keepAliveSeconds: KEEPALIVE_SECONDS,
          ...(raw === undefined ? {} : { raw }),
        });
    else throw new Error('a link needs an address or a way to dial');
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** How long nothing has come from the engine; Infinity: there is no link. */
  get silentMs(): number {
    return this.#state === 'up' ? performance.now() - this.#wire!.lastReceivedMs : Infinity;
  }

  /** Asks for a sign of life, unless one came within a second. */
  ping(): void {
    if (this.#state === 'up' && this.silentMs > PING_MS) this.#wire!.sendEmpty(FRAME.PING, 0);
  }

  get sessionCount(): number {
    return this.#sessions.size + this.#waiting.size;
  }

  /** Connects, and stays connected until `stop`. */
  run(): void {
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#state = 'dialing';
    try {
      const socket = await this.#dial();
      if (this.#isStopped()) return socket.destroy();
      const wire = new Wire(socket, this, this.#log);
      this.#wire = wire;
      this.#watchTimer = setInterval(() => this.#watch(wire), WATCH_MS).unref();
    } catch (error) {
      if (!this.#isStopped()) this.#retry((error as NodeJS.ErrnoException).code ?? String(error));
    }
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #retry(reason: string): void {
    this.#state = 'down';
    // Said once, and then every minute or so as long as it lasts.
    const level = this.#redial.failures % FAILURES_PER_WARNING === 0 ? 'warn' : 'debug';
    const retryInMs = Math.round(this.#redial.schedule(() => void this.#connect()));
    this.#log[level]({ reason, attempts: this.#redial.failures, retryInMs }, 'no link to the engine, trying on');
  }

  onUp(): void {
    // Not before the command table is there.
  }

  #serve(wire: Wire): void {
    this.#state = 'up';
    this.#redial.succeeded();
    this.#log.info({ waiting: this.#waiting.size }, 'link to the engine is up');
    for (const [session, timer] of this.#waiting) {
      clearTimeout(timer);
      this.#sessions.set(session.id, session);
      session.attach(wire);
    }
    this.#waiting.clear();
    this.#options.onChange?.(true);
  }

  #watch(wire: Wire): void {
    const silentMs = performance.now() - wire.lastReceivedMs;
    if (this.#state !== 'up' && silentMs > CONNECT_TIMEOUT_MS) wire.destroy('no hello');
    else if (silentMs > SILENCE_MS_MAX) wire.destroy('the engine is silent');
    else if (silentMs > PING_AFTER_MS) wire.sendEmpty(FRAME.PING, 0);
  }

  onFrame(
    wire: Wire,
    type: number,
    id: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies: number,
    position: number,
  ): boolean {
    if (this.#state !== 'up') return type === FRAME.COMMANDS && this.#onCommands(wire, buf, start, end);
    if (type === FRAME.POSITION) return this.#positionReached(decodeU64(buf, start, end));
    if (type === FRAME.CONFIRMED) return this.#confirmed(id, start === end ? null : decodeU64(buf, start, end));
    if (position > this.position) this.position = position;
    const session = this.#sessions.get(id);
    // Frames for a session whose client has left are on their way until the engine has read our CLOSED.
    if (type === FRAME.OUTPUT) session?.reply(buf, start, end, replies, position);
    else if (type === FRAME.CLOSE) session?.sink.close();
    else if (type === FRAME.DESTROY) session?.sink.destroy();
    else if (type === FRAME.PAUSE) session?.setPausedByEngine(true);
    else if (type === FRAME.RESUME) session?.setPausedByEngine(false);
    else if (type === FRAME.BOUNCED) session?.sink.bounced?.();
    else if (type === FRAME.STATE && end > start) session?.sink.state?.(buf[start], buf, start + 1, end);
    else return false;
    return true;
  }

  #onCommands(wire: Wire, buf: Uint8Array, start: number, end: number): boolean {
    const table = decodeCommands(buf, start, end);
    if (table === undefined) return false;
    const wanted = this.#options.node;
    if (wanted !== undefined && wanted !== table.node) {
      this.#log.warn({ wanted, answers: table.node }, 'another engine answers at the address of a link');
      wire.destroy('another engine answers');
      return true;
    }
    this.commands = table.commands;
    // Another engine may follow another log.
    this.position = 0;
    if (this.#state === 'dialing') this.#serve(wire);
    return true;
  }

  #positionReached(position: number | undefined): boolean {
    if (position === undefined) return false;
    this.#awaited = Infinity;
    if (position > this.position) this.position = position;
    this.#options.onPosition?.(position);
    return true;
  }

  #confirmed(ask: number, position: number | null | undefined): boolean {
    const done = this.#asked.get(ask);
    if (position === undefined || done === undefined) return false;
    this.#asked.delete(ask);
    done(position);
    return true;
  }

  /** Asks the engine to tell when it has reached a position: `onPosition` is called then, for all that it has reached by then. */
  awaitPosition(position: number): void {
    if (position >= this.#awaited || this.#state !== 'up') return;
    this.#awaited = position;
    const payload = encodeU64(position);
    this.#wire!.send(FRAME.AWAIT, 0, payload, 0, payload.length);
  }

  /** Asks for a position that has everything which was acknowledged before; null: the engine does not know one, or the link is lost. */
  confirm(done: (position: number | null) => void): void {
    if (this.#state !== 'up') return done(null);
    const ask = this.#nextAsk;
    this.#nextAsk = (this.#nextAsk + 1) >>> 0;
    this.#asked.set(ask, done);
    this.#wire!.sendEmpty(FRAME.CONFIRM, ask);
  }

  onWireDrain(wire: Wire): void {
    for (const session of [...this.pausedByLink]) {
      if (wire.congested) return;
      this.pausedByLink.delete(session);
      session.setPausedByLink(false);
    }
  }

  onDown(_wire: Wire, reason: string): void {
    clearInterval(this.#watchTimer);
    this.#wire = undefined;
    const wasUp = this.#state === 'up';
    // Who hears that a session is lost must not open another one here.
    if (wasUp) this.#state = 'down';
    const lost = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#awaited = Infinity;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    if (wasUp) this.#options.onChange?.(false);
    for (const done of asked) done(null);
    this.pausedByLink.clear();
    if (lost.length > 0) this.#log.warn({ clients: lost.length }, 'closing the clients of a lost link');
    for (const session of lost) session.abandon(undefined);
    if (this.#state === 'stopped') this.#stoppedResolve?.();
    else this.#retry(reason);
  }

  open(info: SessionInfo, sink: SessionSink): SessionPort {
    const session = new ClientLinkSession(this, this.#takeId(), info, sink);
    if (this.#state === 'up') {
      this.#sessions.set(session.id, session);
      session.attach(this.#wire!);
    } else {
      session.setPausedByLink(true);
      this.#waiting.set(
        session,
        setTimeout(() => {
          this.#waiting.delete(session);
          session.abandon(NO_ENGINE);
        }, this.#waitForLinkMs),
      );
    }
    return session;
  }

  /** Ids wrap after 2^32 sessions; one still in use is skipped. */
  #takeId(): number {
    while (this.#sessions.has(this.#nextId)) this.#nextId = (this.#nextId + 1) >>> 0;
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0;
    return id;
  }

  /** For ClientLinkSession only. */
  forget(session: ClientLinkSession): void {
    this.#sessions.delete(session.id);
    this.pausedByLink.delete(session);
    clearTimeout(this.#waiting.get(session));
    this.#waiting.delete(session);
  }

  /** Closes the link for good; its clients are closed. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#redial.cancel();
    for (const [session, timer] of this.#waiting) {
      clearTimeout(timer);
      session.abandon(NO_ENGINE);
    }
    this.#waiting.clear();
    const wire = this.#wire;
    if (wire === undefined) return;
    const gone = new Promise<void>((resolve) => (this.#stoppedResolve = resolve));
    wire.close();
    await gone;
  }
}
