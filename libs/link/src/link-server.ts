/**
 * The engine's end of the link: turns frames into sessions of an EnginePort.
 *
 * Each session may have WINDOW_BYTES of replies on their way which the ingress has not reported as taken; the rest waits here,
 * in the session's own backlog. So a client that does not read costs the others nothing: its bytes do not
 * fill the link that all share, and a huge reply goes out in turns with everybody else's.
 */
import { ByteQueue } from './byte-queue.ts';
import { FRAME, decodeOpen, decodeU32 } from './frame.ts';
import { listen, parseAddress, type Address, type Listening } from './listen.ts';
import { CLOSE_FLUSH_MS, type ByteSocket, type LinkLogger } from './socket.ts';
import type { EnginePort, SessionPort, SessionSink } from './types.ts';
import { Wire, type WireOwner } from './wire.ts';

/** Replies of one session that are on the link or unreported at the ingress. */
export const WINDOW_BYTES = 512 * 1024;
/** The ingress reports what was taken in steps of this; the window must hold several. */
export const TAKEN_STEP_BYTES = 64 * 1024;
if (WINDOW_BYTES < 4 * TAKEN_STEP_BYTES) throw new Error('a window of less than four steps would stall');

class EngineLinkSession implements SessionSink {
  port!: SessionPort;
  private readonly link: EngineLink;
  private readonly id: number;
  private unreported = 0;
  private backlog: ByteQueue | null = null;
  private waiting = false;
  private closeTimer: NodeJS.Timeout | undefined = undefined;
  private state: 'open' | 'closing' | 'closed' = 'open';

  constructor(link: EngineLink, id: number) {
    this.link = link;
    this.id = id;
  }

  /** Exact to within what the ingress has not reported yet: see the invariant PendingIsAnUnderestimate. */
  get pendingOutputBytes(): number {
    return Math.max(0, this.unreported - TAKEN_STEP_BYTES) + (this.backlog === null ? 0 : this.backlog.length);
  }

  output(buf: Uint8Array, start: number, end: number): boolean {
    if (this.state !== 'open') return true;
    const room = this.backlog === null ? WINDOW_BYTES - this.unreported : 0;
    const now = Math.min(room, end - start);
    if (now > 0) {
      this.unreported += now;
      this.link.wire.send(FRAME.OUTPUT, this.id, buf, start, start + now);
    }
    if (start + now < end) (this.backlog ??= new ByteQueue()).append(buf, start + now, end);
    if (this.backlog === null && this.unreported < WINDOW_BYTES && !this.link.wire.congested) return true;
    this.waiting = true;
    if (this.link.wire.congested) this.link.waiting.add(this);
    return false;
  }

  taken(n: number): boolean {
    if (n > this.unreported) return false;
    this.unreported -= n;
    const backlog = this.backlog;
    if (backlog !== null) {
      for (let room = WINDOW_BYTES - this.unreported; room > 0; room = WINDOW_BYTES - this.unreported) {
        const view = backlog.peek(room);
        if (view === undefined) break;
        backlog.consume(view.length);
        this.unreported += view.length;
        this.link.wire.send(FRAME.OUTPUT, this.id, view, 0, view.length);
      }
      if (backlog.length > 0) return true;
      this.backlog = null;
      if (this.state === 'closing') this.link.wire.sendEmpty(FRAME.CLOSE, this.id);
    }
    this.drainedIfSo();
    return true;
  }

  drainedIfSo(): void {
    if (!this.waiting || this.state !== 'open' || this.backlog !== null) return;
    if (this.unreported >= WINDOW_BYTES / 2 || this.link.wire.congested) return;
    this.waiting = false;
    this.link.waiting.delete(this);
    this.port.drained();
  }

  close(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    if (this.backlog === null) this.link.wire.sendEmpty(FRAME.CLOSE, this.id);
    else this.closeTimer = setTimeout(() => this.destroy(), CLOSE_FLUSH_MS).unref();
  }

  destroy(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.backlog = null;
    clearTimeout(this.closeTimer);
    this.link.wire.sendEmpty(FRAME.DESTROY, this.id);
  }

  pauseInput(): void {
    this.link.wire.sendEmpty(FRAME.PAUSE, this.id);
  }

  resumeInput(): void {
    this.link.wire.sendEmpty(FRAME.RESUME, this.id);
  }

  /** Input that was on its way when the engine closed the session. */
  get takesInput(): boolean {
    return this.state === 'open';
  }

  gone(): void {
    this.state = 'closed';
    this.backlog = null;
    clearTimeout(this.closeTimer);
    this.link.waiting.delete(this);
    this.port.closed();
  }
}

class EngineLink implements WireOwner {
  readonly wire: Wire;
  /** Sessions whose `output` was refused because the link as a whole is congested. */
  readonly waiting = new Set<EngineLinkSession>();
  private readonly sessions = new Map<number, EngineLinkSession>();
  private readonly engine: EnginePort;
  private readonly log: LinkLogger;
  private readonly onGone: (link: EngineLink) => void;

  constructor(socket: ByteSocket, engine: EnginePort, log: LinkLogger, onGone: (link: EngineLink) => void) {
    this.engine = engine;
    this.log = log;
    this.onGone = onGone;
    this.wire = new Wire(socket, this, log);
  }

  onUp(): void {
    this.log.info({ peer: this.wire.socket.remoteAddr }, 'an ingress has connected');
  }

  onFrame(_wire: Wire, type: number, id: number, buf: Uint8Array, start: number, end: number): boolean {
    const session = this.sessions.get(id);
    if (type === FRAME.INPUT) {
      if (session === undefined) return false;
      if (session.takesInput) session.port.input(buf, start, end);
      return true;
    }
    if (type === FRAME.OPEN) {
      const info = decodeOpen(buf, start, end);
      if (session !== undefined || info === undefined) return false;
      const opened = new EngineLinkSession(this, id);
      this.sessions.set(id, opened);
      opened.port = this.engine.open(info, opened);
      return true;
    }
    // Only CLOSED ends an id, and the ingress sends it last: anything after it is a broken peer.
    if (session === undefined) return false;
    if (type === FRAME.TAKEN) {
      const n = decodeU32(buf, start, end);
      return n !== undefined && session.taken(n);
    }
    if (type === FRAME.ENDED) {
      if (!session.takesInput) return true;
      if (session.port.inputEnded) session.port.inputEnded();
      else session.close();
      return true;
    }
    if (type === FRAME.CLOSED) {
      this.sessions.delete(id);
      session.gone();
      return true;
    }
    return false;
  }

  onWireDrain(): void {
    for (const session of [...this.waiting]) {
      if (this.wire.congested) return;
      this.waiting.delete(session);
      session.drainedIfSo();
    }
  }

  onDown(_wire: Wire, reason: string): void {
    this.log.warn({ reason, sessions: this.sessions.size }, 'the link to an ingress is gone');
    for (const session of this.sessions.values()) session.gone();
    this.sessions.clear();
    this.onGone(this);
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
  const serve = (socket: ByteSocket): void => {
    links.add(
      new EngineLink(socket, options.engine, options.log, (link) => {
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
