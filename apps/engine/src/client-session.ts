import { REPLY_ON, Session, execute } from '@weir/commands';
import type { ClientMemory } from '@weir/commands';
import { ByteQueue } from '@weir/link';
import type { SessionInfo, SessionPort, SessionSink } from '@weir/link';
import { ERROR, FRAME, FrameScanner } from '@weir/resp';
import type { Engine } from './engine.ts';

/**
 * One client connection at the engine: scans its bytes, executes its requests, and keeps its replies in order.
 *
 * The replies of one turn stand in the engine's reply buffer and are cut into slices by the record that they wait for.
 * A reply that waits for none is sent at once; any other goes to that record's held replies, and every later reply of
 * this session with it or behind it (invariant `replies-in-order`).
 */

/** Replies are handed over in slices of at most about this size, so that a slow client is noticed. */
const SLICE_BYTES = 64 * 1024;
/** Bytes of requests kept for a session that waits (WAIT, congestion) before the ingress is told to stop. */
const BACKLOG_BYTES_MAX = 64 * 1024;
/** What may still be on its way when the ingress was told to stop: buffers of a link and of the kernel. Beyond it nobody listens. */
const UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024;
/** A backlog is executed in steps of this, so that others have their turn: Redis's own read size. */
const STEP_BYTES = 16 * 1024;
/** Before authentication a client gets its replies in small slices, and may leave so much unread: Redis's static buffer and 1 KB. */
const UNAUTHENTICATED_SLICE_BYTES = 4 * 1024;
const UNAUTHENTICATED_OUTPUT_BYTES_MAX = 17 * 1024;
/** A connection without anything in its buffers: session, scanner, socket. 7,000 idle ones took 6.5 KB each, 1.5 of it buffers. */
const IDLE_BYTES = 5 * 1024;
/** Replies of one session held for the log beyond this: its further requests wait. */
const HELD_BYTES_MAX = 1024 * 1024;

export class ClientSession implements SessionPort {
  readonly session: Session;
  readonly #engine: Engine;
  readonly #sink: SessionSink;
  readonly #scanner: FrameScanner;
  /** Number of the last record that holds replies of this session back; 0 is none. */
  #heldSeq = 0;
  /** Slices of replies that are held, and their bytes. */
  #heldSlices = 0;
  #heldBytes = 0;
  #congested = false;
  #paused = false;
  #closed = false;
  #destroyed = false;
  #inputEnded = false;
  /** Requests that came while older ones wait. */
  readonly #backlog = new ByteQueue();
  /** Since when the unread output is above the soft limit; 0: it is not. */
  #softSinceMs = 0;
  /** Inside `process`: a deferred reply that comes now is written by the handler itself. */
  #executing = false;

  constructor(engine: Engine, id: number, info: SessionInfo, sink: SessionSink) {
    this.#engine = engine;
    this.#sink = sink;
    this.#scanner = new FrameScanner(engine.scanLimits);
    const scanner = this.#scanner;
    const backlog = this.#backlog;
    this.session = new Session({
      id,
      control: {
        close: () => this.closeAfterReplies(),
        destroy: () => this.destroy(),
        get pendingOutputBytes() {
          return sink.pendingOutputBytes;
        },
        get queryBufferBytes() {
          return scanner.pendingBytes + scanner.unscannedBytes + backlog.length;
        },
        memory: () => this.memory(),
      },
      authenticated: engine.passwordless,
      nowMs: engine.time.monotonicMs(),
      remoteAddr: info.remoteAddr,
      localAddr: info.localAddr,
      fd: info.fd,
      unixSocket: info.unixSocket,
    });
    scanner.authenticated = this.session.authenticated;
  }

  input(buf: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    this.session.inputBytes += bytes;
    this.#engine.ctx.stats.netInputBytes += bytes;
    this.#engine.ctx.stats.readsProcessed++;
    if (this.#closed || this.session.closeAfterReply) return;
    if (this.#waiting || this.#scanner.unscannedBytes > 0 || this.#backlog.length > 0) {
      this.#keepBack(buf, start, end);
      return;
    }
    this.#scanner.feed(buf, start, end);
    this.#process();
    this.#scanner.keep();
    if (this.#scanner.pendingBytes > 0) this.#engine.clientMemory.grew(bytes);
  }

  #keepBack(buf: Uint8Array, start: number, end: number): void {
    const engine = this.#engine;
    const backlog = this.#backlog;
    backlog.append(buf, start, end);
    engine.keptBytes += end - start;
    engine.clientMemory.grew(end - start);
    // A client may send a whole pipeline before it reads the first reply: while its own replies are what it waits for, it
    // must be able to go on sending, as far as its query buffer may grow and as long as there is room for all such clients. And while
    // a command of it waits, only reading tells that it is gone.
    const { queryBufferBytesMax } = engine.scanLimits;
    const { blocked, authenticated } = this.session;
    const roomy = (this.#congested || blocked) && authenticated && engine.roomToKeep;
    if (backlog.length <= (roomy ? queryBufferBytesMax : BACKLOG_BYTES_MAX)) return;
    if (blocked && backlog.length > queryBufferBytesMax) this.#overQueryLimit();
    else if (!this.#paused) {
      this.#paused = true;
      this.#sink.pauseInput();
    } else if (backlog.length > queryBufferBytesMax + UNDER_WAY_BYTES_MAX) this.#overQueryLimit();
  }

  /** What the client sent is dropped with it. */
  #overQueryLimit(): void {
    if (this.#destroyed) return;
    this.#engine.clientMemory.closedForQuery(this);
    this.destroy();
  }

  /** The client will send nothing more, and may still read: what it sent is answered before the connection is closed. */
  inputEnded(): void {
    if (this.session.blocked) return this.destroy(); // nothing else would tell that its client is gone
    this.#inputEnded = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#inputEnded && !this.#waiting && this.#scanner.unscannedBytes === 0 && this.#backlog.length === 0) {
      this.closeAfterReplies();
    }
  }

  drained(): void {
    this.#congested = false;
    this.#engine.keptBack.add(this);
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dropBacklog();
    this.#engine.sessionClosed(this);
    // Nobody is there any more to be answered, and a wait without a time-out would never end.
    this.session.unblock?.(false);
  }

  /** Nothing is kept for it any more. */
  get isGone(): boolean {
    return this.#closed || this.#destroyed;
  }

  /** Whether requests have to wait. */
  get #waiting(): boolean {
    const { session } = this;
    return (
      session.blocked ||
      this.#congested ||
      this.#engine.stalled ||
      this.#heldBytes > HELD_BYTES_MAX ||
      session.closeAfterReply
    );
  }

  /** Goes on with what was kept back, by one step. True when there is more to do at once. */
  resume(): boolean {
    if (this.#closed || this.#destroyed) return false;
    const backlog = this.#backlog;
    const scanner = this.#scanner;
    if (!this.#waiting && scanner.unscannedBytes > 0) this.#process();
    else if (!this.#waiting && backlog.length > 0) {
      const chunk = backlog.peek(STEP_BYTES)!;
      backlog.consume(chunk.length);
      this.#engine.keptBytes -= chunk.length;
      scanner.feed(chunk, 0, chunk.length);
      this.#process();
    }
    if (this.#closed) return false;
    if (this.#paused && backlog.length === 0) {
      this.#paused = false;
      this.#sink.resumeInput();
    }
    this.#closeIfDone();
    return !this.#waiting && (scanner.unscannedBytes > 0 || backlog.length > 0);
  }

  #dropBacklog(): void {
    this.#engine.keptBytes -= this.#backlog.length;
    this.#backlog.clear();
  }

  /** What this connection keeps in memory. */
  memory(): ClientMemory {
    const scanner = this.#scanner;
    const query = scanner.pendingBytes + scanner.unscannedBytes + this.#backlog.length;
    const queryFree = scanner.bufferBytes - scanner.pendingBytes + this.#backlog.capacity - this.#backlog.length;
    const argv = scanner.pendingBytes > 0 ? scanner.tableBytes : 0;
    const output = this.#heldBytes + this.#sink.pendingOutputBytes;
    const { name, libName, libVersion } = this.session;
    const words = name.length + libName.length + libVersion.length;
    return { query, queryFree, argv, output, total: IDLE_BYTES + query + queryFree + argv + output + words };
  }

  /**
   * Closes the connection when the replies that its client leaves unread are too many with `more` bytes, or too many for too long
   * (`client-output-buffer-limit normal`); before authentication few are. `nowMs` is of a monotonic clock. True when it is closed.
   */
  limitOutput(more: number, nowMs: number): boolean {
    if (this.#destroyed || this.#closed) return true;
    const { hardBytes, softBytes, softSeconds } = this.#engine.config.clientOutputBufferLimit.normal;
    const strict = !this.session.authenticated && !this.#engine.passwordless;
    if (hardBytes === 0 && softBytes === 0 && !strict) return false;
    const bytes = this.#heldBytes + this.#sink.pendingOutputBytes + more;
    let over = (hardBytes > 0 && bytes > hardBytes) || (strict && bytes > UNAUTHENTICATED_OUTPUT_BYTES_MAX);
    if (softBytes === 0 || bytes <= softBytes) this.#softSinceMs = 0;
    else if (this.#softSinceMs === 0) this.#softSinceMs = nowMs;
    else if (nowMs - this.#softSinceMs > softSeconds * 1000) over = true;
    if (!over) return false;
    this.#engine.clientMemory.closedForOutput(this);
    this.destroy();
    return true;
  }

  #process(): void {
    const engine = this.#engine;
    const ctx = engine.ctx;
    const session = this.session;
    const scanner = this.#scanner;
    const out = ctx.reply;
    const now = engine.time.wallMs();
    ctx.monotonicMs = engine.time.monotonicMs();
    const base = out.pos;
    let sliceStart = base;
    let sliceWait = this.#heldSeq;
    let replies = 0;
    this.#executing = true;
    const sliceBytes = session.authenticated ? SLICE_BYTES : UNAUTHENTICATED_SLICE_BYTES;
    const lookahead = engine.lookahead;
    lookahead.begin(scanner);
    while (!this.#waiting) {
      const scanned = lookahead.next(ctx, session);
      if (scanned !== FRAME) {
        if (scanned === ERROR) {
          if (scanner.closeOnly) this.#overQueryLimit();
          else out.error(`ERR ${scanner.errorText}`);
          replies++;
          session.closeAfterReply = true;
        }
        break;
      }
      const before = out.pos;
      execute(ctx, session, lookahead.request, now, lookahead.command);
      scanner.authenticated = session.authenticated;
      if (ctx.dirty > 0) session.lastWriteOffset = engine.writtenOffset();
      let wait = ctx.waitSeq;
      if (wait <= engine.committedSeq) wait = 0;
      if (wait < sliceWait) wait = sliceWait;
      if (wait !== sliceWait) {
        if (before > sliceStart) this.#send(sliceWait, sliceStart, before, replies);
        sliceStart = before;
        sliceWait = wait;
        replies = 0;
      }
      if (out.pos > before) replies++; // CLIENT REPLY may have silenced it, WAIT answers later
      if (out.pos - sliceStart > sliceBytes) {
        this.#send(sliceWait, sliceStart, out.pos, replies);
        out.truncate(base);
        sliceStart = base;
        replies = 0;
      }
      engine.cut();
      if (session.closeAfterReply) break;
    }
    lookahead.end();
    this.#executing = false;
    ctx.effects.settle(); // the chunk is the ingress's again
    if (out.pos > sliceStart) this.#send(sliceWait, sliceStart, out.pos, replies);
    out.reset();
    engine.turn();
    if (session.closeAfterReply) this.closeAfterReplies();
  }

  #send(waitSeq: number, start: number, end: number, replies: number): void {
    const engine = this.#engine;
    const buf = engine.ctx.reply.buf;
    const weighed = engine.limitsOutput || !this.session.authenticated;
    if (weighed && this.limitOutput(end - start, engine.time.monotonicMs())) return;
    if (waitSeq === 0) {
      this.#output(buf, start, end);
      return;
    }
    this.#heldSeq = waitSeq;
    this.#heldBytes += end - start;
    if (engine.holdReplies(waitSeq, this, buf, start, end, replies)) this.#heldSlices++;
  }

  #output(buf: Uint8Array, start: number, end: number): void {
    if (this.#closed || this.#destroyed) return;
    const bytes = end - start;
    this.session.outputBytes += bytes;
    this.#engine.ctx.stats.netOutputBytes += bytes;
    this.#engine.ctx.stats.writesProcessed++;
    if (!this.#sink.output(buf, start, end)) this.#congested = true;
    if (this.#sink.pendingOutputBytes > SLICE_BYTES) this.#engine.clientMemory.grew(bytes);
  }

  /** The record that a slice of `heldBytes` waited for is committed (or refused): that is what the client is sent. */
  releaseHeld(heldBytes: number, buf: Uint8Array, start: number, end: number): void {
    if (--this.#heldSlices === 0) this.#heldSeq = 0;
    const stopped = this.#heldBytes > HELD_BYTES_MAX;
    this.#heldBytes -= heldBytes;
    if (this.#closed || this.#destroyed) return;
    this.#output(buf, start, end);
    if (this.session.closeAfterReply) {
      if (this.#heldSeq === 0) this.#sink.close();
    } else if (stopped && this.#heldBytes <= HELD_BYTES_MAX) this.#engine.keptBack.add(this);
  }

  /** Closes when what was answered has been sent. */
  closeAfterReplies(): void {
    this.session.closeAfterReply = true;
    this.#dropBacklog(); // nothing of it is executed any more
    if (this.#closed || this.#destroyed || this.#heldSeq !== 0) return;
    this.#sink.close();
  }

  destroy(): void {
    this.session.closeAfterReply = true; // nothing of it is executed any more
    if (this.#closed || this.#destroyed) return;
    this.#destroyed = true;
    this.#dropBacklog();
    this.#sink.destroy();
  }

  /** A command of this session answers later; see Context.defer. */
  defer(): (write: (reply: Engine['ctx']['reply']) => void) => void {
    const { session } = this;
    session.blocked = true;
    const silent = session.replyMode !== REPLY_ON;
    let done = false;
    return (write) => {
      if (done) return;
      done = true;
      session.blocked = false;
      session.unblock = null;
      const out = this.#engine.ctx.reply;
      if (this.#executing) {
        write(out);
        return;
      }
      if (this.#closed || this.#destroyed) return;
      // This may be inside another session's command, which has yet to write its own reply.
      const start = out.pos;
      const { resp } = out;
      out.resp = this.session.resp;
      write(out);
      out.resp = resp;
      if (!silent) this.#send(this.#heldSeq, start, out.pos, 1);
      out.truncate(start);
      this.#engine.keptBack.add(this);
    };
  }

  /** A command of this session goes on later, and may change the data set then; see Context.deferWork. */
  deferWork(): (run: () => void) => void {
    const { session } = this;
    session.blocked = true;
    const silent = session.replyMode !== REPLY_ON;
    let done = false;
    return (run) => {
      if (done) return;
      done = true;
      session.blocked = false;
      const engine = this.#engine;
      const { ctx } = engine;
      const out = ctx.reply;
      const start = out.pos;
      ctx.aim(session, engine.time.wallMs());
      ctx.begin();
      run();
      ctx.end();
      if (ctx.dirty > 0) session.lastWriteOffset = engine.writtenOffset();
      const wait = ctx.waitSeq <= engine.committedSeq ? 0 : ctx.waitSeq;
      if (!silent) this.#send(Math.max(wait, this.#heldSeq), start, out.pos, 1);
      out.truncate(start);
      engine.turn();
      this.#engine.keptBack.add(this);
    };
  }
}
