/**
 * The engine's end of the link: turns frames into sessions of an EnginePort.
 *
 * Each session may have WINDOW_BYTES of replies on their way which the ingress has not reported as taken; the rest waits here,
 * in the session's own backlog. So a client that does not read costs the others nothing: its bytes do not
 * fill the link that all share, and a huge reply goes out in turns with everybody else's.
 */

import { ByteQueue } from './byte-queue.ts';
import { encodeCommands } from './commands-payload.ts';
import { COMMANDS_PAYLOAD_MAX, FRAME, decodeOpen, decodeU32, decodeU64, encodeU64 } from './frame.ts';
import { LineRate } from './line-rate.ts';
import { listen, parseAddress } from './listen.ts';
import type { Address, Listening } from './listen.ts';
import { ReplyMarks } from './reply-marks.ts';
import { CLOSE_FLUSH_MS } from './socket.ts';
import type { ByteSocket, LinkLogger } from './socket.ts';
import type { EnginePort, SessionPort, SessionSink } from './types.ts';
import { Wire } from './wire.ts';
import type { WireOwner } from './wire.ts';

/** Replies of one session that are on the link or unreported at the ingress. */
export const WINDOW_BYTES = 512 * 1024;
/** The ingress reports what was taken in steps of this; the window must hold several. */
export const TAKEN_STEP_BYTES = 64 * 1024;
if (WINDOW_BYTES < 4 * TAKEN_STEP_BYTES) throw new Error('a window of less than four steps would stall');

/** A backlog goes out in pieces of this, so that it is seen when the link is full. */
const PUMP_BYTES = 64 * 1024;
/** Refused sessions of one link whose CLOSED is still to come; an ingress sends it as soon as its client has got the refusal. */
const REFUSED_MAX = 65_536;
/** A connection that does not say that it is an ingress is given up after this time … */
const HELLO_MS = 5000;
/** … and so many such connections are kept at a time. */
const STRANGERS_MAX = 64;
/** Nothing that an ingress asks for fills its link so far, if it reads. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024;

/** Lines that strangers can cause. */
interface LinkRates {
  readonly up: LineRate;
  readonly down: LineRate;
  readonly malformed: LineRate;
  readonly strangers: LineRate;
}

class EngineLinkSession implements SessionSink {
  port!: SessionPort;
  readonly #link: EngineLink;
  readonly #id: number;
  #unreported = 0;
  #backlog: ByteQueue | null = null;
  #marks: ReplyMarks | null = null;
  #waiting = false;
  #closeTimer: NodeJS.Timeout | undefined = undefined;
  #life: 'open' | 'closing' | 'closed' = 'open';

  constructor(link: EngineLink, id: number) {
    this.#link = link;
    this.#id = id;
  }

  /** Exact to within what the ingress has not reported yet: see the invariant PendingIsAnUnderestimate. */
  get pendingOutputBytes(): number {
    return Math.max(0, this.#unreported - TAKEN_STEP_BYTES) + (this.#backlog === null ? 0 : this.#backlog.length);
  }

  output(buf: Uint8Array, start: number, end: number, replies: number): boolean {
    if (this.#life !== 'open') return true;
    const { position } = this.#link;
    // A link that its ingress does not read is filled no further: what waits is this session's own, and counted as such.
    const room = this.#backlog === null && !this.#link.wire.congested ? WINDOW_BYTES - this.#unreported : 0;
    const now = Math.min(room, end - start);
    const rest = end - start - now;
    if (now > 0 || (rest === 0 && this.#backlog === null)) {
      this.#unreported += now;
      // Which of the replies end in a part is not known: they are told of with the last byte.
      this.#link.wire.send(FRAME.OUTPUT, this.#id, buf, start, start + now, rest > 0 ? 0 : replies, position, rest > 0);
    }
    if (this.#backlog !== null || rest > 0) {
      (this.#backlog ??= new ByteQueue()).append(buf, start + now, end);
      (this.#marks ??= new ReplyMarks()).add(rest, replies, position);
    }
    if (this.#backlog === null && this.#unreported < WINDOW_BYTES && !this.#link.wire.congested) return true;
    this.#waiting = true;
    if (this.#link.wire.congested) this.#link.waiting.add(this);
    return false;
  }

  taken(n: number): boolean {
    if (n > this.#unreported) return false;
    this.#unreported -= n;
    this.pump();
    return true;
  }

  /** Sends what waits, as far as window and link have room. */
  pump(): void {
    const { wire, waiting } = this.#link;
    const backlog = this.#backlog;
    if (backlog !== null) {
      for (let room = WINDOW_BYTES - this.#unreported; room > 0; room = WINDOW_BYTES - this.#unreported) {
        if (wire.congested) {
          waiting.add(this);
          return;
        }
        const view = backlog.peek(Math.min(room, PUMP_BYTES));
        if (view === undefined) break;
        this.#unreported += view.length;
        this.#sendWaiting(backlog, view);
      }
      if (backlog.length > 0) return;
      this.#backlog = null;
      this.#marks = null;
      if (this.#life === 'closing') wire.sendEmpty(FRAME.CLOSE, this.#id);
    }
    this.drainedIfSo();
  }

  #sendWaiting(backlog: ByteQueue, view: Uint8Array): void {
    const marks = this.#marks!;
    backlog.consume(view.length);
    marks.take(view.length);
    this.#link.wire.send(
      FRAME.OUTPUT,
      this.#id,
      view,
      0,
      view.length,
      marks.replies,
      marks.position,
      backlog.length > 0,
    );
  }

  drainedIfSo(): void {
    if (!this.#waiting || this.#life !== 'open' || this.#backlog !== null) return;
    if (this.#link.wire.congested) this.#link.waiting.add(this);
    if (this.#unreported >= WINDOW_BYTES / 2 || this.#link.wire.congested) return;
    this.#waiting = false;
    this.#link.waiting.delete(this);
    this.port.drained();
  }

  close(): void {
    if (this.#life !== 'open') return;
    this.#life = 'closing';
    if (this.#backlog === null) this.#link.wire.sendEmpty(FRAME.CLOSE, this.#id);
    else this.#closeTimer = setTimeout(() => this.destroy(), CLOSE_FLUSH_MS).unref();
  }

  destroy(): void {
    if (this.#life === 'closed') return;
    this.#life = 'closed';
    this.#backlog = null;
    this.#marks = null;
    clearTimeout(this.#closeTimer);
    this.#link.wire.sendEmpty(FRAME.DESTROY, this.#id);
  }

  pauseInput(): void {
    this.#link.wire.sendEmpty(FRAME.PAUSE, this.#id);
  }

  resumeInput(): void {
    this.#link.wire.sendEmpty(FRAME.RESUME, this.#id);
  }

  state(flags: number, buf: Uint8Array, start: number, end: number): void {
    if (this.#life !== 'open') return;
    const payload = new Uint8Array(1 + end - start);
    payload[0] = flags;
    payload.set(buf.subarray(start, end), 1);
    this.#link.wire.send(FRAME.STATE, this.#id, payload, 0, payload.length);
  }

  bounced(): void {
    this.#link.wire.sendEmpty(FRAME.BOUNCED, this.#id);
  }

  /** Whether the engine has refused the client, already when it was opened. */
  get isRefused(): boolean {
    return this.#life !== 'open';
  }

  /** The refusal goes out, however full the link is: it is short, and nothing of the session is to be kept. */
  forget(): void {
    const { wire } = this.#link;
    const backlog = this.#backlog;
    for (let view = backlog?.peek(Infinity); backlog && view; view = backlog.peek(Infinity)) {
      this.#sendWaiting(backlog, view);
    }
    if (backlog !== null) wire.sendEmpty(FRAME.CLOSE, this.#id);
    this.gone();
  }

  /** Input that was on its way when the engine closed the session. */
  get takesInput(): boolean {
    return this.#life === 'open';
  }

  gone(): void {
    this.#life = 'closed';
    this.#backlog = null;
    this.#marks = null;
    clearTimeout(this.#closeTimer);
    this.#link.waiting.delete(this);
    this.port.closed();
  }
}

class EngineLink implements WireOwner {
  readonly commandsMax = 0;
  readonly wire: Wire;
  /** Sessions whose `output` was refused because the link as a whole is congested. */
  readonly waiting = new Set<EngineLinkSession>();
  readonly #sessions = new Map<number, EngineLinkSession>();
  /** Sessions that the engine has refused: of them only the id is kept, until the ingress knows. */
  readonly #refused = new Set<number>();
  readonly #rates: LinkRates;
  readonly #helloTimer: NodeJS.Timeout;
  readonly #engine: EnginePort;
  readonly #log: LinkLogger;
  readonly #onGone: (link: EngineLink) => void;
  /** The ingress wants to know when this is reached; Infinity: nothing. */
  #awaited = Infinity;
  #stopListening: (() => void) | undefined;

  constructor(
    socket: ByteSocket,
    options: { readonly engine: EnginePort; readonly log: LinkLogger; readonly rates: LinkRates },
    onGone: (link: EngineLink) => void,
  ) {
    this.#engine = options.engine;
    this.#log = options.log;
    this.#rates = options.rates;
    this.#onGone = onGone;
    this.wire = new Wire(socket, this, options.log, options.rates.malformed);
    this.#helloTimer = setTimeout(() => this.wire.destroy('no hello'), HELLO_MS).unref();
  }

  get position(): number {
    return this.#engine.position;
  }

  get isStranger(): boolean {
    return !this.wire.up;
  }

  onUp(): void {
    clearTimeout(this.#helloTimer);
    const table = encodeCommands(this.#engine);
    if (table.length > COMMANDS_PAYLOAD_MAX) throw new Error(`a command table of ${table.length} bytes`);
    this.wire.send(FRAME.COMMANDS, 0, table, 0, table.length);
    const peer = this.wire.socket.remoteAddr;
    this.#rates.up.line((leftOut) => this.#log.info({ peer, leftOut }, 'an ingress has connected'));
  }

  onFrame(_wire: Wire, type: number, id: number, buf: Uint8Array, start: number, end: number): boolean {
    const session = this.#sessions.get(id);
    if (type === FRAME.AWAIT) return this.#onAwait(decodeU64(buf, start, end));
    if (type === FRAME.CONFIRM) return this.#onConfirm(id);
    if (session === undefined && this.#refused.size > 0 && this.#refused.has(id)) return this.#afterRefusal(type, id);
    if (type === FRAME.INPUT) {
      if (session === undefined) return false;
      if (session.takesInput) session.port.input(buf, start, end);
      return true;
    }
    if (type === FRAME.OPEN) {
      const info = decodeOpen(buf, start, end);
      if (session !== undefined || info === undefined) return false;
      const opened = new EngineLinkSession(this, id);
      opened.port = this.#engine.open(info, opened);
      if (!opened.isRefused) this.#sessions.set(id, opened);
      else {
        this.#refused.add(id);
        opened.forget();
      }
      if (this.wire.socket.pendingBytes > UNREAD_BYTES_MAX) this.wire.destroy('the ingress does not read');
      return this.#refused.size <= REFUSED_MAX;
    }
    // Only CLOSED ends an id, and the ingress sends it last: anything after it is a broken peer.
    if (session === undefined) return false;
    if (type === FRAME.TAKEN) {
      const n = decodeU32(buf, start, end);
      return n !== undefined && session.taken(n);
    }
    if (type === FRAME.STATE) {
      if (end === start) return false;
      if (session.takesInput) session.port.setState?.(buf, start + 1, end, buf[start] !== 0);
      return true;
    }
    if (type === FRAME.ALIVE) {
      if (session.takesInput) session.port.alive?.();
      return true;
    }
    if (type === FRAME.ENDED) {
      if (!session.takesInput) return true;
      if (session.port.inputEnded) session.port.inputEnded();
      else session.close();
      return true;
    }
    if (type === FRAME.CLOSED) {
      this.#sessions.delete(id);
      session.gone();
      return true;
    }
    return false;
  }

  /** Of several that are awaited at a time the lowest counts: the ingress asks again for the others. */
  #onAwait(position: number | undefined): boolean {
    if (position === undefined) return false;
    this.#awaited = Math.min(this.#awaited, position);
    this.#tellPosition();
    if (this.#awaited < Infinity) this.#stopListening ??= this.#engine.onPosition?.(() => this.#tellPosition());
    return true;
  }

  #tellPosition(): void {
    if (this.#awaited === Infinity) return;
    const { position } = this;
    if (position < this.#awaited) return;
    this.#awaited = Infinity;
    const payload = encodeU64(position);
    this.wire.send(FRAME.POSITION, 0, payload, 0, payload.length);
  }

  #onConfirm(ask: number): boolean {
    const answer = (position: number | null): void => {
      const payload = position === null ? new Uint8Array(0) : encodeU64(position);
      this.wire.send(FRAME.CONFIRMED, ask, payload, 0, payload.length);
    };
    if (this.#engine.confirm === undefined) answer(null);
    else this.#engine.confirm(answer);
    return true;
  }

  /** Frames that were on their way. */
  #afterRefusal(type: number, id: number): boolean {
    if (type === FRAME.CLOSED) this.#refused.delete(id);
    return (
      type === FRAME.CLOSED ||
      type === FRAME.INPUT ||
      type === FRAME.TAKEN ||
      type === FRAME.ENDED ||
      type === FRAME.STATE ||
      type === FRAME.ALIVE
    );
  }

  onWireDrain(): void {
    for (const session of [...this.waiting]) {
      if (this.wire.congested) return;
      this.waiting.delete(session);
      session.pump();
    }
  }

  onDown(_wire: Wire, reason: string): void {
    clearTimeout(this.#helloTimer);
    this.#stopListening?.();
    const sessions = this.#sessions.size;
    this.#rates.down.line((leftOut) => this.#log.warn({ reason, sessions, leftOut }, 'the link to an ingress is gone'));
    for (const session of this.#sessions.values()) session.gone();
    this.#sessions.clear();
    this.#refused.clear();
    this.#onGone(this);
  }
}

export interface SocketLinkServerOptions {
  readonly engine: EnginePort;
  readonly address: Address;
  readonly log: LinkLogger;
  /** Of the Unix socket's file; whoever can open it can claim to be any client. */
  readonly unixSocketMode?: number;
  readonly raw?: boolean;
}

export interface SocketLinkServer {
  readonly address: Address;
  readonly linkCount: number;
  /** Serves an already connected socket as a link. */
  serve(socket: ByteSocket): void;
  /** Closes all links after what is pending on them; resolves when they are gone. */
  stop(): Promise<void>;
}

const KEEPALIVE_SECONDS = 5;

/** `address` undefined: sockets come by `serve` alone. */
export async function startSocketLinkServer(
  options: Omit<SocketLinkServerOptions, 'address'> & { readonly address?: Address },
): Promise<SocketLinkServer> {
  const links = new Set<EngineLink>();
  let emptied: (() => void) | undefined;
  const { engine, log } = options;
  const rates: LinkRates = {
    up: new LineRate(),
    down: new LineRate(),
    malformed: new LineRate(),
    strangers: new LineRate(),
  };
  const serve = (socket: ByteSocket): void => {
    let strangers = 0;
    for (const link of links) if (link.isStranger) strangers++;
    if (strangers >= STRANGERS_MAX) {
      rates.strangers.line((leftOut) =>
        log.warn({ strangers, leftOut }, 'too many connections that are no ingress yet'),
      );
      socket.destroy();
      return;
    }
    links.add(
      new EngineLink(socket, { engine, log, rates }, (link) => {
        links.delete(link);
        if (links.size === 0) emptied?.();
      }),
    );
  };
  let listening: Listening | undefined;
  if (options.address !== undefined)
    listening = await listen({
      address: options.address,
      log: options.log,
      onSocket: serve,
      keepAliveSeconds: KEEPALIVE_SECONDS,
      unixSocketMode: options.unixSocketMode ?? 0o700,
      ...(options.raw === undefined ? {} : { raw: options.raw }),
    });
  return {
    address: listening?.address ?? { kind: 'unix', path: '' },
    get linkCount() {
      return links.size;
    },
    serve,
    async stop() {
      listening?.close();
      const gone = new Promise<void>((resolve) => {
        emptied = resolve;
        if (links.size === 0) resolve();
      });
      for (const link of links) link.wire.close();
      await gone;
    },
  };
}

/** `address` as configured: see `parseAddress`. */
export function listenLink(
  options: Omit<SocketLinkServerOptions, 'address'> & { readonly address: string },
): Promise<SocketLinkServer> {
  return startSocketLinkServer({ ...options, address: parseAddress(options.address) });
}
