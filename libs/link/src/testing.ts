/** Fakes for the tests and the floor benchmarks of link and ingress. */

import { IDLE_HANDLER, PENDING_HIGH_BYTES, PENDING_LOW_BYTES } from './socket.ts';
import type { ByteSocket, LinkLogger, SocketHandler } from './socket.ts';
import type { EnginePort, LinkCommand, SessionInfo, SessionPort, SessionSink } from './types.ts';

export class MemoryLogger implements LinkLogger {
  readonly lines: { level: string; obj: object; msg: string }[] = [];
  debug(obj: object, msg: string): void {
    this.lines.push({ level: 'debug', obj, msg });
  }
  info(obj: object, msg: string): void {
    this.lines.push({ level: 'info', obj, msg });
  }
  warn(obj: object, msg: string): void {
    this.lines.push({ level: 'warn', obj, msg });
  }
  error(obj: object, msg: string): void {
    this.lines.push({ level: 'error', obj, msg });
  }
}

/**
 * The least work that an engine could do: one 64-byte bulk for every `*` in the input (keys and values of the
 * load generator contain none). What a benchmark measures with it is the sockets alone.
 */
export class BulkPerRequestEngine implements EnginePort {
  readonly commands: readonly LinkCommand[] = [];
  readonly position = 0;
  open(_info: SessionInfo, sink: SessionSink): SessionPort {
    return new BulkPerRequestSession(sink);
  }
}

const BULK = Buffer.from(`$64\r\n${'x'.repeat(64)}\r\n`);
const BULKS = Buffer.alloc(BULK.length * 1024, BULK);
const STAR = 42;

class BulkPerRequestSession implements SessionPort {
  readonly #sink: SessionSink;
  constructor(sink: SessionSink) {
    this.#sink = sink;
  }
  input(buf: Uint8Array, start: number, end: number): void {
    let n = 0;
    for (let i = start; i < end; i++) if (buf[i] === STAR) n++;
    for (; n > 1024; n -= 1024) this.#sink.output(BULKS, 0, BULKS.length, 1024);
    if (n > 0) this.#sink.output(BULKS, 0, n * BULK.length, n);
  }
  inputEnded(): void {
    this.#sink.close();
  }
  drained(): void {}
  closed(): void {}
}

/** Speaks lines: `onLine` gets each one; what it is answered is up to the test. Keeps all its sessions. */
export class LineEngine implements EnginePort {
  commands: readonly LinkCommand[] = [];
  position = 0;
  readonly sessions = new Set<LineSession>();
  /** All that were ever opened. */
  readonly opened: LineSession[] = [];
  readonly onLine: (session: LineSession, line: string) => void;

  constructor(onLine: (session: LineSession, line: string) => void = (s, line) => s.reply(`+${line}\n`)) {
    this.onLine = onLine;
  }

  open(info: SessionInfo, sink: SessionSink): SessionPort {
    const session = new LineSession(this, info, sink);
    this.sessions.add(session);
    this.opened.push(session);
    return session;
  }
}

export class LineSession implements SessionPort {
  readonly info: SessionInfo;
  readonly sink: SessionSink;
  inputBytes = 0;
  /** Bytes handed to `output`. */
  outputBytes = 0;
  congested = false;
  drains = 0;
  ended = false;
  closedCalls = 0;
  onDrained: () => void = () => {};
  readonly #engine: LineEngine;
  #rest = '';

  constructor(engine: LineEngine, info: SessionInfo, sink: SessionSink) {
    this.#engine = engine;
    this.info = info;
    this.sink = sink;
  }

  input(buf: Uint8Array, start: number, end: number): void {
    this.inputBytes += end - start;
    const lines = (this.#rest + Buffer.from(buf.subarray(start, end)).toString('latin1')).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#engine.onLine(this, line);
  }

  reply(text: string): boolean {
    return this.replyBytes(Buffer.from(text, 'latin1'));
  }

  replyBytes(bytes: Uint8Array, replies = 1): boolean {
    this.outputBytes += bytes.length;
    const ok = this.sink.output(bytes, 0, bytes.length, replies);
    if (!ok) this.congested = true;
    return ok;
  }

  inputEnded(): void {
    this.ended = true;
    this.sink.close();
  }

  drained(): void {
    this.congested = false;
    this.drains++;
    this.onDrained();
  }

  closed(): void {
    this.closedCalls++;
    this.#engine.sessions.delete(this);
  }
}

/**
 * Two ends of a connection in memory. Bytes arrive on a later turn in pieces of `pieceBytes`; `hold()` on one end stops what it
 * has written from arriving, as a peer does that does not read.
 */
export function memoryPair(pieceBytes = Infinity): [MemorySocket, MemorySocket] {
  const a = new MemorySocket(pieceBytes);
  const b = new MemorySocket(pieceBytes);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

export class MemorySocket implements ByteSocket {
  handler: SocketHandler = IDLE_HANDLER;
  readonly unixSocket = true;
  readonly remoteAddr = 'memory:0';
  readonly localAddr = 'memory:0';
  readonly fd = -1;
  peer!: MemorySocket;
  writes = 0;
  readonly #pieceBytes: number;
  #pending: Buffer[] = [];
  #open = true;
  #closing = false;
  #congested = false;
  #held = false;
  #started = false;
  #paused = false;
  #scheduled = false;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  get pendingBytes(): number {
    return this.#pending.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  start(): void {
    this.#started = true;
    this.peer.#schedule();
  }

  write(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.#open || this.#closing) return true;
    this.writes++;
    this.#pending.push(Buffer.from(buf.subarray(start, end)));
    this.#schedule();
    if (this.pendingBytes < PENDING_HIGH_BYTES) return true;
    this.#congested = true;
    return false;
  }

  flush(): void {}

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (
      this.#open &&
      !this.#held &&
      this.#pending.length > 0 &&
      this.peer.#open &&
      this.peer.#started &&
      !this.peer.#paused
    ) {
      const chunk = this.#pending.shift()!;
      for (let at = 0; at < chunk.length && this.peer.#open; at += this.#pieceBytes) {
        const piece = Buffer.from(chunk.subarray(at, Math.min(chunk.length, at + this.#pieceBytes)));
        this.peer.handler.onData(piece, piece.length);
        piece.fill(0xdd); // Whoever kept the borrowed bytes shall see it.
      }
    }
    if (!this.#open) return;
    if (this.#closing && this.#pending.length === 0) return this.destroy();
    if (this.#congested && this.pendingBytes <= PENDING_LOW_BYTES) {
      this.#congested = false;
      this.handler.onDrain();
    }
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    this.#paused = false;
    this.peer.#schedule();
  }

  close(): void {
    this.#closing = true;
    this.#schedule();
  }

  destroy(): void {
    if (!this.#open) return;
    this.#open = false;
    setImmediate(() => {
      this.handler.onClose('');
      if (this.peer.#open) this.peer.handler.onEnd();
    });
  }
}

/** A client's end of a session that opens it on `engine` and keeps what comes back. */
export class MemoryClient implements SessionSink {
  readonly received: Buffer[] = [];
  /** Whole replies that it was told of. */
  replies = 0;
  /** `output` answers false above it, as a client that does not read makes it. */
  highBytes = Infinity;
  pendingOutputBytes = 0;
  pendingMax = 0;
  pauses = 0;
  paused = false;
  ended: 'close' | 'destroy' | undefined;
  readonly port: SessionPort;
  #refused = false;

  constructor(engine: EnginePort, remoteAddr = '127.0.0.1:1') {
    this.port = engine.open({ remoteAddr, localAddr: '127.0.0.1:2', fd: 7, unixSocket: false }, this);
  }

  send(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.port.input(bytes, 0, bytes.length);
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  get receivedBytes(): number {
    return this.received.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  output(buf: Uint8Array, start: number, end: number, replies: number): boolean {
    this.replies += replies;
    this.received.push(Buffer.from(buf.subarray(start, end)));
    if (this.highBytes === Infinity) return true;
    this.pendingOutputBytes += end - start;
    this.pendingMax = Math.max(this.pendingMax, this.pendingOutputBytes);
    if (this.pendingOutputBytes < this.highBytes) return true;
    this.#refused = true;
    return false;
  }

  /** The client has read all that was sent to it. */
  read(): void {
    this.pendingOutputBytes = 0;
    if (!this.#refused) return;
    this.#refused = false;
    this.port.drained();
  }

  close(): void {
    this.#end('close');
  }

  destroy(): void {
    this.#end('destroy');
  }

  #end(how: 'close' | 'destroy'): void {
    if (this.ended) return;
    this.ended = how;
    setImmediate(() => this.port.closed());
  }

  pauseInput(): void {
    this.paused = true;
    this.pauses++;
  }

  resumeInput(): void {
    this.paused = false;
  }
}

/** Turns of the event loop until `condition` holds; fails after `ms`. For tests: nothing is decided by how long it took. */
export async function until(condition: () => boolean, what: string, ms = 60_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
